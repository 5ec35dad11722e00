"""Random valid Thumb code, drawn from the decoder's own tables, and the machines that run it.

Registers play fixed parts so that most accesses hit memory: POINTERS hold addresses in the
middle of RAM, INDICES small numbers, the rest anything. Only memory instructions write to
pointers, and by small steps.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import unicorn
from unicorn import arm_const as uc

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import CORES
from edgesnn.sim.core.cpu import Core, CoreFault
from edgesnn.sim.core.decode import advance, decode, match
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.memory import MemoryMap, Region
from edgesnn.sim.core.memory32 import CONTROL, MEMORY
from edgesnn.sim.core.pattern import Encoding
from edgesnn.sim.core.thumb16 import THUMB16
from edgesnn.sim.core.thumb32 import DATA
from edgesnn.sim.core.timing.tables import Unit

CODE, RAM, SIZE = 0x00000000, 0x20000000, 0x10000
LITERALS = 0x1800
MIDDLE = RAM + SIZE // 2
POINTERS, INDICES = (2, 5, 7, 10), (3, 11)
ODD = (7, 10)  # pointers that may lose their alignment
PROTECTED = (*POINTERS, *INDICES, op.SP, op.PC)
ALIGNED = {op.LDRD, op.STRD, op.LDM, op.STM, op.LOAD_ALIGNED, op.STORE_ALIGNED, op.STREX}
LOADS_STORES = {
    op.LDR, op.LDRB, op.LDRH, op.LDRSB, op.LDRSH, op.STR, op.STRB, op.STRH, op.LDRD, op.STRD,
    op.LDM, op.STM, op.LOAD_ALIGNED, op.STORE_ALIGNED, op.STREX,
}  # fmt: skip
STORES = {op.STR, op.STRB, op.STRH, op.STRD, op.STM, op.STORE_ALIGNED}
BRANCHES = {op.B, op.BL, op.BX, op.BLX, op.JUMP, op.CBZ, op.CBNZ, op.TBB, op.TBH, op.LDR_PC}
LONG = {op.UMULL, op.SMULL, op.UMLAL, op.SMLAL, op.UMAAL, op.DSP_LONG}
MODELS = {
    "cortex-m0": uc.UC_CPU_ARM_CORTEX_M0,
    "cortex-m3": uc.UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": uc.UC_CPU_ARM_CORTEX_M4,
    "cortex-m33": uc.UC_CPU_ARM_CORTEX_M33,
}


@dataclass(frozen=True)
class Program:
    """Code, registers, flags and memory to start from."""

    halfwords: tuple[int, ...]
    count: int
    regs: tuple[int, ...]
    flags: int
    memory_seed: int

    def code(self) -> bytes:
        """The halfwords, and zeros as far as a literal load reaches."""
        return np.array(self.halfwords, "<u2").tobytes().ljust(LITERALS, b"\0")

    def memory(self) -> bytes:
        return np.random.default_rng(self.memory_seed).bytes(SIZE)


@cache
def encodings(level: int) -> tuple[Encoding, ...]:
    tables = THUMB16 + CONTROL + DATA + MEMORY
    return tuple(e for e in tables if e.level <= level)


def _word(rng: random.Random, entry: Encoding) -> int:
    free = ~entry.mask & (1 << entry.width) - 1
    return entry.value | rng.getrandbits(entry.width) & free


def writes(i: Instruction) -> set[int]:
    """Registers that a data-processing instruction or a load changes."""
    if i.op in STORES:
        return set()
    found = {i.rd}
    if i.op in LONG or i.op == op.LDRD:
        found.add(i.ra)
    if i.op == op.LDM:
        found |= {n for n in range(16) if i.imm >> n & 1}
    return found - {op.SINK}


def acceptable(i: Instruction) -> bool:
    """Whether the random machine state is likely to survive the instruction."""
    if i.op in (op.UNDEFINED, op.SYSTEM, op.LDR_SP, *BRANCHES) or i.mnemonic in (
        "it",
        "sg",
        "yield",
    ):
        return False
    if i.it and i.mnemonic == "isb":
        return False  # unicorn ends its translation there and loses the condition
    if i.op in (op.ADD_SP, op.SUB_SP):
        return i.rn == op.SP and i.rm == op.ZERO and abs(i.imm) < 256 and i.imm % 4 == 0
    if writes(i) & set(PROTECTED):
        return False
    if i.op in LOADS_STORES:
        exclusive = i.op == op.STREX or (i.op == op.LOAD_ALIGNED and i.carry)
        if exclusive and i.kind != 2:
            return False  # mixed sizes are unpredictable, and machines differ
        if i.writeback not in ODD and i.writeback != op.SINK and i.extra % 4:
            return False
        if i.op in ALIGNED and i.rn in ODD:
            return False  # Unicorn's STM takes any address
        based = i.rn in (*POINTERS, op.SP) or i.rn == op.ZERO
        return based and i.rm in (*INDICES, op.ZERO) and i.writeback in (op.SINK, i.rn)
    return True


def instruction(rng: random.Random, level: int, address: int, it: int) -> tuple[int, bool]:
    """One acceptable instruction's encoding, and whether it is 32 bits wide."""
    while True:
        entry = rng.choice(encodings(level))
        word = _word(rng, entry)
        wide = entry.width == 32
        if match(word, wide, level) is not entry:
            continue
        found = decode(word, wide, level, address, it)
        if acceptable(found):
            return word, wide


def _split(word: int, wide: bool) -> list[int]:
    return [word >> 16, word & 0xFFFF] if wide else [word]


def program(rng: random.Random, level: int, length: int) -> Program:
    """Straight-line code of `length` instructions, IT blocks among them."""
    # CLREX first, or a machine's open exclusive access lasts from one program to the next.
    halfwords = [0xF3BF, 0x8F2F] if level > 0 else []
    count, it, exclusive = len(halfwords) // 2, 0, False
    while count < length or it:
        if not it and level > 0 and rng.random() < 0.06:
            first, mask = rng.randrange(14), rng.randrange(1, 16)
            halfwords.append(0xBF00 | first << 4 | mask)
            it = first << 4 | mask
            count += 1
            continue
        address = CODE + 2 * len(halfwords)
        word, wide = instruction(rng, level, address, it)
        found = decode(word, wide, level, address, it)
        if exclusive and found.op in STORES:
            continue  # whether it ends the exclusive access is left to the implementation
        exclusive = (exclusive or found.op == op.LOAD_ALIGNED) and found.op != op.STREX
        halfwords += _split(word, wide)
        it = advance(it)
        count += 1
    regs = [interesting(rng) for _ in range(15)]
    for pointer in (*POINTERS, op.SP):
        regs[pointer] = MIDDLE + rng.randrange(-0x1000, 0x1000, 4)
    for index in INDICES:
        regs[index] = rng.randrange(0, 0x200) & (~3 if rng.random() < 0.7 else ~0)
    flags = rng.getrandbits(5) << 27 | (rng.getrandbits(4) << 16 if level >= 2 else 0)
    if level == 0:
        flags &= ~(1 << 27)
    return Program(tuple(halfwords), count, tuple(regs), flags, rng.getrandbits(32))


EDGES = (0, 1, 2, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000,
         0x80000001, 0xFFFFFFFE, 0xFFFFFFFF, 0x7FFF7FFF, 0x80008000, 0x7F807F80)  # fmt: skip


def interesting(rng: random.Random) -> int:
    """A word: often an edge of some width, else random."""
    choice = rng.random()
    if choice < 0.35:
        return rng.choice(EDGES)
    if choice < 0.5:
        return rng.getrandbits(8)
    return rng.getrandbits(32)


@dataclass(frozen=True)
class Outcome:
    """Registers, APSR and memory after a program, or where it faulted."""

    regs: tuple[int, ...]
    flags: int
    memory: bytes
    faulted: bool

    def difference(self, other: Outcome) -> str:
        """What differs, for people."""
        found = [
            f"r{n}: {a:#x} {b:#x}"
            for n, (a, b) in enumerate(zip(self.regs, other.regs, strict=True))
            if a != b
        ]
        if self.flags != other.flags:
            found.append(f"apsr: {self.flags:#x} {other.flags:#x}")
        if self.memory != other.memory:
            pairs = zip(self.memory, other.memory, strict=True)
            at = next(n for n, (a, b) in enumerate(pairs) if a != b)
            found.append(f"memory at {RAM + at:#x}")
        if self.faulted != other.faulted:
            found.append(f"faulted: {self.faulted} {other.faulted}")
        return ", ".join(found)


Q_FLAG = 1 << 27


def agree(mine: Outcome, theirs: Outcome, program: Program, level: int) -> bool:
    """Whether two machines did the same, two known faults of Unicorn 2.1 set aside.

    Its Cortex-M0 takes misaligned addresses. Its SMLAD sets Q where the two products overflow
    and the sum does not; QEMU has mended that since (5.2), and follows the manual.
    """
    if mine == theirs or (level == 0 and mine.faulted):
        return True
    only_q = replace(theirs, flags=theirs.flags & ~Q_FLAG) == mine
    return only_q and "smlad" in listing(program, level)


class Ours:
    """The compiled core."""

    def __init__(self, name: str) -> None:
        layout = MemoryMap((Region(CODE, SIZE, "ram"), Region(RAM, SIZE, "ram")))
        self.core = Core(name, layout, timing=Unit())

    def run(self, program: Program) -> Outcome:
        core = self.core
        core.memory.write(CODE, program.code())
        core.memory.write(RAM, program.memory())
        core.translator.instructions.clear()
        core.regs[:15] = program.regs
        core.state[op.S_EXCLUSIVE] = -1
        core.exceptions.set_flags(program.flags)
        core.pc = CODE
        faulted = False
        try:
            core.run(instructions=program.count)
        except CoreFault:
            faulted = True
        return Outcome(
            tuple(core.regs[:15].tolist()), core.exceptions.flags(),
            core.memory.read(RAM, SIZE), faulted,
        )  # fmt: skip


REGISTERS = [getattr(uc, f"UC_ARM_REG_R{n}") for n in range(13)] + [
    uc.UC_ARM_REG_SP, uc.UC_ARM_REG_LR,
]  # fmt: skip


class Unicorn:
    """QEMU's translator as a library."""

    def __init__(self, name: str) -> None:
        self.name = name
        mode = unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS
        self.engine = unicorn.Uc(unicorn.UC_ARCH_ARM, mode)
        self.engine.ctl_set_cpu_model(MODELS[name])
        self.engine.mem_map(CODE, SIZE)
        self.engine.mem_map(RAM, SIZE)
        self.mask = 0xF80F0000 if CORES[name].level >= 2 else 0xF8000000

    def run(self, program: Program) -> Outcome:
        engine = self.engine
        engine.mem_write(CODE, program.code())
        engine.ctl_flush_tb()
        engine.mem_write(RAM, program.memory())
        for register, value in zip(REGISTERS, program.regs, strict=True):
            engine.reg_write(register, value)
        engine.reg_write(uc.UC_ARM_REG_APSR_NZCVQG, program.flags)
        faulted = False
        try:
            engine.emu_start(CODE | 1, CODE + 2 * len(program.halfwords))
        except unicorn.UcError:
            faulted = True
        regs = tuple(engine.reg_read(register) for register in REGISTERS)
        flags = engine.reg_read(uc.UC_ARM_REG_APSR) & self.mask
        outcome = Outcome(regs, flags, bytes(engine.mem_read(RAM, SIZE)), faulted)
        if faulted:
            self.__init__(self.name)  # the IT state of a fault would leak into the next program
        return outcome


def listing(program: Program, level: int) -> str:
    """The program's instructions, a line each."""
    lines, position, it = [], 0, 0
    while position < len(program.halfwords):
        first = program.halfwords[position]
        wide = first >> 11 >= 0b11101
        word = first << 16 | program.halfwords[position + 1] if wide else first
        found = decode(word, wide, level, CODE + 2 * position, it)
        lines.append(f"{2 * position:4x}: {word:08x} {found.mnemonic} cond={found.cond} {found}")
        it = found.extra if found.mnemonic == "it" else advance(it)
        position += 2 if wide else 1
    return "\n".join(lines)


def prefix(program: Program, count: int) -> Program:
    """The first `count` instructions of a program."""
    position = 0
    for _ in range(count):
        position += 2 if program.halfwords[position] >> 11 >= 0b11101 else 1
    return replace(program, halfwords=program.halfwords[:position], count=count)


def shortest_difference(core: str, program: Program) -> Program:
    """The shortest beginning of `program` on which the two machines differ, or all of it."""
    level = CORES[core].level
    for count in range(1, program.count):
        shorter = prefix(program, count)
        if not agree(Ours(core).run(shorter), Unicorn(core).run(shorter), shorter, level):
            return shorter
    return program
