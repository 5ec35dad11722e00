"""Many random programs in one image, which QEMU and the simulated core run from reset.

driver/driver.S is the image: it takes programs from a file through semihosting, runs one after
another, and writes what each left behind into another. Both machines get the same image and the
same file, and what they write has to be equal, byte for byte. So exceptions, their stack frames,
faults' addresses and the system's registers are held against each other, too.

Set aside, because QEMU 7.2 differs from the manual or the simulated core says that it does not
model it: see `random_units` for what is drawn of the system, and docs/TIMING.md for the list.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from edgesnn.sim.core import Core, MemoryMap, Region, load_elf
from edgesnn.sim.core.architecture import NO_FPU, V6M, V7EM
from edgesnn.sim.core.timing.tables import Unit as UnitTiming

from .random_code import CODE_BYTES, PROFILES, Profile, Program, shrink

QEMU = "qemu-system-arm"
HERE = Path(__file__).parent / "driver"
FLASH_WORDS = (*range(1, 16), *range(0x2C0 // 4, 0x2CC // 4), 0x2D4 // 4)
RAM_WORDS = (0, *range(0x2D8 // 4, 0x304 // 4))
STUB = slice(0x2CC, 0x2D8)
RAM_BYTES = 0x50000
INPUT, OUTPUT = "programs.bin", "outcomes.bin"
MAINLINE, DSP, FLOATING = 1, 2, 4
FIXED = 56  # words of an outcome before the count of bytes that follow
ORDER = (0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)  # registers in the outcome; r2 is in PSP
NAMES = ([f"r{n}" for n in ORDER] + ["apsr", "r2", "primask", "control", "faulted",
         "fault address", "fault status", "faultmask", "basepri", "fpscr"]
         + [f"s{n}" for n in range(32)])  # fmt: skip
RESERVED = 0x07F0FC00  # bits of APSR that are not flags, and of a stacked xPSR


@cache
def driver(profile: Profile) -> bytes:
    """The driver's bytes for where the profile's machine has its memory."""
    code = bytearray(bytes.fromhex((HERE / "driver.hex").read_text()))
    for words, base in ((FLASH_WORDS, profile.flash), (RAM_WORDS, profile.ram - 0x20000000)):
        for word in words:
            (old,) = struct.unpack_from("<I", code, 4 * word)
            struct.pack_into("<I", code, 4 * word, old + base if old else 0)
    return bytes(code)


def image(profile: Profile) -> bytes:
    """The driver as an ELF."""
    return elf_around(driver(profile), profile.flash)


def stub(profile: Profile) -> bytes:
    """What the driver puts at LEAVE."""
    return driver(profile)[STUB]


def elf_around(code: bytes, address: int) -> bytes:
    """An executable of one segment, entered by the vector table at its start."""
    (entry,) = struct.unpack_from("<I", code, 4)
    identity = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    header = struct.pack(
        "<HHIIIIIHHHHHH", 2, 40, 1, entry, 52, 0, 0x05000200, 52, 32, 1, 0, 0, 0
    )  # fmt: skip
    program = struct.pack("<8I", 1, 84, address, address, len(code), len(code), 5, 4)
    return identity + header + program + code


def batch_input(profile: Profile, programs: Sequence[Program]) -> bytes:
    """What the driver reads; all programs start from the first one's memory."""
    features = MAINLINE * (profile.level > V6M) | DSP * (profile.level >= V7EM)
    features |= FLOATING * (profile.fpu != NO_FPU)
    records = [
        struct.pack(
            "<49I", *program.regs, program.flags, program.fpscr, *program.singles
        ).ljust(200, b"\0") + program.code()
        for program in programs
    ]  # fmt: skip
    assert all(len(record) == 200 + CODE_BYTES for record in records)
    return struct.pack("<4I", features, 0, 0, 0) + programs[0].memory() + b"".join(records)


@dataclass(frozen=True)
class Left:
    """What the driver wrote down of one program: words by NAMES, and memory that changed."""

    words: tuple[int, ...]
    changes: tuple[tuple[int, int], ...]

    @property
    def faulted(self) -> bool:
        return bool(self.words[NAMES.index("faulted")])

    def difference(self, other: Left) -> str:
        """What differs, for people."""
        triples = zip(NAMES, self.words, other.words, strict=True)
        found = [f"{name}: {one:#x} {two:#x}" for name, one, two in triples if one != two]
        memory = sorted(set(self.changes) ^ set(other.changes))[:6]
        return ", ".join(found + [f"memory {at:#x}: {value:#x}" for at, value in memory])


def outcomes(written: bytes) -> list[Left]:
    """The driver's output, program by program, bits that carry no meaning cleared."""
    found, position = [], 0
    while position < len(written):
        *words, size = struct.unpack_from(f"<{FIXED + 1}I", written, position)
        position += 4 * FIXED + 4
        pairs = list(struct.iter_unpack("<II", written[position : position + size]))
        position += size
        words[NAMES.index("apsr")] &= ~RESERVED & 0xFFFFFFFF
        found.append(Left(tuple(words), tuple((at, value) for at, value in pairs)))
    return found


Runs = Callable[[Profile, Sequence[Program]], list[Left]]


def in_qemu(profile: Profile, programs: Sequence[Program]) -> list[Left]:
    """Every program's outcome in QEMU."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / INPUT).write_bytes(batch_input(profile, programs))
        (place / "driver.elf").write_bytes(image(profile))
        command = [
            QEMU, "-M", profile.machine, "-display", "none", "-monitor", "none", "-serial", "none",
            "-semihosting-config", "enable=on,target=native", "-kernel", "driver.elf",
        ]  # fmt: skip
        if profile.machine == "microbit":
            command += ["-global", "nrf51-soc.sram-size=0x80000"]
        subprocess.run(command, cwd=place, capture_output=True, check=True, timeout=300)
        return outcomes((place / OUTPUT).read_bytes())


def driver_core(profile: Profile) -> Core:
    """A simulated core with the driver loaded; `in_core` takes any that runs it."""
    regions = (Region(profile.flash, 0x1000, "flash"), Region(profile.ram, RAM_BYTES, "ram"))
    core = Core(profile.core, MemoryMap(regions), timing=UnitTiming())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "driver.elf"
        path.write_bytes(image(profile))
        core.load(load_elf(path))
    core.take_faults = True
    return core


def in_core(
    profile: Profile, programs: Sequence[Program], make: Callable[[Profile], Core] = driver_core
) -> list[Left]:
    """Every program's outcome in the simulated core.

    Args:
        make: gives the core; another engine's goes here.
    """
    core = make(profile)
    core.semihosting.files[INPUT] = batch_input(profile, programs)
    core.reset()
    stop = core.run()
    assert (stop.reason, stop.code) == ("exit", 0), stop
    return outcomes(bytes(core.semihosting.written[OUTPUT]))


@cache
def qemu_version() -> str:
    """QEMU's own words, empty where it is not installed."""
    if shutil.which(QEMU) is None:
        return ""
    done = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0].removeprefix("QEMU emulator version ")


def first_difference(
    programs: Sequence[Program],
    mine: Sequence[Left],
    theirs: Sequence[Left],
    one: Runs = in_core,
    other: Runs = in_qemu,
) -> tuple[Program, str] | None:
    """The first program that two machines run differently, made small, and what differs."""
    assert len(mine) == len(theirs) == len(programs)
    for program, left, right in zip(programs, mine, theirs, strict=True):
        if left != right:
            return _small(replace(program, memory_seed=programs[0].memory_seed), one, other)
    return None


def _small(program: Program, one: Runs, other: Runs) -> tuple[Program, str]:
    profile = PROFILES[program.profile]

    def difference(tried: Program) -> str:
        (left,), (right,) = one(profile, [tried]), other(profile, [tried])
        return "" if left == right else left.difference(right) or "?"

    if not difference(program):
        return program, "only after the programs before it"
    small = shrink(program, lambda tried: bool(difference(tried)))
    return small, difference(small)
