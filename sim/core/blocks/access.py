"""Loads and stores as IR: the windows of memory tested in line, all else left to the interpreter.

A window is a region of the memory map: RAM, or flash, whose reads are counted. An access that
lies in none, or is not aligned, leaves before its instruction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks.alu import operand
from edgesnn.sim.core.blocks.code import MASK, Code, word
from edgesnn.sim.core.blocks.row import Row
from edgesnn.sim.core.blocks.words import Words


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the address space that is memory.

    Attributes:
        base: address; `size` in bytes.
        size: whole pages.
        flat: its offset in flat memory.
        flash: reads are counted, and nothing is stored.
        code: holds decoded instructions, which stores would have to forget.
    """

    base: int
    size: int
    flat: int
    flash: bool
    code: bool = False

    def holds(self, address: int, span: int) -> bool:
        """Whether `span` bytes from `address` lie in it."""
        return self.base <= address and address + span <= self.base + self.size

    def row_of(self, address: int) -> int | None:
        """The row of the decode table for code at `address`, None outside."""
        return (address - self.base + self.flat) >> 1 if self.holds(address & ~1, 2) else None


class Writer(Protocol):
    """What a region offers to those who write its instructions."""

    code: Code
    words: Words
    windows: tuple[Window, ...]

    def leave_unless(self, condition: str) -> None:
        """Leave before this instruction unless an i1 holds."""

    def guard_target(self, target: str) -> None:
        """Leave before a branch to anywhere but Thumb code in flash."""

    def go_to(self, row: Row, target: str) -> None:
        """End the piece by a branch to a computed target."""

    def read_flash(self, count: int, place: str) -> None:
        """Count reads of flash from a flat offset, an i64, on."""

    def note_read(self, count: int) -> None:
        """So many words may have been read from flash."""

    def note_load(self, row: Row, place: str) -> None:
        """One word or less was loaded from an address."""


SIZES = {
    op.LDR: 4, op.LDRB: 1, op.LDRH: 2, op.LDRSB: 1, op.LDRSH: 2, op.STR: 4, op.STRB: 1,
    op.STRH: 2, op.LDRD: 8, op.STRD: 8,
}  # fmt: skip
LOADS = frozenset({op.LDR, op.LDRB, op.LDRH, op.LDRSB, op.LDRSH})
STORES = frozenset({op.STR, op.STRB, op.STRH})
PAIRS = frozenset({op.LDRD, op.STRD})
MULTIPLE = frozenset({op.LDM, op.STM})
MEMORY = LOADS | STORES | PAIRS | MULTIPLE
RETURN = 1 << 15  # in a register list: the program counter


def _usable(windows: tuple[Window, ...], store: bool) -> list[Window]:
    return [each for each in windows if not store or not (each.flash or each.code)]


def locate(out: Writer, address: str, span: int, *, store: bool) -> str:
    """Pointer to `span` bytes at `address`, which has to be aligned to words or its own size."""
    code, windows = out.code, _usable(out.windows, store)
    align = min(span, 4)
    if align > 1:
        out.leave_unless(code.compare("eq", code.both(address, str(align - 1)), "0"))
    offset, inside = _tested(code, windows[0], address, span)
    rest = windows[1:]
    if not rest:
        out.leave_unless(inside)
        return _pointer(code, offset)
    out.words.flush()
    other, found = code.fresh(), code.fresh()
    first = code.block
    code.branch(inside, found, other, "!0")
    code.begin(other)
    places = [(offset, first), *(_elsewhere(out, rest, address, span, found))]
    code.begin(found)
    phi = ", ".join(f"[ {value}, %{block} ]" for value, block in places)
    place = code.value(f"phi i32 {phi}")
    if any(each.flash for each in windows):
        out.note_read(max(span // 4, 1))
    return _pointer(code, place)


def _elsewhere(
    out: Writer, windows: list[Window], address: str, span: int, found: str
) -> list[tuple[str, str]]:
    """Try the other windows in turn; leaves where it lies in none."""
    code, places = out.code, []
    for window in windows:
        offset, inside = _tested(code, window, address, span)
        if window is windows[-1]:
            out.leave_unless(inside)
        else:
            hit, following = code.fresh(), code.fresh()
            code.branch(inside, hit, following)
            code.begin(hit)
        if window.flash:
            out.read_flash(max(span // 4, 1), code.convert("zext", offset))
        places.append((offset, code.block))
        code.jump(found)
        if window is not windows[-1]:
            code.begin(following)
    return places


def _tested(code: Code, window: Window, address: str, span: int) -> tuple[str, str]:
    """Flat offset of an address taken to lie in `window`, and an i1: whether it does."""
    offset = code.sub(address, word(window.base))
    inside = code.compare("ule", offset, word(window.size - span))
    return code.add(offset, word(window.flat)), inside


def _pointer(code: Code, place: str) -> str:
    return code.place("%octets", code.convert("zext", place))


def known(out: Writer, address: int, span: int) -> str | None:
    """Pointer to a constant address, such as a literal's; None where nothing aligned is there."""
    for window in out.windows:
        if window.holds(address, span) and address % min(span, 4) == 0:
            place = str(address - window.base + window.flat)
            if window.flash:
                out.read_flash(max(span // 4, 1), place)
                out.note_read(max(span // 4, 1))
            return out.code.place("%octets", place)
    return None


def _address(out: Writer, row: Row, span: int, *, store: bool) -> tuple[str, str | None]:
    """The address, and a pointer to it; None where it is constant and nothing is there."""
    if row.rn == op.ZERO and row.rm == op.ZERO:
        return word(row.imm), None if store else known(out, row.imm & MASK, span)
    address = out.code.add(out.words[row.rn], operand(out.code, out.words, row))
    return address, locate(out, address, span, store=store)


def _write_back(out: Writer, row: Row) -> None:
    if row.writeback != op.SINK:
        out.words[row.writeback] = out.code.add(out.words[row.rn], word(row.extra))


def write(out: Writer, row: Row) -> bool:
    """One load or store; false where it cannot be translated, and nothing has been written."""
    if row.op in MULTIPLE:
        return _multiple(out, row)
    store = row.op in STORES or row.op == op.STRD
    address, place = _address(out, row, SIZES[row.op], store=store)
    if place is None:
        return False
    if row.op in LOADS:
        out.note_load(row, address)
        _load(out, row, place)
    elif row.op in STORES:
        _store(out, row, place)
    else:
        _pair(out, row, place)
    return True


def _load(out: Writer, row: Row, place: str) -> None:
    code, bits = out.code, 8 * SIZES[row.op]
    value = code.load(f"i{bits}", place)
    if bits < 32:
        how = "sext" if row.op in (op.LDRSB, op.LDRSH) else "zext"
        value = code.convert(how, value, f"i{bits}", "i32")
    _write_back(out, row)
    out.words[row.rd] = value


def _store(out: Writer, row: Row, place: str) -> None:
    code, bits = out.code, 8 * SIZES[row.op]
    value = out.words[row.rd]
    if bits < 32:
        value = code.convert("trunc", value, "i32", f"i{bits}")
    code.store(f"i{bits}", value, place)
    _write_back(out, row)


def _pair(out: Writer, row: Row, place: str) -> None:
    code, places = out.code, [place, out.code.place(place, "4")]
    if row.op == op.LDRD:
        values = [code.load("i32", each) for each in places]
        _write_back(out, row)
        out.words[row.rd], out.words[row.ra] = values
        return
    _write_back(out, row)
    for each, register in zip(places, (row.rd, row.ra), strict=True):
        code.store("i32", out.words[register], each)


def listed(row: Row) -> list[int]:
    """Registers of a list, the program counter apart."""
    return [number for number in range(15) if row.imm >> number & 1]


def can(windows: tuple[Window, ...], row: Row) -> bool:
    """Whether `write` knows the row: no load of the stack pointer among others."""
    loads = (
        set(listed(row)) if row.op == op.LDM else {row.rd, row.ra} if row.op == op.LDRD else set()
    )
    stores = row.op in STORES | {op.STRD, op.STM}
    returns = row.op == op.LDM and bool(row.imm & RETURN)
    return op.SP not in loads and bool(_usable(windows, stores or returns))


def _multiple(out: Writer, row: Row) -> bool:
    code, registers, span = out.code, listed(row), abs(row.extra)
    base = out.words[row.rn]
    first = code.add(base, word(row.extra)) if row.ra else base
    returns = bool(row.imm & RETURN)  # from a stack, which is not flash
    place = locate(out, first, span, store=row.op == op.STM or returns)
    places = [code.place(place, str(4 * number)) for number in range(span // 4)]
    if row.op == op.STM:
        for each, register in zip(places, registers, strict=True):
            code.store("i32", out.words[register], each)
        _write_back(out, row)
        return True
    values = [code.load("i32", each) for each in places]
    if returns:
        out.guard_target(values[-1])
    back = code.add(base, word(row.extra))
    for register, value in zip(registers, values, strict=False):
        out.words[register] = value
    out.words[row.writeback] = back
    if returns:
        out.go_to(row, values[-1])
    return True
