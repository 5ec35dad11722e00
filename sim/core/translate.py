"""From memory to rows: decodes straight-line code when execution first reaches it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import FPV5_D16, NO_FPU, V6M, CoreModel
from edgesnn.sim.core.decode import ends_flow, it_after, run_from
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.memory import Memory
from edgesnn.sim.core.timing import Timing

BLOCK = 48  # halfwords decoded at once
CONTEXT = 8  # instructions before a block that its timing looks at
AHEAD = CONTEXT + 4  # words behind a block: what looks back at it, and what that looks at


def _nobody(first: int, last: int) -> None:
    """Wants to know nothing."""


class Translator:
    """Fills the decode table and remembers the instructions behind the rows.

    Attributes:
        instructions: by address, all that have been decoded.
        breaks: addresses before which the loop comes back.
        on_rows: told the first and last row of what has been decoded.
    """

    def __init__(self, memory: Memory, model: CoreModel, timing: Timing) -> None:
        self._memory = memory
        self._level = model.level
        # Without a unit its instructions are still recognised, so that a report can name them.
        self._fpu = model.fpu or (FPV5_D16 if model.level > V6M else NO_FPU)
        self._timing = timing
        self.instructions: dict[int, Instruction] = {}
        self.breaks: set[int] = set()
        self._aside: dict[int, int] = {}
        self.on_rows: Callable[[int, int], None] = _nobody

    def set_break(self, address: int, wanted: bool) -> None:
        """Make the loop come back before `address`, as for a system instruction, or no longer.

        A row that is decoded keeps its operation aside, so that this costs no decoding.
        """
        (self.breaks.add if wanted else self.breaks.discard)(address)
        first = (self._memory.flat(address) >> 1) * op.ROW
        table = self._memory.table
        if wanted and table[first] != op.UNDECODED:
            self._aside.setdefault(address, int(table[first]))
            table[first] = op.SYSTEM
        elif not wanted and table[first] == op.SYSTEM:
            table[first] = self._aside.pop(address)

    def is_break(self, address: int) -> bool:
        """Whether the loop comes back before `address`."""
        return address in self.breaks

    def decode_at(self, address: int) -> bool:
        """Decode from `address` on; false where there is no memory to decode."""
        halfwords = self._memory.halfwords_from(address, BLOCK + 2 * AHEAD)
        before = self._before(address)
        it = it_after(before[-1]) if before else 0
        code = list(run_from(halfwords.tolist(), self._level, address, it, self._fpu))
        if not code:
            return False
        self._write(before, code, address + 2 * BLOCK)
        first, last = (self._memory.flat(code[n].address) >> 1 for n in (0, -1))
        self.on_rows(first, last)
        return True

    def _before(self, address: int) -> list[Instruction]:
        """Up to CONTEXT instructions that fall through into `address`, oldest first."""
        found: list[Instruction] = []
        while len(found) < CONTEXT:
            for size in (2, 4):
                previous = self._standing(address - size)
                if previous and previous.size == size and not ends_flow(previous):
                    found.insert(0, previous)
                    address -= size
                    break
            else:
                break
        return found

    def _reprices(self, instruction: Instruction, last: int) -> bool:
        """Whether a row behind a block stands, and the code seen tells its price whole."""
        near = self._memory.flat(last) - self._memory.flat(instruction.address)
        return near >= 2 * (AHEAD - CONTEXT) and self._standing(instruction.address) == instruction

    def _standing(self, address: int) -> Instruction | None:
        """The instruction decoded at `address`, unless it has been overwritten since."""
        found = self.instructions.get(address)
        if found is None:
            return None
        first = (self._memory.flat(address) >> 1) * op.ROW
        return found if self._memory.table[first] != op.UNDECODED else None

    def _write(self, before: Sequence[Instruction], code: Sequence[Instruction], end: int) -> None:
        """Write the rows of `code` up to `end`, and those behind it that stand already.

        Their prices must not depend on what was decoded first.
        """
        prices = self._timing.price([*before, *code])[len(before) :]
        table = self._memory.table
        for instruction, (timing, detour) in zip(code, prices, strict=True):
            if instruction.address >= end and not self._reprices(instruction, code[-1].address):
                continue
            first = (self._memory.flat(instruction.address) >> 1) * op.ROW
            table[first : first + op.ROW] = np.array(instruction.row(timing, detour), np.int32)
            if instruction.address in self.breaks:
                self._aside[instruction.address] = int(table[first])
                table[first] = op.SYSTEM
            self.instructions[instruction.address] = instruction
            self._memory.mark_code(instruction.address)
            self._memory.mark_code(instruction.address + instruction.size - 1)
