"""What surrounds an operation in the compiled loop: its condition, its second operand, its target.

Words are held as int64 between 0 and 2^32 − 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import Array
from edgesnn.sim.core.bits import MASK, shift
from edgesnn.sim.core.compiled import inlined
from edgesnn.sim.core.predict import mispredicted, mistargeted

INT: Any = np.int64
U: Any = np.uint64


@inlined
def passes(condition: int, n: int, z: int, c: int, v: int) -> bool:
    """Whether a condition 0..13 holds."""
    pair = condition >> 1
    if pair == 0:
        holds = z
    elif pair == 1:
        holds = c
    elif pair == 2:
        holds = n
    elif pair == 3:
        holds = v
    elif pair == 4:
        holds = c & (z ^ 1)
    elif pair == 5:
        holds = n ^ v ^ 1
    else:
        holds = (z ^ 1) & (n ^ v ^ 1)
    return holds != condition & 1


@inlined
def skip(state: Array, table: Array, row: int, at: int, timing: int) -> tuple[int, int]:
    """Cycles, and the pipeline's state after them, of the row whose condition has failed."""
    detour = INT(table[row + U(op.R_DETOUR)])
    missed = detour >> 16 & 63
    if missed and detour >> 25 & 1 == 0:
        state[op.S_STALLS] += missed * mispredicted(state, at, False)
    if detour & 63 == op.AS_DONE:
        return timing & 63, timing >> 6 & 3
    return detour & 63, detour >> 6 & 3


@inlined
def shifted(word: int, plain: int, bent: int, c: int) -> tuple[int, int]:
    """Second operand and carry of a row with PRESHIFT, whose constant operand is `plain`."""
    kind = bent >> 16 & 15
    if kind == op.IMMEDIATE_CARRY:
        return plain, plain >> 31
    value = shift(kind, word, bent >> 20 & 255, c)
    return value & MASK, value >> 32 if bent >> 28 else c


@inlined
def land(
    state: Array, table: Array, pages: Array, row: int, at: int, target: int, reason: int
) -> tuple[int, int, int]:
    """Row to go on at after a branch, cycles beyond its own, and the reason to come back.

    Where the loop comes back for the branch, the row is the branch's own: a report names it.
    """
    detour = INT(table[row + U(op.R_DETOUR)])
    cost = detour >> 8 & 63
    if detour >> 25 & 1:
        cost += (detour >> 16 & 63) * mistargeted(state, at, target)
    entry = INT(pages[U(target >> op.PAGE_SHIFT)])
    if entry < 0 or reason != op.RUNNING:
        state[op.S_FAULT] = target
        return at, cost, op.R_FETCH if reason == op.RUNNING else reason
    return ((entry & ~(op.PAGE - 1)) + (target & (op.PAGE - 1))) >> 1, cost, reason
