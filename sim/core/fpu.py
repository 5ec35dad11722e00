"""Around the floating point unit: who may use it, and what exceptions stack of it, and when.

Armv7-M manual B1.4.7 (CPACR), B1.5.7 (stack frames with floating point state), B3.2.21
(FPCCR and its kin), and the pseudocode of ExecuteFPCheck, UpdateFPCCR and PreserveFPState.
Armv8-M without the Security Extension behaves alike; FPCCR.CLRONRET is not modelled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import FPV4_SP, FPV5_D16, NO_FPU

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core

FPCA = 4  # in CONTROL: floating point state is in use
ASPEN, LSPEN, LSPACT = 1 << 31, 1 << 30, 1
WRITABLE_CONTROL = ASPEN | LSPEN | 0x17B
STACKED = 16  # s0..s15, and FPSCR after them
FRAME = 4 * (STACKED + 2)  # bytes of the extension of a stack frame
CPACR, FPCCR, FPCAR, FPDSCR, MVFR0, MVFR1, MVFR2 = (
    0xED88, 0xEF34, 0xEF38, 0xEF3C, 0xEF40, 0xEF44, 0xEF48,
)  # fmt: skip


class FloatingPoint:
    """The unit's system registers, and the state that exceptions save.

    Attributes:
        access: CPACR, of which only coprocessors 10 and 11 exist.
        context: FPCCR.
        place: FPCAR, where the state goes that has not been stacked yet.
        defaults: FPDSCR, what FPSCR starts a new context with.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._unit = 0
        self.reset()

    def reset(self) -> None:
        """As after power-on: off, with automatic and lazy stacking."""
        self.access, self.place, self.defaults = 0, 0, 0
        self.context = ASPEN | LSPEN if self.exists else 0
        self.update()

    @property
    def exists(self) -> bool:
        """Whether the core has the unit."""
        return self._core.model.fpu != NO_FPU

    @property
    def in_use(self) -> bool:
        """CONTROL.FPCA."""
        return bool(self._core.exceptions.control & FPCA)

    def _is_on(self) -> bool:
        exceptions = self._core.exceptions
        privileged = exceptions.number != 0 or not exceptions.control & 1
        return self.access >> 20 & 3 == 3 or (self.access >> 20 & 3 == 1 and privileged)

    def update(self) -> None:
        """Tell the compiled loop whether instructions may run without asking here first."""
        created = self.in_use or not self.context & ASPEN
        ready = self._is_on() and created and not self.context & LSPACT
        self._core.state[op.S_FP_READY] = self._unit if ready else 0

    def check(self) -> None:
        """ExecuteFPCheck: a fault, or what has to happen before the next instruction runs."""
        core = self._core
        if not self.exists:
            core.fault(
                f"{core.model.name} has no floating point unit; compile with -mfloat-abi=soft "
                "or choose a core that has one",
                "floating",
            )
            return
        if not self._is_on():
            core.fault(
                f"the floating point unit is off (CPACR is {self.access:#010x}); "
                "start-up code has to turn it on",
                "floating",
            )
            return
        self._load()
        if self.context & LSPACT:
            self._save(self.place)
            self.context &= ~LSPACT
        if self.context & ASPEN and not self.in_use:
            core.exceptions.control |= FPCA
            core.state[op.S_FPSCR] = self.defaults
        self.update()

    def _load(self) -> None:
        """Compile the unit, or take it from the cache."""
        if not self._unit:
            from edgesnn.sim.core.vfp.unit import unit_address

            self._unit = unit_address()

    def stack(self, place: int) -> None:
        """Exception entry: save at `place`, or remember to do so when the unit is next used."""
        if self.context & LSPEN:
            self.place = place
            self.context |= LSPACT
        else:
            self._save(place)

    def unstack(self, place: int) -> None:
        """Exception return: restore from `place`, unless nothing was ever saved there."""
        core = self._core
        if self.context & LSPACT:
            self.context &= ~LSPACT
            return
        words = np.frombuffer(core.memory.read(place, FRAME), "<u4")
        core.regs[op.S0 : op.S0 + STACKED] = words[:STACKED]
        core.state[op.S_FPSCR] = int(words[STACKED]) & op.FPSCR_MASK
        core.state[op.S_CYCLES] += core.timing.dynamic.float_stack

    def _save(self, place: int) -> None:
        core = self._core
        words = [*core.regs[op.S0 : op.S0 + STACKED].tolist(), int(core.state[op.S_FPSCR])]
        core.memory.write(place, np.array(words, "<u4").tobytes())
        core.state[op.S_CYCLES] += core.timing.dynamic.float_stack

    def read(self, offset: int) -> int:
        """A register of the system control space; zero without the unit."""
        if not self.exists:
            return 0
        own = {CPACR: self.access, FPCCR: self.context, FPCAR: self.place, FPDSCR: self.defaults}
        return (own | _features(self._core.model.fpu))[offset]

    def write(self, offset: int, value: int) -> None:
        """Set a register; ignored without the unit."""
        if not self.exists:
            return
        if offset == CPACR:
            self.access = value & 0xF << 20
        elif offset == FPCCR:
            self.context = value & WRITABLE_CONTROL
        elif offset == FPCAR:
            self.place = value & ~7
        elif offset == FPDSCR:
            self.defaults = value & 0x07C00000
        self.update()


REGISTERS = frozenset({CPACR, FPCCR, FPCAR, FPDSCR, MVFR0, MVFR1, MVFR2})


def _features(fpu: int) -> dict[int, int]:
    """MVFR0 to MVFR2, as the reference manuals of Cortex-M4, M7 and M33 give them."""
    doubles = fpu == FPV5_D16
    return {
        MVFR0: 0x10110221 if doubles else 0x10110021,
        MVFR1: 0x12000011 if doubles else 0x11000011,
        MVFR2: 0x40 if fpu > FPV4_SP else 0,
    }
