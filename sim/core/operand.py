"""Operands: modified immediates, shifted registers, and the operations that take them."""

from __future__ import annotations

from typing import Any

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.operations import LR, PC, SINK, SP, ZERO
from edgesnn.sim.core.pattern import Unpredictable

MASK = 0xFFFFFFFF
PLAIN = {
    "and": op.AND, "orr": op.ORR, "eor": op.EOR, "bic": op.BIC, "orn": op.ORN,
    "add": op.ADD, "sub": op.SUB, "rsb": op.RSB, "adc": op.ADC, "sbc": op.SBC, "mov": op.MOV,
    "mvn": op.ORN,
}  # fmt: skip
FLAGS = {
    "and": op.ANDS, "orr": op.ORRS, "eor": op.EORS, "bic": op.BICS, "orn": op.ORNS,
    "add": op.ADDS, "sub": op.SUBS, "rsb": op.RSBS, "adc": op.ADCS, "sbc": op.SBCS,
    "mov": op.MOVS, "mvn": op.ORNS,
    "tst": op.ANDS, "teq": op.EORS, "cmp": op.SUBS, "cmn": op.ADDS,
}  # fmt: skip
LOGICAL = frozenset({"and", "orr", "eor", "bic", "orn", "mov", "mvn", "tst", "teq"})

Operand = dict[str, Any]


def sign(value: int, bits: int) -> int:
    """`value` of `bits` bits as a signed number."""
    return (value ^ 1 << bits - 1) - (1 << bits - 1)


def require(condition: bool) -> None:
    """Raise `Unpredictable` unless `condition`."""
    if not condition:
        raise Unpredictable


def general(*registers: int) -> None:
    """Require registers that may be neither SP nor PC, as most 32-bit encodings do."""
    require(all(register not in (SP, PC) for register in registers))


def modified_immediate(bits: int) -> tuple[int, bool]:
    """ThumbExpandImm_C (Armv7-M manual A5.3.2): the constant, and whether C takes its top bit."""
    byte = bits & 0xFF
    if bits >> 10 == 0:
        form = bits >> 8 & 3
        require(form == 0 or byte != 0)
        return (byte, byte << 16 | byte, byte << 24 | byte << 8, byte * 0x01010101)[form], False
    value, turn = 0x80 | bits & 0x7F, bits >> 7
    return (value >> turn | value << 32 - turn) & MASK, True


def constant(name: str, flags: bool, bits: int) -> Operand:
    """Second operand from twelve bits of modified immediate."""
    value, rotated = modified_immediate(bits)
    if rotated and flags and name in LOGICAL:
        return {"imm": value, "preshift": True, "kind": op.IMMEDIATE_CARRY, "carry": True}
    return {"imm": value}


def shifted(name: str, flags: bool, rm: int, shift: int, amount: int) -> Operand:
    """Second operand from a register shifted by a constant, encoded as two and five bits."""
    carry = flags and name in LOGICAL
    if shift == op.LSL and not (carry and amount):
        return {"rm": rm, "lsl": amount}
    kind = op.RRX if shift == op.ROR and amount == 0 else shift
    if shift in (op.LSR, op.ASR) and amount == 0:
        amount = 32
    return {"rm": rm, "preshift": True, "kind": kind, "amount": amount, "carry": carry}


def arithmetic(
    name: str, flags: bool, rd: int, rn: int, operand: Operand, size: int
) -> Instruction:
    """A data-processing instruction; `rd` is SINK for comparisons, `rn` ZERO for moves."""
    if rd == SP:
        return stack_arithmetic(name, flags, rn, operand, size)
    number = FLAGS[name] if flags else PLAIN[name]
    return Instruction(name, number, rd=rd, rn=rn, size=size, **operand)


def stack_arithmetic(name: str, flags: bool, rn: int, operand: Operand, size: int) -> Instruction:
    """ADD, SUB or MOV into the stack pointer, which keeps its two low bits at zero."""
    require(name in ("add", "sub", "mov") and not flags)
    if name == "sub" and set(operand) == {"imm"}:
        return Instruction(name, op.ADD_SP, rd=SP, rn=rn, size=size, imm=-operand["imm"])
    number = op.SUB_SP if name == "sub" else op.ADD_SP
    return Instruction(name, number, rd=SP, rn=rn, size=size, **operand)


def jump(name: str, rn: int, operand: Operand, size: int) -> Instruction:
    """A data-processing result written to the program counter."""
    return Instruction(name, op.JUMP, rn=rn, size=size, **operand)


__all__ = [
    "LR", "PC", "SINK", "SP", "ZERO", "Operand", "arithmetic", "constant", "general", "jump",
    "modified_immediate", "require", "shifted", "sign",
]  # fmt: skip
