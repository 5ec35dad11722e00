"""Instructions that need more of a region than its words: stack, division, flags as a register."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks import alu, products
from edgesnn.sim.core.blocks.code import word
from edgesnn.sim.core.blocks.row import Row

if TYPE_CHECKING:
    from edgesnn.sim.core.blocks.region import Region

STACK = frozenset({op.ADD_SP, op.SUB_SP})
DIVISIONS = frozenset({op.UDIV, op.SDIV})
APSR = {"N": 31, "Z": 30, "C": 29, "V": 28, "Q": 27}
GE, GE_MASK = 16, 15
WRITES_FLAGS, WRITES_GE = 2, 1  # in the constant of MSR


def moves_flags(row: Row, level: int) -> bool:
    """MRS and MSR of APSR, with all that the level has in it."""
    if row.op != op.SYSTEM or row.amount != 0 or op.SP in (row.rd, row.rn):
        return False
    return row.kind == op.MRS or (row.kind == op.MSR and level >= 2)


def write(region: Region, row: Row) -> bool:
    """One of the instructions of this module; false where it is none."""
    if row.op in STACK:
        _move_stack(region, row)
    elif row.op in DIVISIONS:
        _divide(region, row)
    elif row.op == op.SYSTEM and row.kind == op.MRS:
        region.words[row.rd] = _flags(region)
    elif row.op == op.SYSTEM:
        _set_flags(region, row)
    else:
        return False
    return True


def _move_stack(region: Region, row: Row) -> None:
    code, words = region.code, region.words
    b = alu.operand(code, words, row)
    how = "add" if row.op == op.ADD_SP else "sub"
    value = code.both(code.binary(how, words[row.rn], b), "-4")
    guard_stack(region, value)
    words[op.SP] = value


def guard_stack(region: Region, value: str) -> None:
    """Leave where the stack becomes deeper than it ever was."""
    low = region.code.load("i32", "%low")
    region.leave_unless(region.code.compare("uge", value, low))


def _divide(region: Region, row: Row) -> None:
    """Early termination costs by the lengths of the operands, as `divide_cycles` has it."""
    code, words = region.code, region.words
    a, b = words[row.rn], products.second(code, words, row)
    region.leave_unless(code.compare("ne", b, "0"))
    if row.op == op.SDIV:
        x, y = (code.call("i32", "llvm.abs.i32", f"i32 {n}", "i1 false") for n in (a, b))
    else:
        x, y = a, b
    value = code.value(f"udiv i32 {x}, {y}")
    if row.op == op.SDIV:
        negative = code.compare("slt", code.differ(a, b), "0")
        value = code.choose(negative, code.sub("0", value), value)
    region.charge(row, code.convert("zext", _divide_cycles(region, x, y)), max(region.place.divide))
    words[row.rd] = value


def _divide_cycles(region: Region, a: str, b: str) -> str:
    code, (base, bits, most) = region.code, region.place.divide
    zeros = [code.call("i32", "llvm.ctlz.i32", f"i32 {n}", "i1 false") for n in (b, a)]
    longer = code.add(code.sub(*zeros), str(bits - 1))
    longer = code.call("i32", "llvm.smax.i32", f"i32 {longer}", "i32 0")
    cycles = code.add(code.value(f"udiv i32 {longer}, {bits}"), str(base))
    return code.call("i32", "llvm.umin.i32", f"i32 {cycles}", f"i32 {max(most, base)}")


def _flags(region: Region) -> str:
    """APSR as a word."""
    code, words = region.code, region.words
    value = code.left(words["G"], GE)
    for flag, position in APSR.items():
        if flag in "NV":
            bit = code.right(words[flag], 31)
        elif flag == "Z":
            bit = code.bit(code.compare("eq", words["Z"], "0"))
        else:
            bit = words[flag]
        value = code.either(value, code.left(bit, position))
    return value


def _set_flags(region: Region, row: Row) -> None:
    code, words, value = region.code, region.words, region.words[row.rn]
    if row.imm & WRITES_FLAGS:
        for flag, position in APSR.items():
            moved = code.left(value, 31 - position)  # the bit on top
            if flag in "NV":
                words[flag] = moved
            elif flag == "Z":
                words[flag] = code.both(code.inverse(moved), word(1 << 31))
            else:
                words[flag] = code.right(moved, 31)
    if row.imm & WRITES_GE:
        words["G"] = code.both(code.right(value, GE), str(GE_MASK))
