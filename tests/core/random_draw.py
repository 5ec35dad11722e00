"""Single random instructions, drawn from the decoder's own tables, that any state survives.

Registers play fixed parts so that most accesses hit memory: POINTERS hold addresses in the
middle of the data window, INDICES small numbers, the rest anything. Only memory instructions
write to pointers, and by small steps; r2 and r5 stay multiples of four.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import cache

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import FPV5_D16, NO_FPU
from edgesnn.sim.core.decode import advance, decode, match
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.pattern import Encoding

from .kinds import (
    NOT_ALONE,
    Kind,
    decodable,
    drawable,
    edge_word,
    encodings,
    floating_encodings,
    kind_of,
    random_word,
)
from .random_code import CODE, INDICES, ODD, POINTERS, PROTECTED, Profile, Unit

ALIGNED = {op.LDRD, op.STRD, op.LDM, op.STM, op.LOAD_ALIGNED, op.STORE_ALIGNED, op.STREX}
LOADS_STORES = {
    op.LDR, op.LDRB, op.LDRH, op.LDRSB, op.LDRSH, op.STR, op.STRB, op.STRH, op.LDRD, op.STRD,
    op.LDM, op.STM, op.LOAD_ALIGNED, op.STORE_ALIGNED, op.STREX,
}  # fmt: skip
STORES = {op.STR, op.STRB, op.STRH, op.STRD, op.STM, op.STORE_ALIGNED, op.VFP_STORE}
TRIES = 40  # words of an encoding before another is drawn
PATIENCE = 4000  # where it has to be that one
LONG = {op.UMULL, op.SMULL, op.UMLAL, op.SMLAL, op.UMAAL, op.DSP_LONG}
MODES = op.AHP | op.DN | op.FZ | 3 << op.FPSCR_MODE


@cache
def _choices(level: int, fpu: int, floating: bool) -> tuple[Encoding, ...]:
    """Encodings to draw from, each as often as it has kinds."""
    tables = floating_encodings(fpu) if floating else encodings(level)
    counts = Counter((kind.value, kind.mask) for kind in drawable(level, fpu))
    return tuple(e for e in tables for _ in range(counts[e.value, e.mask]))


# Registers that instructions may write, and which fields of an encoding name them.
SAFE = tuple(n for n in range(15) if n not in PROTECTED)
WRITTEN = "dtlhvu"


@cache
def _steering(
    entry: Encoding, level: int, fpu: int
) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Fields of an encoding with the values that an acceptable instruction is likely to have."""
    ops = {
        number
        for kind, numbers in decodable(level, fpu).items()
        if (kind.value, kind.mask) == (entry.value, entry.mask)
        for number in numbers
    }
    reaches = bool(ops & (LOADS_STORES | {op.VFP_LOAD, op.VFP_STORE}))
    found = []
    for name, bits in entry.fields:
        values: tuple[int, ...] = ()
        if name in WRITTEN and not ops & {op.VFP_LOAD, op.VFP_STORE}:
            values = SAFE
        elif reaches:
            values = {"n": (*POINTERS, op.SP), "m": INDICES}.get(name, ())
        if values and len(bits) >= 3:  # fewer bits do not name a register
            found.append((bits, tuple(value for value in values if value < 1 << len(bits))))
    return tuple(found)


def steered(rng: random.Random, entry: Encoding, level: int, fpu: int) -> int:
    """A word of an encoding whose registers are mostly such that the instruction is acceptable."""
    word = random_word(rng, entry)
    for bits, wanted in _steering(entry, level, fpu):
        if rng.random() < 0.9:
            value = rng.choice(wanted)
            for place, bit in enumerate(reversed(bits)):
                word = word & ~(1 << bit) | (value >> place & 1) << bit
    return word


def writes(i: Instruction) -> set[int]:
    """Core registers that a data-processing instruction or a load changes, base apart."""
    if i.op in STORES or i.op == op.VFP_LOAD:
        return set()
    found = {i.rd}
    if i.op in LONG or i.op == op.LDRD or i.op == op.VFP:
        found.add(i.ra)
    if i.op == op.LDM:
        found |= {n for n in range(16) if i.imm >> n & 1}
    return {register for register in found if register < op.ZERO}


def _is_fixed_point(i: Instruction) -> bool:
    """VCVT from fixed point, whose rounding the instruction itself says."""
    return i.extra & op.V_KIND == op.V_FROM_INTEGER and i.imm & op.MODE_DYNAMIC == op.NEAREST


class Draw:
    """Draws instructions one after another, and remembers what bears on the next one.

    Args:
        rng: from which all is drawn.
        profile: the architecture and its place in memory.
        everywhere: leave out what Unicorn is known to do wrongly, or not at all (random_unicorn).
    """

    def __init__(self, rng: random.Random, profile: Profile, everywhere: bool) -> None:
        self.rng, self.profile, self.everywhere = rng, profile, everywhere
        self.level, self.fpu = profile.level, profile.fpu
        self.fpscr = rng.getrandbits(32) & MODES if self.fpu else 0
        self.address = profile.ram + CODE
        self.exclusive = -1  # size of the open exclusive access
        self.kept: frozenset[int] = frozenset()  # registers that count a loop

    def instruction(self, it: int = 0, simple: bool = False) -> tuple[list[int], Instruction]:
        """One acceptable instruction; a simple one opens and ends no exclusive access."""
        while True:
            floating = self.fpu != NO_FPU and self.rng.random() < 0.75
            entry = self.rng.choice(_choices(self.level, self.fpu, floating))
            for _ in range(TRIES):
                word = self._steered(self.rng, entry)
                wide = entry.width == 32
                if match(word, wide, self.level, self.fpu) is not entry:
                    continue
                found = decode(word, wide, self.level, self.address, it, self.fpu)
                if self._acceptable(found) and not (simple and self._is_exclusive(found)):
                    self._note(found)
                    return [word >> 16, word & 0xFFFF] if wide else [word], found

    def exactly(self, kind: Kind) -> Unit | None:
        """An instruction of this kind, None where none is acceptable."""
        tables = (*encodings(self.level), *floating_encodings(self.fpu))
        entry = next(e for e in tables if (e.value, e.mask) == (kind.value, kind.mask))
        for _ in range(PATIENCE):
            drawn = edge_word if self.rng.getrandbits(1) else self._steered
            word, wide = drawn(self.rng, entry), kind.width == 32
            found = decode(word, wide, self.level, self.address, 0, self.fpu)
            if kind_of(found, self.level, self.fpu) == kind and self._acceptable(found):
                self._note(found)
                return self.made([word >> 16, word & 0xFFFF] if wide else [word])
        return None

    def _steered(self, rng: random.Random, entry: Encoding) -> int:
        return steered(rng, entry, self.level, self.fpu)

    def _note(self, i: Instruction) -> None:
        if self._is_exclusive(i):
            if i.op == op.LOAD_ALIGNED:
                self.exclusive = i.kind
            elif not i.it:
                self.exclusive = -1

    @staticmethod
    def _is_exclusive(i: Instruction) -> bool:
        return i.op == op.STREX or (i.op == op.LOAD_ALIGNED and i.carry)

    def _acceptable(self, i: Instruction) -> bool:
        """Whether the random state is likely to survive the instruction, and machines agree."""
        if i.op in NOT_ALONE or i.mnemonic == "it":
            return False
        if i.mnemonic == "sg" and (self.everywhere or i.it):
            return False  # with the Security Extension, which QEMU has, it ends an IT block
        if self.everywhere and (i.mnemonic == "yield" or (i.it and i.mnemonic == "isb")):
            return False  # Unicorn ends its translation at ISB and loses the condition
        if i.op in (op.ADD_SP, op.SUB_SP):
            return i.rn == op.SP and i.rm == op.ZERO and abs(i.imm) < 256 and i.imm % 4 == 0
        if writes(i) & (set(PROTECTED) | self.kept):
            return False
        if i.op in (op.VFP_LOAD, op.VFP_STORE):
            based = (i.rn in (*POINTERS, op.SP) and i.rn not in ODD) or i.rn == op.ZERO
            return based and i.writeback in (op.SINK, i.rn) and not self._breaks_exclusive(i)
        if i.op == op.VFP:
            return self._calculates_alike(i)
        return i.op not in LOADS_STORES or (self._reaches(i) and not self._breaks_exclusive(i))

    def _calculates_alike(self, i: Instruction) -> bool:
        """Unicorn rounds conversions from fixed point as FPSCR says; so VMSR is left out, too."""
        if not self.everywhere:
            return True
        to_nearest = self.fpscr >> op.FPSCR_MODE & 3 == op.NEAREST
        if i.extra & op.V_KIND == op.V_MSR:  # on Unicorn's largest core it makes short vectors
            return not to_nearest and self.fpu != FPV5_D16
        return to_nearest or not _is_fixed_point(i)

    def _breaks_exclusive(self, i: Instruction) -> bool:
        """Whether the architecture leaves open what becomes of the exclusive access."""
        if i.op == op.STREX:
            return self.exclusive not in (-1, i.kind)
        return self.exclusive >= 0 and i.op in STORES

    def _reaches(self, i: Instruction) -> bool:
        if i.writeback not in ODD and i.writeback != op.SINK and i.extra % 4:
            return False
        if i.op in ALIGNED and i.rn in ODD and not self._may_fault():
            return False
        based = i.rn in (*POINTERS, op.SP) or i.rn == op.ZERO
        return based and i.rm in (*INDICES, op.ZERO) and i.writeback in (op.SINK, i.rn)

    def _may_fault(self) -> bool:
        """Once in a while; never for Unicorn, whose STM takes any address."""
        return not self.everywhere and self.fpu == NO_FPU and self.rng.random() < 0.1

    def single(self, simple: bool = False) -> Unit:
        """One instruction outside an IT block."""
        halfwords, _ = self.instruction(simple=simple)
        return self.made(halfwords)

    def block(self, simple: bool = False) -> Unit:
        """An IT block."""
        first, mask = self.rng.randrange(14), self.rng.randrange(1, 16)
        halfwords, it = [0xBF00 | first << 4 | mask], first << 4 | mask
        self.address += 2
        while it:
            found, _ = self.instruction(it, simple)
            self.address += 2 * len(found)
            halfwords += found
            it = advance(it)
        self.address -= 2 * len(halfwords)
        return self.made(halfwords, 6 - (mask & -mask).bit_length())

    def made(self, halfwords: list[int], count: int = 1) -> Unit:
        """A unit of these, with the address moved past them."""
        self.address += 2 * len(halfwords)
        return Unit(tuple(halfwords), count)


Draws = Callable[[Draw], Unit]
