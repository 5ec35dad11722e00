"""Parallel lanes, saturation and the rest of the DSP extension as IR."""

from __future__ import annotations

from collections.abc import Callable

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks import products
from edgesnn.sim.core.blocks.code import Code, word
from edgesnn.sim.core.blocks.row import Row
from edgesnn.sim.core.blocks.words import Words

Emit = Callable[[Code, Words, Row], None]
SUBTRACT, CROSS, HALVES = 4, 2, 1  # bits of a lane code
SATURATES, HALVE = 1, 2  # of a prefix, below its bit for unsigned lanes


def held(code: Code, value: str, low: int, high: int, kind: str = "i32") -> str:
    """`value` held between two signed constants."""
    at_least = code.call(kind, f"llvm.smax.{kind}", f"{kind} {value}", f"{kind} {low}")
    return code.call(kind, f"llvm.smin.{kind}", f"{kind} {at_least}", f"{kind} {high}")


def lane(code: Code, value: str, position: int, width: int, *, is_signed: bool) -> str:
    """Bits of a word from `position` on, as a number."""
    if is_signed:
        return code.arithmetic(code.left(value, 32 - width - position), 32 - width)
    return code.both(code.right(value, position), str((1 << width) - 1))


def _parallel(code: Code, words: Words, row: Row) -> None:
    """SADD8 … UHSAX, a lane after the other."""
    prefix, crosses = row.amount, bool(row.kind & CROSS)
    width = 16 if row.kind & (CROSS | HALVES) else 8
    a, b = words[row.rn], products.second(code, words, row)
    result, flags = "0", "0"
    for position in range(0, 32, width):
        other = 16 - position if crosses else position
        subtracts = bool(row.kind & SUBTRACT) != (crosses and position == 0)
        x = lane(code, a, position, width, is_signed=prefix < 4)
        y = lane(code, b, other, width, is_signed=prefix < 4)
        value = code.sub(x, y) if subtracts else code.add(x, y)
        if prefix & 3 == 0:
            flags = code.either(flags, _raised(code, value, position, width, prefix, subtracts))
        value = _narrowed(code, value, width, prefix)
        kept = code.both(value, str((1 << width) - 1))
        result = code.either(result, code.left(kept, position))
    if prefix & 3 == 0:
        words["G"] = flags
    words[row.rd] = result


def _raised(code: Code, value: str, position: int, width: int, prefix: int, subtracts: bool) -> str:
    """The GE bits of one lane."""
    if prefix < 4 or subtracts:
        raised = code.compare("sge", value, "0")
    else:
        raised = code.compare("sgt", value, str((1 << width) - 1))
    bits = (1 if width == 8 else 3) << (position >> 3)
    return code.choose(raised, str(bits), "0")


def _narrowed(code: Code, value: str, width: int, prefix: int) -> str:
    """A lane's sum saturated or halved, as the prefix says."""
    top = 1 << (width - 1)
    if prefix & 3 == SATURATES:
        low, high = (-top, top - 1) if prefix < 4 else (0, 2 * top - 1)
        return held(code, value, low, high)
    return code.arithmetic(value, 1) if prefix & 3 == HALVE else value


def _select(code: Code, words: Words, row: Row) -> None:
    """SEL: bytes of one or the other by GE."""
    a, b, flags = words[row.rn], products.second(code, words, row), words["G"]
    mask = "0"
    for number in range(4):
        chosen = code.compare("ne", code.both(flags, str(1 << number)), "0")
        byte = code.choose(chosen, word(0xFF << 8 * number), "0")
        mask = code.either(mask, byte)
    words[row.rd] = code.either(code.both(a, mask), code.both(b, code.inverse(mask)))


def _pack(keep: int) -> Emit:
    def emit(code: Code, words: Words, row: Row) -> None:
        b = products.second(code, words, row)
        kept = code.both(words[row.rn], word(keep))
        words[row.rd] = code.either(kept, code.both(b, word(~keep)))

    return emit


def _saturate(code: Code, words: Words, row: Row) -> None:
    """SSAT and USAT, which set Q where they change anything."""
    is_signed = row.op == op.SSAT
    top = 1 << (row.extra - 1 if is_signed else row.extra)
    b = products.second(code, words, row)
    value = held(code, signed(code, b), -top if is_signed else 0, top - 1, "i64")
    low = code.convert("trunc", value, "i64", "i32")
    changed = code.bit(code.compare("ne", signed(code, b), value, "i64"))
    words["Q"] = code.either(words["Q"], changed)
    words[row.rd] = low


def signed(code: Code, value: str) -> str:
    """A word as a signed i64."""
    return products.signed(code, value)


def _doubled(code: Code, words: Words, row: Row) -> None:
    """QADD, QSUB, QDADD, QDSUB."""
    a, b = words[row.rn], signed(code, products.second(code, words, row))
    if row.kind in (op.QDADD, op.QDSUB):
        b = signed(code, _saturated(code, words, code.binary("shl", b, "1", "i64")))
    how = "sub" if row.kind in (op.QSUB, op.QDSUB) else "add"
    words[row.rd] = _saturated(code, words, code.binary(how, signed(code, a), b, "i64"))


def _saturated(code: Code, words: Words, value: str) -> str:
    """An i64 held in a word; Q where that changes it."""
    kept = held(code, value, -(1 << 31), (1 << 31) - 1, "i64")
    changed = code.bit(code.compare("ne", kept, value, "i64"))
    words["Q"] = code.either(words["Q"], changed)
    return code.convert("trunc", kept, "i64", "i32")


def _two_halves(code: Code, words: Words, row: Row) -> None:
    """SXTAB16 and UXTAB16, SSAT16 and USAT16."""
    a, b = words[row.rn], products.second(code, words, row)
    turned, result = code.rotate(b, row.amount), "0"
    for position in (0, 16):
        if row.kind in (op.SSAT16, op.USAT16):
            value = _saturated_half(code, words, row, products.half(code, a, position >> 4))
        else:
            byte = lane(code, turned, position, 8, is_signed=row.kind == op.SXTAB16)
            value = code.add(code.right(a, position), byte)
        result = code.either(result, code.left(code.both(value, str(0xFFFF)), position))
    words[row.rd] = result


def _saturated_half(code: Code, words: Words, row: Row, value: str) -> str:
    if row.kind == op.SSAT16:
        kept = held(code, value, -(1 << (row.extra - 1)), (1 << (row.extra - 1)) - 1)
    else:
        kept = held(code, value, 0, (1 << row.extra) - 1)
    words["Q"] = code.either(words["Q"], code.bit(code.compare("ne", kept, value)))
    return kept


def _absolute_differences(code: Code, words: Words, row: Row) -> None:
    """USADA8."""
    a, b, total = words[row.rn], products.second(code, words, row), words[row.ra]
    for position in range(0, 32, 8):
        x, y = (lane(code, each, position, 8, is_signed=False) for each in (a, b))
        apart = code.call("i32", "llvm.abs.i32", f"i32 {code.sub(x, y)}", "i1 false")
        total = code.add(total, apart)
    words[row.rd] = total


_KINDS: dict[int, Emit] = {
    **dict.fromkeys((op.SMLA_XY, op.SMLAW_Y, op.SMLAD, op.SMLSD), products.accumulate),
    **dict.fromkeys((op.SMMLA, op.SMMLS), products.high_word),
    **dict.fromkeys((op.QADD, op.QSUB, op.QDADD, op.QDSUB), _doubled),
    **dict.fromkeys((op.SXTAB16, op.UXTAB16, op.SSAT16, op.USAT16), _two_halves),
    op.USADA8: _absolute_differences,
}


def _dsp(code: Code, words: Words, row: Row) -> None:
    _KINDS[row.kind](code, words, row)


EMIT: dict[int, Emit] = {
    op.PARALLEL: _parallel,
    op.SEL: _select,
    op.PKHBT: _pack(0xFFFF),
    op.PKHTB: _pack(0xFFFF0000),
    op.SSAT: _saturate,
    op.USAT: _saturate,
    op.DSP: _dsp,
}
