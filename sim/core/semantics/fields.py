# ruff: noqa: D103 - the operation that a function is says what it does
"""Parts of words: extensions, bit fields, their order, packed halfwords."""

from __future__ import annotations

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import Array
from edgesnn.sim.core.bits import MASK, leading_zeros, reverse_bits, reverse_bytes, rotate
from edgesnn.sim.core.semantics.case import operates
from edgesnn.sim.core.semantics.data import RESULT


@operates(op.SXTAB, RESULT, mask="0xFF", sign="0x80")
@operates(op.SXTAH, RESULT, mask="0xFFFF", sign="0x8000")
@operates(op.UXTAB, RESULT, mask="0xFF", sign="0")
@operates(op.UXTAH, RESULT, mask="0xFFFF", sign="0")
def extend_add(regs: Array, rm: int, bent: int, a: int, mask: int, sign: int) -> int:
    value = rotate(regs[rm], bent >> 20 & 255) & mask
    return (a + (value ^ sign) - sign) & MASK


@operates(op.BFI, RESULT)
def insert(regs: Array, rd: int, bent: int, extra: int, a: int) -> int:
    mask = extra & MASK
    value: int = regs[rd] & ~mask | (a << (bent >> 20 & 255)) & mask
    return value


@operates(op.UBFX, RESULT)
def extract(bent: int, extra: int, a: int) -> int:
    return (a >> (bent >> 20 & 255)) & extra & MASK


@operates(op.SBFX, RESULT)
def extract_signed(bent: int, extra: int, a: int) -> int:
    sign = 1 << (extra - 1)
    value = (a >> (bent >> 20 & 255)) & ((sign << 1) - 1)
    return ((value ^ sign) - sign) & MASK


operates(op.REV, RESULT, value="b")(reverse_bytes)
operates(op.RBIT, RESULT, value="b")(reverse_bits)
operates(op.CLZ, RESULT, value="b")(leading_zeros)


@operates(op.REV16, RESULT)
def reverse_each_half(b: int) -> int:
    return (b & 0x00FF00FF) << 8 | (b >> 8) & 0x00FF00FF


@operates(op.REVSH, RESULT)
def reverse_half_signed(b: int) -> int:
    value = (b & 0xFF) << 8 | (b >> 8) & 0xFF
    return ((value ^ 0x8000) - 0x8000) & MASK


@operates(op.PKHBT, RESULT)
def pack_bottom(a: int, b: int) -> int:
    return a & 0xFFFF | b & 0xFFFF0000


@operates(op.PKHTB, RESULT)
def pack_top(a: int, b: int) -> int:
    return a & 0xFFFF0000 | b & 0xFFFF
