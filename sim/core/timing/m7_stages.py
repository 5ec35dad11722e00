"""When a Cortex-M7 instruction takes its inputs and when its results are there.

Source: measurements on STM32H743 by Jan Oleksiewicz (jnk0le/random, CC0). A cycle of issue
is followed by stages of one cycle each: the early ALU, shifter and address generation
(stage 0), the late ALU (1), the multiplier's accumulator (2), the data of a store (3).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from edgesnn.sim.core import facts
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction

FLAGS = op.REGISTERS  # N, Z, C, V and GE, as one register more
SHIFTS = frozenset({op.LSLS_IMM, op.LSRS_IMM, op.ASRS_IMM, op.LSR_IMM, op.ASR_IMM, op.SHIFT_REG})
EXTENDS = frozenset({op.SXTAB, op.SXTAH, op.UXTAB, op.UXTAH})
REVERSES = frozenset({op.RBIT, op.REV, op.REV16, op.REVSH})
EXTRACTS = frozenset({op.UBFX, op.SBFX}) | REVERSES
PACKS = frozenset({op.PKHBT, op.PKHTB})
BIT_FIELD = EXTENDS | EXTRACTS | PACKS | {op.BFI, op.CLZ, op.PARALLEL, op.SEL, op.SSAT, op.USAT}
EARLY_ALU = frozenset({op.ADD, op.SUB, op.ADDS, op.SUBS, op.MOV, op.MOVS, op.ADD_SP, op.SUB_SP})
NARROW_LOADS = frozenset({op.LDRB, op.LDRH, op.LDRSB, op.LDRSH})


class Use(IntEnum):
    """How an input is taken: the stage, and what it can be forwarded from."""

    ADDRESS = 0  # address generation, the shifter
    LATE = 1  # the late ALU
    FACTOR = 2  # the late ALU, but not from a word load of the cycle before
    SUM = 3  # the accumulator of a multiplication
    DATA = 4  # what a store writes


STAGE = {Use.ADDRESS: 0, Use.LATE: 1, Use.FACTOR: 1, Use.SUM: 2, Use.DATA: 3}


class Ready(NamedTuple):
    """The first stages, counted from issue, that a result can be taken in.

    Attributes:
        late: by the late ALU, an accumulator or a store.
        alu: by the early ALU.
        address: by address generation and the shifter.
        factor: by a multiplier, or beside an operand that is shifted.
    """

    late: int
    alu: int
    address: int
    factor: int


BY_EARLY_ALU = Ready(1, 1, 1, 1)
BY_REVERSE = Ready(1, 1, 2, 1)
BY_WRITE_BACK = Ready(1, 2, 1, 1)
BY_LATE_ALU = Ready(2, 2, 2, 2)
BY_WORD_LOAD = Ready(2, 2, 2, 3)
BY_NARROW_LOAD = Ready(3, 3, 3, 3)
BY_MULTIPLIER = Ready(3, 3, 3, 3)


def is_multiply(i: Instruction) -> bool:
    """Whether the multiplier does it."""
    return facts.kind_of(i) == "multiply"


def is_bit_field(i: Instruction) -> bool:
    """Bit-field and DSP instructions, multiplications apart: the older of a pair only."""
    return i.op in BIT_FIELD or (i.op == op.DSP and not is_multiply(i))


def extends_and_adds(i: Instruction) -> bool:
    """SXTAB and its kin; SXTB alone is no different from other bit-field instructions."""
    return i.op in EXTENDS and i.rn != op.ZERO


def takes_shifter(i: Instruction) -> bool:
    """Bit-field instructions that go through the early shifter [J]."""
    return i.op in EXTRACTS or i.op in PACKS or i.op == op.BFI or extends_and_adds(i)


def shifts_inline(i: Instruction) -> bool:
    """A second operand that is shifted, or a constant that is a shifted byte."""
    return facts.shifts_operand(i) or facts.has_rotated_constant(i)


def shifts_only(i: Instruction) -> bool:
    """LSL, LSR, ASR, ROR as instructions, which are moves of a shifted register."""
    return i.op in SHIFTS or (i.op in (op.MOV, op.MOVS) and (i.preshift or i.lsl > 0))


def may_be_early(i: Instruction) -> bool:
    """Whether the early ALU can do it, given inputs in time and the right slot."""
    return (i.op in EARLY_ALU or i.op in SHIFTS) and not shifts_inline(i)


def uses(i: Instruction) -> Iterator[tuple[int, Use]]:
    """Every register that `i` reads, and how; FLAGS for flags, predicted branches apart."""
    if facts.reads_flags(i):
        yield FLAGS, Use.LATE
    if i.op in facts.DIRECT:
        return
    address, sums, early = facts.address_registers(i), facts.accumulators(i), _shifted(i)
    plain = Use.FACTOR if is_multiply(i) or early else Use.LATE
    for register in facts.sources(i):
        if register in address or register in early:
            yield register, Use.ADDRESS
        elif register in sums:
            yield register, Use.SUM
        else:
            yield register, Use.DATA if i.op in facts.STORES else plain


def _shifted(i: Instruction) -> frozenset[int]:
    """Registers that go through the early shifter."""
    if i.op in EXTRACTS or i.op == op.PKHTB:
        return frozenset({i.rn, i.rm}) - facts.NOWHERE
    if i.op == op.BFI:
        return frozenset({i.rn}) - facts.NOWHERE
    if extends_and_adds(i) or i.op == op.PKHBT or facts.shifts_operand(i):
        return frozenset({i.rm}) - facts.NOWHERE
    return frozenset()


def makes(i: Instruction, *, early: bool) -> Iterator[tuple[int, Ready]]:
    """Every register that `i` writes, and from when it can be taken."""
    if facts.writes_back(i):
        yield i.writeback, BY_WRITE_BACK
    if facts.sets_flags(i) or i.op == op.PARALLEL:
        yield FLAGS, BY_MULTIPLIER if is_multiply(i) else BY_LATE_ALU
    if i.op in (op.LDM, op.LDRD):
        yield from _loaded_in_pairs(i)
        return
    ready = _ready(i, early=early)
    for register in facts.results(i):
        yield register, ready


def _loaded_in_pairs(i: Instruction) -> Iterator[tuple[int, Ready]]:
    """Two words a cycle, each as a word load of that cycle."""
    for index, register in enumerate([i.rd, i.ra] if i.op == op.LDRD else sorted(facts.results(i))):
        yield register, Ready(*(stage + index // 2 for stage in BY_WORD_LOAD))


def _ready(i: Instruction, *, early: bool) -> Ready:
    if i.op in NARROW_LOADS:
        return BY_NARROW_LOAD
    if i.op in facts.LOADS:
        return BY_WORD_LOAD
    if is_multiply(i):
        return BY_MULTIPLIER
    if i.op in REVERSES:
        return BY_REVERSE
    return BY_EARLY_ALU if early else BY_LATE_ALU
