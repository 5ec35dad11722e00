"""What an image puts into flash, as bytes by address."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgesnn.boards import Board
from edgesnn.errors import BoardError, FileFormatError

#: Bytes in front of an image that belong to it: RP2040's second-stage boot loader.
_BOOT2_BYTES = 0x100


@dataclass(frozen=True)
class Block:
    """Bytes that lie together."""

    address: int
    content: bytes

    @property
    def end(self) -> int:
        """First address behind them."""
        return self.address + len(self.content)


def flash_content(elf: Path, board: Board) -> tuple[Block, ...]:
    """The loadable segments of an image, by load address, lowest first.

    Raises:
        FileFormatError: it is not an ELF file, or holds nothing to load.
        BoardError: a segment lies outside the board's flash: the image is another board's.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as file:
            segments = [
                Block(segment["p_paddr"], segment.data())
                for segment in ELFFile(file).iter_segments("PT_LOAD")
                if segment["p_filesz"]
            ]
    except (ELFError, OSError) as error:
        raise FileFormatError(f"{elf} is not an image; compile it again") from error
    blocks = tuple(sorted(segments, key=lambda block: block.address))
    if not blocks:
        raise FileFormatError(f"{elf} holds nothing to flash; compile it again")
    for block in blocks:
        _require_flash(block, elf, board)
    return blocks


def _require_flash(block: Block, elf: Path, board: Board) -> None:
    first = board.flash.origin - _BOOT2_BYTES if board.flash.origin % 0x1000 else board.flash.origin
    if not (first <= block.address and block.end <= board.flash.end):
        raise BoardError(
            f"{elf.name} holds {len(block.content)} bytes for {block.address:#010x}, but flash of "
            f"{board.name} is {first:#010x} to {board.flash.end:#010x}: it is an image for another "
            "board, or too large"
        )


def count_bytes(blocks: tuple[Block, ...]) -> int:
    """Bytes of all blocks together."""
    return sum(len(block.content) for block in blocks)
