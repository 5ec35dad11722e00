"""What a dual-issue core guesses wrongly: branches, their targets, banks of memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import Array
from edgesnn.sim.core.compiled import compiled

INT: Any = np.int64
U: Any = np.uint64


@compiled
def mispredicted(state: Array, at: int, taken: bool) -> int:
    """1 where the branch at row `at` goes the way that was not foretold.

    A slot holds a two-bit counter, how often the branch has now been taken in a row, how
    often last time, and whether the time before that was as long: then it is a loop whose
    end is foretold, if it comes within LOOP_MOST rounds (Cortex-R4 manual, DDI 0363, 5.2.1).
    """
    slot = op.S_PREDICTORS + (at & (op.PREDICTORS - 1))
    word = state[slot]
    counter, run, last, regular = word & 3, word >> 2 & 63, word >> 8 & 63, word >> 14
    foretold = counter >= 2 and not (regular and run == last)
    if taken:
        counter, run = min(counter + 1, 3), min(run + 1, op.LOOP_MOST + 1)
    else:
        counter, regular = max(counter - 1, 0), INT(run == last and run <= op.LOOP_MOST)
        run, last = 0, run
    state[slot] = counter | run << 2 | last << 8 | regular << 14
    return int(foretold != taken)


@compiled
def mistargeted(state: Array, at: int, target: int) -> int:
    """1 where the branch at row `at` went elsewhere the last time."""
    slot = op.S_TARGETS + (at & (op.PREDICTORS - 1))
    last = state[slot]
    state[slot] = target
    return int(last != target)


@compiled
def bank_conflict(table: Array, row: Any, one: int, other: int) -> int:
    """1 where the younger of two loads of a cycle meets the older one's bank of words."""
    if INT(table[row + U(op.R_DETOUR)]) >> 24 & 1 == 0:
        return 0
    return (one ^ other) >> 2 & 1 ^ 1
