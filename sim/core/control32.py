# ruff: noqa: D103 - what a builder builds is said by its name and by the encodings below
"""The 32-bit Thumb encodings for branches and the system (Armv7-M manual A5.3.4)."""

from __future__ import annotations

from types import SimpleNamespace as Fields

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import V6M, V7M
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.operand import general, require, sign
from edgesnn.sim.core.pattern import Context, encoding
from edgesnn.sim.core.thumb16 import hint


def _far(f: Fields, at: Context) -> int:
    """Target of B.W and BL: J1 and J2 hold bits 23 and 22, inverted against the sign."""
    high = 0 if f.s else 1
    offset = f.s << 24 | (f.j ^ high) << 23 | (f.k ^ high) << 22 | f.i << 1
    return at.pc + sign(offset, 25)


def branch_far(f: Fields, at: Context) -> Instruction:
    return Instruction("b", op.B, imm=_far(f, at), size=4)


def branch_link(f: Fields, at: Context) -> Instruction:
    return Instruction("bl", op.BL, imm=_far(f, at), extra=at.pc | 1, size=4)


def branch_conditional(f: Fields, at: Context) -> Instruction:
    require(f.c < 14 and not at.in_it)
    offset = f.s << 20 | f.k << 19 | f.j << 18 | f.i << 1
    return Instruction("b", op.B, imm=at.pc + sign(offset, 21), cond=f.c, size=4)


def move_to_system(f: Fields, at: Context) -> Instruction:
    general(f.n)
    return Instruction("msr", op.SYSTEM, rn=f.n, kind=op.MSR, amount=f.y, imm=f.k, size=4)


def move_from_system(f: Fields, at: Context) -> Instruction:
    general(f.d)
    return Instruction("mrs", op.SYSTEM, rd=f.d, kind=op.MRS, amount=f.y, size=4)


def hint_wide(f: Fields, at: Context) -> Instruction:
    return hint(f.h, 4)


def clear_exclusive(f: Fields, at: Context) -> Instruction:
    return Instruction("clrex", op.CLREX, size=4)


BARRIERS = {4: "dsb", 5: "dmb", 6: "isb"}


def barrier(f: Fields, at: Context) -> Instruction:
    require(f.o in BARRIERS)
    return Instruction(BARRIERS[f.o], op.NOP, size=4)


def permanently_undefined(f: Fields, at: Context) -> Instruction:
    return Instruction("udf", op.UNDEFINED, imm=f.i, size=4)


CONTROL = (
    encoding("111100111000 nnnn 1000 kk00 yyyyyyyy", V6M, move_to_system),
    encoding("111100111110 1111 1000 dddd yyyyyyyy", V6M, move_from_system),
    encoding("111100111010 1111 10000000 hhhhhhhh", V7M, hint_wide),
    encoding("111100111011 1111 10001111 0010 1111", V7M, clear_exclusive),
    encoding("111100111011 1111 10001111 oooo xxxx", V6M, barrier),
    encoding("111101111111 iiii 1010 iiiiiiiiiiii", V6M, permanently_undefined),
    encoding("11110 s iiiiiiiiii 11 j 1 k iiiiiiiiiii", V6M, branch_link),
    encoding("11110 s iiiiiiiiii 10 j 1 k iiiiiiiiiii", V7M, branch_far),
    encoding("11110 s cccc iiiiii 10 j 0 k iiiiiiiiiii", V7M, branch_conditional),
)
