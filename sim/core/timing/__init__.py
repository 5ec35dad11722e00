"""What instructions cost, apart from what they do: one table of rules per core.

A core is priced as a finite automaton. Every decoded instruction says, for each of four
pipeline states it may find, how many cycles it takes and which state it leaves. State 0
follows a taken branch; the meaning of the others belongs to the core's table. The compiled
loop only follows the numbers, so all cores share it.
"""

from __future__ import annotations

from edgesnn.sim.core.timing.model import Price, Timing
from edgesnn.sim.core.timing.tables import timing_of

__all__ = ["Price", "Timing", "timing_of"]
