"""UF2 files: 512-byte blocks that a boot loader takes in any order (microsoft/uf2).

Each block carries 256 bytes for one address, its number and the number of all, and the family of
chips that it is for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from edgesnn.codegen.flash.content import Block

BLOCK = 512
PAYLOAD = 256
MAGIC_START, MAGIC_SECOND, MAGIC_END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
FAMILY_PRESENT = 0x00002000

_HEAD = struct.Struct("<8I")
_DATA_BYTES = 476


def write_uf2(blocks: Iterable[Block], family: int) -> bytes:
    """The blocks of an image as a UF2 file; gaps within a page of 256 bytes become zeros.

    Args:
        blocks: where what lies; none overlaps another.
        family: of the chip, from the specification's list.
    """
    pages = _pages(blocks)
    made = bytearray()
    for number, (address, payload) in enumerate(sorted(pages.items())):
        head = _HEAD.pack(
            MAGIC_START, MAGIC_SECOND, FAMILY_PRESENT, address, PAYLOAD, number, len(pages), family
        )
        made += head + bytes(payload).ljust(_DATA_BYTES, b"\0") + struct.pack("<I", MAGIC_END)
    return bytes(made)


def _pages(blocks: Iterable[Block]) -> dict[int, bytearray]:
    """Content by pages of 256 bytes, each at a multiple of that."""
    pages: dict[int, bytearray] = {}
    for block in blocks:
        at = block.address
        while at < block.end:
            page, offset = at & -PAYLOAD, at % PAYLOAD
            count = min(PAYLOAD - offset, block.end - at)
            start = at - block.address
            held = pages.setdefault(page, bytearray(PAYLOAD))
            held[offset : offset + count] = block.content[start : start + count]
            at += count
    return pages
