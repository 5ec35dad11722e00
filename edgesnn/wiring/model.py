"""What an image and a flashing tool must know of a board beyond its memories, as data.

Registers are written by lists of `Access`, so that a new board needs no C of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PortKind = Literal["none", "cmsdk", "nrf", "stm32f4", "stm32", "pl011", "kinetis", "flexcomm"]


@dataclass(frozen=True)
class Access:
    """One access to a 32-bit register.

    Attributes:
        address: of the register.
        mask, value: the bits of `mask` become `value`, or are waited for until they are.
        waits: which of the two.
    """

    address: int
    mask: int
    value: int
    waits: bool = False


def put(address: int, value: int) -> Access:
    """Write the whole register."""
    return Access(address, 0xFFFFFFFF, value)


def bits(address: int, mask: int, value: int) -> Access:
    """Set the bits of `mask` to `value` and leave the others."""
    return Access(address, mask, value)


def set_bits(address: int, mask: int) -> Access:
    """Set the bits of `mask` and leave the others."""
    return Access(address, mask, mask)


def await_bits(address: int, mask: int, value: int | None = None) -> Access:
    """Wait until the bits of `mask` are `value`, by default all set."""
    return Access(address, mask, mask if value is None else value, waits=True)


@dataclass(frozen=True)
class Clock:
    """The core's clock.

    Attributes:
        hz: after `accesses`; the reset clock where there are none.
        reset_hz: out of reset, and where an access waits in vain.
        accesses: oscillators, PLL, wait states of flash.
        source: documents that the accesses were checked against; empty where they were not.
    """

    hz: int
    reset_hz: int
    accesses: tuple[Access, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Port:
    """The serial port on which images talk, 115,200 baud, 8N1.

    Attributes:
        kind: which driver, `codegen/startup/uart_KIND.c`.
        base: address of its registers.
        hz: what its divisor counts once the clock is set.
        reset_hz: likewise on the reset clock.
        pins: transmit and receive, as the board's documents call them.
        through: `probe` where the debug probe's USB carries it, else `pins` alone.
        accesses: clock gates and pins.
        scale: of the divisor; 256 for ST's LPUART.
        source: documents; empty where unverified.
    """

    kind: PortKind
    base: int
    hz: int
    reset_hz: int
    pins: str
    through: Literal["probe", "pins", "emulator"]
    accesses: tuple[Access, ...] = ()
    scale: int = 1
    source: str = ""


@dataclass(frozen=True)
class Light:
    """An LED: its pin, and the accesses that light and darken it."""

    pin: str
    on: tuple[Access, ...]
    off: tuple[Access, ...]
    source: str = ""


@dataclass(frozen=True)
class Microphone:
    """A microphone that images can hear with.

    Attributes:
        driver: a file of `codegen/startup/`.
        accesses: its pins and its power.
        source: documents.
        tried: on hardware.
    """

    driver: str
    accesses: tuple[Access, ...] = ()
    source: str = ""
    tried: bool = False


@dataclass(frozen=True)
class Tools:
    """How flashing tools call the board.

    Attributes:
        backend: what `edgesnn flash` takes by default.
        probe: the debug probe on the board, or which to add.
        pyocd: its target; empty where pyOCD cannot flash the board.
        pack: the name that `pyocd pack install` takes, where pyOCD has no target of its own.
        openocd: arguments of OpenOCD, one `-f` each.
        uf2_family: of UF2 blocks; 0 where no boot loader of the board takes them.
        uf2_board: what `Board-ID` of the boot loader's INFO_UF2.TXT begins with.
        source: documents; empty where unverified.
    """

    backend: Literal["pyocd", "uf2", "openocd", "qemu"]
    probe: str = ""
    pyocd: str = ""
    pack: str = ""
    openocd: tuple[str, ...] = ()
    uf2_family: int = 0
    uf2_board: tuple[str, ...] = ()
    source: str = ""


@dataclass(frozen=True)
class Wiring:
    """All of it; `startup` are further files of `codegen/startup/`."""

    clock: Clock
    port: Port
    tools: Tools
    light: Light | None = None
    startup: tuple[str, ...] = ()
    microphone: Microphone | None = None
