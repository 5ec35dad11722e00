"""Which table prices which core."""

from __future__ import annotations

from collections.abc import Sequence

from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.timing.m0 import CORTEX_M0, CORTEX_M0PLUS
from edgesnn.sim.core.timing.m3 import CORTEX_M3, CORTEX_M4
from edgesnn.sim.core.timing.m7 import CORTEX_M7
from edgesnn.sim.core.timing.m33 import CORTEX_M33
from edgesnn.sim.core.timing.model import STATES, Dynamic, Price, Step, Timing, price


class Unit:
    """One cycle an instruction: for tests of semantics."""

    dynamic = Dynamic()

    def price(self, code: Sequence[Instruction]) -> list[Price]:
        """Always one cycle."""
        return [price([Step(1, 1)] * STATES, Step(1, 1), 0) for _ in code]


TABLES: dict[str, Timing] = {
    "m0": CORTEX_M0,
    "m0plus": CORTEX_M0PLUS,
    "m3": CORTEX_M3,
    "m4": CORTEX_M4,
    "m7": CORTEX_M7,
    "m33": CORTEX_M33,
}


def timing_of(name: str) -> Timing:
    """The table called `name`, one of TABLES."""
    return TABLES[name]
