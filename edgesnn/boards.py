"""Cores and boards: what a compiler and a linker need to know of them.

Maps with `verified=False` are from memory, not read from a vendor's table: check them against the
data sheet before flashing.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from edgesnn.errors import BoardError

KIB = 1 << 10
MIB = 1 << 20


@dataclass(frozen=True)
class Core:
    """A Cortex-M core.

    Attributes:
        name: the short name, e.g. `m4`.
        title: what Arm calls it.
        architecture: of its instruction set.
        gcc_cpu, zig_cpu: the compilers' `-mcpu`; both without floating point.
        dsp: whether it has the DSP extension (SIMD on 8- and 16-bit lanes).
    """

    name: str
    title: str
    architecture: Literal["armv6-m", "armv7-m", "armv7e-m", "armv8-m.main"]
    gcc_cpu: str
    zig_cpu: str
    dsp: bool


CORES = MappingProxyType(
    {
        core.name: core
        for core in (
            Core("m0", "Cortex-M0", "armv6-m", "cortex-m0", "cortex_m0", False),
            Core("m0plus", "Cortex-M0+", "armv6-m", "cortex-m0plus", "cortex_m0plus", False),
            Core("m3", "Cortex-M3", "armv7-m", "cortex-m3", "cortex_m3", False),
            Core("m4", "Cortex-M4", "armv7e-m", "cortex-m4", "cortex_m4", True),
            Core("m7", "Cortex-M7", "armv7e-m", "cortex-m7", "cortex_m7", True),
            Core("m33", "Cortex-M33", "armv8-m.main", "cortex-m33", "cortex_m33", True),
        )
    }
)


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


def _emulated(
    name: str, core: str, machine: str, hz: int, flash: Region, ram: Region, chip: str, uart: Uart
) -> Board:
    return Board(
        name=name, title=f"QEMU {machine}", chip=chip, core=CORES[core], clock_hz=hz, flash=flash,
        ram=ram, flashed_by="qemu", verified=True, emulator=Emulator(machine, hz), uart=uart,
    )  # fmt: skip


_MPS2 = Region(0x00000000, 4 * MIB), Region(0x20000000, 4 * MIB), "FPGA"
_SSE200 = Region(0x10000000, 4 * MIB), Region(0x38000000, 2 * MIB), "FPGA"
_CMSDK = Uart("cmsdk", 0x40004000)

_EMULATED = (
    _emulated(
        "microbit", "m0", "microbit", 16_000_000, Region(0x0, 256 * KIB),
        Region(0x20000000, 16 * KIB), "nRF51822", Uart("nrf", 0x40002000),
    ),
    _emulated("mps2-an385", "m3", "mps2-an385", 25_000_000, *_MPS2, _CMSDK),
    _emulated("mps2-an386", "m4", "mps2-an386", 25_000_000, *_MPS2, _CMSDK),
    _emulated("mps2-an500", "m7", "mps2-an500", 25_000_000, *_MPS2, _CMSDK),
    _emulated(
        "mps2-an505", "m33", "mps2-an505", 20_000_000, *_SSE200, Uart("cmsdk", 0x50200000)
    ),
    _emulated(
        "netduinoplus2", "m4", "netduinoplus2", 168_000_000, Region(0x08000000, MIB),
        Region(0x20000000, 128 * KIB), "STM32F405", Uart("stm32f4", 0x40011000),
    ),
)  # fmt: skip

_STM32_FLASH = 0x08000000
_STM32_RAM = 0x20000000

_STM32 = (
    Board(
        "nucleo-l4r5zi", "NUCLEO-L4R5ZI", "STM32L4R5ZI", CORES["m4"], 120_000_000,
        Region(_STM32_FLASH, 2 * MIB), Region(_STM32_RAM, 640 * KIB), flashed_by="ST-Link",
    ),
    Board(
        "b-l475e-iot01a", "B-L475E-IOT01A", "STM32L475VG", CORES["m4"], 80_000_000,
        Region(_STM32_FLASH, MIB), Region(_STM32_RAM, 96 * KIB),
        more_ram=(Region(0x10000000, 32 * KIB),), microphone="2 PDM", flashed_by="ST-Link",
        verified=True,
    ),
    Board(
        "nucleo-f446re", "NUCLEO-F446RE", "STM32F446RE", CORES["m4"], 180_000_000,
        Region(_STM32_FLASH, 512 * KIB), Region(_STM32_RAM, 128 * KIB), flashed_by="ST-Link",
    ),
    Board(
        "stm32f407-discovery", "STM32F407 Discovery", "STM32F407VG", CORES["m4"], 168_000_000,
        Region(_STM32_FLASH, MIB), Region(_STM32_RAM, 128 * KIB),
        more_ram=(Region(0x10000000, 64 * KIB),), microphone="PDM", flashed_by="ST-Link",
    ),
    Board(
        "nucleo-f767zi", "NUCLEO-F767ZI", "STM32F767ZI", CORES["m7"], 216_000_000,
        Region(_STM32_FLASH, 2 * MIB), Region(_STM32_RAM, 512 * KIB), flashed_by="ST-Link",
        verified=True,
    ),
    Board(
        "nucleo-h743zi", "NUCLEO-H743ZI", "STM32H743ZI", CORES["m7"], 480_000_000,
        Region(_STM32_FLASH, 2 * MIB), Region(_STM32_RAM, 128 * KIB), flashed_by="ST-Link",
        verified=True,
    ),
    Board(
        "b-u585i-iot02a", "B-U585I-IOT02A", "STM32U585AI", CORES["m33"], 160_000_000,
        Region(_STM32_FLASH, 2 * MIB), Region(_STM32_RAM, 768 * KIB), microphone="2 PDM",
        flashed_by="ST-Link",
    ),
)  # fmt: skip

#: Kinetis' flash configuration field: all open. Anything else in its place locks the chip.
_KINETIS_OPEN = FixedWords(0x400, (0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE))

#: RP2350's smallest image definition: a secure Arm executable (data sheet, section 5.9.5).
_RP2350_IMAGE = FixedWords(0x100, (0xFFFFDED3, 0x10210142, 0x000001FF, 0x00000000, 0xAB123579))

_NRF_RAM = Region(0x20000000, 256 * KIB)

_OTHERS = (
    Board(
        "nrf52840-dk", "nRF52840-DK", "nRF52840", CORES["m4"], 64_000_000,
        Region(0x0, MIB), _NRF_RAM, flashed_by="J-Link", verified=True,
    ),
    Board(
        "nano-33-ble-sense", "Arduino Nano 33 BLE Sense rev 2", "nRF52840", CORES["m4"],
        64_000_000, Region(0x10000, MIB - 0x10000), _NRF_RAM, microphone="PDM",
        flashed_by="bossac",
    ),
    Board(
        "xiao-nrf52840-sense", "XIAO nRF52840 Sense", "nRF52840", CORES["m4"], 64_000_000,
        Region(0x27000, 0xED000 - 0x27000), _NRF_RAM, microphone="PDM", flashed_by="UF2",
    ),
    Board(
        "microbit-v2", "micro:bit v2", "nRF52833", CORES["m4"], 64_000_000,
        Region(0x0, 512 * KIB), Region(0x20000000, 128 * KIB), microphone="analogue",
        flashed_by="DAPLink", verified=True,
    ),
    Board(
        "frdm-k64f", "FRDM-K64F", "MK64FN1M0VLL12", CORES["m4"], 120_000_000,
        Region(0x0, MIB), Region(0x1FFF0000, 256 * KIB), flashed_by="DAPLink", verified=True,
        fixed=(_KINETIS_OPEN,),
    ),
    Board(
        "lpcxpresso55s69", "LPCXpresso55S69", "LPC55S69", CORES["m33"], 150_000_000,
        Region(0x0, 608 * KIB), Region(0x20000000, 272 * KIB), microphone="codec",
        flashed_by="CMSIS-DAP", verified=True,
    ),
    Board(
        "pico", "Raspberry Pi Pico", "RP2040", CORES["m0plus"], 133_000_000,
        Region(0x10000100, 2 * MIB - 0x100), Region(0x20000000, 264 * KIB), flashed_by="UF2",
        note="needs a second-stage boot loader in the first 256 bytes of flash",
    ),
    Board(
        "pico2", "Raspberry Pi Pico 2", "RP2350", CORES["m33"], 150_000_000,
        Region(0x10000000, 4 * MIB), Region(0x20000000, 520 * KIB), flashed_by="UF2",
        fixed=(_RP2350_IMAGE,),
    ),
)  # fmt: skip

BOARDS = MappingProxyType({board.name: board for board in (*_EMULATED, *_STM32, *_OTHERS)})

#: QEMU's machine for each core that it emulates.
EMULATED_CORES = MappingProxyType(
    {
        "m0": "microbit",
        "m3": "mps2-an385",
        "m4": "mps2-an386",
        "m7": "mps2-an500",
        "m33": "mps2-an505",
    }
)


def find_board(name: str) -> Board:
    """The board called `name`, in any case.

    Raises:
        BoardError: there is none; lists the nearest names.
    """
    board = BOARDS.get(name.lower())
    if board is not None:
        return board
    near = difflib.get_close_matches(name.lower(), BOARDS, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(BOARDS)}"
    raise BoardError(f"no board is called {name!r}; {hint}")


def emulated_board(core: str) -> Board:
    """QEMU's machine with the core called `core`.

    Raises:
        BoardError: QEMU has none; lists the cores that it has.
    """
    if core not in EMULATED_CORES:
        raise BoardError(
            f"QEMU emulates no board with core {core!r}; choose from {', '.join(EMULATED_CORES)}"
        )
    return BOARDS[EMULATED_CORES[core]]
