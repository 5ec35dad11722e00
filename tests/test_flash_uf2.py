"""UF2: every byte by the specification, read by an independent reader; the drive and its ways."""

from __future__ import annotations

import errno
import io
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesnn.boards import find_board
from edgesnn.codegen import Firmware, compile_selftest, generate
from edgesnn.codegen.boot2 import boot2_checksum
from edgesnn.codegen.flash import volume as uf2_volume
from edgesnn.codegen.flash.backend import Options, Target
from edgesnn.codegen.flash.content import Block, flash_content
from edgesnn.codegen.flash.uf2 import write_uf2
from edgesnn.codegen.flash.volume import Uf2Volume, find_volume
from edgesnn.errors import MachineError

from .codegen_networks import tiny_network
from .strategies import clips

PICO = find_board("pico")
RP2040 = 0xE48BFF56
FSYNC = os.fsync


def read_uf2(content: bytes, family: int) -> dict[int, int]:
    """An independent reader, from the text of the specification alone: bytes by address."""
    assert len(content) % 512 == 0
    count = len(content) // 512
    memory: dict[int, int] = {}
    for number in range(count):
        block = content[512 * number :][:512]
        assert block[0:4] == b"UF2\n" and block[4:8] == bytes.fromhex("57515D9E")
        assert block[508:512] == bytes.fromhex("306FB10A")
        flags, address, size, sequence, total, kind = struct.unpack_from("<IIIIII", block, 8)
        assert flags == 0x2000 and kind == family
        assert (sequence, total, size) == (number, count, 256)
        assert address % 256 == 0 and block[32 + size : 508] == bytes(476 - size)
        for offset in range(size):
            assert memory.setdefault(address + offset, block[32 + offset]) == block[32 + offset]
    return memory


@st.composite
def images(draw: st.DrawFn) -> list[Block]:
    """Blocks that do not overlap, at any alignment."""
    at, blocks = 0x10000000, []
    for _ in range(draw(st.integers(1, 4))):
        at += draw(st.integers(0, 700))
        blocks.append(Block(at, draw(st.binary(min_size=1, max_size=600))))
        at = blocks[-1].end
    return blocks


@given(images())
def test_any_image_is_read_back_by_another_reader(blocks: list[Block]) -> None:
    memory = read_uf2(write_uf2(reversed(blocks), RP2040), RP2040)
    for block in blocks:
        found = bytes(memory[block.address + n] for n in range(len(block.content)))
        assert found == block.content
    own = {block.address + n for block in blocks for n in range(len(block.content))}
    assert all(memory[address] == 0 for address in memory.keys() - own)


@pytest.fixture(scope="module")
def pico_image(tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    network = tiny_network()
    code = generate(network, tmp_path_factory.mktemp("pico"))
    return compile_selftest(code, PICO, clips(network, 1, count=1, steps=2))


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A mounted boot loader of a Pico."""
    folder = tmp_path / "RPI-RP2"
    folder.mkdir()
    text = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"
    (folder / "INFO_UF2.TXT").write_text(text)
    return folder


def _mounted(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    monkeypatch.setattr(uf2_volume, "_mounts", lambda: list(folders))


def test_an_image_goes_onto_the_drive(
    pico_image: Firmware, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mounted(monkeypatch, drive)
    shares: list[float] = []
    done = Uf2Volume().program(Target(pico_image.elf, PICO), Options(), shares.append)
    assert (done.where, done.verified, shares[-1]) == (str(drive), True, 1)
    memory = read_uf2((drive / "tiny_selftest.uf2").read_bytes(), RP2040)
    for block in flash_content(pico_image.elf, PICO):
        assert all(memory[block.address + n] == each for n, each in enumerate(block.content))
    stage2 = bytes(memory[0x10000000 + n] for n in range(256))
    assert boot2_checksum(stage2[:252]) == int.from_bytes(stage2[252:], "little")
    stack, entry = struct.unpack("<2I", bytes(memory[0x10000100 + n] for n in range(8)))
    assert PICO.ram.origin < stack <= PICO.ram.end and entry & 1


def test_the_checksum_is_crc32_of_mpeg2() -> None:
    assert boot2_checksum(b"123456789") == 0x0376E6E7


def test_no_drive_two_drives_and_that_of_another_board(
    pico_image: Firmware, drive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target(pico_image.elf, PICO)
    _mounted(monkeypatch, tmp_path)
    with pytest.raises(MachineError, match="no UF2 drive of Raspberry Pi Pico is mounted"):
        Uf2Volume().program(target, Options())
    _mounted(monkeypatch, drive, drive)
    with pytest.raises(MachineError, match="2 boards wait as drives"):
        Uf2Volume().program(target, Options())
    (drive / "INFO_UF2.TXT").write_text("Board-ID: SAMD21G18A-Feather-v0\n")
    _mounted(monkeypatch, drive)
    with pytest.raises(MachineError, match="is of board SAMD21G18A-Feather-v0, not of pico; noth"):
        Uf2Volume().program(target, Options())
    assert not list(drive.glob("*.uf2"))
    with pytest.raises(MachineError, match="holds no INFO_UF2"):
        find_volume(PICO, str(tmp_path))


def _failing_after(monkeypatch: pytest.MonkeyPatch, calls: int, code: int) -> None:
    done = iter(range(1000))

    def fsync(handle: int) -> None:
        if next(done) >= calls:
            raise OSError(code, os.strerror(code))
        FSYNC(handle)

    monkeypatch.setattr(uf2_volume.os, "fsync", fsync)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uf2_volume, "_CHUNK", 8 * 512)


@pytest.mark.usefixtures("small_chunks")
def test_a_drive_that_takes_only_a_part_is_an_error(
    drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stingy(io.FileIO):
        """Takes a block less than it was given, as a full drive may, and says so."""

        def write(self, content: bytes) -> int:  # type: ignore[override]
            return super().write(content[:-512])

    monkeypatch.setattr(Path, "open", lambda path, *_given, **_named: Stingy(path, "wb"))
    with pytest.raises(MachineError, match=r"the drive took 3584 of \d+ bytes, so the board holds"):
        uf2_volume._copy(bytes(8 * 512 * 3), drive / "a.uf2", lambda _share: None)


@pytest.mark.usefixtures("small_chunks")
def test_a_drive_that_vanishes_half_way_is_told(
    pico_image: Firmware, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uf2_volume, "write_atomic", lambda *_given: None)
    _failing_after(monkeypatch, 1, errno.EIO)
    with pytest.raises(MachineError, match=r"vanished after \d+ of \d+ bytes: the board holds hal"):
        Uf2Volume().program(Target(pico_image.elf, PICO), Options(probe=str(drive)))
    _failing_after(monkeypatch, 1, errno.ENOSPC)
    with pytest.raises(MachineError, match="No space left on device; the board still waits"):
        Uf2Volume().program(Target(pico_image.elf, PICO), Options(probe=str(drive)))


def test_a_boot_loader_that_restarts_by_itself_is_no_error(
    pico_image: Firmware, drive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All blocks are there, the board starts, and its drive is gone before the file is closed."""
    path = drive / "tiny_selftest.uf2"

    def fsync(handle: int) -> None:
        FSYNC(handle)
        path.unlink(missing_ok=True)

    monkeypatch.setattr(uf2_volume, "write_atomic", lambda *_given: None)
    monkeypatch.setattr(uf2_volume.os, "fsync", fsync)
    done = Uf2Volume().program(Target(pico_image.elf, PICO), Options(probe=str(drive)))
    assert not done.verified and "took every block and restarted" in done.note
    assert done.count == sum(len(block.content) for block in flash_content(pico_image.elf, PICO))


def test_the_second_stage_sets_the_serial_flash_up_and_starts_the_image(
    pico_image: Firmware,
) -> None:
    """Run in the simulated core where the boot ROM puts it: at the end of RAM, from any address."""
    from edgesnn.sim.core import MemoryMap, Region, load_elf, make_core
    from edgesnn.sim.core.devices import Ready

    written: list[tuple[int, int]] = []

    class Ssi(Ready):
        def write(self, offset: int, value: int, size: int) -> None:
            written.append((offset, value))

    ssi = Ssi(0x18000000, 0, 0)
    ssi.size = 0x1000
    layout = MemoryMap(
        (
            Region(0x10000000, 1 << 16, "flash"),
            Region(0x18000000, 0x1000, "peripheral"),
            Region(0x20000000, 264 << 10, "ram"),
        )
    )
    core = make_core(load_elf(pico_image.elf), "m0plus", layout, devices=(ssi,))
    core.memory.write(0x20041F00, core.memory.read(0x10000000, 256))
    core.pc = 0x20041F00
    entry = int.from_bytes(core.memory.read(0x10000104, 4), "little") & ~1
    reached: list[int] = []
    core.watch(entry, lambda: reached.append(core.instructions))
    core.run(instructions=40)
    assert reached and core.exceptions.vectors == 0x10000100
    # Off; clock / 4; 32-bit frames, EEPROM read; one frame; 03h with 24 bits of address; on.
    assert written == [
        (0x08, 0), (0x14, 4), (0x00, 31 << 16 | 3 << 8), (0x04, 0),
        (0xF4, 0x03 << 24 | 2 << 8 | 6 << 2), (0x08, 1),
    ]  # fmt: skip
