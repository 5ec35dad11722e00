"""Cortex-M33: in order, results that arrive a cycle late, and a few pairs in one cycle.

Source: measurements on RP2350 (r1p0) by Jan Oleksiewicz (jnk0le/random, CC0), marked [J];
Arm has published no table. Division and returns by POP are estimates.

Pipeline states: after a taken branch; after an instruction that was done alone; after the
second of a pair; after one whose condition failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgesnn.sim.core import facts
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.timing import floating
from edgesnn.sim.core.timing.model import AS_DONE, Dynamic, Price, Step, price

ALONE, PAIRED, SKIPPED = 1, 2, 3
RETURN_BY_POP = 3  # POP {pc} is one to two cycles slower than POP {lr} and BX LR [J]


_DYNAMIC = Dynamic(
    divide_base=1, divide_bits=3, divide_most=10, exception_entry=12, exception_return=10,
    float_long=13,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mainline:
    """The only parameters are costs that events and data bring."""

    dynamic: Dynamic = _DYNAMIC

    def price(self, code: Sequence[Instruction]) -> list[Price]:
        """Costs by what came before, with results that are late looked up in `code`."""
        prices = []
        for index, instruction in enumerate(code):
            previous = code[index - 1] if index else None
            alone = self._alone(instruction)
            stall = self._stall(instruction, _producer(code, index))
            stall = max(stall, self._float_wait(code[max(index - 3, 0) : index + 1]))
            pairs = previous is not None and _pairs(previous, instruction)
            after = Step(0, PAIRED) if pairs else Step(alone + stall, ALONE)
            steps = [Step(alone, ALONE), after, Step(alone + stall, ALONE), Step(alone, ALONE)]
            # A branch that is not taken comes here too, and can be the second of a pair.
            skipped = AS_DONE if facts.branches(instruction) else Step(1, SKIPPED)
            prices.append(price(steps, skipped, self._taken(instruction, previous, pairs)))
        return prices

    def _alone(self, i: Instruction) -> int:
        if i.op in facts.FLOATING:
            return floating.m33_cycles(i)
        if i.op in (op.LDM, op.STM, op.LDRD, op.STRD):
            return facts.words_moved(i)
        if i.op == op.MULS:
            return 2
        late_flags = facts.sets_flags(i) and facts.has_rotated_constant(i)
        return 2 if late_flags or i.op in (op.TBB, op.TBH) else 1

    def _float_wait(self, code: Sequence[Instruction]) -> int:
        def cycles(i: Instruction) -> int:
            return 0 if facts.is_it(i) else self._alone(i)

        return floating.waited(code, cycles, floating.m33_distance)

    def _stall(self, i: Instruction, previous: Instruction | None) -> int:
        """One cycle where i needs what `previous` delivers a cycle late."""
        if previous is None or previous.op in facts.FLOATING:
            return 0
        if self._alone(previous) > 1 and previous.op not in facts.LOADS:
            return 0
        late = _last_result(previous)
        needed = facts.sources(i)
        if previous.op in facts.LOADS:
            needed = needed - facts.accumulators(i) - _stored(i)
        elif _two_stages(previous):
            needed = needed - _stored(i)
            if _forwards_to_accumulator(previous):
                needed = needed - facts.accumulators(i)
        else:
            return 0
        return int(bool(late & needed))

    def _taken(self, i: Instruction, previous: Instruction | None, pairs: bool) -> int:
        """A taken branch takes two cycles in all, one where it was issued with a plain partner."""
        if i.op == op.LDM or i.op == op.LDR_PC:
            return RETURN_BY_POP
        if pairs and previous is not None and facts.sets_flags(previous):
            return 2
        return 1


def _producer(code: Sequence[Instruction], index: int) -> Instruction | None:
    """The instruction issued in the cycle before; IT and NOP issue beside their predecessor."""
    for back in range(index - 1, -1, -1):
        if not (facts.is_it(code[back]) or facts.is_nop(code[back])):
            return code[back]
    return None


def _pairs(older: Instruction, younger: Instruction) -> bool:
    """Only 16-bit pairs, and only with a NOP, a branch or IT as the second [J]."""
    if older.size != 2 or younger.size != 2 or facts.branches(older) or facts.is_it(older):
        return False
    if facts.is_nop(younger) or facts.is_it(younger):
        return True
    return younger.op in (op.B, op.BX, op.CBZ, op.CBNZ) and not (
        facts.results(older) & facts.sources(younger)
    )


def _last_result(i: Instruction) -> frozenset[int]:
    """What `i` delivers last: of a multiple load, which brings a word a cycle, one register."""
    if i.op == op.LDM:
        return frozenset({max(facts.results(i), default=op.SINK)})
    return frozenset({i.ra}) if i.op == op.LDRD else facts.results(i)


def _stored(i: Instruction) -> frozenset[int]:
    """What a store writes, needed a stage later than its address."""
    if i.op in facts.SINGLE_STORES:
        return frozenset({i.rd}) - facts.address_registers(i)
    return frozenset()


def _two_stages(i: Instruction) -> bool:
    """Instructions whose result is a cycle late [J]."""
    media = i.op in facts.MEDIA or i.op == op.DSP or i.op in facts.MULTIPLIES
    extends = i.op in (op.SXTAB, op.SXTAH, op.UXTAB, op.UXTAH) and i.rn != op.ZERO
    return media or extends or facts.shifts_operand(i) or facts.has_rotated_constant(i)


def _forwards_to_accumulator(i: Instruction) -> bool:
    """SIMD results cannot be taken by the accumulator a cycle early; the others can [J]."""
    return i.op not in facts.MEDIA


CORTEX_M33 = Mainline()
