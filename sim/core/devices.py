"""Peripherals: the system control space, a UART, and registers that merely remember."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.control_space import ControlSpace

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core


MISALIGNED = "misaligned"
NEAR = 1024  # bytes: how far from its stack pointer a stack overflow is taken for one


class Device(Protocol):
    """Registers at `base`, `size` bytes of them."""

    base: int
    size: int

    def read(self, offset: int, size: int) -> int:
        """Value of a register."""

    def write(self, offset: int, value: int, size: int) -> None:
        """Set a register."""


class Uart:
    """A serial port whose transmitter is always ready.

    Attributes:
        output: what has been sent.
        incoming: what the firmware has yet to receive.
        data: offset of the register that sends.
        status: values of the registers that tell it is ready, by offset.
        received: offset of the register that receives; None where the port cannot.
        arrived: bits of status registers that change while something is incoming, by offset.
    """

    def __init__(
        self,
        base: int,
        data: int,
        status: dict[int, int],
        size: int = 0x1000,
        received: int | None = None,
        arrived: dict[int, int] | None = None,
    ) -> None:
        self.base, self.size = base, size
        self.data, self.status = data, status
        self.received, self.arrived = received, arrived or {}
        self.output, self.incoming = bytearray(), bytearray()

    def read(self, offset: int, size: int) -> int:
        """A status register, the next character, or zero."""
        if offset == self.received:
            return self.incoming.pop(0) if self.incoming else 0
        changed = self.arrived.get(offset, 0) if self.incoming else 0
        return self.status.get(offset, 0) ^ changed

    def write(self, offset: int, value: int, size: int) -> None:
        """Send what goes to the data register."""
        if offset == self.data:
            self.output.append(value & 0xFF)


def cmsdk_uart(base: int) -> Uart:
    """The UART of Arm's MPS2 boards, which QEMU models: DATA at 0, STATE at 4."""
    return Uart(base, 0, {}, received=0, arrived={4: 2})


def stm32_uart(base: int) -> Uart:
    """STM32F1/F4 USART: SR at 0 with TXE and TC set, DR at 4."""
    return Uart(base, 4, {0: 0xC0}, 0x400, received=4, arrived={0: 0x20})


def stm32_new_uart(base: int) -> Uart:
    """STM32L4/F7/H7/U5 USART: ISR at 0x1C with TXE and TC set, RDR at 0x24, TDR at 0x28."""
    return Uart(base, 0x28, {0x1C: 0xC0}, 0x400, received=0x24, arrived={0x1C: 0x20})


def nrf_uart(base: int) -> Uart:
    """nRF51/nRF52 UART: TXD at 0x51C, EVENTS_TXDRDY at 0x11C, RXD at 0x518."""
    return Uart(base, 0x51C, {0x11C: 1}, received=0x518, arrived={0x108: 1})


def pl011_uart(base: int) -> Uart:
    """Arm's PL011: DR at 0, FR at 0x18 with RXFE set while nothing has come."""
    return Uart(base, 0, {0x18: 0x10}, received=0, arrived={0x18: 0x10})


def kinetis_uart(base: int) -> Uart:
    """Kinetis UART: S1 at 4 with TDRE set, D at 7."""
    return Uart(base, 7, {4: 0x80}, received=7, arrived={4: 0x20})


def flexcomm_uart(base: int) -> Uart:
    """LPC55 Flexcomm USART: FIFOSTAT at 0xE04, FIFOWR at 0xE20, FIFORD at 0xE30."""
    return Uart(base, 0xE20, {0xE04: 0x20}, received=0xE30, arrived={0xE04: 0x40})


UARTS = {
    "cmsdk": cmsdk_uart,
    "stm32f4": stm32_uart,
    "stm32": stm32_new_uart,
    "nrf": nrf_uart,
    "pl011": pl011_uart,
    "kinetis": kinetis_uart,
    "flexcomm": flexcomm_uart,
}
"""By the kinds of `edgesnn.wiring.Port`."""


class Ready:
    """A register some of whose bits are what the firmware waits for; the rest remembers."""

    def __init__(self, address: int, mask: int, value: int) -> None:
        self.base, self.size = address, 4
        self._mask, self._value, self._written = mask, value, 0

    def read(self, offset: int, size: int) -> int:
        """What was written, with the bits that are waited for."""
        return (self._written & ~self._mask | self._value) >> 8 * offset

    def write(self, offset: int, value: int, size: int) -> None:
        """Remember."""
        self._written = value


class Remembering:
    """Peripheral registers that nothing models: they read as they were last written.

    With `patience`, one that is read again and again with nothing else between is taken to be
    waited for: after so many reads it has all bits the other way for once, so that code which
    waits for a clock or a flag goes on.

    Attributes:
        touched: addresses that the firmware has used, for the report.
    """

    def __init__(self, patience: int = 0) -> None:
        self._values: dict[int, int] = {}
        self._patience, self._polled, self._times = patience, -1, 0
        self.touched: set[int] = set()

    def read(self, address: int, size: int) -> int:
        """The last value written, or zero."""
        self.touched.add(address)
        self._times = self._times + 1 if address == self._polled else 0
        self._polled = address
        value = self._values.get(address, 0)
        if self._patience and self._times % self._patience == self._patience - 1:
            return ~value
        return value

    def write(self, address: int, value: int, size: int) -> None:
        """Remember."""
        self.touched.add(address)
        self._polled = -1
        self._values[address] = value


class Bus:
    """Finishes data accesses that are not to plain memory, or reports them."""

    def __init__(self, core: Core, devices: tuple[Device, ...]) -> None:
        self._core = core
        self.devices = devices
        self.reset()

    def reset(self) -> None:
        """Registers of the system and of what nothing models, as after power-on."""
        self.control_space = ControlSpace(self._core)
        self.unmodelled = Remembering(self._core.patience)

    def access(self) -> None:
        """Do the access that the loop stopped at, and leave the answer for its second try."""
        state = self._core.state
        address, size = int(state[op.S_FAULT]), int(state[op.S_FAULT_SIZE])
        store, value = bool(state[op.S_FAULT_STORE]), int(state[op.S_FAULT_VALUE])
        if address & (min(size, 4) - 1):
            self._report(address, size, store, MISALIGNED)
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
        if self._below_stack(address):
            stack = int(self._core.regs[op.SP])
            return f"stack overflow: sp = {stack:#010x} is at the end of its memory"
        if size > 4:
            return "several words, not all in plain memory"
        return "no memory there"

    def _below_stack(self, address: int) -> bool:
        """Whether `address` lies just below the memory that the stack is in or has just left."""
        stack, layout = int(self._core.regs[op.SP]), self._core.memory.layout
        region = layout.region_of(stack) or layout.region_of(stack + NEAR)
        return (
            region is not None
            and region.kind == "ram"
            and region.base - NEAR <= address < region.base
            and abs(stack - address) <= NEAR
        )

    def _report(self, address: int, size: int, store: bool, why: str) -> None:
        verb = "store to" if store else "load from"
        plural = "s" if size > 1 else ""
        self._core.fault(
            f"{verb} {address:#010x} ({size} byte{plural}): {why}",
            "unaligned" if why == MISALIGNED else "data",
        )

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
