"""Encodings as the architecture manuals print them: a row of bits and named fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from edgesnn.sim.core.instruction import Instruction


class Unpredictable(Exception):  # noqa: N818 - the manual's word
    """The bits match an encoding whose behaviour the architecture leaves open."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where an instruction stands: its address, and whether inside an IT block."""

    address: int
    in_it: bool

    @property
    def pc(self) -> int:
        """What reading the program counter gives: this address and 4."""
        return self.address + 4 & 0xFFFFFFFF

    @property
    def pc_aligned(self) -> int:
        """The same, rounded down to a word, as literal loads and ADR take it."""
        return self.pc & ~3


Builder = Callable[[SimpleNamespace, Context], Instruction]


@dataclass(frozen=True, slots=True)
class Encoding:
    """Mask and value that recognise an encoding, its fields, and what builds the instruction."""

    width: int
    mask: int
    value: int
    fields: tuple[tuple[str, tuple[int, ...]], ...]
    level: int
    build: Builder

    def extract(self, word: int) -> SimpleNamespace:
        """The named fields of `word`; bits of one letter are joined in order of appearance."""
        found = SimpleNamespace()
        for name, bits in self.fields:
            value = 0
            for bit in bits:
                value = value << 1 | (word >> bit & 1)
            setattr(found, name, value)
        return found


def encoding(pattern: str, level: int, build: Builder) -> Encoding:
    """Compile `pattern`: 0 and 1 must match, letters name fields, spaces and `x` are free."""
    text = pattern.replace(" ", "")
    width = len(text)
    if width not in (16, 32):
        raise ValueError(f"{pattern!r} has {width} bits")
    mask = int("".join("1" if c in "01" else "0" for c in text), 2)
    value = int("".join("1" if c == "1" else "0" for c in text), 2)
    fields: dict[str, list[int]] = {}
    for position, letter in enumerate(text):
        if letter not in "01x":
            fields.setdefault(letter, []).append(width - 1 - position)
    return Encoding(
        width,
        mask,
        value,
        tuple((name, tuple(bits)) for name, bits in fields.items()),
        level,
        build,
    )
