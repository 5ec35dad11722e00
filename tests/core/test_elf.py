"""Files that are not firmware: one clear line each, and never a crash."""

import random
import struct
from pathlib import Path

import pytest

from edgesnn.errors import EdgesnnError, FileFormatError
from edgesnn.sim.core import load_elf, simulate_elf

ENTRY, LOAD, TEXT = 0x9, 1, 0x54


def image_bytes(
    code: bytes = bytes.fromhex("fee7"),
    *,
    machine: int = 40,
    kind: int = 2,
    entry: int = ENTRY,
    data: int = 1,
    bits: int = 1,
    address: int = 0,
    size: int | None = None,
    segment: int = LOAD,
    sections: tuple[int, int, int] = (0, 0, 0),
) -> bytes:
    """A whole ELF file around a vector table (stack, reset handler at 8) and `code`."""
    order = "<" if data == 1 else ">"
    content = struct.pack("<II", 0x20001000, entry) + code
    identity = b"\x7fELF" + bytes([bits, data, 1]) + bytes(9)
    offset, entry_size, count = sections
    header = struct.pack(
        order + "HHIIIIIHHHHHH", kind, machine, 1, entry, 0x34, offset, 0x05000200, 0x34, 0x20, 1,
        entry_size, count, 0,
    )  # fmt: skip
    length = len(content) if size is None else size
    program = struct.pack(order + "IIIIIIII", segment, TEXT, address, address, length, length, 5, 4)
    return identity + header + program + content


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_sound_file_loads(tmp_path: Path) -> None:
    image = load_elf(_write(tmp_path / "a.elf", image_bytes()))
    assert (image.entry, image.vectors) == (ENTRY, 0)
    assert image.segments[0].content[8:] == bytes.fromhex("fee7")


CASES = {
    "not an ELF": (b"hello, world", "not an ELF file"),
    "empty": (b"", "not an ELF file"),
    "another machine": (image_bytes(machine=62), "is for X86_64"),
    "big-endian": (image_bytes(data=2), "big-endian"),
    "64 bits": (image_bytes(bits=2), "damaged|64 bits"),
    "relocatable": (image_bytes(kind=1), "relocatable"),
    "shared": (image_bytes(kind=3), "statically linked"),
    "no entry": (image_bytes(entry=0), "no Thumb entry point"),
    "Arm entry": (image_bytes(entry=8), "no Thumb entry point"),
    "truncated segment": (image_bytes(size=4000), "damaged or truncated"),
    "huge segment": (image_bytes(size=0xFFFFFFF0), "damaged or truncated"),
    "past the end of memory": (image_bytes(address=0xFFFFFFFC), "damaged or truncated"),
    "nothing to load": (image_bytes(segment=4), "nothing to load"),
    "dynamic": (image_bytes(segment=3), "dynamically linked"),
    "header only": (image_bytes()[:52], "damaged or truncated"),
    "half a header": (image_bytes()[:30], "damaged or truncated"),
    "hostile sections": (image_bytes(sections=(0x50, 0, 0xFFFF)), "damaged or truncated"),
    "sections far away": (image_bytes(sections=(0x7FFFFFFF, 40, 9)), "damaged or truncated"),
}


@pytest.mark.parametrize(("content", "message"), CASES.values(), ids=CASES.keys())
def test_bad_files_are_refused_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = _write(tmp_path / "bad.elf", content)
    with pytest.raises(FileFormatError, match=message) as caught:
        load_elf(path)
    assert "\n" not in str(caught.value) and "bad.elf" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"none\.elf: No such file"):
        load_elf(tmp_path / "none.elf")


def test_a_segment_outside_the_map_is_refused(tmp_path: Path) -> None:
    from edgesnn.sim.core import MemoryMap, Region

    layout = MemoryMap((Region(0x08000000, 4096, "flash"), Region(0x20000000, 4096, "ram")))
    path = _write(tmp_path / "a.elf", image_bytes())
    with pytest.raises(EdgesnnError, match="outside the memory map"):
        simulate_elf(path, "cortex-m4", layout=layout)


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_never_crash(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = tmp_path / "fuzzed.elf"
    for _ in range(60):
        content = bytearray(image_bytes(bytes(rng.randrange(256) for _ in range(40))))
        for _ in range(rng.randrange(1, 8)):
            content[rng.randrange(4, len(content))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        path.write_bytes(content[: rng.randrange(40, len(content) + 1)])
        try:
            simulate_elf(path, "cortex-m4", limit=200)
        except EdgesnnError as error:
            assert "\n" not in str(error)
