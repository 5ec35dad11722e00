"""Between numbers and integers, between formats, and to integral numbers."""

from __future__ import annotations

from edgesnn.sim.core.access import Array
from edgesnn.sim.core.compiled import compiled
from edgesnn.sim.core.operations import AHP, DN, HALF, IOC, IXC, S_FPSCR
from edgesnn.sim.core.vfp.number import (
    INFINITE,
    NOTHING,
    QUIET,
    SIGNALLING,
    bit_length,
    cut,
    default_nan,
    dynamic_mode,
    fraction_bits,
    infinity,
    quieted,
    raise_flags,
    rounded,
    sign_place,
    signed_zero,
    unpack,
)

LONGEST = 40  # more bits than any integer that a conversion makes


@compiled
def to_integer(
    state: Array, form: int, pattern: int, mode: int, is_signed: int, fraction: int, size: int
) -> int:
    """FPToFixed: the number times 2^fraction as an integer of `size` bits, saturated."""
    kind, sign, exponent, part = unpack(state, pattern, form)
    if kind >= QUIET:
        raise_flags(state, IOC)
        return 0
    if kind == NOTHING:
        return 0
    low, high = (-(1 << (size - 1)), (1 << (size - 1)) - 1) if is_signed else (0, (1 << size) - 1)
    exponent += fraction
    inexact = 0
    if kind == INFINITE or exponent + bit_length(part) > LONGEST:
        value = 1 << LONGEST
    elif exponent >= 0:
        value = part << exponent
    else:
        value, inexact = cut(part, -exponent, mode, sign)
    value = -value if sign else value
    if value < low or value > high:
        raise_flags(state, IOC)
        return low if value < low else high
    if inexact:
        raise_flags(state, IXC)
    return value


@compiled
def from_integer(state: Array, form: int, value: int, mode: int, fraction: int) -> int:
    """FixedToFP: the number value / 2^fraction."""
    if value == 0:
        return 0
    return rounded(state, form, int(value < 0), -fraction, abs(value), mode)


@compiled
def integral(state: Array, form: int, pattern: int, mode: int, exact: int) -> int:
    """FPRoundInt: the nearest integer as a number; `exact` raises the inexact flag."""
    kind, sign, exponent, part = unpack(state, pattern, form)
    if kind >= QUIET:
        return quieted(state, pattern, form, kind)
    if kind == NOTHING:
        return signed_zero(sign, form)
    if kind == INFINITE or exponent >= 0:
        return pattern
    value, inexact = cut(part, -exponent, mode, sign)
    if inexact and exact:
        raise_flags(state, IXC)
    if value == 0:
        return signed_zero(sign, form)
    return rounded(state, form, sign, 0, value, mode)


@compiled
def _converted_nan(state: Array, source: int, target: int, pattern: int, kind: int) -> int:
    """A NaN in another format: its sign and the highest bits of its fraction stay."""
    sign = pattern >> sign_place(source) & 1
    alternative = target == HALF and state[S_FPSCR] & AHP
    if kind == SIGNALLING or alternative:
        raise_flags(state, IOC)
    if alternative:
        return signed_zero(sign, target)
    if state[S_FPSCR] & DN:
        return default_nan(target)
    fraction = pattern & ((1 << fraction_bits(source)) - 1)
    change = fraction_bits(target) - fraction_bits(source)
    fraction = fraction << change if change > 0 else fraction >> -change
    return infinity(sign, target) | fraction | 1 << (fraction_bits(target) - 1)


@compiled
def convert(state: Array, source: int, target: int, pattern: int) -> int:
    """FPHPToSP, FPSPToHP, FPSingleToDouble and the others: a number in another format."""
    kind, sign, exponent, part = unpack(state, pattern, source)
    if kind >= QUIET:
        return _converted_nan(state, source, target, pattern, kind)
    if kind == INFINITE:
        if target == HALF and state[S_FPSCR] & AHP:
            raise_flags(state, IOC)
            return signed_zero(sign, target) | 0x7FFF
        return infinity(sign, target)
    if kind == NOTHING:
        return signed_zero(sign, target)
    return rounded(state, target, sign, exponent, part, dynamic_mode(state))
