"""Sums, products, quotients, roots and comparisons of patterns, for singles and doubles."""

from __future__ import annotations

from edgesnn.sim.core.access import Array
from edgesnn.sim.core.compiled import compiled
from edgesnn.sim.core.operations import DOUBLE, DOWN, DZC, IOC, SINGLE
from edgesnn.sim.core.vfp.number import (
    FINITE,
    INFINITE,
    NOTHING,
    QUIET,
    SIGNALLING,
    dynamic_mode,
    fraction_bits,
    infinity,
    invalid,
    jammed,
    nan_of_two,
    quieted,
    raise_flags,
    rounded,
    sign_place,
    signed_zero,
    unpack,
)

GUARD = 7  # places below the last one in which sums are made
HALF_WIDTH = 26  # doubles are multiplied in halves of so many bits
LOW = (1 << HALF_WIDTH) - 1


@compiled
def cancelled(state: Array, form: int) -> int:
    """The zero that is left where numbers of unlike sign cancel."""
    return signed_zero(int(dynamic_mode(state) == DOWN), form)


@compiled
def add(state: Array, form: int, x: int, y: int, negate: int) -> int:
    """FPAdd, or FPSub where `negate` is 1."""
    x_kind, x_sign, x_exponent, x_part = unpack(state, x, form)
    y_kind, y_sign, y_exponent, y_part = unpack(state, y, form)
    if x_kind >= QUIET or y_kind >= QUIET:
        return nan_of_two(state, form, x, x_kind, y, y_kind)
    y_sign ^= negate
    if x_kind == INFINITE or y_kind == INFINITE:
        if x_kind == y_kind and x_sign != y_sign:
            return invalid(state, form)
        return infinity(x_sign if x_kind == INFINITE else y_sign, form)
    if x_kind == NOTHING and y_kind == NOTHING:
        return signed_zero(x_sign, form) if x_sign == y_sign else cancelled(state, form)
    if x_kind == NOTHING:
        return rounded(state, form, y_sign, y_exponent, y_part, 0)
    if y_kind == NOTHING:
        return rounded(state, form, x_sign, x_exponent, x_part, 0)
    x_part <<= GUARD
    y_part <<= GUARD
    exponent = max(x_exponent, y_exponent)
    x_part = jammed(x_part, exponent - x_exponent)
    y_part = jammed(y_part, exponent - y_exponent)
    total = (-x_part if x_sign else x_part) + (-y_part if y_sign else y_part)
    if total == 0:
        return cancelled(state, form)
    return rounded(state, form, int(total < 0), exponent - GUARD, abs(total), dynamic_mode(state))


@compiled
def wide_product(x: int, y: int) -> tuple[int, int]:
    """A product of two significands of 53 bits as high · 2^52 + low."""
    middle = (x >> HALF_WIDTH) * (y & LOW) + (x & LOW) * (y >> HALF_WIDTH)
    low = ((middle & LOW) << HALF_WIDTH) + (x & LOW) * (y & LOW)
    high = (x >> HALF_WIDTH) * (y >> HALF_WIDTH) + (middle >> HALF_WIDTH) + (low >> 52)
    return high, low & ((1 << 52) - 1)


@compiled
def multiply(state: Array, form: int, x: int, y: int) -> int:
    """FPMul."""
    x_kind, x_sign, x_exponent, x_part = unpack(state, x, form)
    y_kind, y_sign, y_exponent, y_part = unpack(state, y, form)
    if x_kind >= QUIET or y_kind >= QUIET:
        return nan_of_two(state, form, x, x_kind, y, y_kind)
    sign = x_sign ^ y_sign
    if x_kind == INFINITE or y_kind == INFINITE:
        if x_kind == NOTHING or y_kind == NOTHING:
            return invalid(state, form)
        return infinity(sign, form)
    if x_kind == NOTHING or y_kind == NOTHING:
        return signed_zero(sign, form)
    exponent = x_exponent + y_exponent
    if form == SINGLE:
        return rounded(state, form, sign, exponent, x_part * y_part, dynamic_mode(state))
    high, low = wide_product(x_part, y_part)
    part = high << 7 | jammed(low, 45)
    return rounded(state, form, sign, exponent + 45, part, dynamic_mode(state))


@compiled
def divide(state: Array, form: int, x: int, y: int) -> int:
    """FPDiv: long division, one step of 36 bits for singles and seven of 8 for doubles."""
    x_kind, x_sign, x_exponent, x_part = unpack(state, x, form)
    y_kind, y_sign, y_exponent, y_part = unpack(state, y, form)
    if x_kind >= QUIET or y_kind >= QUIET:
        return nan_of_two(state, form, x, x_kind, y, y_kind)
    sign = x_sign ^ y_sign
    if x_kind == y_kind and x_kind != FINITE:
        return invalid(state, form)
    if x_kind == INFINITE or y_kind == NOTHING:
        if x_kind != INFINITE:
            raise_flags(state, DZC)
        return infinity(sign, form)
    if x_kind == NOTHING or y_kind == INFINITE:
        return signed_zero(sign, form)
    steps, places = (7, 8) if form == DOUBLE else (1, 36)
    quotient, rest = x_part // y_part, x_part % y_part
    for _ in range(steps):
        rest <<= places
        quotient = quotient << places | rest // y_part
        rest %= y_part
    part = quotient << 1 | int(rest != 0)
    exponent = x_exponent - y_exponent - steps * places - 1
    return rounded(state, form, sign, exponent, part, dynamic_mode(state))


@compiled
def square_root(state: Array, form: int, x: int) -> int:
    """FPSqrt: two bits of the number give one of the root."""
    kind, sign, exponent, part = unpack(state, x, form)
    if kind >= QUIET:
        return quieted(state, x, form, kind)
    if kind == NOTHING:
        return signed_zero(sign, form)
    if sign:
        return invalid(state, form)
    if kind == INFINITE:
        return infinity(0, form)
    if exponent & 1:
        part <<= 1
        exponent -= 1
    bits = fraction_bits(form)
    groups = (bits + 3) >> 1
    below = bits + 5 - groups
    root, rest = 0, 0
    for group in range(groups - 1, -below - 1, -1):
        rest = rest << 2 | (part >> 2 * group & 3 if group >= 0 else 0)
        trial = root << 2 | 1
        root <<= 1
        if rest >= trial:
            rest -= trial
            root |= 1
    part = root << 1 | int(rest != 0)
    return rounded(state, form, 0, (exponent >> 1) - below - 1, part, dynamic_mode(state))


@compiled
def _ordered(pattern: int, form: int, kind: int) -> int:
    """An integer in the order of the numbers; both zeros and what was flushed are 0."""
    if kind == NOTHING:
        return 0
    place = sign_place(form)
    magnitude = pattern & ((1 << place) - 1)
    return -magnitude if pattern >> place & 1 else magnitude


@compiled
def compare(state: Array, form: int, x: int, y: int, quiet_raises: int) -> int:
    """FPCompare: N, Z, C, V as a number of four bits."""
    x_kind, _, _, _ = unpack(state, x, form)
    y_kind, _, _, _ = unpack(state, y, form)
    if x_kind >= QUIET or y_kind >= QUIET:
        if quiet_raises or x_kind == SIGNALLING or y_kind == SIGNALLING:
            raise_flags(state, IOC)
        return 0b0011
    first, second = _ordered(x, form, x_kind), _ordered(y, form, y_kind)
    if first == second:
        return 0b0110
    return 0b1000 if first < second else 0b0010


@compiled
def extreme(state: Array, form: int, x: int, y: int, least: int) -> int:
    """FPMaxNum, or FPMinNum where `least` is 1: a quiet NaN counts as missing."""
    x_kind, x_sign, _, _ = unpack(state, x, form)
    y_kind, y_sign, _, _ = unpack(state, y, form)
    if x_kind >= QUIET or y_kind >= QUIET:
        if x_kind == QUIET and y_kind < QUIET:
            return signed_zero(y_sign, form) if y_kind == NOTHING else y
        if y_kind == QUIET and x_kind < QUIET:
            return signed_zero(x_sign, form) if x_kind == NOTHING else x
        return nan_of_two(state, form, x, x_kind, y, y_kind)
    first, second = _ordered(x, form, x_kind), _ordered(y, form, y_kind)
    if first == 0 and second == 0:
        return signed_zero(x_sign | y_sign if least else x_sign & y_sign, form)
    take_first = first < second if least else first > second
    chosen, kind, sign = (x, x_kind, x_sign) if take_first else (y, y_kind, y_sign)
    return signed_zero(sign, form) if kind == NOTHING else chosen
