# ruff: noqa: D103 - what a builder builds is said by its name and by the encodings below
"""The 32-bit Thumb encodings for products and quotients (Armv7-M manual A5.3.16 and A5.3.17)."""

from __future__ import annotations

from types import SimpleNamespace as Fields

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import V7EM, V7M
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.operand import PC, SP, ZERO, general, require
from edgesnn.sim.core.pattern import Builder, Context, encoding

XY = ("bb", "bt", "tb", "tt")
X = ("", "x")
R = ("", "r")


def multiply_add(f: Fields, at: Context) -> Instruction:
    general(f.d, f.n, f.m)
    if f.a == PC:
        return Instruction("mul", op.MUL, rd=f.d, rn=f.n, rm=f.m, size=4)
    require(f.a != SP)
    return Instruction("mla", op.MLA, rd=f.d, rn=f.n, rm=f.m, ra=f.a, size=4)


def multiply_subtract(f: Fields, at: Context) -> Instruction:
    general(f.d, f.n, f.m, f.a)
    return Instruction("mls", op.MLS, rd=f.d, rn=f.n, rm=f.m, ra=f.a, size=4)


def dsp_multiply(name: str, bare: str, kind: int, suffixes: tuple[str, ...]) -> Builder:
    """A DSP multiply whose accumulator, where it is 15, is absent (name `bare`)."""

    def build(f: Fields, at: Context) -> Instruction:
        general(f.d, f.n, f.m)
        require(f.a != SP)
        variant = getattr(f, "X", 0)
        alone = f.a == PC
        require(not (alone and not bare))
        return Instruction(
            (bare if alone else name) + suffixes[variant], op.DSP, rd=f.d, rn=f.n, rm=f.m,
            ra=ZERO if alone else f.a, kind=kind, amount=variant, size=4,
        )  # fmt: skip

    return build


def long_multiply(name: str, number: int, variable: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        general(f.l, f.h, f.n, f.m)
        require(f.l != f.h)
        return Instruction(name, number, rd=f.l, ra=f.h, rn=f.n, rm=f.m, variable=variable, size=4)

    return build


def dsp_long(name: str, kind: int, suffixes: tuple[str, ...]) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        general(f.l, f.h, f.n, f.m)
        require(f.l != f.h)
        return Instruction(
            name + suffixes[f.X], op.DSP_LONG, rd=f.l, ra=f.h, rn=f.n, rm=f.m,
            kind=kind, amount=f.X, size=4,
        )  # fmt: skip

    return build


def divide(name: str, number: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        general(f.d, f.n, f.m)
        return Instruction(name, number, rd=f.d, rn=f.n, rm=f.m, variable=op.DIVIDES, size=4)

    return build


PRODUCTS = (
    encoding("11111011 0000 nnnn aaaa dddd 0000 mmmm", V7M, multiply_add),
    encoding("11111011 0000 nnnn aaaa dddd 0001 mmmm", V7M, multiply_subtract),
    encoding("11111011 0001 nnnn aaaa dddd 00XX mmmm", V7EM,
             dsp_multiply("smla", "smul", op.SMLA_XY, XY)),
    encoding("11111011 0010 nnnn aaaa dddd 000X mmmm", V7EM,
             dsp_multiply("smlad", "smuad", op.SMLAD, X)),
    encoding("11111011 0011 nnnn aaaa dddd 000X mmmm", V7EM,
             dsp_multiply("smlaw", "smulw", op.SMLAW_Y, ("b", "t"))),
    encoding("11111011 0100 nnnn aaaa dddd 000X mmmm", V7EM,
             dsp_multiply("smlsd", "smusd", op.SMLSD, X)),
    encoding("11111011 0101 nnnn aaaa dddd 000X mmmm", V7EM,
             dsp_multiply("smmla", "smmul", op.SMMLA, R)),
    encoding("11111011 0110 nnnn aaaa dddd 000X mmmm", V7EM,
             dsp_multiply("smmls", "", op.SMMLS, R)),
    encoding("11111011 0111 nnnn aaaa dddd 0000 mmmm", V7EM,
             dsp_multiply("usada8", "usad8", op.USADA8, ("",))),
    encoding("11111011 1000 nnnn llll hhhh 0000 mmmm", V7M,
             long_multiply("smull", op.SMULL, op.LONG_MULTIPLY)),
    encoding("11111011 1010 nnnn llll hhhh 0000 mmmm", V7M,
             long_multiply("umull", op.UMULL, op.LONG_MULTIPLY)),
    encoding("11111011 1100 nnnn llll hhhh 0000 mmmm", V7M,
             long_multiply("smlal", op.SMLAL, op.LONG_MULTIPLY)),
    encoding("11111011 1110 nnnn llll hhhh 0000 mmmm", V7M,
             long_multiply("umlal", op.UMLAL, op.LONG_MULTIPLY)),
    encoding("11111011 1110 nnnn llll hhhh 0110 mmmm", V7EM,
             long_multiply("umaal", op.UMAAL, op.FIXED)),
    encoding("11111011 1100 nnnn llll hhhh 10XX mmmm", V7EM,
             dsp_long("smlal", op.SMLAL_XY, XY)),
    encoding("11111011 1100 nnnn llll hhhh 110X mmmm", V7EM,
             dsp_long("smlald", op.SMLALD, X)),
    encoding("11111011 1101 nnnn llll hhhh 110X mmmm", V7EM,
             dsp_long("smlsld", op.SMLSLD, X)),
    encoding("11111011 1001 nnnn 1111 dddd 1111 mmmm", V7M, divide("sdiv", op.SDIV)),
    encoding("11111011 1011 nnnn 1111 dddd 1111 mmmm", V7M, divide("udiv", op.UDIV)),
)  # fmt: skip
