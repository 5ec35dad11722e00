"""Loads and stores of the compiled loop: a page table over one flat memory.

An entry of `pages` is the flat offset of the page with flags in its low bits, or UNMAPPED.
The fast paths take aligned accesses to plain memory; the rest goes through `_load_slow` and
`_store_slow`, which finish misaligned accesses, take the answer of an access that Python
has done (`S_MAIL`), forget instructions that are overwritten, and note faults.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from edgesnn.sim.core.cache import count_flash
from edgesnn.sim.core.compiled import compiled, inlined
from edgesnn.sim.core.operations import (
    CODE,
    FLASH,
    PAGE,
    PAGE_SHIFT,
    ROW_SHIFT,
    S_FAULT,
    S_FAULT_SIZE,
    S_FAULT_STORE,
    S_FAULT_VALUE,
    S_MAIL,
    S_MAIL_VALUE,
    S_MISALIGNED_EVEN,
    S_MISALIGNED_ODD,
    S_MISALIGNED_STORE,
    S_STALLS,
    S_STRICT,
    WRITABLE,
)

Array = npt.NDArray[Any]
MASK = 0xFFFFFFFF
OFFSET = PAGE - 1
FAILED = -1


@inlined
def misaligned_cycles(state: Array, address: int, size: int) -> int:
    """What a misaligned access takes beyond one transfer on the bus."""
    three = size == 4 and address & 1
    cycles: int = state[S_MISALIGNED_ODD] if three else state[S_MISALIGNED_EVEN]
    return cycles


@inlined
def load(state: Array, pages: Array, octets: Array, cells: Array, scale: int, address: int) -> int:
    """The 2^scale bytes at `address`, of which `cells` is the memory; or FAILED."""
    entry = pages[address >> PAGE_SHIFT]
    if entry >= 0 and address & ((1 << scale) - 1) == 0:
        place = (entry & ~OFFSET) + (address & OFFSET)
        if entry & FLASH:
            count_flash(state, place)
        return int(cells[place >> scale])
    return _load_slow(state, pages, octets, address, 1 << scale)


@compiled
def _fail(state: Array, address: int, size: int, store: int, value: int) -> None:
    """Note an access that only Python can judge."""
    state[S_FAULT] = address
    state[S_FAULT_SIZE] = size
    state[S_FAULT_STORE] = store
    state[S_FAULT_VALUE] = value


@compiled
def _plain(state: Array, pages: Array, address: int, size: int, flags: int) -> bool:
    """Whether every byte lies in memory with `flags`, and alignment permits the access."""
    if state[S_STRICT] and address & (size - 1):
        return False
    for position in range(size):
        entry = pages[((address + position) & MASK) >> PAGE_SHIFT]
        if entry < 0 or entry & flags != flags:
            return False
    return True


@compiled
def _load_slow(state: Array, pages: Array, octets: Array, address: int, size: int) -> int:
    if state[S_MAIL]:
        state[S_MAIL] = 0
        answer: int = state[S_MAIL_VALUE]
        return answer
    if not _plain(state, pages, address, size, 0):
        _fail(state, address, size, 0, 0)
        return FAILED
    value = 0
    for position in range(size):
        place = (address + position) & MASK
        entry = pages[place >> PAGE_SHIFT]
        value |= int(octets[(entry & ~OFFSET) + (place & OFFSET)]) << (8 * position)
    state[S_STALLS] += misaligned_cycles(state, address, size)
    return value


@inlined
def store(
    state: Array,
    pages: Array,
    table: Array,
    octets: Array,
    cells: Array,
    scale: int,
    address: int,
    value: int,
) -> bool:
    """Store the low 2^scale bytes of `value` in `cells`; false where that failed."""
    entry = pages[address >> PAGE_SHIFT]
    value &= MASK >> (32 - (8 << scale))
    if address & ((1 << scale) - 1) == 0 and entry >= 0 and entry & (WRITABLE | CODE) == WRITABLE:
        cells[((entry & ~OFFSET) + (address & OFFSET)) >> scale] = value
        return True
    return _store_slow(state, pages, table, octets, address, 1 << scale, value)


@compiled
def _store_slow(
    state: Array, pages: Array, table: Array, octets: Array, address: int, size: int, value: int
) -> bool:
    if state[S_MAIL]:
        state[S_MAIL] = 0
        return True
    if not _plain(state, pages, address, size, WRITABLE):
        _fail(state, address, size, 1, value)
        return False
    for position in range(size):
        place = (address + position) & MASK
        entry = pages[place >> PAGE_SHIFT]
        offset = (entry & ~OFFSET) + (place & OFFSET)
        octets[offset] = value >> (8 * position) & 0xFF
        if entry & CODE:
            forget(table, offset)
    if address & (size - 1):
        state[S_STALLS] += state[S_MISALIGNED_STORE] * misaligned_cycles(state, address, size)
    return True


@compiled
def forget(table: Array, offset: int) -> None:
    """Mark undecoded what the byte at flat `offset` may be part of."""
    row = offset >> 1
    table[row << ROW_SHIFT] = 0
    if row:
        table[(row - 1) << ROW_SHIFT] = 0


@compiled
def block(state: Array, pages: Array, table: Array, address: int, count: int, store: int) -> int:
    """Flat word index of `count` words at `address` that lie in plain memory, or FAILED."""
    last = address + 4 * (count - 1)
    if address & 3 == 0 and last <= MASK:
        first = pages[address >> PAGE_SHIFT]
        entry = pages[last >> PAGE_SHIFT]
        begin: int = (first & ~OFFSET) + (address & OFFSET)
        end = (entry & ~OFFSET) + (last & OFFSET)
        allowed = not store or first & entry & WRITABLE
        if first >= 0 and entry >= 0 and end - begin == last - address and allowed:
            if first & FLASH:
                for place in range(begin, end + 4, 4):
                    count_flash(state, place)
            if store and (first | entry) & CODE:
                for offset in range(begin, end + 4, 2):
                    forget(table, offset)
            return begin >> 2
    _fail(state, address, 4 * count, store, 0)
    return FAILED


@compiled
def load_aligned(
    state: Array, pages: Array, octets: Array, halves: Array, words: Array, address: int, size: int
) -> int:
    """LDA and LDREX of 2^size bytes: misaligned addresses fail."""
    if address & ((1 << size) - 1):
        state[S_FAULT], state[S_FAULT_SIZE], state[S_FAULT_STORE] = address, 1 << size, 0
        return FAILED
    if size == 2:
        return load(state, pages, octets, words, 2, address)
    if size == 1:
        return load(state, pages, octets, halves, 1, address)
    return load(state, pages, octets, octets, 0, address)


@compiled
def store_aligned(
    state: Array,
    pages: Array,
    table: Array,
    octets: Array,
    halves: Array,
    words: Array,
    address: int,
    size: int,
    value: int,
) -> bool:
    """STL and STREX of 2^size bytes: misaligned addresses fail."""
    if address & ((1 << size) - 1):
        state[S_FAULT], state[S_FAULT_SIZE], state[S_FAULT_STORE] = address, 1 << size, 1
        return False
    if size == 2:
        return store(state, pages, table, octets, words, 2, address, value)
    if size == 1:
        return store(state, pages, table, octets, halves, 1, address, value)
    return store(state, pages, table, octets, octets, 0, address, value)
