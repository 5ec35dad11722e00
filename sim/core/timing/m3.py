"""Cortex-M3 and M4: three stages, one instruction at a time, loads that overlap.

Sources: Cortex-M4 TRM (100166_0001) table 3-1 and section 3.3.2, Cortex-M3 TRM (DDI0337)
table 3-1; measurements on STM32F103 and STM32F407 by Jan Oleksiewicz (jnk0le/random,
CC0), marked [J]; eprint 2025/523 for misaligned 32-bit instructions.

Pipeline states: after a taken branch; after an instruction that was done; after one whose
condition failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgesnn.sim.core import facts
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.timing import floating, m3_fetch
from edgesnn.sim.core.timing.model import Dynamic, Price, Step, price

DONE, SKIPPED = 1, 2


_DYNAMIC = Dynamic(
    divide_base=1, divide_bits=3, divide_most=11, exception_entry=12, exception_return=10,
    float_long=13,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ThreeStage:
    """Costs in cycles; the defaults are the Cortex-M4's.

    Attributes:
        accumulate: MLA and MLS.
        long_multiply, long_accumulate: SMULL and SMLAL and their unsigned kin, at least.
        refill_direct: P of a branch whose target the decoder knows: B, BL, CBZ, and BX LR.
        refill_register: P where the target is known in execute.
        refill_loaded: P where it is loaded; table branches add to it first, which takes one more.
        indexed_chain: a pre- or post-indexed load may follow a load without a stall.
    """

    dynamic: Dynamic = _DYNAMIC
    accumulate: int = 1
    long_multiply: int = 1
    long_accumulate: int = 1
    refill_direct: int = 1
    refill_register: int = 2
    refill_loaded: int = 3
    indexed_chain: bool = True

    def price(self, code: Sequence[Instruction]) -> list[Price]:
        """Costs by what came before: nothing known, done, or skipped."""
        prices, run, previous = [], m3_fetch.Run(), None
        cycles = [self._alone(i) for i in code]
        for index, (i, alone) in enumerate(zip(code, cycles, strict=True)):
            wait, follows = run.waits(i), self._after(i, previous)
            steps = [Step(alone + facts.is_misaligned(i), DONE), Step(follows + wait, DONE)]
            steps += [Step(alone, DONE)] * 2
            lost = m3_fetch.lost_fetch(code, index, cycles) if facts.branches(i) else 0
            prices.append(price(steps, Step(1 + lost, SKIPPED), self._refill(i, previous)))
            run.take(i, alone)
            previous = i
        return prices

    def _alone(self, i: Instruction) -> int:
        """Cycles with no help or hindrance from the neighbours."""
        if i.op in facts.FLOATING:
            return floating.m4_cycles(i, None)
        if i.op in (op.LDM, op.STM, op.LDRD, op.STRD):
            return 1 + facts.words_moved(i)
        if i.op in facts.SINGLE_STORES:
            return 2 if facts.has_register_offset(i) or i.op == op.STREX else 1
        if i.op in facts.LOADS:
            return 2
        if i.op in facts.LONG:
            return self.long_accumulate if i.op in (op.UMLAL, op.SMLAL) else self.long_multiply
        if i.op in (op.MLA, op.MLS):
            return self.accumulate
        if i.mnemonic in ("mrs", "msr", "cps"):
            return 2
        return 4 if i.mnemonic == "isb" else 1

    def _after(self, i: Instruction, previous: Instruction | None) -> int:
        """Cycles after an instruction that was done, the wait for a fetch apart."""
        if previous is None:
            return self._alone(i)
        if facts.is_it(i):
            return 0 if previous.size == 2 and not facts.is_it(previous) else 1
        cycles = self._alone(i)
        if i.op in facts.FLOATING:
            cycles = floating.m4_cycles(i, previous)
        if facts.address_registers(i) & (facts.results(previous) | _written_back(previous)):
            return cycles + self._address_stall(i, previous)
        if self._overlaps(i, previous):
            return cycles - 1
        if i.op in facts.SINGLE_LOADS and previous.op in facts.SINGLE_STORES:
            return cycles + 1  # a store is not pipelined with the load after it [J]
        return cycles

    def _address_stall(self, i: Instruction, previous: Instruction) -> int:
        """Base and offset are needed a cycle early; what was loaded or written back is there."""
        made = frozenset() if previous.op in facts.LOADS else facts.results(previous)
        return int(bool(facts.address_registers(i) & made))

    def _overlaps(self, i: Instruction, previous: Instruction) -> bool:
        """Whether i runs in the data phase of the access before it."""
        load_before = previous.op in facts.SINGLE_LOADS and previous.op != op.LDR_PC
        if facts.is_nop(i):  # [J]: loads and register-offset stores eat a NOP
            return load_before or (
                previous.op in facts.SINGLE_STORES and facts.has_register_offset(previous)
            )
        if not load_before:
            return False
        if i.op in facts.SINGLE_LOADS:
            return self.indexed_chain or not facts.writes_back(i)
        return i.op in facts.SINGLE_STORES - {op.STREX} and (
            self.indexed_chain or not facts.writes_back(i)
        )

    def _refill(self, i: Instruction, previous: Instruction | None) -> int:
        """P: cycles until the first instruction at the target of a branch can be done."""
        if i.op in facts.DIRECT:
            return self.refill_direct
        if i.op == op.BX and i.rm == op.LR:
            late = previous is not None and op.LR in facts.results(previous)
            return self.refill_register if late else self.refill_direct
        if i.op in (op.TBB, op.TBH):
            return self.refill_loaded + 1
        return self.refill_loaded if i.op in (op.LDM, op.LDR_PC) else self.refill_register


def _written_back(i: Instruction) -> frozenset[int]:
    return frozenset({i.writeback}) - facts.NOWHERE


CORTEX_M4 = ThreeStage()
CORTEX_M3 = ThreeStage(
    Dynamic(
        divide_base=1, divide_bits=3, divide_most=11, long_multiply=True,
        exception_entry=12, exception_return=10,
    ),
    accumulate=2, long_multiply=3, long_accumulate=4, indexed_chain=False,
)  # fmt: skip
