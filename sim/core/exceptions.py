"""Exceptions: priorities, entry, return and the interrupt controller's registers.

Armv7-M manual B1.5; Armv8-M without the Security Extension behaves alike. A handler that ends
while another exception waits hands its stack frame on (tail chaining). Not modelled: late arrival.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import V6M, V8M
from edgesnn.sim.core.faults import FAULTS, HARD_FAULT, FaultStatus
from edgesnn.sim.core.fpu import FPCA, FRAME
from edgesnn.sim.core.systick import FOREVER, SysTick

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core

NMI = 2
SVCALL, PENDSV, SYSTICK, IRQ0 = 11, 14, 15, 16
LOWEST = 256
STANDARD_FRAME = 0x10  # in EXC_RETURN: no floating point state was stacked


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
        self.status = FaultStatus()
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
        """The most urgent pending exception, where it beats what runs."""
        if not self.controller.pending:
            return None
        ready = [n for n in self.controller.pending if n < IRQ0 or n in self.controller.enabled]
        number = min(ready, key=lambda n: (self.priority(n), n), default=None)
        return number if number is not None and self.preempts(number) else None

    def take_pending(self) -> None:
        """Enter the most urgent pending exception where it beats what runs."""
        number = self._candidate()
        if number is not None:
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
        fault = FAULTS[kind]
        number = fault.number
        if not self.has_mainline or number not in self.controller.enabled:
            number = HARD_FAULT
        if not self.preempts(number):
            number = HARD_FAULT
        if not self.preempts(number):
            return False
        if self.has_mainline:
            address = int(self._core.state[op.S_FAULT])
            self.status.note(fault, address, forced=number != fault.number)
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
        core.memory.write(frame, np.array(words, "<u4").tobytes())
        code = 0xFFFFFFF1 if self.number else (0xFFFFFFFD if self.control & 2 else 0xFFFFFFF9)
        if extended:
            core.fpu.stack(frame + 0x20)
            code &= ~STANDARD_FRAME
        regs[op.SP] = frame
        if self.control & 2 and not self.number:
            regs[op.SP], self.other_stack = self.other_stack, frame
            self.control &= ~2
        core.state[op.S_STACK_LOW] = min(int(core.state[op.S_STACK_LOW]), frame)
        self._begin(number, code, core.timing.dynamic.exception_entry)

    def _begin(self, number: int, code: int, cost: int) -> None:
        """Go to a handler, whose frame has been stacked and whose return is `code`."""
        core = self._core
        self.control &= ~FPCA
        core.regs[op.LR] = code
        self.controller.pending.discard(number)
        self.controller.active.append(number)
        core.state[op.S_EXCLUSIVE] = -1
        core.state[op.S_CYCLES] += cost
        core.fpu.update()
        self._vector(number)
        if core.call_tree is not None:
            at, stack = int(core.state[op.S_AT]), int(core.regs[op.SP])
            core.call_tree.enter_handler(at, stack, core.cycles - cost, core.instructions)

    def _vector(self, number: int) -> None:
        core = self._core
        place = self.vectors + 4 * number
        handler = int.from_bytes(core.memory.read(place, 4), "little")
        if not handler & 1 or core.memory.flat(handler & ~1) < 0:
            core.fault(
                f"exception {number} has vector {handler:#010x}, which is not Thumb code", "vector"
            )
        core.pc = handler & ~1

    def is_return(self, target: int) -> bool:
        """Whether a branch to `target` ends a handler."""
        return bool(self.controller.active) and target >> 24 == 0xFF

    def leave(self, code: int) -> None:
        """End a handler: go on where its exception came, or in the handler of another one."""
        core = self._core
        self.controller.active.pop()
        self.masks.faultmask = 0
        self.event = True
        self.tick()
        following = self._candidate()
        if following is None:
            self._unstack(code)
        if core.call_tree is not None:
            core.call_tree.leave_handler(core.cycles, core.instructions)
        if following is not None:  # what would be unstacked is stacked already
            self._begin(following, code, core.timing.dynamic.exception_chain)

    def _unstack(self, code: int) -> None:
        """ExceptionReturn."""
        core, regs = self._core, self._core.regs
        if code & 4:
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
        core.fpu.update()
        core.pc = words[6] & ~1

    @property
    def has_mainline(self) -> bool:
        """BASEPRI, FAULTMASK and configurable faults exist."""
        return self._core.model.level > V6M

    @property
    def has_limits(self) -> bool:
        """MSPLIM and PSPLIM exist."""
        return self._core.model.level >= V8M
