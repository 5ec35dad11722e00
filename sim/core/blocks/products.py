"""Multiplication and division as IR, with the DSP extension's products of halves."""

from __future__ import annotations

from collections.abc import Callable

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks.code import Code
from edgesnn.sim.core.blocks.row import Row
from edgesnn.sim.core.blocks.words import Words

Emit = Callable[[Code, Words, Row], None]
WIDE = "i64"


def half(code: Code, value: str, top: int) -> str:
    """The bottom (0) or top (1) halfword as a signed number."""
    return code.arithmetic(value, 16) if top else code.sign_extended(value, 16)


def signed(code: Code, value: str) -> str:
    """A word as a signed i64."""
    return code.convert("sext", value)


def joined(code: Code, low: str, high: str) -> str:
    """Two words as an i64."""
    top = code.binary("shl", code.convert("zext", high), "32", WIDE)
    return code.binary("or", top, code.convert("zext", low), WIDE)


def split(code: Code, value: str) -> tuple[str, str]:
    """Low and high word of an i64."""
    high = code.binary("lshr", value, "32", WIDE)
    return code.convert("trunc", value, WIDE, "i32"), code.convert("trunc", high, WIDE, "i32")


def checked(code: Code, words: Words, total: str) -> str:
    """An i64 sum cut to a word; Q where it did not fit."""
    low = code.convert("trunc", total, WIDE, "i32")
    lost = code.bit(code.compare("ne", signed(code, low), total, WIDE))
    words["Q"] = code.either(words["Q"], lost)
    return low


def second(code: Code, words: Words, row: Row) -> str:
    """The second factor: as the loop has it, with its shift and constant."""
    from edgesnn.sim.core.blocks.alu import operand

    return operand(code, words, row)


def _multiply(code: Code, words: Words, row: Row) -> None:
    value = code.product(words[row.rn], second(code, words, row))
    if row.op == op.MULS:
        words.logical(value)
    elif row.op == op.MLA:
        value = code.add(value, words[row.ra])
    elif row.op == op.MLS:
        value = code.sub(words[row.ra], value)
    words[row.rd] = value


def _long(how: str) -> Emit:
    """UMULL and SMULL, with UMLAL, SMLAL and UMAAL."""

    def emit(code: Code, words: Words, row: Row) -> None:
        a, b = words[row.rn], second(code, words, row)
        value = code.binary("mul", code.convert(how, a), code.convert(how, b), WIDE)
        if row.op in (op.UMLAL, op.SMLAL):
            value = code.binary("add", value, joined(code, words[row.rd], words[row.ra]), WIDE)
        elif row.op == op.UMAAL:
            for each in (words[row.ra], words[row.rd]):
                value = code.binary("add", value, code.convert("zext", each), WIDE)
        words[row.rd], words[row.ra] = split(code, value)

    return emit


def dual(code: Code, a: str, b: str, exchange: int, how: str) -> str:
    """Product of the bottom halves plus or minus that of the top halves, an i64."""
    low = code.product(half(code, a, 0), half(code, b, exchange))
    high = code.product(half(code, a, 1), half(code, b, 1 - exchange))
    return code.binary(how, signed(code, low), signed(code, high), WIDE)


def _products(code: Code, words: Words, row: Row, a: str, b: str) -> str:
    """What SMLA_XY, SMLAW_Y, SMLAD and SMLSD add to the accumulator, an i64."""
    if row.kind == op.SMLA_XY:
        product = code.product(half(code, a, row.amount >> 1), half(code, b, row.amount & 1))
        return signed(code, product)
    if row.kind == op.SMLAW_Y:
        factor = signed(code, half(code, b, row.amount))
        return code.binary("ashr", code.binary("mul", signed(code, a), factor, WIDE), "16", WIDE)
    return dual(code, a, b, row.amount, "add" if row.kind == op.SMLAD else "sub")


def accumulate(code: Code, words: Words, row: Row) -> None:
    """SMLA_XY, SMLAW_Y, SMLAD, SMLSD: may set Q."""
    a, b = words[row.rn], second(code, words, row)
    total = code.binary("add", _products(code, words, row, a, b), signed(code, words[row.ra]), WIDE)
    words[row.rd] = checked(code, words, total)


def high_word(code: Code, words: Words, row: Row) -> None:
    """SMMLA and SMMLS: the upper word of accumulator:0 plus the product, perhaps rounded."""
    a, b = words[row.rn], second(code, words, row)
    product = code.binary("mul", signed(code, a), signed(code, b), WIDE)
    shifted = code.binary("shl", code.convert("zext", words[row.ra]), "32", WIDE)
    total = code.binary("add" if row.kind == op.SMMLA else "sub", shifted, product, WIDE)
    if row.amount:
        total = code.binary("add", total, str(1 << 31), WIDE)
    words[row.rd] = split(code, total)[1]


def _long_halves(code: Code, words: Words, row: Row) -> None:
    """SMLAL_XY, SMLALD, SMLSLD."""
    a, b = words[row.rn], second(code, words, row)
    if row.kind == op.SMLAL_XY:
        product = code.product(half(code, a, row.amount >> 1), half(code, b, row.amount & 1))
        added = signed(code, product)
    else:
        added = dual(code, a, b, row.amount, "add" if row.kind == op.SMLALD else "sub")
    total = code.binary("add", joined(code, words[row.rd], words[row.ra]), added, WIDE)
    words[row.rd], words[row.ra] = split(code, total)


EMIT: dict[int, Emit] = {
    op.MUL: _multiply,
    op.MULS: _multiply,
    op.MLA: _multiply,
    op.MLS: _multiply,
    op.UMULL: _long("zext"),
    op.UMLAL: _long("zext"),
    op.UMAAL: _long("zext"),
    op.SMULL: _long("sext"),
    op.SMLAL: _long("sext"),
    op.DSP_LONG: _long_halves,
}
