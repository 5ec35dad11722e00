"""The private peripheral bus: DWT, SysTick, NVIC and the system control block."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from edgesnn.sim.core import fpu
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import V6M
from edgesnn.sim.core.exceptions import IRQ0, NMI, PENDSV, SYSTICK

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core

DWT_CTRL, DWT_CYCCNT = 0x1000, 0x1004
SYST_CSR, SYST_RVR, SYST_CVR, SYST_CALIB = 0xE010, 0xE014, 0xE018, 0xE01C
NVIC_ISER, NVIC_ICER, NVIC_ISPR, NVIC_ICPR, NVIC_IABR, NVIC_IPR = (
    0xE100, 0xE180, 0xE200, 0xE280, 0xE300, 0xE400,
)  # fmt: skip
NVIC_END = 0xE500
CPUID, ICSR, VTOR, AIRCR, SCR, CCR, SHPR1, SHCSR = (
    0xED00, 0xED04, 0xED08, 0xED0C, 0xED10, 0xED14, 0xED18, 0xED24,
)  # fmt: skip
SHPR_END = 0xED24
DEMCR, STIR = 0xEDFC, 0xEF00
VECTKEY, VECTKEYSTAT, SYSRESETREQ, DIV_0_TRP = 0x05FA, 0xFA05, 4, 16


class ControlSpace:
    """Registers at 0xE0000000; those that are not modelled read as they were written."""

    BASE: ClassVar[int] = 0xE0000000
    END: ClassVar[int] = 0xE0100000

    def __init__(self, core: Core) -> None:
        self._core = core
        self._plain: dict[int, int] = {CCR: 0x200}
        self._count, self._since = 0, 0  # of CYCCNT, at a cycle

    def read(self, offset: int, size: int) -> int:
        """A register, or the bytes of it that an access narrower than a word asks for."""
        word = self._read_word(offset & ~3)
        return word >> 8 * (offset & 3) & (1 << 8 * size) - 1

    def _read_word(self, offset: int) -> int:
        exceptions, now = self._core.exceptions, self._core.cycles
        if NVIC_ISER <= offset < NVIC_END:
            return self._read_nvic(offset)
        if SHPR1 <= offset < SHPR_END:
            return self._priorities(offset - SHPR1 + 4)
        if offset in fpu.REGISTERS:
            return self._core.fpu.read(offset)
        if offset in exceptions.status:
            return exceptions.status.read(offset)
        special: dict[int, Callable[[], int]] = {
            DWT_CYCCNT: self._cycle_count,
            SYST_CSR: lambda: exceptions.systick.read_control(now),
            SYST_RVR: lambda: exceptions.systick.reload,
            SYST_CVR: lambda: exceptions.systick.value(now),
            SYST_CALIB: lambda: 0,
            CPUID: lambda: self._core.model.cpuid,
            ICSR: self._interrupt_state,
            VTOR: lambda: exceptions.vectors,
            AIRCR: lambda: VECTKEYSTAT << 16 | exceptions.grouping << 8,
        }
        if offset in special:
            return special[offset]() & 0xFFFFFFFF
        return self._plain.get(offset, 0)

    def write(self, offset: int, value: int, size: int) -> None:
        """Set a register; bytes of priority registers can be written alone."""
        if NVIC_IPR <= offset < NVIC_END or SHPR1 <= offset < SHPR_END:
            self._set_priorities(offset, value, size)
            return
        exceptions, now = self._core.exceptions, self._core.cycles
        if NVIC_ISER <= offset < NVIC_IPR:
            self._write_nvic(offset, value)
        elif offset == DWT_CYCCNT:
            self._count, self._since = value, now
        elif offset == SYST_CSR:
            exceptions.systick.write_control(value, now)
        elif offset == SYST_RVR:
            exceptions.systick.reload = value & 0xFFFFFF
        elif offset == SYST_CVR:
            exceptions.systick.write_value(now)
        elif offset == ICSR:
            self._set_pending(value)
        elif offset == VTOR:
            exceptions.vectors = value & ~0x7F
        elif offset == STIR:
            exceptions.controller.pending.add(IRQ0 + (value & 0x1FF))
        elif offset == AIRCR:
            self._control_application(value)
        elif offset in fpu.REGISTERS:
            self._core.fpu.write(offset, value)
        elif offset & ~3 in exceptions.status:
            exceptions.status.write(offset & ~3, value << 8 * (offset & 3))
        else:
            self._write_plain(offset, value)

    def _counts(self) -> bool:
        """Whether CYCCNT runs: there is none on Armv6-M, and both enables must be set."""
        enabled = self._plain.get(DWT_CTRL, 0) & 1 and self._plain.get(DEMCR, 0) >> 24 & 1
        return bool(enabled) and self._core.model.level > V6M

    def _cycle_count(self) -> int:
        return self._count + (self._core.cycles - self._since if self._counts() else 0)

    def _write_plain(self, offset: int, value: int) -> None:
        self._count, self._since = self._cycle_count() & 0xFFFFFFFF, self._core.cycles
        self._plain[offset] = value
        if offset == CCR:
            self._core.state[op.S_TRAP_DIVIDE] = bool(value & DIV_0_TRP)
        elif offset == SHCSR:
            enabled = self._core.exceptions.controller.enabled
            for number, bit in ((4, 16), (5, 17), (6, 18)):
                (enabled.add if value >> bit & 1 else enabled.discard)(number)

    def _interrupt_state(self) -> int:
        pending = self._core.exceptions.controller.pending
        first = min(pending, default=0)
        bits = (PENDSV in pending) << 28 | (SYSTICK in pending) << 26
        return bits | first << 12 | self._core.exceptions.number

    def _set_pending(self, value: int) -> None:
        pending = self._core.exceptions.controller.pending
        for bit, number in ((31, NMI), (28, PENDSV), (26, SYSTICK)):
            if value >> bit & 1:
                pending.add(number)
        for bit, number in ((27, PENDSV), (25, SYSTICK)):
            if value >> bit & 1:
                pending.discard(number)

    def _control_application(self, value: int) -> None:
        if value >> 16 != VECTKEY:
            return
        if self._core.model.level > V6M:
            self._core.exceptions.grouping = value >> 8 & 7
        if value & SYSRESETREQ:
            self._core.stop("reset")

    def _read_nvic(self, offset: int) -> int:
        controller = self._core.exceptions.controller
        if offset >= NVIC_IPR:
            return self._priorities(IRQ0 + offset - NVIC_IPR)
        group = offset & ~0x7F
        members = {NVIC_ISER: controller.enabled, NVIC_ICER: controller.enabled,
                   NVIC_ISPR: controller.pending, NVIC_ICPR: controller.pending,
                   NVIC_IABR: set(controller.active)}.get(group, set())  # fmt: skip
        first = IRQ0 + 8 * (offset & 0x7F)
        return sum(1 << bit for bit in range(32) if first + bit in members)

    def _write_nvic(self, offset: int, value: int) -> None:
        controller = self._core.exceptions.controller
        first = IRQ0 + 8 * (offset & 0x7F)
        numbers = {first + bit for bit in range(32) if value >> bit & 1}
        group = offset & ~0x7F
        if group == NVIC_ISER:
            controller.enabled |= numbers
        elif group == NVIC_ICER:
            controller.enabled -= numbers
        elif group == NVIC_ISPR:
            controller.pending |= numbers
        elif group == NVIC_ICPR:
            controller.pending -= numbers

    def _priorities(self, first: int) -> int:
        priority = self._core.exceptions.controller.priority
        return sum(priority.get(first + lane, 0) << 8 * lane for lane in range(4))

    def _set_priorities(self, offset: int, value: int, size: int) -> None:
        first = IRQ0 + offset - NVIC_IPR if offset < CPUID else offset - SHPR1 + 4
        for lane in range(size):
            priority = value >> 8 * lane & self._core.model.priority_mask
            self._core.exceptions.controller.priority[first + lane] = priority
