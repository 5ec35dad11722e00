"""Which table prices which core."""

from __future__ import annotations

from collections.abc import Sequence

from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.timing.model import Dynamic, Price, Step, Timing, price


class Unit:
    """One cycle an instruction: for tests of semantics."""

    dynamic = Dynamic()

    def price(self, code: Sequence[Instruction]) -> list[Price]:
        one = Step(1, 1)
        return [price([one] * 4, one, 0) for _ in code]


def timing_of(name: str) -> Timing:
    """The table called `name`."""
    return Unit()
