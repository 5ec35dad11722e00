"""Cortex-M0 and M0+: no state worth the name, a table by instruction.

Sources: Cortex-M0 TRM (DDI0432C) table 3-1, Cortex-M0+ TRM (DDI0484C) table 3-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgesnn.sim.core import facts
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.timing.model import STATES, Dynamic, Price, Step, price

_DYNAMIC = Dynamic(exception_entry=15, exception_return=11)


@dataclass(frozen=True, slots=True)
class SmallCore:
    """Costs in cycles; the defaults are the Cortex-M0+'s.

    Attributes:
        multiply: MULS, 1 with the fast multiplier (RP2040, STM32L0), else 32.
        memory: LDR, STR and their kin.
        taken: beyond one, for B, BX, BLX and moves to the program counter.
        link: beyond one, for BL.
        pop_pc: beyond 1 + N, for POP with the program counter.
        system: MRS, MSR and barriers.
    """

    dynamic: Dynamic = _DYNAMIC
    multiply: int = 1
    memory: int = 2
    taken: int = 1
    link: int = 2
    pop_pc: int = 2
    system: int = 3

    def price(self, code: Sequence[Instruction]) -> list[Price]:
        """Every instruction costs the same in every state."""
        return [self._price(instruction) for instruction in code]

    def _price(self, i: Instruction) -> Price:
        step = Step(self._cycles(i), 1)
        return price([step] * STATES, Step(1, 1), self._taken(i))

    def _cycles(self, i: Instruction) -> int:
        if i.op in (op.LDM, op.STM):
            return 1 + facts.words_moved(i)
        if facts.accesses_memory(i):
            return self.memory
        if i.op == op.MULS:
            return self.multiply
        if i.mnemonic in ("mrs", "msr", "dsb", "dmb", "isb"):
            return self.system
        return 2 if i.mnemonic in ("wfi", "wfe") else 1

    def _taken(self, i: Instruction) -> int:
        if i.op == op.LDM:
            return self.pop_pc
        return self.link if i.op == op.BL else self.taken


CORTEX_M0PLUS = SmallCore()
CORTEX_M0 = SmallCore(
    Dynamic(exception_entry=16, exception_return=12), taken=2, link=3, pop_pc=3, system=4
)
