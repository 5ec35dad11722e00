"""Arithmetic on 32-bit words held in int64, compiled: what the loop and its branches share."""

from __future__ import annotations

from edgesnn.sim.core.compiled import compiled, inlined
from edgesnn.sim.core.operations import ASR, LSL, LSR, ROR, RRX

MASK = 0xFFFFFFFF


@inlined
def signed(value: int) -> int:
    """A word as a signed number."""
    return (value ^ 0x80000000) - 0x80000000


@inlined
def half(value: int, top: int) -> int:
    """The bottom (top = 0) or top (1) halfword as a signed number."""
    return (((value >> (top << 4)) & 0xFFFF) ^ 0x8000) - 0x8000


@inlined
def rotate(value: int, amount: int) -> int:
    """A word rotated right by 0..31."""
    return ((value | value << 32) >> amount) & MASK if amount else value


@compiled
def leading_zeros(value: int) -> int:
    """Zero bits above the highest one; 32 for zero."""
    count = 32
    while value:
        value >>= 1
        count -= 1
    return count


@compiled
def reverse_bits(value: int) -> int:
    """Bit 0 becomes bit 31 and so on."""
    value = ((value >> 1) & 0x55555555) | ((value & 0x55555555) << 1)
    value = ((value >> 2) & 0x33333333) | ((value & 0x33333333) << 2)
    value = ((value >> 4) & 0x0F0F0F0F) | ((value & 0x0F0F0F0F) << 4)
    return reverse_bytes(value)


@inlined
def reverse_bytes(value: int) -> int:
    """The four bytes in the other order."""
    return (
        (value & 0xFF) << 24 | (value & 0xFF00) << 8 | (value >> 8) & 0xFF00 | (value >> 24) & 0xFF
    )


@inlined
def saturate(value: int, low: int, high: int) -> int:
    """`value` held between `low` and `high`; bit 32 of the result tells that it was not."""
    if value < low:
        return (low & MASK) | (MASK + 1)
    if value > high:
        return (high & MASK) | (MASK + 1)
    return value & MASK


@compiled
def shift(kind: int, value: int, amount: int, carry: int) -> int:
    """Shift_C (Armv7-M manual A2.2.1): the shifted word, with the carry out in bit 32."""
    if kind == RRX:
        return (value >> 1) | carry << 31 | (value & 1) << 32
    if amount == 0:
        return value | carry << 32
    if kind == LSL:
        return (value << amount) & (MASK << 1 | 1) if amount <= 32 else 0
    if kind == LSR:
        return value >> amount | (value >> (amount - 1) & 1) << 32 if amount <= 32 else 0
    if kind == ASR:
        number = signed(value)
        amount = min(amount, 32)
        return (number >> amount) & MASK | (number >> (amount - 1) & 1) << 32
    turned = rotate(value, amount & 31)
    return turned | (turned >> 31) << 32


__all__ = [
    "ASR", "LSL", "LSR", "MASK", "ROR", "RRX", "half", "leading_zeros", "reverse_bits",
    "reverse_bytes", "rotate", "saturate", "shift", "signed",
]  # fmt: skip
