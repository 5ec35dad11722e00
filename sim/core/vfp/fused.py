"""FPMulAdd: a product and a sum with one rounding, in 120 bits held as two limbs of 60."""

from __future__ import annotations

from edgesnn.sim.core.access import Array
from edgesnn.sim.core.compiled import compiled
from edgesnn.sim.core.operations import IOC, SINGLE
from edgesnn.sim.core.vfp.arithmetic import cancelled, wide_product
from edgesnn.sim.core.vfp.number import (
    INFINITE,
    NOTHING,
    QUIET,
    SIGNALLING,
    bit_length,
    default_nan,
    dynamic_mode,
    infinity,
    invalid,
    jammed,
    nan_of_two,
    quieted,
    raise_flags,
    rounded,
    signed_zero,
    unpack,
)

LIMB = 60
LIMB_MASK = (1 << LIMB) - 1
TOP = 60  # where the leading bit of both numbers stands while singles are added


@compiled
def _nan_of_three(
    state: Array, form: int, addend: int, a_kind: int, x: int, x_kind: int, y: int, y_kind: int
) -> int:
    """FPProcessNaNs3, and an infinity times zero beside a quiet NaN."""
    if a_kind == SIGNALLING:
        return quieted(state, addend, form, a_kind)
    if x_kind == SIGNALLING or y_kind == SIGNALLING:
        return nan_of_two(state, form, x, x_kind, y, y_kind)
    if a_kind == QUIET:
        if (x_kind == INFINITE and y_kind == NOTHING) or (x_kind == NOTHING and y_kind == INFINITE):
            raise_flags(state, IOC)
            return default_nan(form)
        return quieted(state, addend, form, a_kind)
    return nan_of_two(state, form, x, x_kind, y, y_kind)


@compiled
def multiply_add(state: Array, form: int, addend: int, x: int, y: int) -> int:
    """addend + x · y."""
    a_kind, a_sign, a_exponent, a_part = unpack(state, addend, form)
    x_kind, x_sign, x_exponent, x_part = unpack(state, x, form)
    y_kind, y_sign, y_exponent, y_part = unpack(state, y, form)
    if a_kind >= QUIET or x_kind >= QUIET or y_kind >= QUIET:
        return _nan_of_three(state, form, addend, a_kind, x, x_kind, y, y_kind)
    sign = x_sign ^ y_sign
    if x_kind == INFINITE or y_kind == INFINITE:
        opposed = a_kind == INFINITE and a_sign != sign
        if x_kind == NOTHING or y_kind == NOTHING or opposed:
            return invalid(state, form)
        return infinity(sign, form)
    if a_kind == INFINITE:
        return infinity(a_sign, form)
    if x_kind == NOTHING or y_kind == NOTHING:
        if a_kind == NOTHING:
            return signed_zero(sign, form) if sign == a_sign else cancelled(state, form)
        return rounded(state, form, a_sign, a_exponent, a_part, 0)
    exponent = x_exponent + y_exponent
    if form == SINGLE:
        return _short_sum(state, a_sign, a_exponent, a_part, sign, exponent, x_part * y_part)
    high, low = wide_product(x_part, y_part)
    return _long_sum(state, form, a_sign, a_exponent, a_part, sign, exponent, high, low)


@compiled
def _short_sum(
    state: Array,
    a_sign: int,
    a_exponent: int,
    a_part: int,
    sign: int,
    exponent: int,
    product: int,
) -> int:
    """The sum for singles: 24 and 48 bits fit into one word beside their guard bits."""
    shift = TOP + 1 - bit_length(product)
    product <<= shift
    exponent -= shift
    common = exponent
    if a_part:
        a_part <<= TOP - 23
        a_exponent -= TOP - 23
        common = max(exponent, a_exponent)
        a_part = jammed(a_part, common - a_exponent)
        product = jammed(product, common - exponent)
    total = (-product if sign else product) + (-a_part if a_sign else a_part)
    if total == 0:
        return cancelled(state, SINGLE)
    return rounded(state, SINGLE, int(total < 0), common, abs(total), dynamic_mode(state))


@compiled
def _shifted(high: int, low: int, places: int) -> tuple[int, int]:
    """Two limbs moved right, the last bit telling what was lost."""
    if places == 0:
        return high, low
    if places >= 2 * LIMB:
        return 0, int(high | low != 0)
    if places >= LIMB:
        return 0, jammed(high, places - LIMB) | int(low != 0)
    moved = (high & ((1 << places) - 1)) << (LIMB - places)
    return high >> places, moved | jammed(low, places)


@compiled
def _long_sum(
    state: Array,
    form: int,
    a_sign: int,
    a_exponent: int,
    a_part: int,
    sign: int,
    exponent: int,
    high: int,
    low: int,
) -> int:
    """The sum for doubles; the product comes as high · 2^52 + low, 105 or 106 bits."""
    high, low = high << 6 | low >> 46, low << 14 & LIMB_MASK
    exponent -= 14
    if high >> (LIMB - 1) == 0:
        high, low = high << 1 | low >> (LIMB - 1), low << 1 & LIMB_MASK
        exponent -= 1
    a_high, a_low = a_part << 7, 0
    common = exponent
    if a_part:
        a_exponent -= 67
        common = max(exponent, a_exponent)
        a_high, a_low = _shifted(a_high, a_low, common - a_exponent)
        high, low = _shifted(high, low, common - exponent)
    if sign == a_sign:
        low += a_low
        high += a_high + (low >> LIMB)
    else:
        if high < a_high or (high == a_high and low < a_low):
            high, low, a_high, a_low, sign = a_high, a_low, high, low, a_sign
        low -= a_low
        high -= a_high + int(low < 0)
    low &= LIMB_MASK
    return _from_limbs(state, form, sign, common, high, low)


@compiled
def _from_limbs(state: Array, form: int, sign: int, exponent: int, high: int, low: int) -> int:
    """Round two limbs whose last bit has the value 2^exponent."""
    if high == 0:
        if low == 0:
            return cancelled(state, form)
        return rounded(state, form, sign, exponent, low, dynamic_mode(state))
    shift = min(62 - bit_length(high), LIMB)
    part = high << shift | jammed(low, LIMB - shift)
    return rounded(state, form, sign, exponent + LIMB - shift, part, dynamic_mode(state))
