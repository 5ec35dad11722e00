"""Instructions that touch the system: MSR, MRS, CPS, SVC, WFI, WFE, BKPT, TT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.exceptions import SVCALL
from edgesnn.sim.core.fpu import FPCA
from edgesnn.sim.core.instruction import Instruction

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core

SEMIHOSTING = 0xAB
# SYSm numbers of MSR and MRS (Armv7-M manual B5.1.1, Armv8-M for the limits).
MSP, PSP, MSPLIM, PSPLIM = 8, 9, 10, 11
PRIMASK, BASEPRI, BASEPRI_MAX, FAULTMASK, CONTROL = 16, 17, 18, 19, 20


class SystemInstructions:
    """Does, in Python, what the compiled loop leaves alone."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._do = {
            op.SVC: self._supervisor_call, op.BKPT: self._breakpoint, op.MSR: self._write,
            op.MRS: self._read, op.CPS: self._change_state, op.WFI: self._wait,
            op.WFE: self._wait_event, op.SEV: self._send_event, op.TT: self._test_target,
        }  # fmt: skip

    def execute(self, instruction: Instruction) -> None:
        """Do one SYSTEM instruction."""
        self._do[instruction.kind](instruction)

    def _supervisor_call(self, instruction: Instruction) -> None:
        core = self._core
        core.finish(instruction)
        exceptions = core.exceptions
        if not exceptions.preempts(SVCALL):
            core.state[op.S_AT] -= 1
            core.fault("SVC where its handler cannot run", "call")
            return
        exceptions.enter(SVCALL)

    def _breakpoint(self, instruction: Instruction) -> None:
        if instruction.imm == SEMIHOSTING:
            self._core.semihosting.call()
            self._core.finish(instruction)
        else:
            self._core.stop("breakpoint")

    def _read(self, instruction: Instruction) -> None:
        self._core.regs[instruction.rd] = self.read_register(instruction.amount) & 0xFFFFFFFF
        self._core.finish(instruction)

    def read_register(self, number: int) -> int:
        """The special register SYSm."""
        core, exceptions = self._core, self._core.exceptions
        if number < 8:
            status = exceptions.number if number & 1 else 0
            return status | (0 if number & 4 else exceptions.flags())
        process = bool(exceptions.control & 2)
        if number in (MSP, PSP):
            current = process == (number == PSP)
            return int(core.regs[op.SP]) if current else exceptions.other_stack
        if number in (MSPLIM, PSPLIM) and exceptions.has_limits:
            return exceptions.stack_limits[number - MSPLIM]
        if number == PRIMASK:
            return exceptions.masks.primask
        if number == CONTROL:
            return exceptions.control
        if exceptions.has_mainline:
            if number in (BASEPRI, BASEPRI_MAX):
                return exceptions.masks.basepri
            if number == FAULTMASK:
                return exceptions.masks.faultmask
        return 0

    def _privileged(self) -> bool:
        return bool(self._core.exceptions.number) or not self._core.exceptions.control & 1

    def _write(self, instruction: Instruction) -> None:
        core = self._core
        value, number = int(core.regs[instruction.rn]), instruction.amount
        core.finish(instruction)
        if number < 4:
            core.exceptions.set_flags(
                value, condition=bool(instruction.imm & 2), ge=bool(instruction.imm & 1)
            )
        elif number >= 8 and self._privileged():
            self._write_special(number, value)

    def _write_special(self, number: int, value: int) -> None:
        exceptions = self._core.exceptions
        masks = exceptions.masks
        if number in (MSP, PSP):
            self._write_stack(number, value & ~3)
        elif number in (MSPLIM, PSPLIM) and exceptions.has_limits:
            exceptions.stack_limits[number - MSPLIM] = value & ~7
            self._apply_limit()
        elif number == PRIMASK:
            masks.primask = value & 1
        elif number == CONTROL:
            self._write_control(value)
        elif exceptions.has_mainline:
            if number == BASEPRI or (
                number == BASEPRI_MAX
                and value & 0xFF
                and (not masks.basepri or value & 0xFF < masks.basepri)
            ):
                masks.basepri = value & 0xFF
            elif number == FAULTMASK and exceptions.running_priority() > -1:
                masks.faultmask = value & 1

    def _write_stack(self, number: int, value: int) -> None:
        core, exceptions = self._core, self._core.exceptions
        if bool(exceptions.control & 2) == (number == PSP):
            core.regs[op.SP] = value
        else:
            exceptions.other_stack = value

    def _write_control(self, value: int) -> None:
        """SPSEL changes stacks, in thread mode only; nPRIV is kept but grants are not checked."""
        core, exceptions = self._core, self._core.exceptions
        wanted = value & 3 if not exceptions.number else value & 1 | exceptions.control & 2
        wanted |= value & FPCA if core.fpu.exists else 0
        if (wanted ^ exceptions.control) & 2:
            stack = int(core.regs[op.SP])
            core.regs[op.SP], exceptions.other_stack = exceptions.other_stack, stack
        exceptions.control = wanted
        core.fpu.update()
        self._apply_limit()

    def _apply_limit(self) -> None:
        exceptions = self._core.exceptions
        limit = exceptions.stack_limits[bool(exceptions.control & 2)]
        if exceptions.has_limits and limit:
            self._core.state[op.S_STACK_LIMIT] = limit
            self._core.state[op.S_STACK_LOW] = self._core.regs[op.SP]

    def _change_state(self, instruction: Instruction) -> None:
        masks, amount = self._core.exceptions.masks, instruction.amount
        self._core.finish(instruction)
        if not self._privileged():
            return
        disable = amount >> 2 & 1
        if amount & 2:
            masks.primask = disable
        if amount & 1 and self._core.exceptions.has_mainline:
            masks.faultmask = disable

    def _wait(self, instruction: Instruction) -> None:
        """Sleep until something is pending: time jumps to the next timer, or the run ends."""
        core = self._core
        core.finish(instruction)
        if core.exceptions.controller.pending:
            return
        wake = core.exceptions.next_event()
        if wake >= 1 << 62:
            core.stop("sleeping")
            return
        core.slept += max(wake - core.cycles, 0)
        core.state[op.S_CYCLES] = max(wake, core.cycles)
        core.exceptions.tick()

    def _wait_event(self, instruction: Instruction) -> None:
        exceptions = self._core.exceptions
        if exceptions.event:
            exceptions.event = False
            self._core.finish(instruction)
        else:
            self._wait(instruction)

    def _send_event(self, instruction: Instruction) -> None:
        self._core.exceptions.event = True
        self._core.finish(instruction)

    def _test_target(self, instruction: Instruction) -> None:
        """No MPU region matches; readable and writable where memory lies (R and RW bits)."""
        address = int(self._core.regs[instruction.rn])
        self._core.regs[instruction.rd] = 0xC0000 if self._core.memory.flat(address) >= 0 else 0
        self._core.finish(instruction)
