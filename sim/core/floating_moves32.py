# ruff: noqa: D103 - what a builder builds is said by its name and by the encodings that use it
"""Floating point registers to and from the core and memory (Armv7-M manual A6.5, A6.6)."""

from __future__ import annotations

from types import SimpleNamespace as Fields
from typing import Any

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.operand import PC, SINK, SP, ZERO, require
from edgesnn.sim.core.operations import DOUBLE, S0, SINGLE
from edgesnn.sim.core.pattern import Builder, Context


def register(form: int, number: int, bit: int) -> int:
    """Where a single register V:x, or a double's x:V of sixteen, stands in the row's numbering."""
    require(form != DOUBLE or bit == 0)
    return S0 + (2 * number if form == DOUBLE else 2 * number + bit)


def vfp(
    name: str, kind: int, form: int, target: int | None = None, imm: int = 0, **registers: Any
) -> Instruction:
    formats = form << op.V_SOURCE | (form if target is None else target) << op.V_RESULT
    return Instruction(name, op.VFP, imm=imm, extra=kind | formats, size=4, **registers)


def core_single(f: Fields, at: Context) -> Instruction:
    require(f.t not in (SP, PC))
    s = register(SINGLE, f.n, f.N)
    if f.o:
        return vfp("vmov", op.V_TO_CORE, SINGLE, rd=f.t, rm=s)
    return vfp("vmov", op.V_FROM_CORE, SINGLE, rd=s, rm=f.t)


def core_half_of_double(f: Fields, at: Context) -> Instruction:
    require(f.t not in (SP, PC) and f.N == 0)
    s = S0 + 2 * f.n + f.i
    if f.o:
        return vfp("vmov", op.V_TO_CORE, SINGLE, rd=f.t, rm=s)
    return vfp("vmov", op.V_FROM_CORE, SINGLE, rd=s, rm=f.t)


def core_two(form: int) -> Builder:
    """Two core registers and two singles, or one double."""

    def build(f: Fields, at: Context) -> Instruction:
        require(f.t not in (SP, PC) and f.u not in (SP, PC))
        require(form == DOUBLE or 2 * f.m + f.M < 31)
        s = register(form, f.m, f.M)
        if f.o:
            require(f.t != f.u)
            return vfp("vmov", op.V_MOV_TWO, SINGLE, rd=f.t, ra=f.u, rn=s, rm=s + 1)
        return vfp("vmov", op.V_MOV_TWO, SINGLE, rd=s, ra=s + 1, rn=f.t, rm=f.u)

    return build


def read_status(f: Fields, at: Context) -> Instruction:
    if f.t == PC:
        return Instruction("vmrs", op.VFP_FLAGS, size=4)
    require(f.t != SP)
    return vfp("vmrs", op.V_MRS, SINGLE, rd=f.t)


def write_status(f: Fields, at: Context) -> Instruction:
    require(f.t not in (SP, PC))
    return vfp("vmsr", op.V_MSR, SINGLE, rd=SINK, rm=f.t)


def load_store(form: int) -> Builder:
    """VLDR and VSTR; loads may count from the program counter."""
    words = 2 if form == DOUBLE else 1

    def build(f: Fields, at: Context) -> Instruction:
        offset = 4 * f.i if f.u else -4 * f.i
        name, number = ("vldr", op.VFP_LOAD) if f.l else ("vstr", op.VFP_STORE)
        require(f.n != PC or f.l == 1)
        base, imm = (ZERO, at.pc_aligned + offset) if f.n == PC else (f.n, offset)
        d = register(form, f.d, f.D)
        return Instruction(name, number, rd=d, rn=base, imm=imm, amount=words, size=4)

    return build


def multiple(form: int) -> Builder:
    """VLDM, VSTM, VPUSH, VPOP; of doubles with an odd count (FLDMX) the last word is skipped."""

    def build(f: Fields, at: Context) -> Instruction:
        down = f.p
        require(f.p != f.u and f.n != PC and (f.w == 1 or f.p == 0))
        first = register(form, f.d, f.D)
        words = f.i & ~1 if form == DOUBLE else f.i
        require(0 < words <= 32 and first + words <= op.REGISTERS)
        change = -4 * f.i if down else 4 * f.i
        return Instruction(
            _multiple_name(f), op.VFP_LOAD if f.l else op.VFP_STORE, rd=first, rn=f.n,
            imm=change if down else 0, amount=words, writeback=f.n if f.w else SINK,
            extra=change if f.w else 0, size=4,
        )  # fmt: skip

    return build


def _multiple_name(f: Fields) -> str:
    if f.n == SP and f.w and f.p != f.l:
        return "vpop" if f.l else "vpush"
    return ("vldm" if f.l else "vstm") + ("db" if f.p else "ia")
