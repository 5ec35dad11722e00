"""Random code of every architecture and floating point unit against Unicorn and QEMU.

What the decoder knows and no random program executes is listed here, with where it is executed.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from edgesnn.sim.core import Core, MemoryMap, Region
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.instruction import Instruction

from .coverage import executed, exercised
from .kinds import decodable
from .machines import GCC, needs_gcc
from .random_code import PROFILES, Profile, Program, instructions, listing, shrink
from .random_program import program, sweep
from .random_qemu import (
    HERE,
    INPUT,
    batch_input,
    driver_core,
    first_difference,
    in_core,
    in_qemu,
    qemu_version,
)

LENGTH, PROGRAMS = 24, 90  # about 3000 instructions a profile, those of `sweep` too
TWINS = ("cortex-m0plus", "cortex-m7+nofp")  # the same instructions as another profile's
ELSEWHERE = {
    "bkpt": "semihosting, in the driver of the random programs and in every C program",
    "tt": "the test below: QEMU's Cortex-M33 answers as one with the Security Extension",
    "ttt": "likewise",
}

needs_qemu = pytest.mark.skipif(not qemu_version(), reason="qemu-system-arm is not installed")
every_profile = pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES.keys())


@cache
def _swept(profile: Profile, everywhere: bool) -> tuple[Program, ...]:
    return tuple(sweep(0, profile, LENGTH, everywhere=everywhere))


def _programs(profile: Profile, everywhere: bool = False) -> list[Program]:
    """Every kind of instruction, and as many more programs as make three thousand instructions."""
    drawn = [
        program(seed, profile, LENGTH, everywhere=everywhere or seed % 2 == 0, memory_seed=1)
        for seed in range(PROGRAMS)
    ]
    return [*_swept(profile, everywhere), *drawn]


@needs_qemu
@every_profile
def test_random_code_agrees_with_qemu(profile: Profile) -> None:
    programs = _programs(profile)
    mine, theirs = in_core(profile, programs), in_qemu(profile, programs)
    found = first_difference(programs, mine, theirs)
    if found:
        pytest.fail(f"{found[1]}\n{listing(found[0])}")
    assert sum(each.count for each in programs) > 2500
    assert len({left.words for left in mine}) == len(programs)


@pytest.mark.parametrize("name", [name for name in PROFILES if name not in TWINS])
def test_random_code_agrees_with_unicorn(name: str) -> None:
    pytest.importorskip("unicorn")
    from .random_unicorn import Unicorn, agree, outcome_of

    profile = PROFILES[name]
    unicorn, programs = Unicorn(profile), _programs(profile, everywhere=True)
    for found, left in zip(programs, in_core(profile, programs), strict=True):
        if not agree(left, unicorn.run(found), found):

            def differs(tried: Program) -> bool:
                return not agree(in_core(profile, [tried])[0], Unicorn(profile).run(tried), tried)

            small = shrink(found, differs)
            difference = outcome_of(left, found).difference(unicorn.run(found))
            pytest.fail(f"{difference}\n{listing(small)}")


def test_every_instruction_is_executed_somewhere() -> None:
    """What the decoder's tables hold, against what the programs above execute."""
    known, seen = set(), set()
    for profile in PROFILES.values():
        known |= set(decodable(profile.level, profile.fpu))
        for each in _swept(profile, False):
            seen |= exercised(each)
    assert not seen - known
    assert {kind.mnemonic for kind in known - seen} == set(ELSEWHERE)
    profile = PROFILES["cortex-m0"]
    core = driver_core(profile)
    core.semihosting.files[INPUT] = batch_input(profile, [program(0, profile, LENGTH)])
    core.reset()
    core.run()
    assert "bkpt" in {kind.mnemonic for kind in executed(core)}


def test_a_target_is_tested_as_without_regions() -> None:
    """TT and TTT: readable and writable where memory lies, in no region of a protection unit."""
    core = Core("cortex-m33", MemoryMap((Region(0x20000000, 0x1000, "ram"),)))
    core.memory.write(0x20000000, bytes.fromhex("42e800f1 43e840f4 00be".replace(" ", "")))
    core.regs[2], core.regs[3], core.pc = 0x20000800, 0x30000000, 0x20000000
    assert core.run(instructions=3).reason == "breakpoint"
    assert (core.regs[1], core.regs[4]) == (0xC0000, 0)
    assert {i.mnemonic for i in core.translator.instructions.values()} >= {"tt", "ttt"}


def test_a_program_is_made_small() -> None:
    """All that is left of a program is the one unit that a machine gets wrong."""
    profile = PROFILES["cortex-m3"]

    def differs(tried: Program) -> bool:
        return "umull" in {i.mnemonic for i in instructions(tried)}

    drawn = (program(seed, profile, LENGTH) for seed in range(200))
    whole = next(found for found in drawn if differs(found))
    small = shrink(whole, differs)
    assert differs(small) and sum(unit.count > 0 for unit in small.units) == 1
    assert len(small.halfwords) == len(whole.halfwords)


@needs_qemu
def test_a_wrong_instruction_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core made to subtract with the carry the wrong way round: found, and made small."""
    profile = PROFILES["cortex-m3"]
    row = Instruction.row

    def wrong(self: Instruction, timing: int = 0, detour: int = 0) -> list[int]:
        if self.op in (op.SBC, op.SBCS):
            self = replace(self, op=op.ADC if self.op == op.SBC else op.ADCS)
        return row(self, timing, detour)

    monkeypatch.setattr(Instruction, "row", wrong)
    programs = [program(seed, profile, LENGTH, memory_seed=1) for seed in range(20)]
    found = first_difference(programs, in_core(profile, programs), in_qemu(profile, programs))
    assert found is not None
    small, difference = found
    assert difference and "sbc" in {i.mnemonic for i in instructions(small)}
    assert sum(unit.count > 0 for unit in small.units) <= 4


@needs_qemu
def test_every_program_starts_afresh() -> None:
    """What a program leaves behind depends on none of those before it."""
    profile = PROFILES["cortex-m4"]
    programs = [
        program(seed, profile, LENGTH, everywhere=False, memory_seed=1) for seed in range(30)
    ]
    backwards = list(reversed(programs))
    runs: list[Sequence[object]] = [in_core(profile, backwards), in_qemu(profile, backwards)]
    assert runs[0] == runs[1] == list(reversed(in_core(profile, programs)))


def test_a_seed_gives_the_same_program_always() -> None:
    profile = PROFILES["cortex-m33"]
    assert program(5, profile, LENGTH) == program(5, profile, LENGTH)
    assert program(5, profile, LENGTH) != program(6, profile, LENGTH)


@needs_gcc
def test_the_driver_is_what_its_source_says(tmp_path: Path) -> None:
    made, raw = tmp_path / "driver.o", tmp_path / "driver.bin"
    subprocess.run([GCC.replace("gcc", "as"), str(HERE / "driver.S"), "-o", str(made)], check=True)
    objcopy = GCC.replace("gcc", "objcopy")
    subprocess.run([objcopy, "-O", "binary", str(made), str(raw)], check=True)
    assert raw.read_bytes() == bytes.fromhex((HERE / "driver.hex").read_text())
