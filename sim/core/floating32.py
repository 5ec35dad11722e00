# ruff: noqa: D103 - what a builder builds is said by its name and by the encodings below
"""The floating point encodings: FPv4-SP, FPv5 single precision, FPv5 with doubles.

Armv7-M manual A6.4 to A6.7 (extension register load and store, 64-bit transfers, data
processing), Armv8-M manual C2.4. An encoding's level here is the unit that first has it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace as Fields

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import FPV4_SP, FPV5_D16, FPV5_SP
from edgesnn.sim.core.floating_moves32 import (
    core_half_of_double,
    core_single,
    core_two,
    load_store,
    multiple,
    read_status,
    register,
    vfp,
    write_status,
)
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.operand import SINK, require
from edgesnn.sim.core.operations import DOUBLE, HALF, SINGLE
from edgesnn.sim.core.pattern import Builder, Context, Encoding, encoding

FormBuilder = Callable[[int], Builder]


def three(name: str, kind: int, imm: int = 0) -> FormBuilder:
    """Two operands and a result; multiply-accumulates read the result's register too."""

    def build_for(form: int) -> Builder:
        def build(f: Fields, at: Context) -> Instruction:
            d, n, m = (register(form, *pair) for pair in ((f.d, f.D), (f.n, f.N), (f.m, f.M)))
            return vfp(name, kind, form, imm=imm, rd=d, rn=n, rm=m)

        return build

    return build_for


def outside_it(builder: FormBuilder) -> FormBuilder:
    """What the architecture leaves open inside an IT block."""

    def build_for(form: int) -> Builder:
        inner = builder(form)

        def build(f: Fields, at: Context) -> Instruction:
            require(not at.in_it)
            return inner(f, at)

        return build

    return build_for


def two(name: str, kind: int, imm: int = 0) -> FormBuilder:
    """One operand and a result."""

    def build_for(form: int) -> Builder:
        def build(f: Fields, at: Context) -> Instruction:
            d, m = register(form, f.d, f.D), register(form, f.m, f.M)
            return vfp(name, kind, form, imm=imm, rd=d, rm=m)

        return build

    return build_for


def select(form: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        name = "vsel" + ("eq", "vs", "ge", "gt")[f.c]
        return three(name, op.V_SEL, f.c)(form)(f, at)

    return build


def constant(form: int) -> Builder:
    """VFPExpandImm: sign, three bits of exponent, four of fraction."""

    def build(f: Fields, at: Context) -> Instruction:
        width, bits = (11, 52) if form == DOUBLE else (8, 23)
        exponent = (f.i >> 6 & 1 ^ 1) << width - 1
        exponent |= ((1 << width - 3) - 1) * (f.i >> 6 & 1) << 2 | f.i >> 4 & 3
        value = f.i >> 7 << width + bits | exponent << bits | (f.i & 15) << bits - 4
        imm = value >> 32 if form == DOUBLE else value
        return vfp("vmov", op.V_CONSTANT, form, imm=imm, rd=register(form, f.d, f.D))

    return build


def compare(form: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        n, m = register(form, f.d, f.D), register(form, f.m, f.M)
        name = "vcmpe" if f.e else "vcmp"
        return vfp(name, op.V_CMP, form, imm=f.e * op.QUIET_RAISES, rd=SINK, rn=n, rm=m)

    return build


def compare_zero(form: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        n, imm = register(form, f.d, f.D), f.e * op.QUIET_RAISES | op.WITH_ZERO
        return vfp("vcmpe" if f.e else "vcmp", op.V_CMP, form, imm=imm, rd=SINK, rn=n)

    return build


def half_precision(form: int) -> Builder:
    """VCVTB and VCVTT, both ways."""

    def build(f: Fields, at: Context) -> Instruction:
        name = "vcvtt" if f.t else "vcvtb"
        if f.o:
            d, m = register(SINGLE, f.d, f.D), register(form, f.m, f.M)
            return vfp(name, op.V_CONVERT, form, HALF, f.t * op.TOP_RESULT, rd=d, rm=m)
        d, m = register(form, f.d, f.D), register(SINGLE, f.m, f.M)
        return vfp(name, op.V_CONVERT, HALF, form, f.t * op.TOP_SOURCE, rd=d, rm=m)

    return build


def between_formats(form: int) -> Builder:
    """VCVT between single and double."""
    target = SINGLE if form == DOUBLE else DOUBLE

    def build(f: Fields, at: Context) -> Instruction:
        d, m = register(target, f.d, f.D), register(form, f.m, f.M)
        return vfp("vcvt", op.V_CONVERT, form, target, rd=d, rm=m)

    return build


def _rounding(mode: int, flag: int, fraction: int = 0, size: int = 32) -> int:
    """Options of roundings and conversions; `flag` means exact or signed."""
    return mode | flag * op.SIGNED | fraction << op.FRACTION_SHIFT | size << op.SIZE_SHIFT


def from_integer(form: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        d, m = register(form, f.d, f.D), register(SINGLE, f.m, f.M)
        imm = _rounding(op.MODE_DYNAMIC, f.s)
        return vfp("vcvt", op.V_FROM_INTEGER, SINGLE, form, imm, rd=d, rm=m)

    return build


def to_integer(form: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        d, m = register(SINGLE, f.d, f.D), register(form, f.m, f.M)
        imm = _rounding(op.TO_ZERO if f.r else op.MODE_DYNAMIC, f.s)
        name = "vcvt" if f.r else "vcvtr"
        return vfp(name, op.V_TO_INTEGER, form, SINGLE, imm, rd=d, rm=m)

    return build


NAMED_MODES = (("a", op.AWAY), ("n", op.NEAREST), ("p", op.UP), ("m", op.DOWN))


def to_integer_by_mode(form: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        letter, mode = NAMED_MODES[f.r]
        d, m = register(SINGLE, f.d, f.D), register(form, f.m, f.M)
        imm = _rounding(mode, f.s)
        return vfp("vcvt" + letter, op.V_TO_INTEGER, form, SINGLE, imm, rd=d, rm=m)

    return build


def integral_by_mode(form: int) -> Builder:
    def build(f: Fields, at: Context) -> Instruction:
        letter, mode = NAMED_MODES[f.r]
        return two("vrint" + letter, op.V_RINT, mode)(form)(f, at)

    return build


def fixed_point(form: int) -> Builder:
    """VCVT to and from fixed point, in place; towards zero one way, to nearest the other."""

    def build(f: Fields, at: Context) -> Instruction:
        size = 32 if f.w else 16
        fraction = size - (f.i << 1 | f.j)
        require(fraction >= 0)
        d = register(form, f.d, f.D)
        mode = op.TO_ZERO if f.o else op.NEAREST
        imm = _rounding(mode, 1 - f.u, fraction, size)
        if f.o:
            return vfp("vcvt", op.V_TO_INTEGER, form, imm=imm, rd=d, rm=d)
        return vfp("vcvt", op.V_FROM_INTEGER, SINGLE, form, imm, rd=d, rm=d)

    return build


def _both(pattern: str, level: int, builder: FormBuilder) -> tuple[Encoding, ...]:
    """An encoding for singles, and for doubles where the unit has them."""
    return (
        encoding(pattern.replace("101z", "1010"), level, builder(SINGLE)),
        encoding(pattern.replace("101z", "1011"), FPV5_D16, builder(DOUBLE)),
    )


def _containers(pattern: str, builder: FormBuilder) -> tuple[Encoding, ...]:
    """An encoding that only moves: every unit has it for doubles too."""
    return (
        encoding(pattern.replace("101z", "1010"), FPV4_SP, builder(SINGLE)),
        encoding(pattern.replace("101z", "1011"), FPV4_SP, builder(DOUBLE)),
    )


ARITHMETIC = (
    ("0D00", 0, three("vmla", op.V_MLA)),
    ("0D00", 1, three("vmls", op.V_MLA, op.NEGATE_PRODUCT)),
    ("0D01", 0, three("vnmls", op.V_MLA, op.NEGATE_ADDEND)),
    ("0D01", 1, three("vnmla", op.V_MLA, op.NEGATE_ADDEND | op.NEGATE_PRODUCT)),
    ("0D10", 0, three("vmul", op.V_MUL)),
    ("0D10", 1, three("vnmul", op.V_NMUL)),
    ("0D11", 0, three("vadd", op.V_ADD)),
    ("0D11", 1, three("vsub", op.V_SUB)),
    ("1D00", 0, three("vdiv", op.V_DIV)),
    ("1D01", 0, three("vfnms", op.V_FMA, op.NEGATE_ADDEND)),
    ("1D01", 1, three("vfnma", op.V_FMA, op.NEGATE_ADDEND | op.NEGATE_PRODUCT)),
    ("1D10", 0, three("vfma", op.V_FMA)),
    ("1D10", 1, three("vfms", op.V_FMA, op.NEGATE_PRODUCT)),
)
DYNAMIC, EXACT = op.MODE_DYNAMIC, op.EXACT
OTHERS: tuple[tuple[str, str, int, FormBuilder], ...] = (
    ("0000", "01M0 mmmm", FPV4_SP, two("vmov", op.V_MOV)),
    ("0000", "11M0 mmmm", FPV4_SP, two("vabs", op.V_ABS)),
    ("0001", "01M0 mmmm", FPV4_SP, two("vneg", op.V_NEG)),
    ("0001", "11M0 mmmm", FPV4_SP, two("vsqrt", op.V_SQRT)),
    ("001o", "t1M0 mmmm", FPV4_SP, half_precision),
    ("0100", "e1M0 mmmm", FPV4_SP, compare),
    ("0101", "e100 0000", FPV4_SP, compare_zero),
    ("0110", "01M0 mmmm", FPV5_SP, two("vrintr", op.V_RINT, DYNAMIC)),
    ("0110", "11M0 mmmm", FPV5_SP, two("vrintz", op.V_RINT, op.TO_ZERO)),
    ("0111", "01M0 mmmm", FPV5_SP, two("vrintx", op.V_RINT, DYNAMIC | EXACT)),
    ("0111", "11M0 mmmm", FPV5_D16, between_formats),
    ("1000", "s1M0 mmmm", FPV4_SP, from_integer),
    ("1o1u", "w1j0 iiii", FPV4_SP, fixed_point),
    ("110s", "r1M0 mmmm", FPV4_SP, to_integer),
)

FLOATING: tuple[Encoding, ...] = sum(
    (
        *(
            _both(f"11101110 {high} nnnn dddd 101z N{low}M0 mmmm", FPV4_SP, builder)
            for high, low, builder in ARITHMETIC
        ),
        _both("11101110 1D11 iiii dddd 101z 0000 iiii", FPV4_SP, constant),
        *(
            _both(f"11101110 1D11 {second} dddd 101z {low}", level, builder)
            for second, low, level, builder in OTHERS
        ),
        _both("11111110 0Dcc nnnn dddd 101z N0M0 mmmm", FPV5_SP, outside_it(select)),
        _both("11111110 1D00 nnnn dddd 101z N0M0 mmmm", FPV5_SP,
              outside_it(three("vmaxnm", op.V_MAXNM))),
        _both("11111110 1D00 nnnn dddd 101z N1M0 mmmm", FPV5_SP,
              outside_it(three("vminnm", op.V_MINNM))),
        _both("11111110 1D11 10rr dddd 101z 01M0 mmmm", FPV5_SP, outside_it(integral_by_mode)),
        _both("11111110 1D11 11rr dddd 101z s1M0 mmmm", FPV5_SP, outside_it(to_integer_by_mode)),
        (
            encoding("11101110 000o nnnn tttt 1010 N001 0000", FPV4_SP, core_single),
            encoding("11101110 00io nnnn tttt 1011 N001 0000", FPV4_SP, core_half_of_double),
            encoding("11101110 1110 0001 tttt 1010 0001 0000", FPV4_SP, write_status),
            encoding("11101110 1111 0001 tttt 1010 0001 0000", FPV4_SP, read_status),
        ),
        _containers("11101100 010o uuuu tttt 101z 00M1 mmmm", core_two),
        _containers("11101101 uD0l nnnn dddd 101z iiiiiiii", load_store),
        _containers("1110110p uDwl nnnn dddd 101z iiiiiiii", multiple),
    ),
    (),
)  # fmt: skip
