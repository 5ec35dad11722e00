"""Floating point: costs and hazards that the tables of M4, M33 and M7 share or tell apart.

Sources: Cortex-M4 TRM (100166_0001) table 7-1 and its notes [A]; measurements on RP2350 and
STM32H743 by Jan Oleksiewicz (jnk0le/random, CC0) [J]. What neither says is an estimate [E].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgesnn.sim.core import facts
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction

FUSED = frozenset({op.V_MLA, op.V_FMA})
LONG = frozenset({op.V_DIV, op.V_SQRT})
# What takes a cycle longer where its result is used at once [A]: arithmetic and conversions.
CALCULATING = frozenset(
    {op.V_ADD, op.V_SUB, op.V_MUL, op.V_NMUL, op.V_MLA, op.V_FMA, op.V_DIV, op.V_SQRT,
     op.V_RINT, op.V_TO_INTEGER, op.V_FROM_INTEGER, op.V_CONVERT, op.V_MAXNM, op.V_MINNM}
)  # fmt: skip


def kind(i: Instruction) -> int:
    """The kind of a VFP instruction, -1 for others."""
    return i.extra & op.V_KIND if i.op == op.VFP else -1


def is_double(i: Instruction) -> bool:
    """Whether a VFP instruction works on doubles."""
    return i.op == op.VFP and op.DOUBLE in (i.extra >> op.V_SOURCE & 3, i.extra >> op.V_RESULT & 3)


def addend(i: Instruction) -> frozenset[int]:
    """What a multiply-accumulate adds to: needed later than its factors."""
    return facts.results(i) if kind(i) in FUSED else frozenset()


def factors(i: Instruction) -> frozenset[int]:
    """What an instruction needs at its beginning: all sources but an addend."""
    if kind(i) not in FUSED:
        return facts.sources(i)
    width = 2 if is_double(i) else 1
    return frozenset(r + k for r in (i.rn, i.rm) for k in range(width))


def m4_cycles(i: Instruction, previous: Instruction | None) -> int:
    """Cortex-M4 [A]: 1, multiply-accumulate 3, two registers 2, N words 1 + N; 1 more after
    arithmetic whose result is needed at once. Division and root hold the unit beyond their 1.
    """
    cycles = 1
    if i.op in facts.VFP_MEMORY:
        cycles = 1 + i.amount
    elif kind(i) in FUSED:
        cycles = 3
    elif kind(i) == op.V_MOV_TWO:
        cycles = 2
    late = previous is not None and kind(previous) in CALCULATING
    return cycles + int(late and bool(facts.results(previous) & factors(i)))


def m33_cycles(i: Instruction) -> int:
    """Cortex-M33 [J]: a cycle each, N for N words, two to the core 2."""
    if i.op in facts.VFP_MEMORY:
        return i.amount
    to_core = kind(i) == op.V_MOV_TWO and i.rd < op.S0
    return 2 if to_core else 1


def waited(
    code: Sequence[Instruction],
    cycles: Callable[[Instruction], int],
    distance: Callable[[Instruction, Instruction], int],
) -> int:
    """Cycles for which the last of `code` waits, issued one after the other.

    `distance` says how many cycles after the issue of one a later one may issue.
    """
    if code[-1].op not in facts.FLOATING and all(i.op not in facts.FLOATING for i in code):
        return 0
    issued: list[int] = []
    free = wait = 0
    for index, i in enumerate(code):
        start = max([free, *(issued[k] + distance(code[k], i) for k in range(index))])
        wait = start - free
        issued.append(start)
        free = start + cycles(i)
    return wait


def m33_distance(older: Instruction, i: Instruction) -> int:
    """Cortex-M33 [J]: multiply-accumulates block the unit, results are late.

    Not modelled: instructions that are issued a cycle early and run out of order.
    """
    if older.op not in facts.FLOATING:
        return 0
    blocked = 3 if kind(older) in FUSED and i.op in facts.FLOATING else 0
    needed = facts.sources(i) & facts.results(older)
    if not needed:
        return blocked
    if kind(older) in FUSED:
        return 3 if _only_added(i, needed) else 4
    return 2 if kind(older) in CALCULATING | {op.V_TO_CORE, op.V_MOV_TWO} else 1


def _only_added(i: Instruction, needed: frozenset[int]) -> bool:
    return needed <= addend(i) and not needed & factors(i)


DOUBLE_CYCLES = {op.V_MUL: 5, op.V_NMUL: 5, op.V_DIV: 30, op.V_SQRT: 30, op.V_FMA: 7, op.V_MLA: 8}
SINGLE_CYCLES = {op.V_DIV: 16, op.V_SQRT: 14}


def m7_cycles(i: Instruction) -> int:
    """Cortex-M7 [J]: of doubles with like exponents; the root of a double is an estimate."""
    if i.op in facts.VFP_MEMORY:
        return (i.amount + 1) // 2
    return (DOUBLE_CYCLES if is_double(i) else SINGLE_CYCLES).get(kind(i), 1)


def m7_pairs(older: Instruction, younger: Instruction) -> bool:
    """Whether two instructions, one of them floating point, issue in one cycle [J]."""
    floats = older.op in facts.FLOATING, younger.op in facts.FLOATING
    if all(floats):
        fused = kind(older) in FUSED or kind(younger) in FUSED
        arithmetic = kind(older) in CALCULATING and kind(younger) in CALCULATING
        constants = kind(older) == kind(younger) == op.V_CONSTANT
        return not (fused or arithmetic or constants)
    return not (is_double(younger) and kind(younger) in CALCULATING)


def m7_alone(i: Instruction) -> bool:
    """What pairs with nothing [J]: two registers, doubles and several words of memory."""
    return kind(i) == op.V_MOV_TWO or (i.op in facts.VFP_MEMORY and i.amount > 1)


def m7_distance(older: Instruction, i: Instruction) -> int:
    """Cortex-M7 [J]: after a multiply-accumulate, sums, constants and several words wait."""
    if older.op not in facts.FLOATING:
        return 0
    several = i.op in facts.VFP_MEMORY and i.amount > 1
    held = several or kind(i) in (op.V_ADD, op.V_SUB, op.V_CONSTANT)
    blocked = 4 if kind(older) in FUSED and held else 0
    needed = facts.sources(i) & facts.results(older)
    return max(blocked, _m7_latency(older, i, needed) if needed else 0)


def _m7_latency(older: Instruction, i: Instruction, needed: frozenset[int]) -> int:
    """The table of result latencies of [J] for singles, which is taken for doubles too."""
    summed = _only_added(i, needed)
    if kind(older) in FUSED:
        late = int(kind(older) == op.V_MLA)
        if i.op == op.VFP_STORE:
            return 3 + late
        return 3 if summed else 5 + late
    if older.op == op.VFP_LOAD:
        return 3 if summed else 1
    if i.op == op.VFP_STORE or older.op == op.VFP_FLAGS or kind(older) == op.V_TO_CORE:
        return 1
    return 3
