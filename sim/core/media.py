"""The DSP extension, compiled apart from the loop: parallel lanes and multiplies with halves."""

from __future__ import annotations

from edgesnn.sim.core.bits import MASK, half, rotate, saturate, signed
from edgesnn.sim.core.compiled import compiled
from edgesnn.sim.core.operations import (
    QADD,
    QDADD,
    QDSUB,
    QSUB,
    SMLA_XY,
    SMLAD,
    SMLAL_XY,
    SMLALD,
    SMLAW_Y,
    SMLSD,
    SMMLA,
    SMMLS,
    SSAT16,
    SXTAB16,
    USADA8,
    USAT16,
    UXTAB16,
)

INT_MIN, INT_MAX = -(1 << 31), (1 << 31) - 1
OVERFLOW = 1 << 32
SUBTRACT = 4  # in a lane code: sub8, sub16 and sax; asx (2) and sax (6) cross the halves


@compiled
def parallel(lanes: int, prefix: int, a: int, b: int) -> int:
    """SADD8 … UHSAX: the word, with the GE bits above it where the prefix sets them."""
    is_signed = prefix < 4
    crosses = lanes & 2 != 0
    width = 16 if crosses or lanes & 1 else 8
    ones = (1 << width) - 1
    top = 1 << (width - 1)
    result, ge = 0, 0
    for lane in range(32 // width):
        position = lane * width
        other = 16 - position if crosses else position
        x = a >> position & ones
        y = b >> other & ones
        if is_signed:
            x = (x ^ top) - top
            y = (y ^ top) - top
        subtracts = lanes & SUBTRACT != 0
        if crosses and lane == 0:
            subtracts = not subtracts
        value = x - y if subtracts else x + y
        raised = value >= 0 if is_signed or subtracts else value > ones
        if raised:
            ge |= (1 if width == 8 else 3) << (position >> 3)
        if prefix & 3 == 1:
            value = saturate(value, -top if is_signed else 0, top - 1 if is_signed else ones)
        elif prefix & 3 == 2:
            value >>= 1
        result |= (value & ones) << position
    return result | ge << 32


@compiled
def _checked(value: int) -> int:
    """A sum cut to a word, bit 32 set where it did not fit."""
    if value < INT_MIN or value > INT_MAX:
        return (value & MASK) | OVERFLOW
    return value & MASK


@compiled
def _dual(a: int, b: int, exchange: int, sign: int) -> int:
    """Product of the bottom halves plus or minus that of the top halves."""
    return half(a, 0) * half(b, exchange) + sign * (half(a, 1) * half(b, 1 - exchange))


@compiled
def _high_word(accumulator: int, product: int, rounds: int) -> int:
    """SMMLA and SMMLS: the upper word of accumulator:0 plus the product."""
    low = (product & MASK) + (0x80000000 if rounds else 0)
    return (accumulator + (product >> 32) + (low >> 32)) & MASK


@compiled
def _absolute_differences(a: int, b: int) -> int:
    total = 0
    for position in range(0, 32, 8):
        total += abs((a >> position & 0xFF) - (b >> position & 0xFF))
    return total


@compiled
def _two_halves(kind: int, a: int, b: int, amount: int, bits: int) -> int:
    """SSAT16, USAT16, SXTAB16, UXTAB16."""
    result = 0
    turned = rotate(b, amount)
    for position in range(0, 32, 16):
        if kind == SSAT16:
            value = saturate(half(a, position >> 4), -(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        elif kind == USAT16:
            value = saturate(half(a, position >> 4), 0, (1 << bits) - 1)
        else:
            byte = turned >> position & 0xFF
            if kind == SXTAB16:
                byte = (byte ^ 0x80) - 0x80
            value = ((a >> position) + byte) & 0xFFFF
        result |= (value & 0xFFFF) << position | (value & OVERFLOW)
    return result


@compiled
def _saturating(kind: int, a: int, b: int) -> int:
    """QADD, QSUB, QDADD, QDSUB of rm = a and rn = b."""
    doubled = signed(b)
    q = 0
    if kind >= QDADD:
        twice = saturate(2 * doubled, INT_MIN, INT_MAX)
        q = twice & OVERFLOW
        doubled = signed(twice & MASK)
    if kind in (QSUB, QDSUB):
        doubled = -doubled
    return saturate(signed(a) + doubled, INT_MIN, INT_MAX) | q


@compiled
def dsp(kind: int, amount: int, extra: int, a: int, b: int, accumulator: int) -> int:
    """One 32-bit DSP result; bit 32 asks for Q."""
    if kind == SMLA_XY:
        return _checked(half(a, amount >> 1) * half(b, amount & 1) + signed(accumulator))
    if kind == SMLAD:
        return _checked(_dual(a, b, amount, 1) + signed(accumulator))
    if kind == SMLSD:
        return _checked(_dual(a, b, amount, -1) + signed(accumulator))
    if kind == SMLAW_Y:
        return _checked((signed(a) * half(b, amount) >> 16) + signed(accumulator))
    if kind == SMMLA:
        return _high_word(accumulator, signed(a) * signed(b), amount)
    if kind == SMMLS:
        return _high_word(accumulator, -(signed(a) * signed(b)), amount)
    if kind == USADA8:
        return (_absolute_differences(a, b) + accumulator) & MASK
    if QADD <= kind <= QDSUB:
        return _saturating(kind, a, b)
    return _two_halves(kind, a, b, amount, extra)


@compiled
def dsp_long(kind: int, amount: int, low: int, high: int, a: int, b: int) -> int:
    """A 64-bit accumulator plus products of halves, as one int64 that wraps."""
    accumulator = high << 32 | low
    if kind == SMLAL_XY:
        return accumulator + half(a, amount >> 1) * half(b, amount & 1)
    return accumulator + _dual(a, b, amount, 1 if kind == SMLALD else -1)


__all__ = ["QADD", "QDADD", "QDSUB", "QSUB", "UXTAB16", "dsp", "dsp_long", "parallel"]
