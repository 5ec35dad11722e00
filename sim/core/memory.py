"""The memory map of a board, and the flat memory and page table behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgesnn.boards import FlashTiming
from edgesnn.errors import MachineError
from edgesnn.sim.core.operations import (
    CODE,
    FLASH,
    PAGE,
    PAGE_SHIFT,
    ROW,
    UNMAPPED,
    WRITABLE,
)

Kind = Literal["flash", "ram", "tcm", "peripheral"]
LONGEST_WAIT = 10_000  # cycles
LARGEST = 1 << 26  # bytes of memory altogether; the decode table is sixteen times as large


@dataclass(frozen=True, slots=True)
class Region:
    """One stretch of the address space.

    Attributes:
        base: first address, a multiple of 4096.
        size: bytes; rounded up to 4096 where memory is made.
        kind: flash and its like are not writable by the core; peripherals have no memory.
        name: for messages.
    """

    base: int
    size: int
    kind: Kind
    name: str = ""

    @property
    def end(self) -> int:
        """First address after the region."""
        return self.base + self.size

    def __contains__(self, address: int) -> bool:
        return self.base <= address < self.end


@dataclass(frozen=True, slots=True)
class MemoryMap:
    """Where memory lies, and what reading flash costs.

    Attributes:
        regions: memory and peripherals, none overlapping.
        timing: of flash; None where it answers at once.
    """

    regions: tuple[Region, ...]
    timing: FlashTiming | None = None

    def __post_init__(self) -> None:
        if self.timing is not None:
            _check_timing(self.timing)
        self._check_regions()

    def _check_regions(self) -> None:
        total = 0
        for region in self.regions:
            if region.base % PAGE or region.size <= 0 or region.end > 1 << 32:
                raise MachineError(
                    f"memory region {region.name or hex(region.base)} must start at a multiple of "
                    f"{PAGE} and stay inside 4 GiB"
                )
            total += 0 if region.kind == "peripheral" else region.size
        ordered = sorted(self.regions, key=lambda region: region.base)
        for one, other in pairwise(ordered):
            if one.end > other.base:
                raise MachineError(f"memory regions at {one.base:#x} and {other.base:#x} overlap")
        if total > LARGEST:
            raise MachineError(f"a memory map of {total} bytes is too large; at most {LARGEST}")

    def region_of(self, address: int) -> Region | None:
        """The region that holds `address`."""
        return next((region for region in self.regions if address in region), None)


def _check_timing(timing: FlashTiming) -> None:
    line = timing.line_bytes
    if not 4 <= line <= PAGE or line & (line - 1):
        raise MachineError(f"a line of flash has {line} bytes; use a power of two, 4 to {PAGE}")
    if not (0 <= timing.code_wait <= LONGEST_WAIT and 0 <= timing.data_wait <= LONGEST_WAIT):
        raise MachineError(f"waits for flash must be 0 to {LONGEST_WAIT} cycles")
    for cache in (timing.code_cache, timing.data_cache):
        if cache and (cache.ways < 1 or cache.lines % cache.ways or cache.sets & cache.sets - 1):
            raise MachineError(f"{cache} needs a power of two of sets, each of as many ways")


# Generous enough for any firmware that is linked for the usual addresses.
DEFAULT_MAP = MemoryMap(
    (
        Region(0x00000000, 4 << 20, "flash", "code"),
        Region(0x08000000, 4 << 20, "flash", "flash"),
        Region(0x10000000, 4 << 20, "flash", "code"),
        Region(0x20000000, 4 << 20, "ram", "SRAM"),
        Region(0x40000000, 0x20000000, "peripheral", "peripherals"),
    )
)


class Memory:
    """Flat memory: flash first, then RAM, each region followed by a page that stays empty.

    Attributes:
        octets, halves, words: one buffer as uint8, uint16 and uint32.
        pages: int32[2^20], flat offset of each page with its flags, or UNMAPPED.
        table: int32[rows · ROW], decoded instructions, one row a halfword of flat memory.
        flash_bytes: flat offsets below this are flash.
        on_code: told the first and last row whose instructions `write` has dropped from flash.
    """

    def __init__(self, layout: MemoryMap) -> None:
        self.layout = layout
        stored = sorted(
            (region for region in layout.regions if region.kind != "peripheral"),
            key=lambda region: region.kind != "flash",
        )
        self.pages = np.full(1 << 32 - PAGE_SHIFT, UNMAPPED, np.int32)
        self._places: list[tuple[int, Region]] = []
        self.flash_bytes = 0
        offset = 0
        for region in stored:
            self._place(region, offset)
            offset += self._rounded(region) + PAGE
            if region.kind == "flash":
                self.flash_bytes = offset
        self.octets = np.zeros(offset + PAGE, np.uint8)
        self.halves = self.octets.view(np.uint16)
        self.words = self.octets.view(np.uint32)
        self.table = np.zeros((self.octets.size // 2 + 2) * ROW, np.int32)
        self.on_code: Callable[[int, int], None] = lambda first, last: None

    @staticmethod
    def _rounded(region: Region) -> int:
        return -(-region.size // PAGE) * PAGE

    def _place(self, region: Region, offset: int) -> None:
        count = self._rounded(region) // PAGE
        first = region.base >> PAGE_SHIFT
        flags = FLASH if region.kind == "flash" else WRITABLE
        self.pages[first : first + count] = (offset + PAGE * np.arange(count)) | flags
        self._places.append((offset, region))

    def flat(self, address: int) -> int:
        """Flat offset of `address`, or -1 where there is no memory."""
        if not 0 <= address < 1 << 32:
            return -1
        entry = int(self.pages[address >> PAGE_SHIFT])
        return -1 if entry < 0 else (entry & -PAGE) + (address & PAGE - 1)

    def address_of(self, row: int) -> int:
        """Address of a row of the decode table; past a region's end it goes on counting."""
        offset = 2 * row
        begin, region = max(
            (place for place in self._places if place[0] <= offset), key=lambda place: place[0]
        )
        return region.base + offset - begin

    def contains(self, address: int, size: int) -> bool:
        """Whether `size` bytes from `address` are memory without a gap."""
        if size == 0:
            return True
        first, last = self.flat(address), self.flat(address + size - 1)
        return first >= 0 and last - first == size - 1

    def read(self, address: int, size: int) -> bytes:
        """Bytes as a debugger would read them.

        Raises:
            MachineError: some of them are not memory.
        """
        if not self.contains(address, size):
            raise MachineError(f"no memory at {address:#010x}, {size} bytes")
        begin = self.flat(address)
        return self.octets[begin : begin + size].tobytes()

    def write(self, address: int, content: bytes) -> None:
        """Write as a debugger or flash loader would; decoded instructions there are dropped.

        Raises:
            MachineError: some of it is not memory.
        """
        if not self.contains(address, len(content)):
            raise MachineError(f"no memory at {address:#010x}, {len(content)} bytes")
        if not content:
            return
        begin = self.flat(address)
        self.octets[begin : begin + len(content)] = np.frombuffer(content, np.uint8)
        first, last = max(begin - 2, 0) >> 1, (begin + len(content) - 1) >> 1
        self.table[first * ROW : (last + 1) * ROW : ROW] = 0
        if begin < self.flash_bytes:
            self.on_code(first, last)

    def windows(self) -> list[tuple[int, int, int, bool, bool]]:
        """Of each region of memory: address, bytes, flat offset, whether flash, whether code.

        Code is what stores have to forget: instructions decoded from RAM.
        """
        found = []
        for offset, region in self._places:
            size, first = self._rounded(region), region.base >> PAGE_SHIFT
            pages = self.pages[first : first + (size >> PAGE_SHIFT)]
            code = bool((pages & CODE).any())
            found.append((region.base, size, offset, region.kind == "flash", code))
        return found

    def mark_code(self, address: int) -> None:
        """Make stores to the page of `address` drop what is decoded there."""
        entry = int(self.pages[address >> PAGE_SHIFT])
        if entry >= 0 and entry & WRITABLE:
            self.pages[address >> PAGE_SHIFT] = entry | CODE

    def halfwords_from(self, address: int, count: int) -> npt.NDArray[np.uint16]:
        """Up to `count` halfwords, fewer where memory ends."""
        begin = self.flat(address)
        if begin < 0 or begin & 1:
            return np.zeros(0, np.uint16)
        room = next(
            place + self._rounded(region) - begin
            for place, region in self._places
            if place <= begin < place + self._rounded(region)
        )
        first = begin >> 1
        return self.halves[first : first + min(count, room >> 1)]


def layout_for(segments: Sequence[tuple[int, int]]) -> MemoryMap:
    """DEFAULT_MAP where it holds all segments (address, bytes), else extended by RAM for them."""
    extra: list[Region] = []
    regions = list(DEFAULT_MAP.regions)
    for address, size in segments:
        if any(address in region and address + size <= region.end for region in regions):
            continue
        base = address & -(1 << 20)
        region = Region(base, -(-(address + size - base) // (1 << 20)) * (1 << 20), "ram", "loaded")
        extra.append(region)
        regions.append(region)
    return MemoryMap(tuple(regions)) if extra else DEFAULT_MAP
