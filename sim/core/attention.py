"""What the compiled loop comes back for, and who is told when execution reaches an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.stop import RETURN_ADDRESS
from edgesnn.sim.core.systick import FOREVER

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core


class Watchers:
    """Functions to call before the instruction at an address is done."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._listed: dict[int, list[Callable[[], None]]] = {}

    def __contains__(self, address: int) -> bool:
        return address in self._listed

    def add(self, address: int, notify: Callable[[], None]) -> None:
        """Call `notify` every time execution reaches `address`, before it goes on."""
        self._listed.setdefault(address, []).append(notify)
        self._core.translator.set_break(address, True)

    def remove(self, address: int, notify: Callable[[], None]) -> None:
        """Undo one `add`."""
        self._listed[address].remove(notify)
        if not self._listed[address]:
            del self._listed[address]
            self._core.translator.set_break(address, False)

    def notify(self, address: int) -> None:
        """Tell who watches `address`, then do its instruction unseen."""
        for notify in tuple(self._listed[address]):
            notify()
        done = self._core.instructions
        self._core.translator.set_break(address, False)
        while self._core.instructions == done and self._core.stopped is None:
            reason = self._core.once(done + 1)
            if reason != op.R_LIMIT:
                attend(self._core, reason)
        if address in self._listed:
            self._core.translator.set_break(address, True)


def attend(core: Core, reason: int) -> None:
    """Do what the compiled loop came back for.

    Raises:
        CoreFault: the firmware did what the core cannot do, and takes no exception for it.
    """
    act = _ACTS.get(reason)
    if act is not None:
        act(core)


def _decode(core: Core) -> None:
    if not core.translator.decode_at(core.pc):
        core.fault(f"execution ran out of memory at {core.pc:#010x}", "fetch")


def _system(core: Core) -> None:
    """An instruction that Python does, or one that is watched."""
    if core.pc in core.watchers and core.translator.is_break(core.pc):
        core.watchers.notify(core.pc)
    else:
        core.system.execute(core.instruction())


def _access(core: Core) -> None:
    """An access to a device: its instruction takes the answer before an exception can come."""
    core.bus.access()
    if core.state[op.S_MAIL]:
        core.state[op.S_DEADLINE] = FOREVER
        reason = core.once(core.instructions + 1)
        if reason != op.R_LIMIT:
            attend(core, reason)


def _fetch(core: Core) -> None:
    """A branch to where no memory is: the end of a call, of a handler, or a mistake."""
    target = int(core.state[op.S_FAULT])
    if target & ~1 == RETURN_ADDRESS:
        core.stop("returned")
    elif core.exceptions.is_return(target):
        core.exceptions.leave(target)
    else:
        core.fault(f"branch to {target:#010x}, where no memory is", "fetch")


def _undefined(core: Core) -> None:
    core.fault(f"unknown instruction {core.instruction().encoding:#06x}", "undefined")


def _state(core: Core) -> None:
    target = int(core.state[op.S_FAULT])
    core.fault(f"branch to {target:#010x}, which is not Thumb code", "state")


def _divide(core: Core) -> None:
    core.fault("division by zero", "divide")


def _floating(core: Core) -> None:
    core.fpu.check()


def _stack(core: Core) -> None:
    core.fault(f"stack overflow: sp = {int(core.regs[op.SP]):#010x}", "stack")


_ACTS: dict[int, Callable[[Core], None]] = {
    op.R_DECODE: _decode,
    op.R_SYSTEM: _system,
    op.R_ACCESS: _access,
    op.R_FETCH: _fetch,
    op.R_UNDEFINED: _undefined,
    op.R_STATE: _state,
    op.R_DIVIDE: _divide,
    op.R_FLOATING: _floating,
    op.R_STACK: _stack,
}
