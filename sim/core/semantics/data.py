# ruff: noqa: D103 - the operation that a function is says what it does
"""Moves, sums, logic and shifts (Armv7-M manual A2.2.1 and A7.7)."""

from __future__ import annotations

from collections.abc import Callable

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import Array
from edgesnn.sim.core.bits import MASK, shift
from edgesnn.sim.core.compiled import inlined
from edgesnn.sim.core.semantics.case import operates

RESULT = "regs[rd]"
RESULT_NZ = "regs[rd], n, z"
RESULT_NZC = "regs[rd], n, z, c"
RESULT_NZCV = "regs[rd], n, z, c, v"
Flags = tuple[int, int, int]
AllFlags = tuple[int, int, int, int, int]


def with_flags(number: int, setting: int) -> Callable[[Callable[[int, int], int]], object]:
    """Make a function of a and b operation `number`, and `setting` the same with N and Z."""

    def note(function: Callable[[int, int], int]) -> object:
        operates(number, RESULT)(function)
        result = inlined(function)

        def flagged(a: int, b: int) -> Flags:
            value = result(a, b)
            return value, value >> 31, int(value == 0)

        return operates(setting, RESULT_NZ)(flagged)

    return note


@with_flags(op.MOV, op.MOVS)
def move(a: int, b: int) -> int:
    return b


@with_flags(op.AND, op.ANDS)
def both(a: int, b: int) -> int:
    return a & b


@with_flags(op.ORR, op.ORRS)
def either(a: int, b: int) -> int:
    return a | b


@with_flags(op.EOR, op.EORS)
def one_of(a: int, b: int) -> int:
    return a ^ b


@with_flags(op.BIC, op.BICS)
def clear(a: int, b: int) -> int:
    return a & ~b


@with_flags(op.ORN, op.ORNS)
def either_not(a: int, b: int) -> int:
    return a | (b ^ MASK)


@operates(op.ADD, RESULT)
def add(a: int, b: int) -> int:
    return (a + b) & MASK


@operates(op.SUB, RESULT)
@operates(op.RSB, RESULT, a="b", b="a")
def subtract(a: int, b: int) -> int:
    return (a - b) & MASK


@operates(op.ADC, RESULT)
def add_carry(a: int, b: int, c: int) -> int:
    return (a + b + c) & MASK


@operates(op.SBC, RESULT)
def subtract_carry(a: int, b: int, c: int) -> int:
    return (a - b - 1 + c) & MASK


@operates(op.ADDS, RESULT_NZCV, c="0")
@operates(op.ADCS, RESULT_NZCV)
def add_setting(a: int, b: int, c: int) -> AllFlags:
    """AddWithCarry."""
    total = a + b + c
    value = total & MASK
    overflow = ((a ^ value) & (b ^ value)) >> 31
    return value, value >> 31, int(value == 0), total >> 32, overflow


@operates(op.SBCS, RESULT_NZCV)
def subtract_carry_setting(a: int, b: int, c: int) -> AllFlags:
    total = a + (b ^ MASK) + c
    value = total & MASK
    overflow = ((a ^ b) & (a ^ value)) >> 31
    return value, value >> 31, int(value == 0), total >> 32, overflow


@operates(op.SUBS, RESULT_NZCV)
@operates(op.RSBS, RESULT_NZCV, a="b", b="a")
def subtract_setting(a: int, b: int) -> AllFlags:
    value = (a - b) & MASK
    overflow = ((a ^ b) & (a ^ value)) >> 31
    return value, value >> 31, int(value == 0), int(a >= b), overflow


@operates(op.ADD_SP, "regs[op.SP]")
def add_stack(a: int, b: int) -> int:
    return (a + b) & ~3 & MASK


@operates(op.SUB_SP, "regs[op.SP]")
def subtract_stack(a: int, b: int) -> int:
    return (a - b) & ~3 & MASK


@operates(op.MOVT, RESULT)
def move_top(a: int, b: int) -> int:
    return a & 0xFFFF | b


@operates(op.LSLS_IMM, RESULT_NZC, value="regs[rm]")
def shift_left_setting(value: int, bent: int) -> tuple[int, int, int, int]:
    total = value << (bent >> 20 & 255)
    result = total & MASK
    return result, result >> 31, int(result == 0), total >> 32 & 1


@operates(op.LSRS_IMM, RESULT_NZC, value="regs[rm]")
@operates(op.ASRS_IMM, RESULT_NZC, value="signed(regs[rm])")
def shift_right_setting(value: int, bent: int) -> tuple[int, int, int, int]:
    amount = bent >> 20 & 255
    result = (value >> amount) & MASK
    return result, result >> 31, int(result == 0), value >> (amount - 1) & 1


@operates(op.LSR_IMM, RESULT, value="regs[rm]")
@operates(op.ASR_IMM, RESULT, value="signed(regs[rm])")
def shift_right(value: int, bent: int) -> int:
    return (value >> (bent >> 20 & 255)) & MASK


@operates(op.SHIFT_REG, RESULT_NZC)
def shift_by_register(
    regs: Array, rm: int, bent: int, a: int, n: int, z: int, c: int
) -> tuple[int, int, int, int]:
    value = shift(bent >> 16 & 15, a, regs[rm] & 255, c)
    result = value & MASK
    if bent >> 28:
        return result, result >> 31, int(result == 0), value >> 32
    return result, n, z, c
