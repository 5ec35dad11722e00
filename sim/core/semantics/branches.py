# ruff: noqa: D103 - the operation that a function is says what it does
"""Branches: where they go, and what a dual-issue core has foretold of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import FAILED, Array, load
from edgesnn.sim.core.bits import MASK
from edgesnn.sim.core.compiled import compiled, inlined
from edgesnn.sim.core.predict import mispredicted
from edgesnn.sim.core.semantics.case import operates

INT: Any = np.int64
U: Any = np.uint64
NOWHERE = -1
GOES = "reason, target"
Two = tuple[int, int]


@inlined
def note_direction(state: Array, table: Array, row: int, at: int, taken: bool) -> None:
    """Wait where a branch goes the way that was not foretold, on a core that foretells."""
    missed = INT(table[row + U(op.R_DETOUR)]) >> 16 & 63
    if missed:
        state[op.S_STALLS] += missed * mispredicted(state, at, taken)


@inlined
def in_thumb(target: int) -> int:
    """The reason to come back after a branch to an address whose lowest bit is clear."""
    return op.RUNNING if target & 1 else op.R_STATE


@operates(op.B, "target")
def branch(state: Array, table: Array, row: int, at: int, b: int) -> int:
    note_direction(state, table, row, at, True)
    return b


@operates(op.BL, "target")
def branch_link(regs: Array, extra: int, b: int) -> int:
    regs[op.LR] = extra & MASK
    return b


@operates(op.BX, GOES)
def branch_exchange(b: int) -> Two:
    return in_thumb(b), b


@operates(op.BLX, GOES)
def branch_link_exchange(regs: Array, extra: int, b: int) -> Two:
    regs[op.LR] = extra & MASK
    return in_thumb(b), b


@operates(op.JUMP, "target")
def jump(a: int, b: int) -> int:
    return (a + b) & MASK


@operates(op.CBZ, "target", wanted="True")
@operates(op.CBNZ, "target", wanted="False")
def compare_branch(
    state: Array, table: Array, row: int, at: int, a: int, b: int, wanted: bool
) -> int:
    taken = (a == 0) == wanted
    note_direction(state, table, row, at, taken)
    return b if taken else NOWHERE


@operates(op.TBB, GOES, cells="octets", scale="0")
@operates(op.TBH, GOES, cells="halves", scale="1")
def table_branch(
    state: Array, pages: Array, octets: Array, cells: Array, scale: int, a: int, b: int, extra: int
) -> Two:
    value = load(state, pages, octets, cells, scale, (a + b) & MASK)
    if value == FAILED:
        return op.R_ACCESS, NOWHERE
    return op.RUNNING, ((extra & MASK) + 2 * value) & MASK


@compiled
def link_of(operation: int) -> int:
    """What `follow` (edgesnn.sim.core.calls) wants to know of an operation that has branched."""
    if operation == op.BL or operation == op.BLX:
        return 1
    returns = (operation == op.BX or operation == op.LDM) or (
        operation == op.LDR_PC or operation == op.JUMP
    )
    return 2 if returns else 0
