"""What a compiler, a linker and the simulated core need to know of a board."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgesnn.boards.cores import Core
from edgesnn.boards.flash import FlashTiming

KIB = 1 << 10
MIB = 1 << 20


@dataclass(frozen=True)
class Region:
    """A range of addresses."""

    origin: int
    size: int

    @property
    def end(self) -> int:
        """First address behind it."""
        return self.origin + self.size


@dataclass(frozen=True)
class Emulator:
    """How QEMU stands in for a board.

    Attributes:
        machine: QEMU's `-machine`.
        systick_hz: the clock that its SysTick counts.
    """

    machine: str
    systick_hz: int


@dataclass(frozen=True)
class Uart:
    """A serial port: whose it is, and the address of its registers."""

    kind: Literal["cmsdk", "nrf", "stm32f4"]
    base: int


@dataclass(frozen=True)
class FixedWords:
    """Words that a chip expects at a fixed place of its image, `offset` bytes into flash."""

    offset: int
    words: tuple[int, ...]


@dataclass(frozen=True)
class Board:
    """A board, or the machine of an emulator.

    Attributes:
        name: what the command line calls it.
        title: what its maker calls it.
        chip: the microcontroller.
        core: its Cortex-M core.
        clock_hz: highest clock of the core.
        flash: where an image goes, behind a boot loader if there is one.
        ram: the block that holds data and stack.
        more_ram: further blocks, unused as yet.
        microphone: what it hears with; empty for none.
        flashed_by: how an image gets onto it.
        verified: whether the map was read from a vendor's or pyOCD's table, or run.
        emulator: set for QEMU's machines.
        uart: the serial port on which images talk; None where it is not known.
        fixed: words that the chip's boot ROM or flash controller expects in the image.
        note: what stands between an image and a running board; empty for nothing.
        timing: of its flash at `clock_hz`; None where none is modelled (emulators).
    """

    name: str
    title: str
    chip: str
    core: Core
    clock_hz: int
    flash: Region
    ram: Region
    more_ram: tuple[Region, ...] = ()
    microphone: str = ""
    flashed_by: str = ""
    verified: bool = False
    emulator: Emulator | None = None
    uart: Uart | None = None
    fixed: tuple[FixedWords, ...] = ()
    note: str = ""
    timing: FlashTiming | None = None
