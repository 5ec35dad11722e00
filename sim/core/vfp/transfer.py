"""Floating point registers to memory and back; part of the loop, as all access is."""

from __future__ import annotations

from edgesnn.sim.core.access import Array, block, load, store
from edgesnn.sim.core.compiled import inlined

MASK = 0xFFFFFFFF


@inlined
def transfer(
    state: Array,
    regs: Array,
    pages: Array,
    table: Array,
    octets: Array,
    words: Array,
    numbers: int,
    imm: int,
    bent: int,
    extra: int,
    stores: bool,
) -> bool:
    """VLDR, VSTR, VLDM, VSTM: words of consecutive registers; false where the access failed."""
    first, base = numbers & 63, regs[numbers >> 8 & 31]
    address, count = (base + imm) & MASK, bent >> 20 & 255
    if count == 1 and address & 3 == 0:  # may be a peripheral's register
        if stores:
            if not store(state, pages, table, octets, words, 2, address, regs[first]):
                return False
        else:
            value = load(state, pages, octets, words, 2, address)
            if value < 0:
                return False
            regs[first] = value
    else:
        place = block(state, pages, table, address, count, stores)
        if place < 0:
            return False
        for index in range(count):
            if stores:
                words[place + index] = regs[first + index]
            else:
                regs[first + index] = words[place + index]
    regs[bent >> 8 & 31] = (base + extra) & MASK
    return True
