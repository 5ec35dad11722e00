# ruff: noqa: D103 - what a builder builds is said by its name and by the encodings below
"""The 32-bit Thumb encodings for data (Armv7-M manual A5.3; Armv8-M adds nothing here)."""

from __future__ import annotations

from types import SimpleNamespace as Fields

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import V7EM, V7M
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.operand import (
    PC,
    SINK,
    SP,
    ZERO,
    Operand,
    arithmetic,
    constant,
    general,
    require,
    shifted,
)
from edgesnn.sim.core.pattern import Builder, Context, encoding
from edgesnn.sim.core.products32 import PRODUCTS

# Opcode -> name, name where rd is 15 and flags are set, name where rn is 15.
OPCODES = {
    0b0000: ("and", "tst", None),
    0b0001: ("bic", None, None),
    0b0010: ("orr", None, "mov"),
    0b0011: ("orn", None, "mvn"),
    0b0100: ("eor", "teq", None),
    0b1000: ("add", "cmn", None),
    0b1010: ("adc", None, None),
    0b1011: ("sbc", None, None),
    0b1101: ("sub", "cmp", None),
    0b1110: ("rsb", None, None),
}


def _named(opcode: int, f: Fields) -> tuple[str, int, int]:
    """Name, rd and rn of a data-processing opcode, comparisons and moves told apart."""
    name, compare, move = OPCODES[opcode]
    if f.d == PC and f.s and compare:
        require(f.n != PC)
        return compare, SINK, f.n
    require(f.d != PC)
    if f.n == PC:
        require(move is not None)
        assert move is not None
        return move, f.d, ZERO
    return name, f.d, f.n


def _finish(f: Fields, name: str, rd: int, rn: int, operand: Operand) -> Instruction:
    """Check the rules on SP that all data-processing forms share, then build."""
    arithmetic_on_stack = name in ("add", "sub", "cmp", "cmn")
    require(rn != SP or arithmetic_on_stack)
    require(rd != SP or (rn == SP and arithmetic_on_stack) or (name == "mov" and not f.s))
    return arithmetic(name, bool(f.s), rd, rn, operand, 4)


def data_immediate(opcode: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        name, rd, rn = _named(opcode, f)
        require(not (name == "mov" and rd == SP))
        return _finish(f, name, rd, rn, constant(name, bool(f.s), f.i))

    return build


def data_shifted(opcode: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        name, rd, rn = _named(opcode, f)
        if name == "mov":
            return _move_shifted(f)
        general(f.m)
        require(rd != SP or (f.y == op.LSL and f.i <= 3))
        return _finish(f, name, rd, rn, shifted(name, bool(f.s), f.m, f.y, f.i))

    return build


def _move_shifted(f: Fields) -> Instruction:
    """MOV and the shifts by a constant, which the manual names LSL, LSR, ASR, ROR and RRX."""
    plain_move = f.y == op.LSL and f.i == 0
    if plain_move:
        require(f.m != PC and not (f.d == SP and f.m == SP))
        require(not f.s or (f.d != SP and f.m != SP))
        return arithmetic("mov", bool(f.s), f.d, ZERO, {"rm": f.m}, 4)
    general(f.d, f.m)
    name = "rrx" if f.y == op.ROR and f.i == 0 else ("lsl", "lsr", "asr", "ror")[f.y]
    amount = f.i or 32
    immediate = {op.LSR: (op.LSR_IMM, op.LSRS_IMM), op.ASR: (op.ASR_IMM, op.ASRS_IMM)}
    if f.y in immediate:
        return Instruction(name, immediate[f.y][f.s], rd=f.d, rm=f.m, amount=amount, size=4)
    if f.y == op.LSL and f.s:
        return Instruction(name, op.LSLS_IMM, rd=f.d, rm=f.m, amount=f.i, size=4)
    operand = shifted("mov", bool(f.s), f.m, f.y, f.i)
    return Instruction(name, op.MOVS if f.s else op.MOV, rd=f.d, size=4, **operand)


def pack_halfwords(f: Fields, at: Context) -> Instruction:
    general(f.d, f.n, f.m)
    name, number, kind = (("pkhbt", op.PKHBT, op.LSL), ("pkhtb", op.PKHTB, op.ASR))[f.t]
    operand = shifted("pkh", False, f.m, kind, f.i)
    return Instruction(name, number, rd=f.d, rn=f.n, size=4, **operand)


def plain_immediate(name: str) -> Builder:
    """ADDW and SUBW; relative to the program counter they are ADR."""

    def build(f: Fields, at: Context) -> Instruction:
        require(f.d != PC and (f.d != SP or f.n == SP))
        if f.n == PC:
            value = at.pc_aligned + (f.i if name == "add" else -f.i)
            return Instruction("adr", op.MOV, rd=f.d, imm=value, size=4)
        return arithmetic(name, False, f.d, f.n, {"imm": f.i}, 4)

    return build


def move_wide(f: Fields, at: Context) -> Instruction:
    general(f.d)
    return Instruction("movw", op.MOV, rd=f.d, imm=f.k << 12 | f.i, size=4)


def move_top(f: Fields, at: Context) -> Instruction:
    general(f.d)
    value = f.k << 12 | f.i
    return Instruction("movt", op.MOVT, rd=f.d, rn=f.d, imm=value << 16, size=4)


def saturate(name: str, number: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        general(f.d, f.n)
        require(not (f.k and f.i == 0))
        operand = shifted(name, False, f.n, op.ASR if f.k else op.LSL, f.i)
        bits = f.w + 1 if number == op.SSAT else f.w
        return Instruction(name, number, rd=f.d, size=4, extra=bits, **operand)

    return build


def saturate_halves(name: str, kind: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        general(f.d, f.n)
        bits = f.w + 1 if kind == op.SSAT16 else f.w
        return Instruction(name, op.DSP, rd=f.d, rn=f.n, kind=kind, extra=bits, size=4)

    return build


def bit_extract(name: str, number: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        general(f.d, f.n)
        require(f.i + f.w < 32)
        width = f.w + 1
        extra = width if number == op.SBFX else (1 << width) - 1
        return Instruction(name, number, rd=f.d, rn=f.n, amount=f.i, extra=extra, size=4)

    return build


def bit_insert(f: Fields, at: Context) -> Instruction:
    require(f.d not in (SP, PC) and f.n != SP and f.w >= f.i)
    mask = (1 << f.w + 1) - (1 << f.i)
    clears = f.n == PC
    return Instruction(
        "bfc" if clears else "bfi", op.BFI, rd=f.d, rn=ZERO if clears else f.n, ra=f.d,
        amount=f.i, extra=mask, size=4,
    )  # fmt: skip


def shift_by_register(f: Fields, at: Context) -> Instruction:
    general(f.d, f.n, f.m)
    name = ("lsl", "lsr", "asr", "ror")[f.y]
    return Instruction(
        name, op.SHIFT_REG, rd=f.d, rn=f.n, rm=f.m, kind=f.y, carry=bool(f.s), size=4
    )


EXTENDS = {
    0: ("sxth", "sxtah", op.SXTAH, 0), 1: ("uxth", "uxtah", op.UXTAH, 0),
    2: ("sxtb16", "sxtab16", op.DSP, op.SXTAB16), 3: ("uxtb16", "uxtab16", op.DSP, op.UXTAB16),
    4: ("sxtb", "sxtab", op.SXTAB, 0), 5: ("uxtb", "uxtab", op.UXTAB, 0),
}  # fmt: skip


def extend(number: int) -> Builder:
    """Sign or zero extension of a rotated byte or halfword."""
    name, _, operation, kind = EXTENDS[number]

    def build(f: Fields, at: Context) -> Instruction:
        general(f.d, f.m)
        return Instruction(name, operation, rd=f.d, rm=f.m, kind=kind, amount=8 * f.r, size=4)

    return build


def extend_add(number: int) -> Builder:
    """The same, added to a register."""
    _, name, operation, kind = EXTENDS[number]

    def build(f: Fields, at: Context) -> Instruction:
        general(f.d, f.n, f.m)
        return Instruction(
            name, operation, rd=f.d, rn=f.n, rm=f.m, kind=kind, amount=8 * f.r, size=4
        )

    return build


PREFIXES = ("s", "q", "sh", "", "u", "uq", "uh", "")
LANES = ("add8", "add16", "asx", "", "sub8", "sub16", "sax", "")


def parallel(f: Fields, at: Context) -> Instruction:
    require(bool(PREFIXES[f.p]) and bool(LANES[f.o]))
    general(f.d, f.n, f.m)
    name = PREFIXES[f.p] + LANES[f.o]
    return Instruction(name, op.PARALLEL, rd=f.d, rn=f.n, rm=f.m, kind=f.o, amount=f.p, size=4)


def saturating(name: str, kind: int) -> Builder:
    """QADD and its kin: the operands stand in the order rm, rn."""

    def build(f: Fields, at: Context) -> Instruction:
        general(f.d, f.n, f.m)
        return Instruction(name, op.DSP, rd=f.d, rn=f.m, rm=f.n, kind=kind, size=4)

    return build


def one_register(name: str, number: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        general(f.d, f.m)
        require(f.n == f.m)
        return Instruction(name, number, rd=f.d, rm=f.m, size=4)

    return build


def select(f: Fields, at: Context) -> Instruction:
    general(f.d, f.n, f.m)
    return Instruction("sel", op.SEL, rd=f.d, rn=f.n, rm=f.m, size=4)


DATA = (
    encoding("11110 0 110010 nnnn 0000 dddd 00 00wwww", V7EM, saturate_halves("ssat16", op.SSAT16)),
    encoding("11110 0 111010 nnnn 0000 dddd 00 00wwww", V7EM, saturate_halves("usat16", op.USAT16)),
    encoding("11110 0 1100k0 nnnn 0 iii dddd ii 0wwwww", V7M, saturate("ssat", op.SSAT)),
    encoding("11110 0 1110k0 nnnn 0 iii dddd ii 0wwwww", V7M, saturate("usat", op.USAT)),
    encoding("11110 0 110100 nnnn 0 iii dddd ii 0wwwww", V7M, bit_extract("sbfx", op.SBFX)),
    encoding("11110 0 111100 nnnn 0 iii dddd ii 0wwwww", V7M, bit_extract("ubfx", op.UBFX)),
    encoding("11110 0 110110 nnnn 0 iii dddd ii 0wwwww", V7M, bit_insert),
    encoding("11110 i 100000 nnnn 0 iii dddd iiiiiiii", V7M, plain_immediate("add")),
    encoding("11110 i 101010 nnnn 0 iii dddd iiiiiiii", V7M, plain_immediate("sub")),
    encoding("11110 i 100100 kkkk 0 iii dddd iiiiiiii", V7M, move_wide),
    encoding("11110 i 101100 kkkk 0 iii dddd iiiiiiii", V7M, move_top),
    *(
        encoding(f"11110 i 0 {bits:04b} s nnnn 0 iii dddd iiiiiiii", V7M,
                 data_immediate(bits))
        for bits in OPCODES
    ),
    *(
        encoding(f"1110101 {bits:04b} s nnnn 0 iii dddd ii yy mmmm", V7M,
                 data_shifted(bits))
        for bits in OPCODES
    ),
    encoding("1110101 0110 0 nnnn 0 iii dddd ii t0 mmmm", V7EM, pack_halfwords),
    encoding("11111010 0yys nnnn 1111 dddd 0000 mmmm", V7M, shift_by_register),
    *(
        encoding(f"11111010 0{k:03b} 1111 1111 dddd 10rr mmmm", V7EM if k in (2, 3) else V7M,
                 extend(k))
        for k in EXTENDS
    ),
    *(
        encoding(f"11111010 0{k:03b} nnnn 1111 dddd 10rr mmmm", V7EM, extend_add(k))
        for k in EXTENDS
    ),
    encoding("11111010 1000 nnnn 1111 dddd 1000 mmmm", V7EM, saturating("qadd", op.QADD)),
    encoding("11111010 1000 nnnn 1111 dddd 1001 mmmm", V7EM, saturating("qdadd", op.QDADD)),
    encoding("11111010 1000 nnnn 1111 dddd 1010 mmmm", V7EM, saturating("qsub", op.QSUB)),
    encoding("11111010 1000 nnnn 1111 dddd 1011 mmmm", V7EM, saturating("qdsub", op.QDSUB)),
    encoding("11111010 1001 nnnn 1111 dddd 1000 mmmm", V7M, one_register("rev", op.REV)),
    encoding("11111010 1001 nnnn 1111 dddd 1001 mmmm", V7M, one_register("rev16", op.REV16)),
    encoding("11111010 1001 nnnn 1111 dddd 1010 mmmm", V7M, one_register("rbit", op.RBIT)),
    encoding("11111010 1001 nnnn 1111 dddd 1011 mmmm", V7M, one_register("revsh", op.REVSH)),
    encoding("11111010 1010 nnnn 1111 dddd 1000 mmmm", V7EM, select),
    encoding("11111010 1011 nnnn 1111 dddd 1000 mmmm", V7M, one_register("clz", op.CLZ)),
    encoding("11111010 1ooo nnnn 1111 dddd 0ppp mmmm", V7EM, parallel),
    *PRODUCTS,
)  # fmt: skip
