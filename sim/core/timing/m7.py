"""Cortex-M7: two instructions a cycle, in order, where a list of rules allows.

Sources: measurements on STM32H743 by Jan Oleksiewicz (jnk0le/random, CC0), marked [J], and
quinapalus.com's cm7cycles. Not modelled: bank conflicts between two loads, the store
buffer, misaligned data, which branches are predicted (all are, at `PREDICTED`).

Pipeline states: after a taken branch; after the older of a pair that may still be joined;
after the younger; after one whose condition failed, which costs what it would have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgesnn.sim.core import facts
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.timing.model import Dynamic, Price, Step, price

OPEN, CLOSED = 1, 2
PREDICTED = 0  # a taken branch that was predicted: 20 instructions in a loop take 10 cycles [J]
INDIRECT = 3  # a return or computed branch: between predicted and the 8 of a miss, estimate
BITFIELD = frozenset(
    {op.SXTAB, op.SXTAH, op.UXTAB, op.UXTAH, op.BFI, op.UBFX, op.SBFX, op.REV, op.REV16,
     op.REVSH, op.RBIT, op.CLZ, op.PARALLEL, op.SEL, op.PKHBT, op.PKHTB, op.SSAT, op.USAT}
)  # fmt: skip
EARLY_INPUT = frozenset({op.UBFX, op.SBFX, op.RBIT, op.REV, op.REV16, op.REVSH})
EARLY_OLDER = frozenset({op.ADD, op.SUB, op.MOV, op.ADDS, op.SUBS, op.MOVS})
NARROW_LOADS = frozenset({op.LDRB, op.LDRH, op.LDRSB, op.LDRSH})


_DYNAMIC = Dynamic(
    divide_base=2, divide_bits=2, divide_most=18, exception_entry=12, exception_return=10
)


@dataclass(frozen=True, slots=True)
class DualIssue:
    """The only parameters are costs that events and data bring."""

    dynamic: Dynamic = _DYNAMIC

    def price(self, code: Sequence[Instruction]) -> list[Price]:
        """Costs by whether the predecessor can still be joined."""
        prices = []
        for index, i in enumerate(code):
            previous = code[index - 1] if index else None
            stall = _stall(i, previous) if previous is not None else 0
            alone = Step(_cycles(i) + stall, CLOSED if _unpaired(i) else OPEN)
            joins = previous is not None and stall == 0 and _joins(code[:index], i)
            steps = [Step(_cycles(i), alone.state), Step(0, CLOSED) if joins else alone, alone]
            # What is predicated out costs as much as what is done [J].
            prices.append(price([*steps, alone], steps[1], _taken(i)))
        return prices


def _cycles(i: Instruction) -> int:
    if i.op in (op.LDM, op.STM, op.LDRD, op.STRD):
        return (facts.words_moved(i) + 1) // 2
    return 1


def _unpaired(i: Instruction) -> bool:
    """What issues alone [J]: multiple transfers, divisions, the system."""
    return (
        i.op in (op.LDM, op.STM, op.LDRD, op.STRD, op.SYSTEM)
        or i.op in facts.DIVIDES
        or facts.is_it(i)
        or facts.kind_of(i) == "system"
    )


def _is_multiply(i: Instruction) -> bool:
    return facts.kind_of(i) == "multiply"


def _is_bitfield(i: Instruction) -> bool:
    return i.op in BITFIELD or (i.op == op.DSP and i.kind not in facts.MULTIPLYING_DSP)


def _joins(before: Sequence[Instruction], younger: Instruction) -> bool:
    """Whether `younger` issues in the cycle of the last instruction before it."""
    older = before[-1]
    if _unpaired(older) or _unpaired(younger):
        return False
    if facts.branches(older) and not facts.is_conditional(older):
        return False
    if _same_pipe(older, younger):
        return False
    made_late = facts.results(before[-2]) if len(before) > 1 else frozenset()
    return _independent(older, younger, early=not facts.sources(older) & made_late)


def _same_pipe(older: Instruction, younger: Instruction) -> bool:
    """Structural conflicts: one multiplier, one store, one shifter, one branch."""
    stores = older.op in facts.STORES, younger.op in facts.STORES
    multiplies = _is_multiply(older), _is_multiply(younger)
    if all(stores) or all(multiplies) or (any(stores) and any(multiplies)):
        return True
    if facts.branches(older) and facts.branches(younger):
        return True
    shifts = (
        _is_bitfield(older) or _shifts(older),
        _is_bitfield(younger) or _shifts(younger),
    )
    return all(shifts) or _is_bitfield(younger)


def _shifts(i: Instruction) -> bool:
    return facts.shifts_operand(i) or facts.has_rotated_constant(i)


def _independent(older: Instruction, younger: Instruction, *, early: bool) -> bool:
    """No result of the older is needed in the same cycle, late ALU and stored data apart.

    `early` tells that the older's own inputs are there for the early ALU.
    """
    made = facts.results(older) | (frozenset({older.writeback}) - facts.NOWHERE)
    clash = facts.results(older) & facts.results(younger)
    if clash and not (older.mnemonic == "movw" and younger.mnemonic == "movt"):
        return False
    needed = facts.sources(younger) & made
    if not needed or (older.mnemonic == "movw" and younger.mnemonic == "movt"):
        return True
    if younger.op in facts.SINGLE_STORES:
        return not needed & facts.address_registers(younger)
    early = early and _is_early(older)
    late = facts.kind_of(younger) == "alu" and not (_shifts(younger) or _is_bitfield(younger))
    return early and late


def _stall(i: Instruction, previous: Instruction) -> int:
    """Cycles beyond the next in which i could take what `previous` makes [J]."""
    needed = facts.sources(i) & facts.results(previous)
    if not needed:
        return 0
    early = bool(needed & facts.address_registers(i)) or i.op in EARLY_INPUT or _shifts(i)
    if previous.op in NARROW_LOADS:
        ready = 2 if early else 1
    elif previous.op in facts.LOADS:
        ready = 1 if early or _is_multiply(i) else 0
    elif _is_multiply(previous):
        ready = 0 if needed <= facts.accumulators(i) else 1
    else:
        ready = int(early and not _is_early(previous))
    if i.op in facts.SINGLE_STORES and not needed & facts.address_registers(i):
        return 0
    return ready


def _is_early(i: Instruction) -> bool:
    return i.op in EARLY_OLDER and not _shifts(i)


def _taken(i: Instruction) -> int:
    return PREDICTED if i.op in facts.DIRECT else INDIRECT


CORTEX_M7 = DualIssue()
