"""One row of the decode table, unpacked: what the translation of an instruction starts from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from edgesnn.sim.core import operations as op

ALWAYS = 14
Table = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Row:
    """The fields of a row, as `edgesnn.sim.core.operations` lays them out.

    Attributes:
        at: its number in the decode table.
        words: the eight int32.
    """

    at: int
    words: tuple[int, ...]

    @classmethod
    def read(cls, table: Table, at: int) -> Row:
        """Row `at` of the flat decode table."""
        return cls(at, tuple(table[at * op.ROW : (at + 1) * op.ROW].tolist()))

    def _bits(self, word: int, shift: int, mask: int) -> int:
        return self.words[word] >> shift & mask

    @cached_property
    def op(self) -> int:
        """The operation, without PRESHIFT."""
        return self.words[op.R_OP] & ~op.PRESHIFT

    @cached_property
    def preshift(self) -> bool:
        """Whether the second operand goes through the barrel shifter."""
        return bool(self.words[op.R_OP] & op.PRESHIFT)

    @cached_property
    def rd(self) -> int:
        """Register of the result, or what is stored."""
        return self._bits(op.R_REGISTERS, 0, 31)

    @cached_property
    def rn(self) -> int:
        """First operand, or base."""
        return self._bits(op.R_REGISTERS, 8, 31)

    @cached_property
    def rm(self) -> int:
        """Second operand, or offset."""
        return self._bits(op.R_REGISTERS, 16, 31)

    @cached_property
    def ra(self) -> int:
        """Third operand, or second result."""
        return self._bits(op.R_REGISTERS, 24, 31)

    @cached_property
    def imm(self) -> int:
        """Constant, target or list, signed."""
        return self.words[op.R_IMMEDIATE]

    @cached_property
    def lsl(self) -> int:
        """Left shift of rm inside the second operand."""
        return self._bits(op.R_SHIFT, 0, 31)

    @cached_property
    def writeback(self) -> int:
        """Register that takes base plus `extra`."""
        return self._bits(op.R_SHIFT, 8, 31)

    @cached_property
    def kind(self) -> int:
        """Kind of shift, of parallel lanes, of DSP."""
        return self._bits(op.R_SHIFT, 16, 15)

    @cached_property
    def amount(self) -> int:
        """Amount of a shift, or the second number of a kind."""
        return self._bits(op.R_SHIFT, 20, 255)

    @cached_property
    def carry(self) -> bool:
        """Whether the shifter's carry goes to C."""
        return bool(self._bits(op.R_SHIFT, 28, 15))

    @cached_property
    def condition(self) -> int:
        """0..13, or ALWAYS."""
        return self._bits(op.R_FLOW, 0, 15)

    @cached_property
    def it(self) -> int:
        """ITSTATE while it runs."""
        return self._bits(op.R_FLOW, 8, 255)

    @cached_property
    def after(self) -> int:
        """The row that follows in memory."""
        return self.at + self._bits(op.R_FLOW, 16, 3)

    @cached_property
    def long_multiply(self) -> bool:
        """Whether the class of its time is LONG_MULTIPLY."""
        return self._bits(op.R_FLOW, 20, 3) == op.LONG_MULTIPLY

    @cached_property
    def extra(self) -> int:
        """Return address, write-back, mask or width, signed."""
        return self.words[op.R_EXTRA]

    def done(self, state: int) -> tuple[int, int]:
        """Cycles when it is done in pipeline state `state`, and the state it leaves."""
        return self._bits(op.R_TIMING, 8 * state, 63), self._bits(op.R_TIMING, 8 * state + 6, 3)

    def skipped(self, state: int) -> tuple[int, int]:
        """The same where its condition fails."""
        cycles, left = self._bits(op.R_DETOUR, 0, 63), self._bits(op.R_DETOUR, 6, 3)
        return self.done(state) if cycles == op.AS_DONE else (cycles, left)

    @cached_property
    def taken(self) -> int:
        """Cycles beyond `done` where it branches."""
        return self._bits(op.R_DETOUR, 8, 63)

    @cached_property
    def missed(self) -> int:
        """Cycles that a wrong prediction costs; 0 where nothing is predicted."""
        return self._bits(op.R_DETOUR, 16, 63)

    @cached_property
    def bank(self) -> bool:
        """Whether a load that costs nothing may meet the bank of the load before it."""
        return bool(self._bits(op.R_DETOUR, 24, 1))

    @cached_property
    def indirect(self) -> bool:
        """Whether its target is predicted, not its direction."""
        return bool(self._bits(op.R_DETOUR, 25, 1))
