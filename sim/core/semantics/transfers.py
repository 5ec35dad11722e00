# ruff: noqa: D103 - the operation that a function is says what it does
"""Loads and stores. Each accesses, comes back where that failed, and then writes back."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import (
    FAILED,
    Array,
    block,
    load,
    load_aligned,
    store,
    store_aligned,
)
from edgesnn.sim.core.bits import MASK
from edgesnn.sim.core.predict import bank_conflict
from edgesnn.sim.core.semantics.branches import GOES, NOWHERE, Two, in_thumb
from edgesnn.sim.core.semantics.case import operates

U: Any = np.uint64
LOADS = "reason, loaded"
REASON = "reason"


@operates(op.LDR, LOADS, cells="words", scale="2", sign="0")
@operates(op.LDRH, LOADS, cells="halves", scale="1", sign="0")
@operates(op.LDRB, LOADS, cells="octets", scale="0", sign="0")
@operates(op.LDRSH, LOADS, cells="halves", scale="1", sign="0x8000")
@operates(op.LDRSB, LOADS, cells="octets", scale="0", sign="0x80")
def load_register(
    state: Array, regs: Array, table: Array, pages: Array, octets: Array, cells: Array,
    row: int, timing: int, rd: int, writeback: int, a: int, b: int, extra: int, loaded: int,
    scale: int, sign: int,
) -> Two:  # fmt: skip
    place = (a + b) & MASK
    value = load(state, pages, octets, cells, scale, place)
    if value == FAILED:
        return op.R_ACCESS, loaded
    regs[writeback] = (a + extra) & MASK
    if timing & 63 == 0:
        state[op.S_STALLS] += bank_conflict(table, row, place, loaded)
    regs[rd] = ((value ^ sign) - sign) & MASK
    return op.RUNNING, place


@operates(op.LDR_SP, REASON)
def load_stack(
    state: Array, regs: Array, pages: Array, octets: Array, words: Array, writeback: int,
    a: int, b: int, extra: int,
) -> int:  # fmt: skip
    value = load(state, pages, octets, words, 2, (a + b) & MASK)
    if value == FAILED:
        return op.R_ACCESS
    regs[writeback] = (a + extra) & MASK
    regs[op.SP] = value & ~3
    return op.RUNNING


@operates(op.LDR_PC, GOES)
def load_target(
    state: Array, regs: Array, pages: Array, octets: Array, words: Array, writeback: int,
    a: int, b: int, extra: int,
) -> Two:  # fmt: skip
    value = load(state, pages, octets, words, 2, (a + b) & MASK)
    if value == FAILED:
        return op.R_ACCESS, NOWHERE
    regs[writeback] = (a + extra) & MASK
    return in_thumb(value), value


@operates(op.STR, REASON, cells="words", scale="2")
@operates(op.STRH, REASON, cells="halves", scale="1")
@operates(op.STRB, REASON, cells="octets", scale="0")
def store_register(
    state: Array, regs: Array, table: Array, pages: Array, octets: Array, cells: Array,
    rd: int, writeback: int, a: int, b: int, extra: int, scale: int,
) -> int:  # fmt: skip
    if not store(state, pages, table, octets, cells, scale, (a + b) & MASK, regs[rd]):
        return op.R_ACCESS
    regs[writeback] = (a + extra) & MASK
    return op.RUNNING


@operates(op.LDRD, REASON)
def load_two(
    state: Array, regs: Array, table: Array, pages: Array, words: Array,
    rd: int, ra: int, writeback: int, a: int, b: int, extra: int,
) -> int:  # fmt: skip
    place = block(state, pages, table, (a + b) & MASK, 2, False)
    if place == FAILED:
        return op.R_ACCESS
    regs[writeback] = (a + extra) & MASK
    regs[rd], regs[ra] = words[U(place)], words[U(place + 1)]
    return op.RUNNING


@operates(op.STRD, REASON)
def store_two(
    state: Array, regs: Array, table: Array, pages: Array, words: Array,
    rd: int, ra: int, writeback: int, a: int, b: int, extra: int,
) -> int:  # fmt: skip
    place = block(state, pages, table, (a + b) & MASK, 2, True)
    if place == FAILED:
        return op.R_ACCESS
    regs[writeback] = (a + extra) & MASK
    words[U(place)], words[U(place + 1)] = regs[rd], regs[ra]
    return op.RUNNING


# Of LDM and STM, imm is the list, |extra| its size in bytes, ra tells a start below the base.
@operates(op.LDM, GOES)
def load_multiple(
    state: Array, regs: Array, table: Array, pages: Array, words: Array,
    ra: int, writeback: int, imm: int, a: int, extra: int,
) -> Two:  # fmt: skip
    base = (a + extra) & MASK if ra else a
    place = block(state, pages, table, base, abs(extra) >> 2, False)
    if place == FAILED:
        return op.R_ACCESS, NOWHERE
    number, remaining = 0, imm & 0x7FFF
    while remaining:
        if remaining & 1:
            regs[U(number)] = words[U(place)]
            place += 1
        remaining >>= 1
        number += 1
    target = int(words[U(place)]) if imm & 0x8000 else NOWHERE
    regs[writeback] = (a + extra) & MASK
    return in_thumb(target), target  # NOWHERE is odd


@operates(op.STM, REASON)
def store_multiple(
    state: Array, regs: Array, table: Array, pages: Array, words: Array,
    ra: int, writeback: int, imm: int, a: int, extra: int,
) -> int:  # fmt: skip
    base = (a + extra) & MASK if ra else a
    place = block(state, pages, table, base, abs(extra) >> 2, True)
    if place == FAILED:
        return op.R_ACCESS
    number, remaining = 0, imm & 0x7FFF
    while remaining:
        if remaining & 1:
            words[U(place)] = regs[U(number)]
            place += 1
        remaining >>= 1
        number += 1
    regs[writeback] = (a + extra) & MASK
    return op.RUNNING


@operates(op.LOAD_ALIGNED, REASON)
def load_ordered(
    state: Array, regs: Array, pages: Array, octets: Array, halves: Array, words: Array,
    rd: int, bent: int, a: int, b: int,
) -> int:  # fmt: skip
    place = (a + b) & MASK
    value = load_aligned(state, pages, octets, halves, words, place, bent >> 16 & 15)
    if value == FAILED:
        return op.R_ACCESS
    regs[rd] = value
    if bent >> 28:
        state[op.S_EXCLUSIVE] = place
    return op.RUNNING


@operates(op.STORE_ALIGNED, REASON)
def store_ordered(
    state: Array, regs: Array, table: Array, pages: Array, octets: Array, halves: Array,
    words: Array, rd: int, bent: int, a: int, b: int,
) -> int:  # fmt: skip
    place, scale = (a + b) & MASK, bent >> 16 & 15
    if store_aligned(state, pages, table, octets, halves, words, place, scale, regs[rd]):
        return op.RUNNING
    return op.R_ACCESS


@operates(op.STREX, REASON)
def store_exclusive(
    state: Array, regs: Array, table: Array, pages: Array, octets: Array, halves: Array,
    words: Array, rd: int, ra: int, bent: int, a: int, b: int,
) -> int:  # fmt: skip
    place, scale = (a + b) & MASK, bent >> 16 & 15
    owned = state[op.S_EXCLUSIVE] == place
    if owned and not store_aligned(
        state, pages, table, octets, halves, words, place, scale, regs[ra]
    ):
        return op.R_ACCESS
    regs[rd] = 0 if owned else 1
    state[op.S_EXCLUSIVE] = -1
    return op.RUNNING
