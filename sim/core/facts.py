"""What timing tables and reports want to know of an instruction: kind, registers, size."""

from __future__ import annotations

from functools import lru_cache

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import ALWAYS, Instruction

SINGLE_LOADS = frozenset(
    {op.LDR, op.LDRB, op.LDRH, op.LDRSB, op.LDRSH, op.LDR_SP, op.LDR_PC, op.LOAD_ALIGNED}
)
SINGLE_STORES = frozenset({op.STR, op.STRB, op.STRH, op.STORE_ALIGNED, op.STREX})
VFP_MEMORY = frozenset({op.VFP_LOAD, op.VFP_STORE})
FLOATING = VFP_MEMORY | {op.VFP, op.VFP_FLAGS}
LOADS = SINGLE_LOADS | {op.LDM, op.LDRD, op.TBB, op.TBH, op.VFP_LOAD}
STORES = SINGLE_STORES | {op.STM, op.STRD, op.VFP_STORE}
BRANCHES = frozenset(
    {op.B, op.BL, op.BX, op.BLX, op.JUMP, op.CBZ, op.CBNZ, op.TBB, op.TBH, op.LDR_PC}
)
DIRECT = frozenset({op.B, op.BL, op.CBZ, op.CBNZ})
MULTIPLIES = frozenset(
    {op.MUL, op.MULS, op.MLA, op.MLS, op.UMULL, op.SMULL, op.UMLAL, op.SMLAL, op.UMAAL, op.DSP_LONG}
)
LONG = frozenset({op.UMULL, op.SMULL, op.UMLAL, op.SMLAL, op.UMAAL, op.DSP_LONG})
DIVIDES = frozenset({op.UDIV, op.SDIV})
MEDIA = frozenset({op.PARALLEL, op.SEL, op.PKHBT, op.PKHTB, op.SSAT, op.USAT})
MULTIPLYING_DSP = frozenset({op.SMLA_XY, op.SMLAW_Y, op.SMLAD, op.SMLSD, op.SMMLA, op.SMMLS})
FLAG_SETTERS = frozenset(
    {op.MOVS, op.ADDS, op.SUBS, op.RSBS, op.ADCS, op.SBCS, op.ANDS, op.ORRS, op.EORS, op.BICS,
     op.ORNS, op.LSLS_IMM, op.LSRS_IMM, op.ASRS_IMM, op.MULS}
)  # fmt: skip
ACCUMULATING = frozenset({op.UMLAL, op.SMLAL, op.UMAAL, op.DSP_LONG, op.BFI, op.MOVT})
NOWHERE = frozenset({op.ZERO, op.SINK})

READING_RESULT = frozenset({op.V_MLA, op.V_FMA})  # kinds of VFP that add to their result
FPSCR = frozenset({-1})  # stands for the conditions in FPSCR among results and sources

KINDS = ("alu", "multiply", "divide", "dsp", "floating", "load", "store", "branch", "system")


@lru_cache(maxsize=4096)
def kind_of(i: Instruction) -> str:
    """One of KINDS; a load of the program counter is a branch."""
    if branches(i):
        return "branch"
    if i.op in LOADS:
        return "load"
    if i.op in STORES:
        return "store"
    if i.op in FLOATING:
        return "floating"
    if i.op in DIVIDES:
        return "divide"
    if i.op in MULTIPLIES or (i.op == op.DSP and i.kind in MULTIPLYING_DSP):
        return "multiply"
    if i.op in MEDIA or i.op == op.DSP:
        return "dsp"
    return "system" if i.op in (op.SYSTEM, op.UNDEFINED, op.CLREX) else "alu"


def branches(i: Instruction) -> bool:
    """Whether the instruction can change the flow."""
    return i.op in BRANCHES or (i.op == op.LDM and bool(i.imm >> op.PC & 1))


def is_conditional(i: Instruction) -> bool:
    """A branch that may fall through."""
    return i.cond != ALWAYS or i.op in (op.CBZ, op.CBNZ)


def is_nop(i: Instruction) -> bool:
    """NOP itself, not the hints and barriers that share its operation."""
    return i.op == op.NOP and i.mnemonic == "nop"


def is_it(i: Instruction) -> bool:
    """The IT instruction."""
    return i.mnemonic == "it"


def words_moved(i: Instruction) -> int:
    """Words or smaller units that one execution loads or stores."""
    if i.op in (op.LDM, op.STM):
        return abs(i.extra) // 4
    if i.op in (op.LDRD, op.STRD):
        return 2
    if i.op in VFP_MEMORY:
        return i.amount
    return int(i.op in LOADS or i.op in STORES)


def accesses_memory(i: Instruction) -> bool:
    """Loads, stores and table branches."""
    return i.op in LOADS or i.op in STORES


def address_registers(i: Instruction) -> frozenset[int]:
    """Registers that an access's address is made of."""
    return frozenset({i.rn, i.rm}) - NOWHERE if accesses_memory(i) else frozenset()


def has_register_offset(i: Instruction) -> bool:
    """[Rn, Rm] addressing."""
    return accesses_memory(i) and i.rm != op.ZERO


def writes_back(i: Instruction) -> bool:
    """Pre- or post-indexed."""
    return i.writeback != op.SINK


@lru_cache(maxsize=4096)
def results(i: Instruction) -> frozenset[int]:
    """Registers that take a result, the write-back apart."""
    if i.op in FLOATING:
        return _floating_results(i)
    if i.op in STORES - {op.STREX} or (branches(i) and i.op != op.LDM):
        return frozenset()
    if i.op == op.LDM:
        return frozenset(n for n in range(16) if i.imm >> n & 1)
    found = {i.rd}
    if i.op in LONG or i.op == op.LDRD:
        found.add(i.ra)
    return frozenset(found) - NOWHERE


@lru_cache(maxsize=4096)
def sources(i: Instruction) -> frozenset[int]:
    """Registers that are read."""
    if i.op in FLOATING:
        return _floating_sources(i)
    if i.op in (op.LDM, op.STM):
        stored = {n for n in range(16) if i.imm >> n & 1} if i.op == op.STM else set()
        return frozenset({i.rn} | stored)
    found = {i.rn, i.rm, i.ra}
    if i.op in (op.UMULL, op.SMULL, op.LDRD):
        found.discard(i.ra)  # the second result
    if i.op in STORES or i.op in ACCUMULATING:
        found.add(i.rd)
    return frozenset(found) - NOWHERE


def _span(register: int, form: int) -> set[int]:
    """A register, or a double's two."""
    return {register, register + 1} if form == op.DOUBLE else {register}


def _floating_results(i: Instruction) -> frozenset[int]:
    if i.op == op.VFP_LOAD:
        return frozenset(range(i.rd, i.rd + i.amount))
    if i.op != op.VFP:
        return frozenset()
    if i.extra & op.V_KIND == op.V_CMP:
        return FPSCR
    found = _span(i.rd, i.extra >> op.V_RESULT & 3)
    if i.extra & op.V_KIND == op.V_MOV_TWO:
        found.add(i.ra)
    return frozenset(found) - NOWHERE


def _floating_sources(i: Instruction) -> frozenset[int]:
    if i.op == op.VFP_FLAGS:
        return FPSCR
    if i.op != op.VFP:
        stored = set(range(i.rd, i.rd + i.amount)) if i.op == op.VFP_STORE else set()
        return frozenset({i.rn} | stored) - NOWHERE
    form, found = i.extra >> op.V_SOURCE & 3, set()
    for register in {i.rn, i.rm} - NOWHERE:
        found |= _span(register, form)
    if i.extra & op.V_KIND in READING_RESULT:
        found |= _span(i.rd, form)
    return frozenset(found)


def accumulators(i: Instruction) -> frozenset[int]:
    """Sources that a multiply-accumulate adds to: read a stage later than the factors."""
    if i.op in LONG:
        return frozenset({i.rd, i.ra}) if i.op in ACCUMULATING else frozenset()
    if i.op in (op.MLA, op.MLS) or i.op == op.DSP:
        return frozenset({i.ra}) - NOWHERE
    return frozenset()


def shifts_operand(i: Instruction) -> bool:
    """A second operand that is shifted or rotated on the way in."""
    shifted = i.preshift or i.lsl > 0
    return shifted and not accesses_memory(i) and i.op not in (op.MOV, op.MOVS)


def has_rotated_constant(i: Instruction) -> bool:
    """A modified immediate that is a shifted byte, not a plain or patterned one."""
    data = i.size == 4 and i.encoding >> 27 == 0b11110 and i.encoding >> 25 & 1 == 0
    return data and i.encoding >> 15 & 1 == 0 and i.encoding >> 26 & 1 == 1


def is_misaligned(i: Instruction) -> bool:
    """A 32-bit instruction across two fetched words."""
    return i.size == 4 and i.address & 2 != 0


def sets_flags(i: Instruction) -> bool:
    """Whether N, Z, C or V change."""
    from_unit = i.op == op.VFP_FLAGS
    return i.op in FLAG_SETTERS or from_unit or (i.op == op.SHIFT_REG and i.carry)


def reads_flags(i: Instruction) -> bool:
    """Whether flags go into the result, conditional branches apart."""
    carries = i.op in (op.ADC, op.ADCS, op.SBC, op.SBCS, op.SEL)
    rotates = i.preshift and i.kind == op.RRX
    selects = i.op == op.VFP and i.extra & op.V_KIND == op.V_SEL
    return carries or rotates or selects or (i.cond != ALWAYS and not branches(i))
