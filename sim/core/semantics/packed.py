# ruff: noqa: D103 - the operation that a function is says what it does
"""The DSP extension: saturation, parallel lanes, products of halves."""

from __future__ import annotations

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.access import Array
from edgesnn.sim.core.bits import MASK, saturate, signed
from edgesnn.sim.core.media import dsp, dsp_long, parallel
from edgesnn.sim.core.semantics.case import operates
from edgesnn.sim.core.semantics.data import RESULT

RESULT_Q = "regs[rd], q"
Two = tuple[int, int]


@operates(op.SEL, RESULT)
def select(ge: int, a: int, b: int) -> int:
    mask = (ge & 1) * 0xFF | (ge >> 1 & 1) * 0xFF00
    mask |= (ge >> 2 & 1) * 0xFF0000 | (ge >> 3) * 0xFF000000
    return a & mask | b & ~mask


@operates(op.SSAT, RESULT_Q, low="-(1 << (extra - 1))", high="(1 << (extra - 1)) - 1")
@operates(op.USAT, RESULT_Q, low="0", high="(1 << extra) - 1")
def saturate_to(b: int, q: int, low: int, high: int) -> Two:
    value = saturate(signed(b), low, high)
    return value & MASK, q | value >> 32


@operates(op.PARALLEL, "regs[rd], ge")
def lanes(bent: int, a: int, b: int, ge: int) -> Two:
    prefix = bent >> 20 & 255
    value = parallel(bent >> 16 & 15, prefix, a, b)
    return value & MASK, value >> 32 if prefix & 3 == 0 else ge


@operates(op.DSP, RESULT_Q)
def halves_product(regs: Array, ra: int, bent: int, extra: int, a: int, b: int, q: int) -> Two:
    value = dsp(bent >> 16 & 15, bent >> 20 & 255, extra, a, b, regs[ra])
    return value & MASK, q | value >> 32


@operates(op.DSP_LONG, "regs[rd], regs[ra]")
def halves_product_long(regs: Array, rd: int, ra: int, bent: int, a: int, b: int) -> Two:
    value = dsp_long(bent >> 16 & 15, bent >> 20 & 255, regs[rd], regs[ra], a, b)
    return value & MASK, value >> 32 & MASK
