"""Unicorn as a machine for random programs, one at a time.

Unicorn 2.1 carries QEMU 5's translator, whose known faults are these. They are set aside in
`agree`, or never drawn where a program is for every machine (`Draw`), and nothing else is:

- SMLAD and SMUAD set Q where the two products overflow and the sum does not (mended in QEMU 5.2).
- Its Cortex-M0 takes misaligned addresses, which Armv6-M forbids; so does its STM everywhere.
- It ends a translation at ISB and forgets the condition there.
- It rounds conversions from fixed point as FPSCR says, where the manual rounds to nearest.
- Its Cortex-M7 has no doubles; they run on its largest core, where VMSR also sets LEN and STRIDE.
- It takes no exceptions, so SVC, faults' handlers and special registers are QEMU's to show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import unicorn
from unicorn import arm_const as uc

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import FPV5_D16, NO_FPU, V6M

from .random_code import (
    CODE,
    DATA_AT,
    LEAVE,
    PROFILES,
    SIZE,
    WINDOW,
    Profile,
    Program,
    instructions,
)
from .random_qemu import NAMES, Left, stub

MODELS = {
    "cortex-m0": uc.UC_CPU_ARM_CORTEX_M0,
    "cortex-m3": uc.UC_CPU_ARM_CORTEX_M3,
    "cortex-m4": uc.UC_CPU_ARM_CORTEX_M4,
    "cortex-m33": uc.UC_CPU_ARM_CORTEX_M33,
}
ON_UNICORN = ("cortex-m0", "cortex-m3", "cortex-m4+nofp", "cortex-m33+nofp", "cortex-m4",
              "cortex-m33", "cortex-m7")  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a program left behind.

    Attributes:
        regs: r0 to r12, sp, lr.
        flags: APSR.
        memory: the data window.
        fpscr, singles: of the floating point unit, zeros where there is none.
    """

    regs: tuple[int, ...]
    flags: int
    memory: bytes
    faulted: bool
    singles: tuple[int, ...]
    fpscr: int

    def difference(self, other: Outcome) -> str:
        """What differs, for people."""
        named = [(f"r{n}", *pair) for n, pair in enumerate(zip(self.regs, other.regs, strict=True))]
        pairs = zip(self.singles, other.singles, strict=True)
        named += [(f"s{n}", *pair) for n, pair in enumerate(pairs)]
        named += [("apsr", self.flags, other.flags), ("fpscr", self.fpscr, other.fpscr),
                  ("faulted", self.faulted, other.faulted)]  # fmt: skip
        found = [f"{name}: {one:#x} {two:#x}" for name, one, two in named if one != two]
        octets = zip(self.memory, other.memory, strict=True)
        found += [f"memory at {n:#x}" for n, (one, two) in enumerate(octets) if one != two][:4]
        return ", ".join(found)


Q_FLAG = 1 << 27
DUAL = ("smlad", "smladx", "smuad", "smuadx")


def outcome_of(left: Left, program: Program) -> Outcome:
    """What the driver wrote down, as far as Unicorn can show it."""
    named = dict(zip(NAMES, left.words, strict=True))
    regs = tuple(named[f"r{n}"] for n in range(15))
    memory = bytearray(program.memory())
    for address, word in left.changes:
        place = address - program.base - DATA_AT
        memory[place : place + 4] = word.to_bytes(4, "little")
    singles = tuple(named[f"s{n}"] for n in range(32))
    return Outcome(
        regs, named["apsr"], bytes(memory), left.faulted, singles, named["fpscr"]
    )  # fmt: skip


def agree(left: Left, theirs: Outcome, program: Program) -> bool:
    """Whether a machine and Unicorn did the same, its known faults set aside."""
    if left.faulted:  # afterwards Unicorn has no stack frame
        return theirs.faulted or PROFILES[program.profile].level == V6M
    mine = outcome_of(left, program)
    if mine == theirs:
        return True
    only_q = replace(theirs, flags=theirs.flags & ~Q_FLAG) == mine
    return only_q and any(i.mnemonic in DUAL for i in instructions(program))


REGISTERS = [getattr(uc, f"UC_ARM_REG_R{n}") for n in range(13)] + [
    uc.UC_ARM_REG_SP, uc.UC_ARM_REG_LR,
]  # fmt: skip
DOUBLES = [getattr(uc, f"UC_ARM_REG_D{n}") for n in range(16)]


class Unicorn:
    """QEMU 5's translator as a library."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.mask = 0xF80F0000 if profile.level >= 2 else 0xF8000000
        self.engine = self._doubles() if profile.fpu == FPV5_D16 else self._microcontroller()
        self.engine.mem_map(profile.ram, WINDOW)
        self.engine.mem_map(profile.ram + DATA_AT, SIZE)
        if profile.fpu != NO_FPU:
            start = profile.ram + CODE
            self.engine.mem_write(start, bytes.fromhex("b0ee400a"))
            self.engine.emu_start(start | 1, start + 4)  # the unit's first use resets FPSCR

    def _microcontroller(self) -> unicorn.Uc:
        engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        engine.ctl_set_cpu_model(MODELS[self.profile.core.split("+")[0]])
        return engine

    @staticmethod
    def _doubles() -> unicorn.Uc:
        engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        engine.ctl_set_cpu_model(uc.UC_CPU_ARM_MAX)
        access = engine.reg_read(uc.UC_ARM_REG_C1_C0_2)
        engine.reg_write(uc.UC_ARM_REG_C1_C0_2, access | 0xF << 20)
        engine.reg_write(uc.UC_ARM_REG_FPEXC, 1 << 30)
        return engine

    def run(self, program: Program) -> Outcome:
        engine, base = self.engine, program.base
        engine.mem_write(base, program.window())
        engine.mem_write(base + LEAVE, stub(self.profile))
        engine.ctl_flush_tb()
        engine.mem_write(base + DATA_AT, program.memory())
        for register, value in zip(REGISTERS, program.regs, strict=True):
            engine.reg_write(register, value)
        engine.reg_write(uc.UC_ARM_REG_APSR_NZCVQG, program.flags)
        self._give_floats(program)
        faulted = False
        try:
            engine.emu_start(base + CODE | 1, base + LEAVE)
        except unicorn.UcError:
            faulted = True
        outcome = self._outcome(base, faulted)
        if faulted:
            self.__init__(self.profile)  # the IT state of a fault would leak into the next program
        return outcome

    def _give_floats(self, program: Program) -> None:
        if self.profile.fpu == NO_FPU:
            return
        pairs = zip(program.singles[::2], program.singles[1::2], strict=True)
        for register, (low, high) in zip(DOUBLES, pairs, strict=True):
            self.engine.reg_write(register, high << 32 | low)
        self.engine.reg_write(uc.UC_ARM_REG_FPSCR, program.fpscr)

    def _outcome(self, base: int, faulted: bool) -> Outcome:
        engine = self.engine
        regs = tuple(engine.reg_read(register) for register in REGISTERS)
        flags = engine.reg_read(uc.UC_ARM_REG_APSR) & self.mask
        memory = bytes(engine.mem_read(base + DATA_AT, SIZE))
        if self.profile.fpu == NO_FPU:
            return Outcome(regs, flags, memory, faulted, (0,) * 32, 0)
        words = [engine.reg_read(register) for register in DOUBLES]
        singles = tuple(int(w) for word in words for w in (word & 0xFFFFFFFF, word >> 32))
        fpscr = engine.reg_read(uc.UC_ARM_REG_FPSCR) & op.FPSCR_MASK
        return Outcome(regs, flags, memory, faulted, singles, fpscr)
