"""Peripherals: the system control space, a UART, and registers that merely remember."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.control_space import ControlSpace

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core


class Device(Protocol):
    """Registers at `base`, `size` bytes of them."""

    base: int
    size: int

    def read(self, offset: int, size: int) -> int:
        """Value of a register."""

    def write(self, offset: int, value: int, size: int) -> None:
        """Set a register."""


class Uart:
    """A transmitter that is always ready.

    Attributes:
        output: what has been sent.
        data: offset of the register that sends.
        status: values of the registers that tell it is ready, by offset.
    """

    def __init__(self, base: int, data: int, status: dict[int, int], size: int = 0x1000) -> None:
        self.base, self.size = base, size
        self.data, self.status = data, status
        self.output = bytearray()

    def read(self, offset: int, size: int) -> int:
        """Ready, or zero."""
        return self.status.get(offset, 0)

    def write(self, offset: int, value: int, size: int) -> None:
        """Send what goes to the data register."""
        if offset == self.data:
            self.output.append(value & 0xFF)


def cmsdk_uart(base: int) -> Uart:
    """The UART of Arm's MPS2 boards, which QEMU models: DATA at 0, STATE at 4 (never full)."""
    return Uart(base, 0, {})


def stm32_uart(base: int) -> Uart:
    """STM32F1/F4 USART: SR at 0 with TXE and TC set, DR at 4."""
    return Uart(base, 4, {0: 0xC0}, 0x400)


def nrf_uart(base: int) -> Uart:
    """nRF51/nRF52 UART: TXD at 0x51C, EVENTS_TXDRDY at 0x11C."""
    return Uart(base, 0x51C, {0x11C: 1})


class Remembering:
    """Peripheral registers that nothing models: they read as they were last written.

    Attributes:
        touched: addresses that the firmware has used, for the report.
    """

    def __init__(self) -> None:
        self._values: dict[int, int] = {}
        self.touched: set[int] = set()

    def read(self, address: int, size: int) -> int:
        """The last value written, or zero."""
        self.touched.add(address)
        return self._values.get(address, 0)

    def write(self, address: int, value: int, size: int) -> None:
        """Remember."""
        self.touched.add(address)
        self._values[address] = value


class Bus:
    """Finishes data accesses that are not to plain memory, or reports them."""

    def __init__(self, core: Core, devices: tuple[Device, ...]) -> None:
        self._core = core
        self.devices = devices
        self.control_space = ControlSpace(core)
        self.unmodelled = Remembering()

    def access(self) -> None:
        """Do the access that the loop stopped at, and leave the answer for its second try."""
        state = self._core.state
        address, size = int(state[op.S_FAULT]), int(state[op.S_FAULT_SIZE])
        store, value = bool(state[op.S_FAULT_STORE]), int(state[op.S_FAULT_VALUE])
        if address & (min(size, 4) - 1):
            self._report(address, size, store, "misaligned")
        elif size > 4 or not self._reachable(address):
            self._report(address, size, store, self._why(address, size))
        else:
            state[op.S_MAIL_VALUE] = self._transfer(address, size, store, value)
            state[op.S_MAIL] = 1

    def _reachable(self, address: int) -> bool:
        region = self._core.memory.layout.region_of(address)
        return ControlSpace.BASE <= address < ControlSpace.END or (
            region is not None and region.kind == "peripheral"
        )

    def _why(self, address: int, size: int) -> str:
        region = self._core.memory.layout.region_of(address)
        if region is not None and region.kind == "flash":
            return "flash cannot be written"
        if size > 4:
            return "several words, not all in plain memory"
        return "no memory there"

    def _report(self, address: int, size: int, store: bool, why: str) -> None:
        verb = "store to" if store else "load from"
        plural = "s" if size > 1 else ""
        self._core.fault(f"{verb} {address:#010x} ({size} byte{plural}): {why}", "bus")

    def _transfer(self, address: int, size: int, store: bool, value: int) -> int:
        if ControlSpace.BASE <= address < ControlSpace.END:
            device: ControlSpace | Device = self.control_space
            offset = address - ControlSpace.BASE
        else:
            found = next((d for d in self.devices if d.base <= address < d.base + d.size), None)
            if found is None:
                device, offset = self.unmodelled, address  # type: ignore[assignment]
            else:
                device, offset = found, address - found.base
        if store:
            device.write(offset, value, size)
            return 0
        return device.read(offset, size) & (1 << 8 * size) - 1
