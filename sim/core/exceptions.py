"""Exceptions: priorities, entry, return, SysTick and the interrupt controller's registers.

Armv7-M manual B1.5; Armv8-M without the Security Extension behaves alike. Not modelled:
late arrival and tail chaining (each entry and return is charged in full).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import V6M, V8M
from edgesnn.sim.core.fpu import FPCA, FRAME

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core

NMI, HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT = 2, 3, 4, 5, 6
SVCALL, PENDSV, SYSTICK, IRQ0 = 11, 14, 15, 16
INTERRUPTS = 240
LOWEST = 256
STANDARD_FRAME = 0x10  # in EXC_RETURN: no floating point state was stacked
FOREVER = 1 << 62
FAULTS = {"bus": BUS_FAULT, "usage": USAGE_FAULT, "memory": MEM_MANAGE}


@dataclass
class SysTick:
    """The system timer, counted lazily from the cycle at which it was last set.

    Attributes:
        control: ENABLE, TICKINT and CLKSOURCE bits; the reference clock is the core's.
        reload: 24 bits.
    """

    control: int = 0
    reload: int = 0
    _value: int = 0
    _since: int = 0
    _expires: int = FOREVER
    _wrapped: bool = False

    def write_control(self, value: int, now: int) -> None:
        """Enable or disable, keeping the count."""
        self._value, self._since = self.value(now), now
        self.control = value & 7
        self._schedule(now)

    def write_value(self, now: int) -> None:
        """Any write clears the counter, which then reloads."""
        self._value, self._since, self._wrapped = 0, now, False
        self._schedule(now)

    def value(self, now: int) -> int:
        """The count at cycle `now`."""
        if not self.control & 1:
            return self._value
        elapsed = now - self._since
        if elapsed <= self._value:
            return self._value - elapsed
        return self.reload - (elapsed - self._value - 1) % (self.reload + 1)

    def _schedule(self, now: int) -> None:
        if not self.control & 1 or (self.reload == 0 and self._value == 0):
            self._expires = FOREVER
        else:
            self._expires = now + (self._value or self.reload + 1)

    @property
    def expires(self) -> int:
        """The cycle at which the counter next reaches zero."""
        return self._expires

    def advance(self, now: int) -> bool:
        """Pass expiries up to `now`; true where one asks for an interrupt."""
        if now < self._expires:
            return False
        period = self.reload + 1
        missed = (now - self._expires) // period
        self._expires = self._expires + (missed + 1) * period if self.reload else FOREVER
        self._wrapped = True
        return bool(self.control & 2)

    def read_control(self, now: int) -> int:
        """The control register; reading clears COUNTFLAG."""
        self.advance(now)
        flag, self._wrapped = self._wrapped, False
        return self.control | flag << 16


@dataclass
class Masks:
    """Registers that hold exceptions back."""

    primask: int = 0
    faultmask: int = 0
    basepri: int = 0


@dataclass
class Controller:
    """What the NVIC and the system handlers remember, by exception number."""

    enabled: set[int] = field(default_factory=set)
    pending: set[int] = field(default_factory=set)
    active: list[int] = field(default_factory=list)
    priority: dict[int, int] = field(default_factory=dict)


class Exceptions:
    """Decides which exception runs, and moves between thread and handlers.

    Attributes:
        grouping: AIRCR.PRIGROUP.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.reset(0)

    def reset(self, vectors: int) -> None:
        """Forget everything; vectors start at `vectors`."""
        self.vectors = vectors
        self.masks = Masks()
        self.controller = Controller()
        self.systick = SysTick()
        self.control = 0
        self.other_stack = 0  # the stack pointer that is not in r13
        self.stack_limits = [0, 0]
        self.event = False
        self.grouping = 0

    @property
    def number(self) -> int:
        """IPSR: the exception that runs, 0 in thread mode."""
        active = self.controller.active
        return active[-1] if active else 0

    def priority(self, number: int) -> int:
        """Configured or fixed priority; lower runs first."""
        fixed = {NMI: -2, HARD_FAULT: -1}
        return fixed.get(number, self.controller.priority.get(number, 0))

    def group_priority(self, priority: int) -> int:
        """What of a priority preempts: the bits above AIRCR.PRIGROUP (Armv7-M manual B1.5.4)."""
        return priority if priority < 0 else priority & ~((2 << self.grouping) - 1)

    def running_priority(self) -> int:
        """The group priority that a pending exception must beat."""
        masks = self.masks
        current = min((self.priority(n) for n in self.controller.active), default=LOWEST)
        if masks.basepri:
            current = min(current, masks.basepri)
        current = self.group_priority(current)
        if masks.primask:
            current = min(current, 0)
        return -1 if masks.faultmask else current

    def _candidate(self) -> int | None:
        ready = [n for n in self.controller.pending if n < IRQ0 or n in self.controller.enabled]
        return min(ready, key=lambda n: (self.priority(n), n), default=None)

    def take_pending(self) -> None:
        """Enter the most urgent pending exception where it beats what runs."""
        if not self.controller.pending:
            return
        number = self._candidate()
        if number is not None and self.preempts(number):
            self.enter(number)

    def preempts(self, number: int) -> bool:
        """Whether an exception may run now."""
        return self.group_priority(self.priority(number)) < self.running_priority()

    def next_event(self) -> int:
        """The cycle at which a timer wants attention."""
        return self.systick.expires if self.systick.control & 2 else FOREVER

    def tick(self) -> None:
        """Let timers see the present cycle."""
        if self.systick.advance(self._core.cycles):
            self.controller.pending.add(SYSTICK)

    def fault(self, kind: str) -> bool:
        """Take a fault's exception, escalated where it cannot run; false for a lockup."""
        number = FAULTS[kind]
        if self._core.model.level == V6M or number not in self.controller.enabled:
            number = HARD_FAULT
        if not self.preempts(number):
            number = HARD_FAULT
        if not self.preempts(number):
            return False
        self.enter(number)
        return True

    def flags(self) -> int:
        """APSR."""
        s = self._core.state
        bits = s[op.S_N] << 31 | s[op.S_Z] << 30 | s[op.S_C] << 29 | s[op.S_V] << 28
        return int(bits | s[op.S_Q] << 27 | s[op.S_GE] << 16)

    def set_flags(self, value: int, *, condition: bool = True, ge: bool = True) -> None:
        """Write APSR: N, Z, C, V and Q, or GE, or both."""
        s = self._core.state
        if condition:
            for slot, bit in ((op.S_N, 31), (op.S_Z, 30), (op.S_C, 29), (op.S_V, 28)):
                s[slot] = value >> bit & 1
            s[op.S_Q] = value >> 27 & 1 if self._core.model.level > V6M else 0
        if ge and self._core.model.level >= 2:
            s[op.S_GE] = value >> 16 & 15

    def enter(self, number: int) -> None:
        """Stack eight words, and floating point state in use, and go to the handler."""
        core, regs = self._core, self._core.regs
        it = core.translator.instructions.get(core.pc)
        state = it.it if it else 0
        stack = int(regs[op.SP])
        aligned = stack & 4
        extended = core.fpu.in_use
        frame = (stack - 0x20 - (FRAME if extended else 0)) & ~7 & 0xFFFFFFFF
        status = self.flags() | 1 << 24 | (state & 3) << 25 | (state >> 2) << 10 | self.number
        words = [*regs[:4].tolist(), int(regs[12]), int(regs[op.LR]), core.pc,
                 status | aligned << 7]  # fmt: skip
        self.controller.pending.discard(number)
        core.memory.write(frame, np.array(words, "<u4").tobytes())
        code = 0xFFFFFFF1 if self.number else (0xFFFFFFFD if self.control & 2 else 0xFFFFFFF9)
        if extended:
            core.fpu.stack(frame + 0x20)
            code &= ~STANDARD_FRAME
        regs[op.SP] = frame
        if self.control & 2 and not self.number:
            regs[op.SP], self.other_stack = self.other_stack, frame
            self.control &= ~2
        self.control &= ~FPCA
        core.state[op.S_STACK_LOW] = min(int(core.state[op.S_STACK_LOW]), frame)
        regs[op.LR] = code
        self.controller.active.append(number)
        core.state[op.S_EXCLUSIVE] = -1
        core.state[op.S_CYCLES] += core.timing.dynamic.exception_entry
        core.fpu.update()
        self._vector(number)
        if core.call_tree is not None:
            at, before = int(core.state[op.S_AT]), core.timing.dynamic.exception_entry
            core.call_tree.enter_handler(at, frame, core.cycles - before, core.instructions)

    def _vector(self, number: int) -> None:
        core = self._core
        place = self.vectors + 4 * number
        handler = int.from_bytes(core.memory.read(place, 4), "little")
        if not handler & 1 or core.memory.flat(handler & ~1) < 0:
            core.fault(
                f"exception {number} has vector {handler:#010x}, which is not Thumb code", "bus"
            )
        core.pc = handler & ~1

    def is_return(self, target: int) -> bool:
        """Whether a branch to `target` ends a handler."""
        return bool(self.controller.active) and target >> 24 == 0xFF

    def leave(self, code: int) -> None:
        """Unstack and go on where the exception came (ExceptionReturn)."""
        core, regs = self._core, self._core.regs
        process = bool(code & 4)
        self.controller.active.pop()
        if self.masks.faultmask:
            self.masks.faultmask = 0
        if process:
            regs[op.SP], self.other_stack = self.other_stack, int(regs[op.SP])
            self.control |= 2
        frame = int(regs[op.SP])
        words = np.frombuffer(core.memory.read(frame, 32), "<u4").tolist()
        regs[:4] = words[:4]
        regs[12], regs[op.LR] = words[4], words[5]
        status = words[7]
        self.set_flags(status)
        extended = core.fpu.exists and not code & STANDARD_FRAME
        if extended:
            core.fpu.unstack(frame + 0x20)
        self.control = self.control & ~FPCA | (FPCA if extended else 0)
        size = 0x20 + (FRAME if extended else 0)
        regs[op.SP] = frame + size + (4 if status & 1 << 9 else 0)
        core.state[op.S_EXCLUSIVE] = -1
        core.state[op.S_CYCLES] += core.timing.dynamic.exception_return
        self.event = True
        core.fpu.update()
        core.pc = words[6] & ~1
        if core.call_tree is not None:
            core.call_tree.leave_handler(core.cycles, core.instructions)

    @property
    def has_mainline(self) -> bool:
        """BASEPRI, FAULTMASK and configurable faults exist."""
        return self._core.model.level > V6M

    @property
    def has_limits(self) -> bool:
        """MSPLIM and PSPLIM exist."""
        return self._core.model.level >= V8M
