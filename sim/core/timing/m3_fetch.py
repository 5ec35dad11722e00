"""Where Cortex-M3 and M4 wait for the next instruction: the prefetch queue.

The queue holds three words and fetches one a cycle (Cortex-M3 TRM, DDI0337G, 1.4), which is
enough for 32-bit instructions one a cycle, aligned or not. It falls short by a cycle
in three cases that are documented: the third of a run of 32-bit instructions across words
behind one of several cycles (eprint 2025/523; compendium.i-0.nl, instruction alignment); a
branch to such an instruction; and a conditional branch that is not taken, for whose target
a fetch was spent, among instructions that need a fetch a cycle (the same manual;
measurements by Jan Oleksiewicz, jnk0le/random, CC0).
"""

from __future__ import annotations

from collections.abc import Sequence

from edgesnn.sim.core import facts
from edgesnn.sim.core.instruction import Instruction

THIRD = 3
NEAR = 2  # instructions on either side of a branch that can give the queue time


class Run:
    """Counts instructions across words behind one that took several cycles."""

    def __init__(self) -> None:
        self._length = 0  # 1: such an instruction may begin the run; 3: the next one waits

    def waits(self, i: Instruction) -> int:
        """Cycles that `i` waits."""
        return int(facts.is_misaligned(i) and self._length == THIRD)

    def take(self, i: Instruction, cycles: int) -> None:
        """Go past `i`, which took `cycles` of its own."""
        goes_on = facts.is_misaligned(i) and 0 < self._length < THIRD
        self._length = self._length + 1 if goes_on else int(cycles > 1)


def lost_fetch(code: Sequence[Instruction], index: int, cycles: Sequence[int]) -> int:
    """What a branch that is not taken waits, for want of two 16-bit instructions nearby.

    Args:
        code: straight-line code.
        index: of the branch in it.
        cycles: what every instruction of the code takes alone.
    """
    near = range(max(index - NEAR, 0), min(index + NEAR + 1, len(code)))
    halves = sum(code[n].size == 2 for n in near)
    return int(halves < 2 and all(cycles[n] == 1 for n in near))
