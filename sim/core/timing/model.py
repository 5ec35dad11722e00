"""The form that all timing tables share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from edgesnn.sim.core.instruction import Instruction

STATES = 4
REFILLED = 0  # the pipeline state after every taken branch


class Step(NamedTuple):
    """Cycles that an instruction takes, and the pipeline state it leaves."""

    cycles: int
    state: int


class Price(NamedTuple):
    """R_TIMING and R_DETOUR of one row."""

    timing: int
    detour: int


def price(steps: Sequence[Step], skipped: Step, taken: int) -> Price:
    """Pack what an instruction costs.

    Args:
        steps: for each of the four pipeline states.
        skipped: when its condition fails.
        taken: cycles beyond `steps` when it branches.
    """
    timing = 0
    for state, step in enumerate(steps):
        timing |= _byte(step) << 8 * state
    return Price(timing, _byte(skipped) | taken << 8)


def _byte(step: Step) -> int:
    if not (0 <= step.cycles < 64 and 0 <= step.state < STATES):
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
        exception_entry: cycles from the last instruction to the handler's first.
        exception_return: cycles of a return, beyond the instruction that does it.
    """

    divide_base: int = 0
    divide_bits: int = 32
    divide_most: int = 32
    long_multiply: bool = False
    exception_entry: int = 12
    exception_return: int = 10


class Timing(Protocol):
    """One core's prices."""

    @property
    def dynamic(self) -> Dynamic:
        """Costs that are not in rows."""

    def price(self, code: Sequence[Instruction]) -> list[Price]:
        """Prices of straight-line code; the first instruction's predecessor is unknown."""
