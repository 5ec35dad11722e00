"""Data processing as IR: arithmetic, logic, shifts, flags. Semantics are the compiled loop's."""

from __future__ import annotations

from collections.abc import Callable

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks.code import MASK, Code, word
from edgesnn.sim.core.blocks.row import Row
from edgesnn.sim.core.blocks.words import Words


def operand(code: Code, words: Words, row: Row) -> str:
    """The second operand; sets C where the shifter's carry goes there."""
    if not row.preshift:
        return code.add(code.left(words[row.rm], row.lsl), word(row.imm))
    if row.kind == op.IMMEDIATE_CARRY:
        value = code.add(code.left(words[row.rm], row.lsl), word(row.imm))
        words["C"] = code.right(value, 31)
        return value
    value, carry = shifted(code, words, row.kind, words[row.rm], row.amount)
    if row.carry:
        words["C"] = carry
    return value


def shifted(code: Code, words: Words, kind: int, value: str, amount: int) -> tuple[str, str]:
    """A word shifted by a constant, and the carry out."""
    if kind == op.RRX:
        turned = code.either(code.right(value, 1), code.left(words["C"], 31))
        return turned, code.both(value, "1")
    if amount == 0:
        return value, words["C"]
    if kind == op.LSL:
        out = code.both(code.right(value, 32 - amount), "1") if amount <= 32 else "0"
        return (code.left(value, amount) if amount < 32 else "0"), out
    if kind == op.LSR:
        out = code.both(code.right(value, amount - 1), "1") if amount <= 32 else "0"
        return (code.right(value, amount) if amount < 32 else "0"), out
    if kind == op.ASR:
        number = min(amount, 32)
        out = code.both(code.arithmetic(value, number - 1), "1")
        return code.arithmetic(value, min(number, 31)), out
    turned = code.rotate(value, amount & 31)
    return turned, code.right(turned, 31)


def _plain(name: str, *, invert: bool = False, swap: bool = False) -> Emit:
    def emit(code: Code, words: Words, row: Row) -> None:
        b = operand(code, words, row)
        a = words[row.rn]
        b = code.inverse(b) if invert else b
        words[row.rd] = code.binary(name, b, a) if swap else code.binary(name, a, b)

    return emit


def _logical(name: str, *, invert: bool = False) -> Emit:
    def emit(code: Code, words: Words, row: Row) -> None:
        b = operand(code, words, row)
        value = code.binary(name, words[row.rn], code.inverse(b) if invert else b)
        words.logical(value)
        words[row.rd] = value

    return emit


def _move(code: Code, words: Words, row: Row) -> None:
    words[row.rd] = operand(code, words, row)


def _move_flags(code: Code, words: Words, row: Row) -> None:
    value = operand(code, words, row)
    words.logical(value)
    words[row.rd] = value


def _adds(code: Code, words: Words, row: Row) -> None:
    b, a = operand(code, words, row), words[row.rn]
    value = code.add(a, b)
    words.addition(a, b, value)
    words[row.rd] = value


def _subs(code: Code, words: Words, row: Row) -> None:
    b, a = operand(code, words, row), words[row.rn]
    value = code.sub(a, b)
    words.subtraction(a, b, value)
    words[row.rd] = value


def _rsbs(code: Code, words: Words, row: Row) -> None:
    b, a = operand(code, words, row), words[row.rn]
    value = code.sub(b, a)
    words.subtraction(b, a, value)
    words[row.rd] = value


def _with_carry(*, subtract: bool, flags: bool) -> Emit:
    """a + b + C, or a + ~b + C."""

    def emit(code: Code, words: Words, row: Row) -> None:
        b, a, carry = operand(code, words, row), words[row.rn], words["C"]
        b = code.inverse(b) if subtract else b
        value = code.add(code.add(a, b), carry)
        if flags:
            wide = [code.convert("zext", each) for each in (a, b, carry)]
            total = code.binary("add", code.binary("add", wide[0], wide[1], "i64"), wide[2], "i64")
            words.logical(value)
            words["C"] = code.convert(
                "trunc", code.binary("lshr", total, "32", "i64"), "i64", "i32"
            )
            words["V"] = code.both(code.differ(a, value), code.differ(b, value))
        words[row.rd] = value

    return emit


def _shift_by_constant(code: Code, words: Words, row: Row) -> None:
    """LSLS, LSRS, ASRS by 1 to 32."""
    kind = {op.LSLS_IMM: op.LSL, op.LSRS_IMM: op.LSR, op.ASRS_IMM: op.ASR}[row.op]
    value, carry = shifted(code, words, kind, words[row.rm], row.amount)
    words["C"] = carry
    words.logical(value)
    words[row.rd] = value


def _shift_plain(code: Code, words: Words, row: Row) -> None:
    """LSR and ASR that set no flags."""
    kind = op.LSR if row.op == op.LSR_IMM else op.ASR
    words[row.rd] = shifted(code, words, kind, words[row.rm], row.amount)[0]


def _shift_register(code: Code, words: Words, row: Row) -> None:
    """Shifts by the low byte of a register, in 64 bits: amounts from 0 to 255."""
    a, amount = words[row.rn], code.both(words[row.rm], "255")
    none = code.compare("eq", amount, "0")
    if row.kind == op.ROR:
        value = code.call("i32", "llvm.fshr.i32", f"i32 {a}", f"i32 {a}", f"i32 {amount}")
        carry = code.right(value, 31)
    else:
        value, carry = _shifted_wide(code, row.kind, a, amount)
    if row.carry:
        words["C"] = code.choose(none, words["C"], carry)
        words.logical(value)
    words[row.rd] = value


def _shifted_wide(code: Code, kind: int, a: str, amount: str) -> tuple[str, str]:
    """The word, and the last bit shifted out, of a shift by 0..255 (the bit: by 1..255)."""
    most = code.call("i32", "llvm.umin.i32", f"i32 {amount}", "i32 33")
    by = code.convert("zext", most)
    if kind == op.LSL:
        wide = code.binary("shl", code.convert("zext", a), by, "i64")
        out = code.binary("lshr", wide, "32", "i64")
    else:
        # One place to the left, so that the last bit out is the lowest one.
        wide = code.binary("shl", code.convert("sext" if kind == op.ASR else "zext", a), "1", "i64")
        out = code.binary("ashr" if kind == op.ASR else "lshr", wide, by, "i64")
        wide = code.binary("ashr", out, "1", "i64")
    carry = code.both(code.convert("trunc", out, "i64", "i32"), "1")
    return code.convert("trunc", wide, "i64", "i32"), carry


def _move_top(code: Code, words: Words, row: Row) -> None:
    b = operand(code, words, row)
    words[row.rd] = code.either(code.both(words[row.rn], str(0xFFFF)), b)


def _extend(bits: int, *, signed: bool) -> Emit:
    def emit(code: Code, words: Words, row: Row) -> None:
        turned = code.rotate(words[row.rm], row.amount)
        if signed:
            value = code.sign_extended(turned, bits)
        else:
            value = code.both(turned, str((1 << bits) - 1))
        words[row.rd] = code.add(words[row.rn], value)

    return emit


def _bit_field_insert(code: Code, words: Words, row: Row) -> None:
    kept = code.both(words[row.rd], word(~row.extra & MASK))
    moved = code.both(code.left(words[row.rn], row.amount), word(row.extra))
    words[row.rd] = code.either(kept, moved)


def _unsigned_field(code: Code, words: Words, row: Row) -> None:
    words[row.rd] = code.both(code.right(words[row.rn], row.amount), word(row.extra))


def _signed_field(code: Code, words: Words, row: Row) -> None:
    words[row.rd] = code.sign_extended(code.right(words[row.rn], row.amount), row.extra)


def _swap_halfwords(code: Code, words: Words, row: Row) -> None:
    """REV16, or REVSH, which sign-extends the low half."""
    swapped = code.call("i32", "llvm.bswap.i32", f"i32 {operand(code, words, row)}")
    if row.op == op.REV16:
        words[row.rd] = code.rotate(swapped, 16)
    else:
        words[row.rd] = code.arithmetic(swapped, 16)


def _reverse(intrinsic: str) -> Emit:
    def emit(code: Code, words: Words, row: Row) -> None:
        words[row.rd] = code.call("i32", intrinsic, f"i32 {operand(code, words, row)}")

    return emit


def _leading_zeros(code: Code, words: Words, row: Row) -> None:
    b = operand(code, words, row)
    words[row.rd] = code.call("i32", "llvm.ctlz.i32", f"i32 {b}", "i1 false")


def _nothing(code: Code, words: Words, row: Row) -> None:
    """NOP, hints, IT, barriers."""


Emit = Callable[[Code, Words, Row], None]

EMIT: dict[int, Emit] = {
    op.NOP: _nothing,
    op.MOV: _move,
    op.ADD: _plain("add"),
    op.SUB: _plain("sub"),
    op.RSB: _plain("sub", swap=True),
    op.ADC: _with_carry(subtract=False, flags=False),
    op.SBC: _with_carry(subtract=True, flags=False),
    op.AND: _plain("and"),
    op.ORR: _plain("or"),
    op.EOR: _plain("xor"),
    op.BIC: _plain("and", invert=True),
    op.ORN: _plain("or", invert=True),
    op.MOVS: _move_flags,
    op.ADDS: _adds,
    op.SUBS: _subs,
    op.RSBS: _rsbs,
    op.ADCS: _with_carry(subtract=False, flags=True),
    op.SBCS: _with_carry(subtract=True, flags=True),
    op.ANDS: _logical("and"),
    op.ORRS: _logical("or"),
    op.EORS: _logical("xor"),
    op.BICS: _logical("and", invert=True),
    op.ORNS: _logical("or", invert=True),
    op.LSLS_IMM: _shift_by_constant,
    op.LSRS_IMM: _shift_by_constant,
    op.ASRS_IMM: _shift_by_constant,
    op.LSR_IMM: _shift_plain,
    op.ASR_IMM: _shift_plain,
    op.SHIFT_REG: _shift_register,
    op.MOVT: _move_top,
    op.SXTAB: _extend(8, signed=True),
    op.SXTAH: _extend(16, signed=True),
    op.UXTAB: _extend(8, signed=False),
    op.UXTAH: _extend(16, signed=False),
    op.BFI: _bit_field_insert,
    op.UBFX: _unsigned_field,
    op.SBFX: _signed_field,
    op.REV: _reverse("llvm.bswap.i32"),
    op.REV16: _swap_halfwords,
    op.REVSH: _swap_halfwords,
    op.RBIT: _reverse("llvm.bitreverse.i32"),
    op.CLZ: _leading_zeros,
}
