"""Random programs: what they are, where they run, and how one is made small.

A program is a list of units: an instruction, an IT block, a branch with what it skips, a loop.
Every unit is entered at its first halfword and left past its last one, so that any of them can
be replaced by NOPs, which is how `shrink` makes a difference small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import CoreModel, core_model
from edgesnn.sim.core.decode import advance, decode
from edgesnn.sim.core.instruction import Instruction

# Offsets from a machine's RAM, as driver/driver.S has them.
CODE, LEAVE, WINDOW, DATA_AT = 0x2000, 0x2400, 0x4000, 0x10000
SIZE = 0x8000  # of the data window
MIDDLE = DATA_AT + SIZE // 2
CODE_BYTES = 512
ENTER = 0xC8FF  # ldmia r0, {r0-r7}, just before the program

POINTERS, INDICES = (2, 5, 7, 10), (3, 11)
ODD = (7, 10)  # pointers that may lose their alignment
SP = op.SP
PROTECTED = (*POINTERS, *INDICES, SP, op.PC)
FREE = (0, 1, 4, 6)  # low registers that hold anything
NOP = 0xBF00


@dataclass(frozen=True)
class Profile:
    """What code is drawn for, and where the machines that run it have their memory.

    Attributes:
        core: as the simulator names it; floating point code is drawn where it has the unit.
        machine: QEMU's.
        flash, ram: addresses of the machine's memory.
    """

    core: str
    machine: str
    flash: int = 0
    ram: int = 0x20000000

    @property
    def model(self) -> CoreModel:
        return core_model(self.core)

    @property
    def level(self) -> int:
        return self.model.level

    @property
    def fpu(self) -> int:
        return self.model.fpu


PROFILES = {
    profile.core: profile
    for profile in (
        Profile("cortex-m0", "microbit"),
        Profile("cortex-m0plus", "microbit"),
        Profile("cortex-m3", "mps2-an385"),
        Profile("cortex-m4+nofp", "mps2-an386"),
        Profile("cortex-m7+nofp", "mps2-an500"),
        Profile("cortex-m33+nofp", "mps2-an505", 0x10000000, 0x38000000),
        Profile("cortex-m4", "mps2-an386"),
        Profile("cortex-m33", "mps2-an505", 0x10000000, 0x38000000),
        Profile("cortex-m7", "mps2-an500"),
    )
}


@dataclass(frozen=True)
class Unit:
    """Code that is entered at its first halfword and left past its last one."""

    halfwords: tuple[int, ...]
    count: int = 1


@dataclass(frozen=True)
class Program:
    """Code, registers, flags and memory to start from.

    Attributes:
        regs: r0 to r12, sp, lr.
        flags: APSR.
        singles, fpscr: the floating point unit's, where there is one.
    """

    profile: str
    units: tuple[Unit, ...]
    regs: tuple[int, ...]
    flags: int
    memory_seed: int
    singles: tuple[int, ...] = (0,) * 32
    fpscr: int = 0

    @property
    def halfwords(self) -> tuple[int, ...]:
        return tuple(half for unit in self.units for half in unit.halfwords)

    @property
    def count(self) -> int:
        """Instructions as drawn; branches skip some, and loops repeat some."""
        return sum(unit.count for unit in self.units)

    @property
    def base(self) -> int:
        return PROFILES[self.profile].ram

    def code(self) -> bytes:
        """The program and the branch that leaves it, padded with zeros."""
        body = self.halfwords
        away = LEAVE - CODE - 2 * len(body) - 4
        whole = np.array([*body, 0xE000 | away >> 1 & 0x7FF], "<u2").tobytes()
        assert len(whole) <= CODE_BYTES
        return whole.ljust(CODE_BYTES, b"\0")

    def window(self) -> bytes:
        """All memory around the code, which literal loads reach, but for what leaves it."""
        content = bytearray(WINDOW)
        content[CODE - 2 : CODE] = ENTER.to_bytes(2, "little")
        content[CODE : CODE + CODE_BYTES] = self.code()
        return bytes(content)

    def memory(self) -> bytes:
        """What the data window starts from."""
        return _random_bytes(self.memory_seed)


@lru_cache(maxsize=8)
def _random_bytes(seed: int) -> bytes:
    return np.random.default_rng(seed).bytes(SIZE)


def instructions(program: Program) -> Iterator[Instruction]:
    """What stands in the program, in order of address, NOPs of `shrink` left out."""
    profile, halfwords = PROFILES[program.profile], program.halfwords
    position, it = 0, 0
    while position < len(halfwords):
        first = halfwords[position]
        wide = first >> 11 >= 0b11101
        word = first << 16 | halfwords[position + 1] if wide else first
        address = profile.ram + CODE + 2 * position
        found = decode(word, wide, profile.level, address, it, profile.fpu)
        if word != NOP:
            yield found
        it = found.extra if found.mnemonic == "it" else advance(it)
        position += 2 if wide else 1


def listing(program: Program) -> str:
    """The program's instructions, a line each, and what they start from."""
    lines = [f"memory {program.memory_seed:#x} flags {program.flags:#x} fpscr {program.fpscr:#x}",
             " ".join(f"r{n}={value:x}" for n, value in enumerate(program.regs))]  # fmt: skip
    if program.fpscr or any(program.singles):
        lines.append(" ".join(f"s{n}={value:x}" for n, value in enumerate(program.singles)))
    for i in instructions(program):
        lines.append(
            f"{i.address:8x}: {i.encoding:08x} {i.mnemonic} cond={i.cond} rd={i.rd} rn={i.rn} "
            f"rm={i.rm} ra={i.ra} imm={i.imm:#x} extra={i.extra:#x}"
        )
    return "\n".join(lines)


def shrink(program: Program, differs: Callable[[Program], bool]) -> Program:
    """The program with every unit replaced by NOPs that the difference does not need."""
    step = len(program.units)
    while step:
        step //= 2
        for first in range(0, len(program.units), max(step, 1)):
            units = list(program.units)
            for index in range(first, min(first + max(step, 1), len(units))):
                units[index] = Unit((NOP,) * len(units[index].halfwords), 0)
            shorter = replace(program, units=tuple(units))
            if shorter != program and differs(shorter):
                program = shorter
    return program
