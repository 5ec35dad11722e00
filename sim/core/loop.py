# ruff: noqa: F841 - what the frame only sets, the operations use
"""The compiled loop: fetch a row, do its operation, charge its cycles.

One function for all cores: what an operation does stands in edgesnn.sim.core.semantics, what an
instruction costs in the row (R_TIMING, R_DETOUR). The functions of all operations are compiled
into the place of `dispatch`, one branch each. What is rare or touches the system returns to
Python with a reason.

Words are held as int64 between 0 and 2^32 − 1. Indices are unsigned, or Numba would check
each for negative values.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import Array
from edgesnn.sim.core.bits import MASK
from edgesnn.sim.core.cache import fetch_line
from edgesnn.sim.core.calls import credit, follow
from edgesnn.sim.core.compiled import cached, call_region, compiled, sources_digest
from edgesnn.sim.core.issue import land, passes, shifted, skip
from edgesnn.sim.core.semantics import chain
from edgesnn.sim.core.semantics.branches import NOWHERE, link_of

INT: Any = np.int64
U: Any = np.uint64
TRACING = False  # whether calls are followed; see _with_dispatch


def dispatch(operation: int) -> None:
    """Stands for one branch an operation, which `_with_dispatch` writes in its place."""


def _frame(
    state: Array,
    regs: Array,
    table: Array,
    pages: Array,
    octets: Array,
    halves: Array,
    words: Array,
    profile: Array,
    calls: Array,
    limit: int,
) -> int:
    """Execute until `limit` instructions are done or something needs attention.

    Args:
        state: int64[STATE], the slots S_*; all of them are read and written back.
        regs: int64[REGISTERS], each 0..2^32 − 1.
        table: int32[rows · ROW], the decode table.
        pages: int32[2^20], the page table.
        octets, halves, words: the flat memory as uint8, uint16 and uint32.
        profile: int64[2 · rows], for each row how often it ran, and its cycles.
        calls: the vector of edgesnn.sim.core.calls; empty where calls are not traced.
        limit: instruction count in S_INSTRUCTIONS at which to stop.

    Returns:
        The reason, one of R_LIMIT … R_STACK. S_AT is the row to go on with; up to R_FLOATING
        its instruction has not been done.
    """
    at = state[op.S_AT]
    n, z, c, v = state[op.S_N], state[op.S_Z], state[op.S_C], state[op.S_V]
    q, ge = state[op.S_Q], state[op.S_GE]
    cycles, instructions = state[op.S_CYCLES], state[op.S_INSTRUCTIONS]
    pipeline = state[op.S_PIPELINE]
    deadline, low = state[op.S_DEADLINE], state[op.S_STACK_LOW]
    stack_limit, line_shift, line = (
        state[op.S_STACK_LIMIT],
        state[op.S_LINE_SHIFT],
        state[op.S_LINE],
    )
    reason = op.RUNNING
    loaded = state[op.S_LOADED]

    while reason == op.RUNNING:
        if instructions >= limit:
            reason = op.R_LIMIT
            break
        if cycles >= deadline:
            reason = op.R_DEADLINE
            break
        row = U(at) << U(op.ROW_SHIFT)
        operation = INT(table[row])
        numbers = INT(table[row + U(op.R_REGISTERS)])
        imm = INT(table[row + U(op.R_IMMEDIATE)])
        bent = INT(table[row + U(op.R_SHIFT)])
        flow = INT(table[row + U(op.R_FLOW)])
        timing = INT(table[row + U(op.R_TIMING)]) >> (pipeline << 3)
        extra = INT(table[row + U(op.R_EXTRA)])
        rd = U(numbers & 31)
        rn = U(numbers >> 8 & 31)
        rm = U(numbers >> 16 & 31)
        ra = U(numbers >> 24 & 31)
        writeback = U(bent >> 8 & 31)
        target = NOWHERE

        if operation <= op.UNDECODED:  # below it: translated code begins here
            reason = op.R_DECODE
            break
        entered = at >> line_shift
        if entered != line:
            state[op.S_STALLS] += fetch_line(state, entered, cycles)  # kept if it has to come back
            line = entered

        condition = flow & 15
        if condition != 14 and not passes(condition, n, z, c, v):
            cost, pipeline = skip(state, table, row, at, timing)
        else:
            cost, pipeline = timing & 63, timing >> 6 & 3
            a = regs[rn]
            b = ((regs[rm] << (bent & 31)) + imm) & MASK
            if operation & op.PRESHIFT:
                operation &= op.PRESHIFT - 1
                b, c = shifted(regs[rm], b, bent, c)
            dispatch(operation)
            if reason < op.R_FETCH:
                break

        after = at + (flow >> 16 & 3)
        if target != NOWHERE:
            after, more, reason = land(state, table, pages, row, at, target, reason)
            cost += more
            pipeline = 0
        if state[op.S_STALLS]:
            cost += state[op.S_STALLS]
            state[op.S_STALLS] = 0
        if regs[op.SP] < low:
            low = regs[op.SP]
            if low < stack_limit and reason == op.RUNNING:
                reason = op.R_STACK
        profile[U(at) << U(1)] += 1
        profile[U(at) << U(1) | U(1)] += cost
        cycles += cost
        instructions += 1
        if TRACING and target != NOWHERE and reason == op.RUNNING:
            credit(calls, cycles, instructions)
            follow(calls, link_of(operation), after, at + (flow >> 16 & 3), regs[op.SP])
        at = after

    state[op.S_AT] = at
    state[op.S_N], state[op.S_Z], state[op.S_C], state[op.S_V] = n, z, c, v
    state[op.S_Q], state[op.S_GE] = q, ge
    state[op.S_CYCLES], state[op.S_INSTRUCTIONS] = cycles, instructions
    state[op.S_PIPELINE], state[op.S_STACK_LOW], state[op.S_LINE] = pipeline, low, line
    state[op.S_LOADED] = loaded
    return reason


def _with_dispatch(frame: Callable[..., int], *, tracing: bool) -> Callable[..., int]:
    """`frame` with the chain of operations in the place of `dispatch`.

    TRACING is a constant to Numba: the plain loop pays nothing for it.
    """
    branches, functions = chain("operation")
    source, found = re.subn(
        r"^( +)dispatch\(operation\)\n",
        lambda match: indent(branches, match[1]) + "\n",
        inspect.getsource(frame),
        flags=re.MULTILINE,
    )
    if found != 1:
        raise AssertionError("the frame names its dispatch once")
    names = {**frame.__globals__, **functions, "TRACING": tracing}
    exec(compile(source, __file__, "exec", dont_inherit=True), names)
    whole: Callable[..., int] = names[frame.__name__]
    return compiled(whole)


execute = _with_dispatch(_frame, tracing=False)
traced = _with_dispatch(_frame, tracing=True)


@compiled
def execute_regions(
    state: Array,
    regs: Array,
    table: Array,
    pages: Array,
    octets: Array,
    halves: Array,
    words: Array,
    profile: Array,
    calls: Array,
    entries: Array,
    limit: int,
) -> int:
    """`execute`, with machine code in place of the rows that have been translated.

    Args:
        entries: int64[ENTRY · entries of translated code], see `operations`.

    Where the code does nothing (a limit is near, or its first instruction is not for it), the
    instruction at its entry is done here.
    """
    until, unmarked, mark = limit, NOWHERE, 0
    while True:
        reason = execute(state, regs, table, pages, octets, halves, words, profile, calls, until)
        if unmarked != NOWHERE:
            table[unmarked] = mark
            unmarked, until = NOWHERE, limit
            if reason == op.R_LIMIT and state[op.S_INSTRUCTIONS] < limit:
                continue
            return reason
        row = state[op.S_AT] << op.ROW_SHIFT
        mark = INT(table[row])
        if reason != op.R_DECODE or mark >= 0:
            return reason
        entry = (-(mark >> op.MARK_SHIFT) - 1) << op.ENTRY_SHIFT
        before = state[op.S_INSTRUCTIONS]
        call_region(entries[entry], state, regs, octets, entries[entry + 1], limit)
        if state[op.S_INSTRUCTIONS] == before:
            unmarked, until = row, before + 1
            table[row] = entries[entry + 2]


HERE = Path(__file__).parent
# All that is compiled together, which Numba's cache would not look at.
SOURCES = (
    *(HERE / name for name in (
        "access.py", "bits.py", "cache.py", "calls.py", "compiled.py", "issue.py", "loop.py",
        "media.py", "operations.py", "predict.py", "vfp/transfer.py",
    )),
    *HERE.glob("semantics/*.py"),
)  # fmt: skip


def _cached(sources: int, *, tracing: bool) -> Callable[..., int]:
    """`execute`, compiled once for these sources: both arguments become part of the cache's key.

    The branch that `tracing` rules out is not compiled.
    """

    @cached
    def run(
        state: Array,
        regs: Array,
        table: Array,
        pages: Array,
        octets: Array,
        halves: Array,
        words: Array,
        profile: Array,
        calls: Array,
        entries: Array,
        limit: int,
    ) -> int:
        state[op.S_SOURCES] = sources
        if tracing:
            return traced(state, regs, table, pages, octets, halves, words, profile, calls, limit)
        return execute_regions(
            state, regs, table, pages, octets, halves, words, profile, calls, entries, limit
        )

    return run


run = _cached(sources_digest(*SOURCES), tracing=False)
run_traced = _cached(sources_digest(*SOURCES), tracing=True)
