"""What an image takes of a board's memories, read from its ELF file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from edgesnn.boards import Board
from edgesnn.errors import CompileError

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

_ALLOCATED = 0x2


@dataclass(frozen=True)
class ElfSizes:
    """Bytes of an image.

    Attributes:
        flash_bytes: vectors, code, tables and initial values.
        ram_bytes: data, zeroed data and stack.
    """

    flash_bytes: int
    ram_bytes: int


def elf_sizes(path: Path, board: Board) -> ElfSizes:
    """Sizes of the image at `path`, counted from the start of each of the board's memories.

    Raises:
        CompileError: the compiler left no ELF file there.
    """
    with path.open("rb") as file:
        return _sizes(open_elf(file, path), board)


def open_elf(file: BinaryIO, path: Path) -> ELFFile:
    """The image in `file`, which is the one at `path`.

    Raises:
        CompileError: the compiler left no ELF file there.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        return ELFFile(file)
    except ELFError as error:
        raise CompileError(f"the compiler made no image: {path} is not an ELF file") from error


def _sizes(image: ELFFile, board: Board) -> ElfSizes:
    flash, ram = board.flash.origin, board.ram.origin
    for segment in image.iter_segments("PT_LOAD"):
        if segment["p_filesz"]:
            flash = max(flash, segment["p_paddr"] + segment["p_filesz"])
    for section in image.iter_sections():
        start, size = section["sh_addr"], section["sh_size"]
        if section["sh_flags"] & _ALLOCATED and board.ram.origin <= start < board.ram.end:
            ram = max(ram, start + size)
    return ElfSizes(flash - board.flash.origin, ram - board.ram.origin)


def symbol_sizes(path: Path) -> dict[str, int]:
    """Sizes in bytes of the named objects and functions of an ELF file."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection):
            return {}
        return {symbol.name: symbol["st_size"] for symbol in table.iter_symbols() if symbol.name}
