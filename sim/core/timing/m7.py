"""Cortex-M7: two instructions a cycle, in order, where a list of rules allows.

Sources: measurements on STM32H743 by Jan Oleksiewicz (jnk0le/random, CC0), marked [J], and
quinapalus.com's cm7cycles. Not modelled: the store buffer, the instruction queue.

Pipeline states: after a taken branch; after the older of a pair that may still be joined;
after one that nothing can join. Straight-line code is issued twice at once, for both of
the ways in which it can be cut into pairs; a row holds what its instruction takes in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from edgesnn.sim.core import facts
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.timing import floating
from edgesnn.sim.core.timing.m7_stages import (
    FLAGS,
    STAGE,
    Ready,
    Use,
    is_bit_field,
    is_multiply,
    makes,
    may_be_early,
    shifts_inline,
    shifts_only,
    takes_shifter,
    uses,
)
from edgesnn.sim.core.timing.model import AS_DONE, Dynamic, Price, Step, price

OPEN, CLOSED = 1, 2
PREDICTED = 0  # a taken branch that was predicted: 20 instructions in a loop take 10 cycles [J]
MISSED, MISSED_LATE = 6, 8  # flags known three cycles before the branch, or later [J]
FLOATS = 6  # floating point instructions that a later one may have to wait for
FLAGS_KNOWN = 5  # issue slots before the branch that are too late for the shorter one [J]

_DYNAMIC = Dynamic(
    divide_base=2, divide_bits=2, divide_most=18, misaligned_even=3, misaligned_odd=3,
    misaligned_store=False, exception_entry=12, exception_return=10,
)  # fmt: skip


@dataclass(slots=True)
class Lane:
    """Code issued up to here, cut into pairs in one way.

    Attributes:
        cycle: of the last issue.
        older: the instruction that the next one may join, or None.
        ready: by register, the stages (in absolute cycles) that it can be taken in.
        floats: the last floating point instructions, each with its cycle.
    """

    cycle: int = 0
    older: Instruction | None = None
    ready: dict[int, Ready] = field(default_factory=dict)
    floats: tuple[tuple[int, Instruction], ...] = ()

    def earliest(self, i: Instruction, cycle: int) -> int:
        """The first cycle from `cycle` on in which all inputs of `i` are in time."""
        for register, use in uses(i):
            ready = self.ready.get(register)
            if ready is not None:
                cycle = max(cycle, _wanted(ready, use) - STAGE[use])
        return max(
            [cycle, *(began + floating.m7_distance(older, i) for began, older in self.floats)]
        )

    def issue(self, i: Instruction, cycle: int, *, younger: bool) -> Lane:
        """The lane after `i` has been issued in `cycle`."""
        early = may_be_early(i) and (shifts_only(i) or not younger) and self._is_early(i, cycle)
        ready = dict(self.ready)
        for register, stages in makes(i, early=early):
            ready[register] = Ready(*(cycle + stage for stage in stages))
        last = cycle + _cycles(i) - 1
        floats = (*self.floats, (cycle, i))[-FLOATS:] if i.op in facts.FLOATING else self.floats
        return Lane(last, None if younger or _unpaired(i) else i, ready, floats)

    def _is_early(self, i: Instruction, cycle: int) -> bool:
        known = (self.ready[r].alu for r in facts.sources(i) if r in self.ready)
        return all(stage <= cycle for stage in known)


def _wanted(ready: Ready, use: Use) -> int:
    if use == Use.ADDRESS:
        return ready.address
    return ready.factor if use == Use.FACTOR else ready.late


@dataclass(frozen=True, slots=True)
class DualIssue:
    """The only parameters are costs that events and data bring."""

    dynamic: Dynamic = _DYNAMIC

    def price(self, code: Sequence[Instruction]) -> list[Price]:
        """Costs by whether the predecessor can still be joined."""
        prices, opened, closed = [], Lane(), Lane()
        for index, i in enumerate(code):
            joined = _joined(opened, i)
            alone = closed.issue(i, closed.earliest(i, closed.cycle + 1), younger=False)
            after = joined or opened.issue(i, opened.earliest(i, opened.cycle + 1), younger=False)
            fresh = Step(_cycles(i), _state(alone))
            steps = [
                fresh,
                Step(after.cycle - opened.cycle, _state(after)),
                Step(alone.cycle - closed.cycle, _state(alone)),
                fresh,
            ]
            bank = joined is not None and _both_load(opened.older, i)
            missed, indirect = _missed(code[:index], i), _is_indirect(i)
            # What is predicated out costs as much as what is done [J].
            prices.append(
                price(steps, AS_DONE, PREDICTED, missed=missed, bank=bank, indirect=indirect)
            )
            opened, closed = (alone, after) if joined else (after, alone)
        return prices


def _state(lane: Lane) -> int:
    return CLOSED if lane.older is None else OPEN


def _joined(lane: Lane, i: Instruction) -> Lane | None:
    """The lane after `i` has been issued beside the last instruction, if it can be."""
    older = lane.older
    if older is None or _unpaired(i) or not _may_pair(older, i):
        return None
    late = lane.earliest(i, lane.cycle) > lane.cycle and not _halves_of_constant(older, i)
    return None if late else lane.issue(i, lane.cycle, younger=True)


def _cycles(i: Instruction) -> int:
    if i.op in facts.FLOATING:
        return floating.m7_cycles(i)
    if i.op in (op.LDM, op.STM, op.LDRD, op.STRD):
        return (facts.words_moved(i) + 1) // 2
    return 1


def _unpaired(i: Instruction) -> bool:
    """What issues alone [J]: multiple transfers, divisions, the system."""
    alone = i.op in (op.LDM, op.STM, op.LDRD, op.STRD, op.SYSTEM, op.TBB, op.TBH)
    alone = alone or i.op in facts.DIVIDES or floating.m7_alone(i)
    return alone or facts.kind_of(i) == "system"


def _may_pair(older: Instruction, younger: Instruction) -> bool:
    """Structural conflicts: one multiplier, one store, one shifter, one branch [J]."""
    stores = older.op in facts.STORES, younger.op in facts.STORES
    multiplies = is_multiply(older), is_multiply(younger)
    if all(stores) or all(multiplies) or (any(stores) and any(multiplies)):
        return False
    if facts.branches(older) and (facts.branches(younger) or not facts.is_conditional(older)):
        return False
    if is_bit_field(younger) or _share_result(older, younger):
        return False
    if older.op in facts.FLOATING or younger.op in facts.FLOATING:
        return floating.m7_pairs(older, younger)
    shifts = shifts_inline(older) or shifts_only(older) or takes_shifter(older)
    return not (shifts and shifts_inline(younger))


def _share_result(older: Instruction, younger: Instruction) -> bool:
    made, other = (facts.results(i) | {i.writeback} for i in (older, younger))
    return bool(made & other - facts.NOWHERE) and not _halves_of_constant(older, younger)


def _halves_of_constant(older: Instruction, younger: Instruction) -> bool:
    """MOVW and MOVT of one register go together [J]."""
    return older.mnemonic == "movw" and younger.mnemonic == "movt" and older.rd == younger.rd


def _both_load(older: Instruction | None, i: Instruction) -> bool:
    """Two loads issue together where they meet different banks, even and odd words [J]."""
    return older is not None and older.op in facts.SINGLE_LOADS and i.op in facts.SINGLE_LOADS


def _is_indirect(i: Instruction) -> bool:
    return facts.branches(i) and i.op not in facts.DIRECT


def _missed(before: Sequence[Instruction], i: Instruction) -> int:
    """Cycles that a wrong prediction costs; 0 for what cannot be predicted wrongly."""
    if i.op == op.B and facts.is_conditional(i):
        recent = any(FLAGS in dict(makes(b, early=False)) for b in before[-FLAGS_KNOWN:])
        return MISSED_LATE if recent else MISSED
    return MISSED_LATE if _is_indirect(i) or i.op in (op.CBZ, op.CBNZ) else 0


CORTEX_M7 = DualIssue()
