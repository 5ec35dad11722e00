"""Kinds of instructions: every encoding of the decoder's tables with each of its mnemonics."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.control32 import CONTROL
from edgesnn.sim.core.decode import decode, match
from edgesnn.sim.core.floating32 import FLOATING
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.memory32 import MEMORY
from edgesnn.sim.core.pattern import Encoding
from edgesnn.sim.core.thumb16 import THUMB16
from edgesnn.sim.core.thumb32 import DATA

SAMPLES = 450  # words of each encoding, which show its mnemonics
SAME = {"vpop": "vldmia", "vpush": "vstmdb"}
BRANCHES = {op.B, op.BL, op.BX, op.BLX, op.JUMP, op.CBZ, op.CBNZ, op.TBB, op.TBH, op.LDR_PC}
NOT_ALONE = {op.UNDEFINED, op.SYSTEM, op.LDR_SP, *BRANCHES}  # units of their own draw these


@dataclass(frozen=True, order=True)
class Kind:
    """An encoding's value and mask, a mnemonic, and what the unit is asked to do or -1."""

    value: int
    mask: int
    width: int
    mnemonic: str
    operation: int

    def __str__(self) -> str:
        digits = self.width // 4
        return f"{self.mnemonic} {self.value:0{digits}x}/{self.mask:0{digits}x}"


@cache
def encodings(level: int) -> tuple[Encoding, ...]:
    """The integer encodings of an architecture."""
    return tuple(e for e in THUMB16 + CONTROL + DATA + MEMORY if e.level <= level)


@cache
def floating_encodings(fpu: int) -> tuple[Encoding, ...]:
    """Those of a floating point unit."""
    return tuple(e for e in FLOATING if e.level <= fpu)


def random_word(rng: random.Random, entry: Encoding) -> int:
    """A word of an encoding, its fields drawn."""
    return entry.value | rng.getrandbits(entry.width) & ~entry.mask & (1 << entry.width) - 1


def edge_word(rng: random.Random, entry: Encoding) -> int:
    """A word whose fields are often all zeros or all ones, which may name another instruction."""
    word = random_word(rng, entry)
    if rng.getrandbits(1):
        return word
    for _, bits in entry.fields:
        choice = rng.randrange(4)
        for bit in bits if choice < 2 else ():
            word = word & ~(1 << bit) | choice << bit
    return word


def kind_of(i: Instruction, level: int, fpu: int) -> Kind | None:
    """The kind of a decoded instruction, None where it is not one."""
    entry = match(i.encoding, i.size == 4, level, fpu)
    if entry is None or (i.op == op.UNDEFINED and i.mnemonic == "undefined"):
        return None
    operation = i.extra & op.V_KIND if i.op == op.VFP else -1
    name = SAME.get(i.mnemonic, i.mnemonic)
    return Kind(entry.value, entry.mask, entry.width, name, operation)


@cache
def decodable(level: int, fpu: int) -> Mapping[Kind, frozenset[int]]:
    """All kinds of an architecture and a unit, with the operations that they decode to."""
    rng, found = random.Random(level << 4 | fpu), {}
    for entry in (*encodings(level), *floating_encodings(fpu)):
        for _ in range(SAMPLES):
            i = decode(edge_word(rng, entry), entry.width == 32, level, 0x1000, 0, fpu)
            kind = kind_of(i, level, fpu)
            if kind:
                found[kind] = found.get(kind, frozenset()) | {i.op}
    return found


def drawable(level: int, fpu: int) -> list[Kind]:
    """Kinds that single instructions can show."""
    names = decodable(level, fpu).items()
    return [kind for kind, found in names if found - NOT_ALONE and kind.mnemonic != "it"]
