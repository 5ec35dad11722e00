"""From halfwords to instructions: the first encoding that matches, in the tables' order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import NO_FPU
from edgesnn.sim.core.control32 import CONTROL
from edgesnn.sim.core.floating32 import FLOATING
from edgesnn.sim.core.instruction import ALWAYS, Instruction
from edgesnn.sim.core.memory32 import MEMORY
from edgesnn.sim.core.pattern import Context, Encoding, Unpredictable
from edgesnn.sim.core.thumb16 import THUMB16
from edgesnn.sim.core.thumb32 import DATA


def _by_prefix(encodings: Sequence[Encoding]) -> list[tuple[Encoding, ...]]:
    """Encodings that can match, by the first seven bits."""
    table = []
    for prefix in range(128):
        shift = (9, 25)[encodings[0].width == 32]
        fits = [e for e in encodings if (e.value ^ prefix << shift) & e.mask & 0x7F << shift == 0]
        table.append(tuple(fits))
    return table


_NARROW = _by_prefix(THUMB16)
_WIDE = _by_prefix(CONTROL + DATA + MEMORY)
_FLOATING = _by_prefix(FLOATING)


def is_wide(halfword: int) -> bool:
    """Whether `halfword` is the first of a 32-bit instruction."""
    return halfword >> 11 >= 0b11101


def is_floating(word: int) -> bool:
    """Whether a wide encoding lies in the space of coprocessors 10 and 11."""
    return word >> 26 & 0b111011 == 0b111011 and word >> 9 & 7 == 0b101


def match(word: int, wide: bool, level: int, fpu: int = NO_FPU) -> Encoding | None:
    """The encoding of `word` at an architecture level and for a floating point unit, or None."""
    if wide and is_floating(word):
        candidates, level = _FLOATING[word >> 25], fpu
    else:
        candidates = _WIDE[word >> 25] if wide else _NARROW[word >> 9]
    for candidate in candidates:
        if word & candidate.mask == candidate.value and candidate.level <= level:
            return candidate
    return None


def decode(
    word: int, wide: bool, level: int, address: int, it: int = 0, fpu: int = NO_FPU
) -> Instruction:
    """The instruction at `address`; UNDEFINED where there is none or it is unpredictable.

    Args:
        word: the halfword, or both with the first one high when `wide`.
        wide: a 32-bit instruction.
        level: architecture level.
        address: where it stands.
        it: ITSTATE before it, 0 outside an IT block.
        fpu: floating point unit.
    """
    size = 4 if wide else 2
    undefined = Instruction("undefined", op.UNDEFINED, size=size)
    try:
        found = match(word, wide, level, fpu)
        instruction = found.build(found.extract(word), Context(address, it != 0)) if found else None
    except Unpredictable:
        instruction = None
    known = instruction or undefined
    condition = it >> 4 if it else known.cond
    return replace(known, encoding=word, address=address, size=size, it=it, cond=condition)


def advance(it: int) -> int:
    """ITSTATE after one instruction (ITAdvance, Armv7-M manual A7.3.2)."""
    return it & 0xE0 | it << 1 & 0x1F if it & 7 else 0


def starts_it(instruction: Instruction) -> bool:
    """Whether the instruction opens an IT block."""
    return instruction.mnemonic == "it"


def ends_flow(instruction: Instruction) -> bool:
    """Whether nothing after the instruction is reached by falling through."""
    leaves = (op.B, op.BX, op.JUMP, op.TBB, op.TBH, op.LDR_PC, op.UNDEFINED)
    returns = instruction.op == op.LDM and instruction.imm >> op.PC & 1
    return instruction.cond == ALWAYS and (instruction.op in leaves or bool(returns))


def it_after(instruction: Instruction) -> int:
    """ITSTATE that the next instruction finds."""
    return instruction.extra if starts_it(instruction) else advance(instruction.it)


def run_from(
    halfwords: Sequence[int], level: int, address: int, it: int = 0, fpu: int = NO_FPU
) -> Iterator[Instruction]:
    """Decode straight-line code from `address` until it ends or the halfwords do."""
    position = 0
    while position < len(halfwords):
        first = int(halfwords[position])
        wide = is_wide(first)
        if wide and position + 1 >= len(halfwords):
            return
        word = first << 16 | int(halfwords[position + 1]) if wide else first
        instruction = decode(word, wide, level, address + 2 * position, it, fpu)
        yield instruction
        if ends_flow(instruction):
            return
        it = it_after(instruction)
        position += instruction.size // 2
