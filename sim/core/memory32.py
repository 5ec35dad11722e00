# ruff: noqa: D103 - what a builder builds is said by its name and by the encodings below
"""The 32-bit Thumb encodings for memory, and for branches by a table in it."""

from __future__ import annotations

from types import SimpleNamespace as Fields

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import V7M, V8M
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.operand import PC, SINK, SP, ZERO, general, require
from edgesnn.sim.core.pattern import Builder, Context, encoding

# (sign, size) -> load
LOADS = {
    (0, 0): ("ldrb", op.LDRB), (0, 1): ("ldrh", op.LDRH), (0, 2): ("ldr", op.LDR),
    (1, 0): ("ldrsb", op.LDRSB), (1, 1): ("ldrsh", op.LDRSH),
}  # fmt: skip
STORES = {0: ("strb", op.STRB), 1: ("strh", op.STRH), 2: ("str", op.STR)}


def _load(f: Fields, suffix: str = "") -> tuple[str, int]:
    """Name and operation of a load; PLD and PLI come out as NOP."""
    require((f.s, f.z) in LOADS)
    name, number = LOADS[f.s, f.z]
    if f.z == 2:
        require(not (suffix and f.t in (SP, PC)))
        return name + suffix, {SP: op.LDR_SP, PC: op.LDR_PC}.get(f.t, number)
    if f.t == PC:
        require(not suffix)
        return ("pli" if f.s else "pld"), op.NOP
    require(f.t != SP)
    return name + suffix, number


def _store(f: Fields, suffix: str = "") -> tuple[str, int]:
    require(f.z in STORES and f.t != PC and f.n != PC and not (f.z != 2 and f.t == SP))
    require(not (suffix and f.t == SP))
    name, number = STORES[f.z]
    return name + suffix, number


def _hint(name: str) -> Instruction:
    return Instruction(name, op.NOP, size=4)


def load_literal(f: Fields, at: Context) -> Instruction:
    name, number = _load(f)
    if number == op.NOP:
        return _hint(name)
    address = at.pc_aligned + (f.i if f.u else -f.i)
    return Instruction(name, number, rd=f.t, imm=address, size=4)


def load_offset(f: Fields, at: Context) -> Instruction:
    name, number = _load(f)
    if number == op.NOP:
        return _hint(name)
    return Instruction(name, number, rd=f.t, rn=f.n, imm=f.i, size=4)


def store_offset(f: Fields, at: Context) -> Instruction:
    name, number = _store(f)
    return Instruction(name, number, rd=f.t, rn=f.n, imm=f.i, size=4)


def load_register(f: Fields, at: Context) -> Instruction:
    general(f.m)
    name, number = _load(f)
    if number == op.NOP:
        return _hint(name)
    return Instruction(name, number, rd=f.t, rn=f.n, rm=f.m, lsl=f.h, size=4)


def store_register(f: Fields, at: Context) -> Instruction:
    general(f.m)
    name, number = _store(f)
    return Instruction(name, number, rd=f.t, rn=f.n, rm=f.m, lsl=f.h, size=4)


def _indexed(f: Fields, name: str, number: int) -> Instruction:
    """Pre- or post-indexed by eight bits; extra is what the base register moves by."""
    offset = f.i if f.u else -f.i
    return Instruction(
        name, number, rd=f.t, rn=f.n, imm=offset if f.p else 0,
        writeback=f.n if f.w else SINK, extra=offset if f.w else 0, size=4,
    )  # fmt: skip


def _check_index(f: Fields) -> str:
    """Rules of the P, U and W bits; returns `t` for unprivileged accesses."""
    require(f.p == 1 or f.w == 1)
    require(not (f.w and f.n == f.t))
    if f.p and f.u and not f.w:
        return "t"
    return ""


def load_indexed(f: Fields, at: Context) -> Instruction:
    suffix = _check_index(f)
    name, number = _load(f, suffix)
    if number == op.NOP:
        require(f.p == 1 and f.u == 0 and f.w == 0)
        return _hint(name)
    return _indexed(f, name, number)


def store_indexed(f: Fields, at: Context) -> Instruction:
    return _indexed(f, *_store(f, _check_index(f)))


def dual(f: Fields, at: Context) -> Instruction:
    """LDRD and STRD; the literal form counts from the program counter."""
    general(f.t, f.v)
    name, number = (("strd", op.STRD), ("ldrd", op.LDRD))[f.l]
    require(not (f.l and f.t == f.v) and not (f.w and f.n in (f.t, f.v)))
    offset = 4 * f.i if f.u else -4 * f.i
    if f.n == PC:
        require(f.l == 1 and not f.w)
        return Instruction(name, number, rd=f.t, ra=f.v, imm=at.pc_aligned + offset, size=4)
    return Instruction(
        name, number, rd=f.t, ra=f.v, rn=f.n, imm=offset if f.p else 0,
        writeback=f.n if f.w else SINK, extra=offset if f.w else 0, size=4,
    )  # fmt: skip


def load_multiple(down: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        require(f.n != PC and f.r.bit_count() >= 2 and not f.r >> SP & 1)
        require(f.r >> 14 != 3 and not (f.w and f.r >> f.n & 1))
        name = "ldmdb" if down else ("pop" if f.n == SP and f.w else "ldmia")
        return _multiple(f, name, op.LDM, down)

    return build


def store_multiple(down: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        require(f.n != PC and f.r.bit_count() >= 2 and not f.r >> SP & 1 and not f.r >> PC)
        require(not (f.w and f.r >> f.n & 1))
        name = ("push" if f.n == SP and f.w else "stmdb") if down else "stmia"
        return _multiple(f, name, op.STM, down)

    return build


def _multiple(f: Fields, name: str, number: int, down: int) -> Instruction:
    """ra tells whether transfers start below the base; extra is the base's movement."""
    change = -4 * f.r.bit_count() if down else 4 * f.r.bit_count()
    return Instruction(
        name, number, rn=f.n, ra=down, imm=f.r, writeback=f.n if f.w else SINK, extra=change, size=4
    )


def load_exclusive(f: Fields, at: Context) -> Instruction:
    general(f.t)
    require(f.n != PC)
    return Instruction(
        "ldrex", op.LOAD_ALIGNED, rd=f.t, rn=f.n, imm=4 * f.i, kind=2, carry=True, size=4
    )


def store_exclusive(f: Fields, at: Context) -> Instruction:
    general(f.t, f.d)
    require(f.n != PC and f.d not in (f.n, f.t))
    return Instruction("strex", op.STREX, rd=f.d, ra=f.t, rn=f.n, imm=4 * f.i, kind=2, size=4)


def load_ordered(name: str, size: int, exclusive: bool) -> Builder:
    """LDREXB, LDREXH, and Armv8-M's load-acquire family."""

    def build(f: Fields, at: Context) -> Instruction:
        general(f.t)
        require(f.n != PC)
        return Instruction(
            name, op.LOAD_ALIGNED, rd=f.t, rn=f.n, kind=size, carry=exclusive, size=4
        )

    return build


def store_ordered(name: str, size: int, exclusive: bool) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        general(f.t)
        require(f.n != PC)
        if not exclusive:
            return Instruction(name, op.STORE_ALIGNED, rd=f.t, rn=f.n, kind=size, size=4)
        general(f.d)
        require(f.d not in (f.n, f.t))
        return Instruction(name, op.STREX, rd=f.d, ra=f.t, rn=f.n, kind=size, size=4)

    return build


def table_branch(f: Fields, at: Context) -> Instruction:
    general(f.m)
    require(f.n != SP)
    name, number = (("tbb", op.TBB), ("tbh", op.TBH))[f.h]
    base = {"rn": ZERO, "imm": at.pc} if f.n == PC else {"rn": f.n}
    return Instruction(name, number, rm=f.m, lsl=f.h, extra=at.pc, size=4, **base)


def test_target(f: Fields, at: Context) -> Instruction:
    """TT and TTT: without a memory protection unit and the Security Extension."""
    general(f.d)
    require(f.n != PC)
    return Instruction("ttt" if f.u else "tt", op.SYSTEM, rd=f.d, rn=f.n, kind=op.TT, size=4)


ORDERED = (("b", 0b00, 0), ("h", 0b01, 1), ("", 0b10, 2))

MEMORY = (
    encoding("11101001 01111111 11101001 01111111", V8M, lambda f, at: _hint("sg")),
    encoding("1110100010 w 0 nnnn rrrrrrrrrrrrrrrr", V7M, store_multiple(0)),
    encoding("1110100010 w 1 nnnn rrrrrrrrrrrrrrrr", V7M, load_multiple(0)),
    encoding("1110100100 w 0 nnnn rrrrrrrrrrrrrrrr", V7M, store_multiple(1)),
    encoding("1110100100 w 1 nnnn rrrrrrrrrrrrrrrr", V7M, load_multiple(1)),
    encoding("111010000100 nnnn 1111 dddd 0u000000", V8M, test_target),
    encoding("111010000100 nnnn tttt dddd iiiiiiii", V7M, store_exclusive),
    encoding("111010000101 nnnn tttt 1111 iiiiiiii", V7M, load_exclusive),
    encoding("111010001101 nnnn 1111 0000 000h mmmm", V7M, table_branch),
    *(
        entry
        for suffix, bits, size in ORDERED
        for entry in (
            encoding(f"111010001101 nnnn tttt 1111 10{bits:02b} 1111", V8M,
                     load_ordered("lda" + suffix, size, False)),
            encoding(f"111010001101 nnnn tttt 1111 11{bits:02b} 1111", V8M,
                     load_ordered("ldaex" + suffix, size, True)),
            encoding(f"111010001100 nnnn tttt 1111 10{bits:02b} 1111", V8M,
                     store_ordered("stl" + suffix, size, False)),
            encoding(f"111010001100 nnnn tttt 1111 11{bits:02b} dddd", V8M,
                     store_ordered("stlex" + suffix, size, True)),
        )
    ),
    *(
        entry
        for suffix, bits, size in ORDERED[:2]
        for entry in (
            encoding(f"111010001101 nnnn tttt 1111 01{bits:02b} 1111", V7M,
                     load_ordered("ldrex" + suffix, size, True)),
            encoding(f"111010001100 nnnn tttt 1111 01{bits:02b} dddd", V7M,
                     store_ordered("strex" + suffix, size, True)),
        )
    ),
    encoding("1110100 p u 1 w l nnnn tttt vvvv iiiiiiii", V7M,
             lambda f, at: dual(_indexing(f), at)),
    encoding("1111100 s u zz 1 1111 tttt iiiiiiiiiiii", V7M, load_literal),
    encoding("1111100 s 1 zz 1 nnnn tttt iiiiiiiiiiii", V7M, load_offset),
    encoding("1111100 0 1 zz 0 nnnn tttt iiiiiiiiiiii", V7M, store_offset),
    encoding("1111100 s 0 zz 1 nnnn tttt 000000 hh mmmm", V7M, load_register),
    encoding("1111100 0 0 zz 0 nnnn tttt 000000 hh mmmm", V7M, store_register),
    encoding("1111100 s 0 zz 1 nnnn tttt 1puw iiiiiiii", V7M, load_indexed),
    encoding("1111100 0 0 zz 0 nnnn tttt 1puw iiiiiiii", V7M, store_indexed),
)  # fmt: skip


def _indexing(f: Fields) -> Fields:
    require(f.p == 1 or f.w == 1)
    return f
