"""Compilers and emulators that these tests use where they are installed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edgesnn.sim.core import MemoryMap, Region

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
GCC = "arm-none-eabi-gcc"
QEMU = "qemu-system-arm"
FLAGS = ("-mthumb", "-ffreestanding", "-w", "-nostartfiles")

needs_gcc = pytest.mark.skipif(shutil.which(GCC) is None, reason=f"{GCC} is not installed")
needs_qemu = pytest.mark.skipif(
    shutil.which(QEMU) is None or shutil.which("gcc") is None,
    reason=f"{QEMU} and a compiler for its plugin are not installed",
)


@dataclass(frozen=True)
class Target:
    """A core, QEMU's machine for it, where that has memory, and whether floats are hard."""

    core: str
    machine: str
    flash: int = 0
    ram: int = 0x20000000
    hard: bool = False

    @property
    def cpu(self) -> str:
        """-mcpu, without floating point unless it is hard."""
        has_unit = self.core in ("cortex-m4", "cortex-m7", "cortex-m33")
        return self.core + ("+nofp" if has_unit and not self.hard else "")

    @property
    def layout(self) -> MemoryMap:
        """Flash and RAM as the machine has them."""
        return MemoryMap((Region(self.flash, 1 << 18, "flash"), Region(self.ram, 1 << 14, "ram")))


TARGETS = (
    Target("cortex-m0", "microbit"),
    Target("cortex-m3", "mps2-an385"),
    Target("cortex-m4", "mps2-an386"),
    Target("cortex-m7", "mps2-an500"),
    Target("cortex-m33", "mps2-an505", 0x10000000, 0x38000000),
)
M4 = TARGETS[2]
HARD_TARGETS = tuple(
    replace(target, hard=True)
    for target in TARGETS
    if target.core in ("cortex-m4", "cortex-m7", "cortex-m33")
)


def compile_program(target: Target, sources: list[Path], image: Path, *flags: str) -> Path:
    """Link `sources` for `target` with the linker script of `programs`."""
    command = [
        GCC, f"-mcpu={target.cpu}", f"-mfloat-abi={'hard' if target.hard else 'soft'}", *FLAGS,
        *flags, f"-Wl,--defsym=FLASH_BASE={target.flash}",
        f"-Wl,--defsym=RAM_BASE={target.ram}", "-T", str(PROGRAMS / "program.ld"),
        *map(str, sources), "-lm", "-lc", "-lgcc", "-o", str(image),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return image


@dataclass(frozen=True)
class Emulated:
    """What QEMU made of an image."""

    output: str
    code: int
    instructions: int


def build_counter(folder: Path) -> Path:
    """QEMU's plugin that counts instructions."""
    plugin = folder / "count.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", str(HERE / "qemu_count.c"), "-o", str(plugin)]
    subprocess.run(command, check=True)
    return plugin


def emulate(target: Target, image: Path, plugin: Path, folder: Path | None = None) -> Emulated:
    """Run `image` in QEMU; the program's output and the count share its standard error.

    Files that it opens lie in `folder`.
    """
    command = [
        QEMU, "-M", target.machine, "-display", "none", "-monitor", "none", "-serial", "none",
        "-semihosting-config", "enable=on,target=native", "-plugin", str(plugin),
        "-kernel", str(image.resolve()),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    *output, count = done.stderr.strip().splitlines()
    return Emulated("\n".join(output) + "\n", done.returncode, int(count.split()[1]))
