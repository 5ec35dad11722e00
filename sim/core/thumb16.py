# ruff: noqa: D103 - what a builder builds is said by its name and by the encodings below
"""The 16-bit Thumb encodings (Armv6-M manual A5.2, Armv7-M manual A5.2)."""

from __future__ import annotations

from types import SimpleNamespace as Fields

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import V6M, V7M
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.operand import (
    LR,
    PC,
    SINK,
    SP,
    ZERO,
    arithmetic,
    jump,
    require,
    sign,
)
from edgesnn.sim.core.pattern import Builder, Context, encoding


def shift_immediate(f: Fields, at: Context) -> Instruction:
    kind = f.k
    amount = f.i or (32 if kind else 0)
    name = ("lsl", "lsr", "asr")[kind]
    if kind == op.LSL and amount == 0:
        require(not at.in_it)
        return Instruction("mov", op.MOVS, rd=f.d, rm=f.m)
    if at.in_it and kind == op.LSL:
        return Instruction(name, op.MOV, rd=f.d, rm=f.m, lsl=amount)
    plain = (op.MOV, op.LSR_IMM, op.ASR_IMM)
    flags = (op.LSLS_IMM, op.LSRS_IMM, op.ASRS_IMM)
    number = (plain if at.in_it else flags)[kind]
    return Instruction(name, number, rd=f.d, rm=f.m, amount=amount)


def add_subtract(f: Fields, at: Context) -> Instruction:
    operand = {"imm": f.i} if "i" in vars(f) else {"rm": f.m}
    return arithmetic(("add", "sub")[f.s], not at.in_it, f.d, f.n, operand, 2)


def byte_immediate(name: str) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        flags = not at.in_it or name == "cmp"
        rd = SINK if name == "cmp" else f.d
        return arithmetic(name, flags, rd, ZERO if name == "mov" else f.d, {"imm": f.i}, 2)

    return build


def two_registers(name: str) -> Builder:
    """AND, EOR ... of two low registers into the first."""

    def build(f: Fields, at: Context) -> Instruction:
        compares = name in ("tst", "cmp", "cmn")
        flags = compares or not at.in_it
        if name == "rsb":
            return arithmetic(name, flags, f.d, f.m, {"imm": 0}, 2)
        if name == "mvn":
            return arithmetic(name, flags, f.d, ZERO, {"rm": f.m}, 2)
        return arithmetic(name, flags, SINK if compares else f.d, f.d, {"rm": f.m}, 2)

    return build


def shift_register(kind: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        name = ("lsl", "lsr", "asr", "ror")[kind]
        return Instruction(
            name, op.SHIFT_REG, rd=f.d, rn=f.d, rm=f.m, kind=kind, carry=not at.in_it
        )

    return build


def multiply(f: Fields, at: Context) -> Instruction:
    number = op.MUL if at.in_it else op.MULS
    return Instruction("mul", number, rd=f.d, rn=f.d, rm=f.m)


def add_high(f: Fields, at: Context) -> Instruction:
    require(not (f.d == PC and f.m == PC))
    operand = {"imm": at.pc} if f.m == PC else {"rm": f.m}
    if f.d == PC:
        return jump("add", ZERO, {"imm": at.pc, "rm": f.m}, 2)
    return arithmetic("add", False, f.d, f.d, operand, 2)


def compare_high(f: Fields, at: Context) -> Instruction:
    require((f.n >= 8 or f.m >= 8) and f.n != PC and f.m != PC)
    return arithmetic("cmp", True, SINK, f.n, {"rm": f.m}, 2)


def move_high(f: Fields, at: Context) -> Instruction:
    operand = {"imm": at.pc} if f.m == PC else {"rm": f.m}
    if f.d == PC:
        return jump("mov", ZERO, operand, 2)
    return arithmetic("mov", False, f.d, ZERO, operand, 2)


def branch_exchange(f: Fields, at: Context) -> Instruction:
    require(f.m != PC)
    return Instruction("bx", op.BX, rm=f.m)


def branch_link_exchange(f: Fields, at: Context) -> Instruction:
    require(f.m != PC)
    return Instruction("blx", op.BLX, rm=f.m, extra=at.address + 2 | 1)


def load_literal(f: Fields, at: Context) -> Instruction:
    return Instruction("ldr", op.LDR, rd=f.t, imm=at.pc_aligned + 4 * f.i)


REGISTER_OFFSET = (
    ("str", op.STR), ("strh", op.STRH), ("strb", op.STRB), ("ldrsb", op.LDRSB),
    ("ldr", op.LDR), ("ldrh", op.LDRH), ("ldrb", op.LDRB), ("ldrsh", op.LDRSH),
)  # fmt: skip


def access_register(f: Fields, at: Context) -> Instruction:
    name, number = REGISTER_OFFSET[f.o]
    return Instruction(name, number, rd=f.t, rn=f.n, rm=f.m)


def access_immediate(name: str, number: int, scale: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        return Instruction(name, number, rd=f.t, rn=f.n, imm=f.i * scale)

    return build


def access_stack(f: Fields, at: Context) -> Instruction:
    name, number = (("str", op.STR), ("ldr", op.LDR))[f.l]
    return Instruction(name, number, rd=f.t, rn=SP, imm=4 * f.i)


def address(f: Fields, at: Context) -> Instruction:
    if f.s:
        return arithmetic("add", False, f.d, SP, {"imm": 4 * f.i}, 2)
    return Instruction("adr", op.MOV, rd=f.d, imm=at.pc_aligned + 4 * f.i)


def adjust_stack(f: Fields, at: Context) -> Instruction:
    return arithmetic(("add", "sub")[f.s], False, SP, SP, {"imm": 4 * f.i}, 2)


def compare_branch(f: Fields, at: Context) -> Instruction:
    require(not at.in_it)
    name, number = (("cbz", op.CBZ), ("cbnz", op.CBNZ))[f.o]
    return Instruction(name, number, rn=f.n, imm=at.pc + 2 * f.i)


def extend(name: str, number: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        return Instruction(name, number, rd=f.d, rm=f.m)

    return build


def push(f: Fields, at: Context) -> Instruction:
    registers = f.r | f.m << LR
    require(registers != 0)
    count = registers.bit_count()
    return Instruction("push", op.STM, rn=SP, ra=1, imm=registers, writeback=SP, extra=-4 * count)


def pop(f: Fields, at: Context) -> Instruction:
    registers = f.r | f.p << PC
    require(registers != 0)
    return Instruction(
        "pop", op.LDM, rn=SP, ra=0, imm=registers, writeback=SP, extra=4 * registers.bit_count()
    )


def store_multiple(f: Fields, at: Context) -> Instruction:
    require(f.r != 0)
    require(not (f.r >> f.n & 1 and f.r & (1 << f.n) - 1))
    return Instruction(
        "stmia", op.STM, rn=f.n, ra=0, imm=f.r, writeback=f.n, extra=4 * f.r.bit_count()
    )


def load_multiple(f: Fields, at: Context) -> Instruction:
    require(f.r != 0)
    writeback = SINK if f.r >> f.n & 1 else f.n
    return Instruction(
        "ldmia", op.LDM, rn=f.n, ra=0, imm=f.r, writeback=writeback, extra=4 * f.r.bit_count()
    )


def change_state(f: Fields, at: Context) -> Instruction:
    require(not at.in_it and f.f != 0)
    return Instruction("cps", op.SYSTEM, kind=op.CPS, amount=f.e << 2 | f.f)


def breakpoint_(f: Fields, at: Context) -> Instruction:
    return Instruction("bkpt", op.SYSTEM, kind=op.BKPT, imm=f.i)


HINTS = {0: "nop", 1: "yield", 2: "wfe", 3: "wfi", 4: "sev"}
SLEEPS = {"wfe": op.WFE, "wfi": op.WFI, "sev": op.SEV}


def hint(number: int, size: int) -> Instruction:
    """A hint of either width; unallocated ones do nothing."""
    name = HINTS.get(number, "nop")
    if name in SLEEPS:
        return Instruction(name, op.SYSTEM, kind=SLEEPS[name], size=size)
    return Instruction(name, op.NOP, size=size)


def if_then(f: Fields, at: Context) -> Instruction:
    require(not at.in_it and f.c != 15 and not (f.c == 14 and f.m.bit_count() != 1))
    return Instruction("it", op.NOP, extra=f.c << 4 | f.m)


def branch_conditional(f: Fields, at: Context) -> Instruction:
    require(not at.in_it)
    return Instruction("b", op.B, imm=at.pc + 2 * sign(f.i, 8), cond=f.c)


def branch(f: Fields, at: Context) -> Instruction:
    return Instruction("b", op.B, imm=at.pc + 2 * sign(f.i, 11))


def supervisor_call(f: Fields, at: Context) -> Instruction:
    return Instruction("svc", op.SYSTEM, kind=op.SVC, imm=f.i)


def permanently_undefined(f: Fields, at: Context) -> Instruction:
    return Instruction("udf", op.UNDEFINED, imm=f.i)


BY_OPCODE = (
    two_registers("and"), two_registers("eor"), shift_register(op.LSL), shift_register(op.LSR),
    shift_register(op.ASR), two_registers("adc"), two_registers("sbc"), shift_register(op.ROR),
    two_registers("tst"), two_registers("rsb"), two_registers("cmp"), two_registers("cmn"),
    two_registers("orr"), multiply, two_registers("bic"), two_registers("mvn"),
)  # fmt: skip

THUMB16 = (
    encoding("00011 0 s mmm nnn ddd", V6M, add_subtract),
    encoding("00011 1 s iii nnn ddd", V6M, add_subtract),
    encoding("000 kk iiiii mmm ddd", V6M, shift_immediate),
    encoding("00100 ddd iiiiiiii", V6M, byte_immediate("mov")),
    encoding("00101 ddd iiiiiiii", V6M, byte_immediate("cmp")),
    encoding("00110 ddd iiiiiiii", V6M, byte_immediate("add")),
    encoding("00111 ddd iiiiiiii", V6M, byte_immediate("sub")),
    *(
        encoding(f"010000 {number:04b} mmm ddd", V6M, build)
        for number, build in enumerate(BY_OPCODE)
    ),
    encoding("010001 00 d mmmm ddd", V6M, add_high),
    encoding("010001 01 n mmmm nnn", V6M, compare_high),
    encoding("010001 10 d mmmm ddd", V6M, move_high),
    encoding("010001 110 mmmm 000", V6M, branch_exchange),
    encoding("010001 111 mmmm 000", V6M, branch_link_exchange),
    encoding("01001 ttt iiiiiiii", V6M, load_literal),
    encoding("0101 ooo mmm nnn ttt", V6M, access_register),
    encoding("01100 iiiii nnn ttt", V6M, access_immediate("str", op.STR, 4)),
    encoding("01101 iiiii nnn ttt", V6M, access_immediate("ldr", op.LDR, 4)),
    encoding("01110 iiiii nnn ttt", V6M, access_immediate("strb", op.STRB, 1)),
    encoding("01111 iiiii nnn ttt", V6M, access_immediate("ldrb", op.LDRB, 1)),
    encoding("10000 iiiii nnn ttt", V6M, access_immediate("strh", op.STRH, 2)),
    encoding("10001 iiiii nnn ttt", V6M, access_immediate("ldrh", op.LDRH, 2)),
    encoding("1001 l ttt iiiiiiii", V6M, access_stack),
    encoding("1010 s ddd iiiiiiii", V6M, address),
    encoding("10110000 s iiiiiii", V6M, adjust_stack),
    encoding("1011 o0i1 iiiii nnn", V7M, compare_branch),
    encoding("10110010 00 mmm ddd", V6M, extend("sxth", op.SXTAH)),
    encoding("10110010 01 mmm ddd", V6M, extend("sxtb", op.SXTAB)),
    encoding("10110010 10 mmm ddd", V6M, extend("uxth", op.UXTAH)),
    encoding("10110010 11 mmm ddd", V6M, extend("uxtb", op.UXTAB)),
    encoding("1011010 m rrrrrrrr", V6M, push),
    encoding("1011110 p rrrrrrrr", V6M, pop),
    encoding("10110110011 e 00ff", V6M, change_state),
    encoding("10111010 00 mmm ddd", V6M, extend("rev", op.REV)),
    encoding("10111010 01 mmm ddd", V6M, extend("rev16", op.REV16)),
    encoding("10111010 11 mmm ddd", V6M, extend("revsh", op.REVSH)),
    encoding("10111110 iiiiiiii", V6M, breakpoint_),
    encoding("10111111 cccc 0000", V6M, lambda f, at: hint(f.c, 2)),
    encoding("10111111 cccc mmmm", V7M, if_then),
    encoding("11000 nnn rrrrrrrr", V6M, store_multiple),
    encoding("11001 nnn rrrrrrrr", V6M, load_multiple),
    encoding("11011110 iiiiiiii", V6M, permanently_undefined),
    encoding("11011111 iiiiiiii", V6M, supervisor_call),
    encoding("1101 cccc iiiiiiii", V6M, branch_conditional),
    encoding("11100 iiiiiiiiiii", V6M, branch),
)
