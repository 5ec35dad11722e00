"""Random floating point code for each unit, and the machines that run it.

Registers hold edges of the formats (zeros, subnormals, infinities, both kinds of NaN, what
rounds to the next power of two) and random bits; every program draws a rounding mode,
flush-to-zero, default NaN and alternative half precision.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import unicorn
from unicorn import arm_const as uc

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import CORES, FPV4_SP, FPV5_D16, FPV5_SP
from edgesnn.sim.core.cpu import Core
from edgesnn.sim.core.decode import advance, decode, match
from edgesnn.sim.core.floating32 import FLOATING
from edgesnn.sim.core.instruction import Instruction

from .random_code import (
    CODE,
    ODD,
    POINTERS,
    PROTECTED,
    RAM,
    SIZE,
    Ours,
    Outcome,
    Program,
    Unicorn,
    instruction,
    program,
)

UNITS = {FPV4_SP: "cortex-m4", FPV5_SP: "cortex-m33", FPV5_D16: "cortex-m7"}
MODES = op.AHP | op.DN | op.FZ | 3 << op.FPSCR_MODE
SINGLES = (
    0, 1, 0x7FFFFF, 0x800000, 0x800001, 0x3F800000, 0x3F7FFFFF, 0x3F000000, 0x3F000001, 0x40000000,
    0x4B000000, 0x4B000001, 0x4AFFFFFF, 0x4EFFFFFF, 0x4F000000, 0x4F7FFFFF, 0x4F800000,
    0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FBFFFFF, 0x7FC00000, 0x7FFFFFFF, 0x477FE000, 0x477FEFFF,
    0x477FF000, 0x38800000, 0x387FC000, 0x33000000, 0x33000001, 0x7C00, 0x7C01, 0x3FF00000,
    0x7FF00000, 0x7FF80000, 0x7FEFFFFF, 0x41E00000, 0x43F00000, 0x38000000, 0x000FFFFF,
)  # fmt: skip


@dataclass(frozen=True)
class FloatProgram:
    """A program, how many of its instructions are the unit's, and what its registers hold."""

    program: Program
    floating: int
    singles: tuple[int, ...]
    fpscr: int


def number(rng: random.Random) -> int:
    """A word of the unit: an edge, a number near 1, an integer, a half, or anything."""
    choice = rng.random()
    sign = rng.getrandbits(1) << 31
    if choice < 0.4:
        return rng.choice(SINGLES) ^ sign
    if choice < 0.65:
        return sign | rng.randrange(0x3E000000, 0x41000000)
    if choice < 0.75:
        return rng.getrandbits(rng.randrange(1, 24))
    return rng.getrandbits(32)


def acceptable(i: Instruction) -> bool:
    """Whether the instruction is one, and leaves the pointers alone."""
    if i.op in (op.VFP_LOAD, op.VFP_STORE):
        based = (i.rn in (*POINTERS, op.SP) and i.rn not in ODD) or i.rn == op.ZERO
        return based and i.writeback in (op.SINK, i.rn)
    return i.op == op.VFP_FLAGS or (i.op == op.VFP and not {i.rd, i.ra} & set(PROTECTED))


def from_fixed_point(i: Instruction) -> bool:
    """VCVT that QEMU 5, and Unicorn with it, rounds as FPSCR says and not to nearest."""
    return (
        i.op == op.VFP
        and i.extra & op.V_KIND == op.V_FROM_INTEGER
        and i.imm & op.MODE_DYNAMIC == op.NEAREST
    )


def changes_mode(i: Instruction) -> bool:
    """VMSR."""
    return i.op == op.VFP and i.extra & op.V_KIND == op.V_MSR


def floating(rng: random.Random, fpu: int, address: int, it: int, to_nearest: bool) -> int:
    """One acceptable instruction of a unit; conversions from fixed point only to nearest."""
    entries = [entry for entry in FLOATING if entry.level <= fpu]
    while True:
        entry = rng.choice(entries)
        word = entry.value | rng.getrandbits(32) & ~entry.mask & 0xFFFFFFFF
        found = decode(word, True, 3, address, it, fpu)
        if from_fixed_point(found) and not to_nearest:
            continue
        if changes_mode(found) and (to_nearest or fpu == FPV5_D16):
            continue
        if match(word, True, 3, fpu) is entry and acceptable(found):
            return word


def float_program(rng: random.Random, fpu: int, length: int) -> FloatProgram:
    """Straight-line code, three instructions in four of the unit, IT blocks among them."""
    level = CORES[UNITS[fpu]].level
    halfwords: list[int] = []
    count, it, drawn = 0, 0, 0
    fpscr = rng.getrandbits(32) & MODES
    # VMSR would give Unicorn's largest core, which stands in for doubles, short vectors.
    to_nearest = fpscr >> op.FPSCR_MODE & 3 == op.NEAREST
    while count < length or it:
        address = CODE + 2 * len(halfwords)
        choice = rng.random()
        if not it and choice < 0.05:
            first, mask = rng.randrange(14), rng.randrange(1, 16)
            halfwords.append(0xBF00 | first << 4 | mask)
            it = first << 4 | mask
            count += 1
            continue
        wide = True
        if choice < 0.25:
            word, wide = instruction(rng, level, address, it)
        else:
            word = floating(rng, fpu, address, it, to_nearest)
            drawn += 1
        halfwords += [word >> 16, word & 0xFFFF] if wide else [word]
        it = advance(it)
        count += 1
    base = program(rng, level, 0)
    singles = tuple(number(rng) for _ in range(32))
    return FloatProgram(
        replace(base, halfwords=tuple(halfwords), count=count), drawn, singles, fpscr
    )


@dataclass(frozen=True)
class FloatOutcome:
    """What is left in the core and in the unit."""

    core: Outcome
    singles: tuple[int, ...]
    fpscr: int

    def difference(self, other: FloatOutcome) -> str:
        """What differs, for people."""
        found = [
            f"s{n}: {a:#010x} {b:#010x}"
            for n, (a, b) in enumerate(zip(self.singles, other.singles, strict=True))
            if a != b
        ]
        if self.fpscr != other.fpscr:
            found.append(f"fpscr: {self.fpscr:#010x} {other.fpscr:#010x}")
        return ", ".join([*found, self.core.difference(other.core)])


class OurUnit(Ours):
    """The compiled core with its unit on."""

    def __init__(self, fpu: int) -> None:
        super().__init__(UNITS[fpu])
        self.core.fpu.write(0xED88, 0xF << 20)

    def calculate(self, found: FloatProgram) -> FloatOutcome:
        core: Core = self.core
        core.exceptions.control |= 4
        core.fpu.check()
        core.regs[op.S0 :] = found.singles
        core.state[op.S_FPSCR] = found.fpscr
        outcome = self.run(found.program)
        return FloatOutcome(
            outcome, tuple(core.regs[op.S0 :].tolist()), int(core.state[op.S_FPSCR])
        )


DOUBLES = [getattr(uc, f"UC_ARM_REG_D{n}") for n in range(16)]


class UnicornUnit(Unicorn):
    """QEMU's translator; its Cortex-M7 has no doubles, so these run on its largest core."""

    def __init__(self, fpu: int | str) -> None:
        self.fpu = int(fpu)
        if self.fpu != FPV5_D16:
            super().__init__(UNITS[self.fpu])
        else:
            self.name = "max"
            self.engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
            self.engine.ctl_set_cpu_model(uc.UC_CPU_ARM_MAX)
            access = self.engine.reg_read(uc.UC_ARM_REG_C1_C0_2)
            self.engine.reg_write(uc.UC_ARM_REG_C1_C0_2, access | 0xF << 20)
            self.engine.reg_write(uc.UC_ARM_REG_FPEXC, 1 << 30)
            self.engine.mem_map(CODE, SIZE)
            self.engine.mem_map(RAM, SIZE)
            self.mask = 0xF80F0000
        self.name = str(self.fpu)
        self.engine.mem_write(CODE, bytes.fromhex("b0ee400a"))
        self.engine.emu_start(CODE | 1, CODE + 4)  # the first use of the unit resets FPSCR

    def calculate(self, found: FloatProgram) -> FloatOutcome:
        engine = self.engine
        for register, low, high in zip(
            DOUBLES, found.singles[::2], found.singles[1::2], strict=True
        ):
            engine.reg_write(register, high << 32 | low)
        engine.reg_write(uc.UC_ARM_REG_FPSCR, found.fpscr)
        outcome = self.run(found.program)
        words = [engine.reg_read(register) for register in DOUBLES]
        singles = tuple(int(w) for word in words for w in (word & 0xFFFFFFFF, word >> 32))
        return FloatOutcome(outcome, singles, engine.reg_read(uc.UC_ARM_REG_FPSCR) & op.FPSCR_MASK)


def float_listing(found: FloatProgram, fpu: int) -> str:
    """The program's instructions and what they start from, a line each."""
    lines, position, it = [f"fpscr {found.fpscr:#x}"], 0, 0
    halfwords = found.program.halfwords
    while position < len(halfwords):
        first = halfwords[position]
        wide = first >> 11 >= 0b11101
        word = first << 16 | halfwords[position + 1] if wide else first
        i = decode(word, wide, 3, CODE + 2 * position, it, fpu)
        lines.append(
            f"{2 * position:4x}: {word:08x} {i.mnemonic} cond={i.cond} rd={i.rd} rn={i.rn} "
            f"rm={i.rm} ra={i.ra} imm={i.imm:#x} extra={i.extra:#x}"
        )
        it = i.extra if i.mnemonic == "it" else advance(it)
        position += 2 if wide else 1
    return "\n".join(lines)


def shortest(fpu: int, found: FloatProgram) -> FloatProgram:
    """The shortest beginning on which the machines differ, or all of it."""
    from .random_code import prefix

    for count in range(1, found.program.count):
        shorter = replace(found, program=prefix(found.program, count))
        if OurUnit(fpu).calculate(shorter) != UnicornUnit(fpu).calculate(shorter):
            return shorter
    return found
