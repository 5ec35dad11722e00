"""The checksum of the RP2040's second-stage boot loader (data sheet, section 2.8.1.3.1)."""

from __future__ import annotations

from pathlib import Path

from edgesnn.codegen.elf import open_elf
from edgesnn.errors import CompileError

SIZE = 256
_CODE = SIZE - 4
_POLYNOMIAL = 0x04C11DB7


def boot2_checksum(code: bytes) -> int:
    """CRC-32 of 252 bytes as the boot ROM computes it: no reflection, no final inversion."""
    value = 0xFFFFFFFF
    for octet in code:
        value ^= octet << 24
        for _ in range(8):
            value = (value << 1 ^ (_POLYNOMIAL if value >> 31 else 0)) & 0xFFFFFFFF
    return value


def seal_boot2(elf: Path) -> None:
    """Write the checksum into the `.boot2` section of the image at `elf`, if it has one.

    Raises:
        CompileError: the section has another size than the boot ROM's 256 bytes, or the
            compiler left no ELF file there.
    """
    with elf.open("r+b") as file:
        section = open_elf(file, elf).get_section_by_name(".boot2")
        if section is None or not section["sh_size"]:
            return
        if section["sh_size"] != SIZE:
            raise CompileError(f"the boot loader in {elf.name} takes {section['sh_size']} bytes")
        code = section.data()[:_CODE]
        file.seek(section["sh_offset"] + _CODE)
        file.write(boot2_checksum(code).to_bytes(4, "little"))
