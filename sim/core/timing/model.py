"""The form that all timing tables share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction

STATES = 4
MOST_CYCLES = 63
REFILLED = 0  # the pipeline state after every taken branch


class Step(NamedTuple):
    """Cycles that an instruction takes, and the pipeline state it leaves."""

    cycles: int
    state: int


AS_DONE = Step(op.AS_DONE, 0)


class Price(NamedTuple):
    """R_TIMING and R_DETOUR of one row."""

    timing: int
    detour: int


def price(
    steps: Sequence[Step],
    skipped: Step,
    taken: int,
    *,
    missed: int = 0,
    bank: bool = False,
    indirect: bool = False,
) -> Price:
    """Pack what an instruction costs.

    Args:
        steps: for each of the four pipeline states.
        skipped: when its condition fails; AS_DONE where that makes no difference.
        taken: cycles beyond `steps` when it branches.
        missed: cycles that a wrong prediction costs; 0: not predicted.
        bank: a load that costs nothing, unless it meets the bank of the load before it.
        indirect: its target is predicted, not its direction.
    """
    timing = 0
    for state, step in enumerate(steps):
        timing |= _byte(step) << 8 * state
    flags = bank << 24 | indirect << 25
    return Price(timing, _byte(skipped) | taken << 8 | missed << 16 | flags)


def _byte(step: Step) -> int:
    if not (0 <= step.cycles <= MOST_CYCLES and 0 <= step.state < STATES):
        raise ValueError(f"{step} does not fit into a byte")
    return step.cycles | step.state << 6


@dataclass(frozen=True, slots=True)
class Dynamic:
    """Costs that depend on data, or belong to events and not to instructions.

    Attributes:
        divide_base: cycles beyond one of a division that ends at once.
        divide_bits: quotient bits a cycle afterwards.
        divide_most: the most that divide_base and the quotient's cycles come to.
        long_multiply: long multiplies depend on their operands.
        misaligned_even: cycles more of an access that takes two transfers on the bus.
        misaligned_odd: of one that takes three, a word at an odd address.
        misaligned_store: stores are charged so, too.
        exception_entry: cycles from the last instruction to the handler's first.
        exception_return: cycles of a return, beyond the instruction that does it.
        exception_chain: cycles from a return to the first instruction of the next handler.
        float_long: cycles for which a division or square root holds the floating point unit
            beyond its own; other instructions go on meanwhile.
        float_stack: cycles for saving or restoring the floating point state of an exception.
    """

    divide_base: int = 0
    divide_bits: int = 32
    divide_most: int = 32
    long_multiply: bool = False
    misaligned_even: int = 1
    misaligned_odd: int = 2
    misaligned_store: bool = True
    exception_entry: int = 12
    exception_return: int = 10
    exception_chain: int = 6
    float_long: int = 0
    float_stack: int = 17


class Timing(Protocol):
    """One core's prices."""

    @property
    def dynamic(self) -> Dynamic:
        """Costs that are not in rows."""

    def price(self, code: Sequence[Instruction]) -> list[Price]:
        """Prices of straight-line code; the first instruction's predecessor is unknown."""
