"""Patterns taken apart and put together: the manual's FPUnpack, FPRound and FPProcessNaNs.

A pattern is the number's bits in an int64, so a negative double is a negative int64. Taken
apart, a finite number is (-1)^sign · significand · 2^exponent, the significand's highest bit
at the format's count of fraction bits. Armv7-M manual A2.5 and D6 (pseudocode of FPRound).
"""

from __future__ import annotations

from typing import Any

from numba.cpython.unsafe import numbers

from edgesnn.sim.core.access import Array
from edgesnn.sim.core.compiled import compiled, inlined
from edgesnn.sim.core.operations import (
    AHP,
    AWAY,
    DN,
    DOUBLE,
    DOWN,
    FPSCR_MODE,
    FZ,
    HALF,
    IDC,
    IOC,
    IXC,
    NEAREST,
    OFC,
    S_FPSCR,
    SINGLE,
    UFC,
    UP,
)

_leading_zeros: Any = numbers.leading_zeros  # the machine's instruction
NOTHING, FINITE, INFINITE, QUIET, SIGNALLING = range(5)  # the kinds of number; zero is NOTHING


@inlined
def bit_length(value: int) -> int:
    """Bits of a positive number up to its highest one."""
    return 64 - int(_leading_zeros(value))


@inlined
def fraction_bits(form: int) -> int:
    """Stored bits of the significand."""
    if form == SINGLE:
        return 23
    return 52 if form == DOUBLE else 10


@inlined
def exponent_bits(form: int) -> int:
    """Bits of the exponent."""
    if form == SINGLE:
        return 8
    return 11 if form == DOUBLE else 5


@inlined
def sign_place(form: int) -> int:
    """Number of the sign's bit."""
    return fraction_bits(form) + exponent_bits(form)


@inlined
def raise_flags(state: Array, flags: int) -> None:
    """Set cumulative flags."""
    state[S_FPSCR] |= flags


@inlined
def dynamic_mode(state: Array) -> int:
    """The rounding mode of FPSCR."""
    mode: int = state[S_FPSCR] >> FPSCR_MODE & 3
    return mode


@inlined
def least_unit(form: int) -> int:
    """Exponent of the last place of the smallest numbers."""
    return 2 - (1 << (exponent_bits(form) - 1)) - fraction_bits(form)


@compiled
def unpack(state: Array, pattern: int, form: int) -> tuple[int, int, int, int]:
    """Kind, sign, exponent of the last place, significand; flushes subnormals where asked to."""
    bits, width = fraction_bits(form), exponent_bits(form)
    sign = pattern >> (bits + width) & 1
    biased = pattern >> bits & ((1 << width) - 1)
    fraction = pattern & ((1 << bits) - 1)
    least = least_unit(form)
    if biased == 0:
        if fraction == 0:
            return NOTHING, sign, 0, 0
        if form != HALF and state[S_FPSCR] & FZ:
            raise_flags(state, IDC)
            return NOTHING, sign, 0, 0
        shift = bits + 1 - bit_length(fraction)
        return FINITE, sign, least - shift, fraction << shift
    if biased == (1 << width) - 1 and not (form == HALF and state[S_FPSCR] & AHP):
        if fraction == 0:
            return INFINITE, sign, 0, 0
        return QUIET if fraction >> (bits - 1) else SIGNALLING, sign, 0, fraction
    return FINITE, sign, least + biased - 1, fraction | 1 << bits


@inlined
def infinity(sign: int, form: int) -> int:
    """The pattern of an infinity."""
    return sign << sign_place(form) | ((1 << exponent_bits(form)) - 1) << fraction_bits(form)


@inlined
def signed_zero(sign: int, form: int) -> int:
    """The pattern of a zero."""
    return sign << sign_place(form)


@inlined
def default_nan(form: int) -> int:
    """Positive, quiet, nothing else."""
    return infinity(0, form) | 1 << (fraction_bits(form) - 1)


@compiled
def invalid(state: Array, form: int) -> int:
    """The result of an operation that has none."""
    raise_flags(state, IOC)
    return default_nan(form)


@compiled
def quieted(state: Array, pattern: int, form: int, kind: int) -> int:
    """FPProcessNaN: the operand made quiet, or the default NaN."""
    if kind == SIGNALLING:
        raise_flags(state, IOC)
    if state[S_FPSCR] & DN:
        return default_nan(form)
    return pattern | 1 << (fraction_bits(form) - 1)


@compiled
def nan_of_two(state: Array, form: int, x: int, x_kind: int, y: int, y_kind: int) -> int:
    """FPProcessNaNs: the first signalling operand, else the first quiet one."""
    if x_kind == SIGNALLING or (x_kind == QUIET and y_kind != SIGNALLING):
        return quieted(state, x, form, x_kind)
    return quieted(state, y, form, y_kind)


@inlined
def rounds_up(mode: int, sign: int, odd: int, rest: int, half: int) -> int:
    """1 where a magnitude cut off at `rest` goes to the next one; `half` is half of a unit."""
    if mode == NEAREST:
        return int(rest > half or (rest == half and odd != 0))
    if mode == AWAY:
        return int(rest >= half)
    if mode == UP:
        return int(rest != 0 and sign == 0)
    if mode == DOWN:
        return int(rest != 0 and sign == 1)
    return 0


@inlined
def cut(significand: int, drop: int, mode: int, sign: int) -> tuple[int, int]:
    """A significand without its last `drop` bits, rounded; and whether that was inexact."""
    if drop > 62:
        return rounds_up(mode, sign, 0, 1, 2), 1
    kept = significand >> drop
    rest = significand & ((1 << drop) - 1)
    return kept + rounds_up(mode, sign, kept & 1, rest, 1 << (drop - 1)), int(rest != 0)


@compiled
def rounded(state: Array, form: int, sign: int, exponent: int, significand: int, mode: int) -> int:
    """FPRound: the pattern nearest to ±significand · 2^exponent in `mode`.

    The significand is positive and below 2^63; where it was cut off before, its last bit tells
    that something was lost, at least two places below the result's last one.
    """
    bits, width = fraction_bits(form), exponent_bits(form)
    least, fpscr = least_unit(form), state[S_FPSCR]
    unit = exponent + bit_length(significand) - 1 - bits
    tiny = unit < least
    if tiny:
        if form != HALF and fpscr & FZ:
            raise_flags(state, UFC)
            return signed_zero(sign, form)
        unit = least
    drop = unit - exponent
    inexact = 0
    if drop <= 0:
        kept = significand << -drop
    else:
        kept, inexact = cut(significand, drop, mode, sign)
    flags = 0
    if inexact:
        flags = IXC | UFC if tiny else IXC
    if kept >> (bits + 1):
        kept >>= 1
        unit += 1
    biased = unit - least + 1 if kept >> bits else 0
    if form == HALF and fpscr & AHP:
        if biased >= 1 << width:
            raise_flags(state, IOC)
            return signed_zero(sign, form) | ((1 << (bits + width)) - 1)
    elif biased >= (1 << width) - 1:
        raise_flags(state, OFC | IXC)
        return overflowed(form, sign, mode)
    raise_flags(state, flags)
    return signed_zero(sign, form) | biased << bits | kept & ((1 << bits) - 1)


@compiled
def overflowed(form: int, sign: int, mode: int) -> int:
    """Infinity, or the largest number where the mode does not round away from zero."""
    outward = mode in (NEAREST, AWAY) or (mode == UP and sign == 0) or (mode == DOWN and sign == 1)
    return infinity(sign, form) - (0 if outward else 1)


@inlined
def jammed(significand: int, places: int) -> int:
    """A shift to the right whose last bit tells that a one was lost."""
    if places > 62:
        return int(significand != 0)
    lost = significand & ((1 << places) - 1)
    return significand >> places | int(lost != 0)
