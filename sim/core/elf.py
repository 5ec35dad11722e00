"""Firmware images: a statically linked 32-bit little-endian Arm ELF, checked before use."""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from edgesnn.errors import FileFormatError

HEADER = 52  # bytes of an ELF header of 32 bits
LARGEST_FILE = 256 << 20
LARGEST_IMAGE = 64 << 20  # bytes to load, all segments together
MOST_SYMBOLS = 1 << 20
SYMBOL_BYTES = 16  # of a 32-bit ELF
SECTION_BYTES = 40
VECTOR_SECTIONS = (".isr_vector", ".vectors", ".vector_table", ".intvecs", ".vector")
VECTOR_SYMBOLS = ("__isr_vector", "g_pfnVectors", "__Vectors", "__vectors", "vector_table",
                  "_vectors", "vectors", "isr_vector", "__vector_table")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes to be put at a physical address before the core starts."""

    address: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function or object.

    Attributes:
        name: as the linker knows it.
        address: without the Thumb bit.
        size: bytes, 0 where the assembler did not say.
        is_function: STT_FUNC.
    """

    name: str
    address: int
    size: int
    is_function: bool


class Image:
    """What a firmware file says: segments, symbols, entry and vector table.

    Attributes:
        name: the file's name.
        segments: loadable contents at their physical (load) addresses.
        entry: ELF entry point, with its Thumb bit.
        vectors: address of the vector table.
        symbols: by name; of equal names, the first.
    """

    def __init__(
        self, name: str, segments: tuple[Segment, ...], entry: int, symbols: tuple[Symbol, ...],
        vectors: int,
    ) -> None:  # fmt: skip
        self.name, self.segments, self.entry, self.vectors = name, segments, entry, vectors
        self.symbols: dict[str, Symbol] = {}
        for symbol in symbols:
            self.symbols.setdefault(symbol.name, symbol)
        self.functions = sorted(
            {s.address: s for s in symbols if s.is_function}.values(), key=lambda s: s.address
        )
        self._starts = [function.address for function in self.functions]

    def symbol(self, name: str) -> Symbol:
        """The symbol called `name`.

        Raises:
            FileFormatError: there is none.
        """
        try:
            return self.symbols[name]
        except KeyError:
            raise FileFormatError(f"{self.name} has no symbol {name!r}; was it stripped?") from None

    def function_at(self, address: int) -> str | None:
        """Name of the function that holds `address`, or of the last one before where sizes lack."""
        index = bisect.bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        function = self.functions[index]
        inside = function.size == 0 or address < function.address + function.size
        return function.name if inside else None


def load_elf(path: Path) -> Image:
    """Read and check a firmware file.

    Raises:
        FileFormatError: it is missing, damaged, of another machine, or not fully linked.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise FileFormatError(f"{path} is larger than {LARGEST_FILE >> 20} MiB: not firmware")
        with path.open("rb") as stream:
            header = stream.read(HEADER)
            if header[:4] != b"\x7fELF":
                raise FileFormatError(f"{path} is not an ELF file; give the linked firmware image")
            if len(header) < HEADER:
                raise _damaged(path, f"{len(header)} bytes are no header, which has {HEADER}")
            stream.seek(0)
            return _read(path, ELFFile(stream))
    except OSError as error:
        raise FileFormatError(f"cannot read {path}: {error.strerror or error}") from error
    except FileFormatError:
        raise
    except ELFError as error:
        raise _damaged(path, str(error)) from error
    except (ConstructError, struct.error) as error:
        raise _damaged(path, "a table ends with the file") from error
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, AssertionError,
            ArithmeticError, MemoryError, UnicodeError, RecursionError) as error:  # fmt: skip
        # pyelftools trusts offsets, counts and types; hostile ones surface as these.
        raise _damaged(path, type(error).__name__) from error


def _damaged(path: Path, why: str) -> FileFormatError:
    return FileFormatError(f"{path} is damaged or truncated ({why or 'bad header'}); link it again")


def _read(path: Path, elf: ELFFile) -> Image:
    _check_header(path, elf)
    segments = tuple(_segments(path, elf))
    if not segments:
        raise FileFormatError(f"{path} has nothing to load; is it a linked firmware image?")
    _check_sections(path, elf)
    symbols = tuple(_symbols(path, elf))
    image = Image(path.name, segments, int(elf.header.e_entry), symbols, 0)
    image.vectors = _vectors(elf, image)
    return image


def _check_header(path: Path, elf: ELFFile) -> None:
    header = elf.header
    if header.e_machine != "EM_ARM" or elf.elfclass != 32:
        machine = str(header.e_machine).removeprefix("EM_")
        raise FileFormatError(f"{path} is for {machine}, {elf.elfclass} bits; need 32-bit Arm")
    if not elf.little_endian:
        raise FileFormatError(f"{path} is big-endian; Cortex-M firmware is little-endian")
    if header.e_type == "ET_REL":
        raise FileFormatError(f"{path} is a relocatable object; link it first")
    if header.e_type != "ET_EXEC":
        raise FileFormatError(f"{path} is a {header.e_type}; need a statically linked executable")
    if not header.e_entry & 1:
        raise FileFormatError(
            f"{path} has no Thumb entry point (it is {header.e_entry:#x}); "
            "name one in the linker script: ENTRY(reset handler)"
        )


def _segments(path: Path, elf: ELFFile) -> Iterator[Segment]:
    total = 0
    for segment in elf.iter_segments():
        kind, size = segment["p_type"], int(segment["p_filesz"])
        if kind in ("PT_DYNAMIC", "PT_INTERP"):
            raise FileFormatError(f"{path} is dynamically linked; firmware must be static")
        if kind != "PT_LOAD" or size == 0:
            continue
        address = int(segment["p_paddr"])
        total += size
        if total > LARGEST_IMAGE or address + size > 1 << 32:
            raise _damaged(path, f"a segment of {size} bytes at {address:#x}")
        content = segment.data()
        if len(content) != size:
            raise _damaged(
                path, f"segment at {address:#x} ends after {len(content)} of {size} bytes"
            )
        yield Segment(address, content)


def _check_sections(path: Path, elf: ELFFile) -> None:
    """Refuse counts that the file has no room for, before anything is done that often."""
    size, count = path.stat().st_size, int(elf.num_sections())
    if count * SECTION_BYTES > size:
        raise _damaged(path, f"{count} sections")


def _symbols(path: Path, elf: ELFFile) -> Iterator[Symbol]:
    for section in elf.iter_sections():
        if not isinstance(section, SymbolTableSection):
            continue
        if section["sh_entsize"] != SYMBOL_BYTES or section.num_symbols() > MOST_SYMBOLS:
            raise _damaged(path, f"a symbol table of {section['sh_size']} bytes")
        for symbol in section.iter_symbols():
            kind = symbol["st_info"]["type"]
            if not symbol.name or symbol.name.startswith("$") or symbol["st_shndx"] == "SHN_UNDEF":
                continue
            if kind in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE"):
                function = kind == "STT_FUNC"
                value = int(symbol["st_value"])
                address = value & ~1 if function else value
                yield Symbol(_printable(symbol.name), address, int(symbol["st_size"]), function)


def _printable(name: str) -> str:
    """A name that reports can print: what would steer a terminal becomes a question mark."""
    return name if name.isprintable() else "".join(c if c.isprintable() else "?" for c in name)


def _vectors(elf: ELFFile, image: Image) -> int:
    """The vector table: by section, by symbol, or where the first segment starts."""
    for section in elf.iter_sections():
        if section.name in VECTOR_SECTIONS and section["sh_size"] >= 8:
            return int(section["sh_addr"])
    for name in VECTOR_SYMBOLS:
        if name in image.symbols:
            return image.symbols[name].address & ~3
    return min(segment.address for segment in image.segments)
