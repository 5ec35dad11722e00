"""Whole random programs, all of one drawn from its seed."""

from __future__ import annotations

import random
from dataclasses import replace

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import NO_FPU, V6M, V7EM

from .kinds import Kind, drawable
from .random_code import INDICES, MIDDLE, POINTERS, PROFILES, SP, Profile, Program, Unit
from .random_draw import Draw, Draws
from .random_units import clear_exclusive, draw_unit, units_drawn

EDGES = (0, 1, 2, 31, 32, 33, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000,
         0x80000001, 0xFFFFFFFE, 0xFFFFFFFF, 0x7FFF7FFF, 0x80008000, 0x7F807F80)  # fmt: skip
# Zeros, subnormals, infinities, both kinds of NaN, what rounds to the next power of two, upper
# words of such doubles, and halves.
SINGLES = (
    0, 1, 0x7FFFFF, 0x800000, 0x800001, 0x3F800000, 0x3F7FFFFF, 0x3F000000, 0x3F000001, 0x40000000,
    0x4B000000, 0x4B000001, 0x4AFFFFFF, 0x4EFFFFFF, 0x4F000000, 0x4F7FFFFF, 0x4F800000,
    0x7F7FFFFF, 0x7F800000, 0x7F800001, 0x7FBFFFFF, 0x7FC00000, 0x7FFFFFFF, 0x477FE000, 0x477FEFFF,
    0x477FF000, 0x38800000, 0x387FC000, 0x33000000, 0x33000001, 0x7C00, 0x7C01, 0x3FF00000,
    0x7FF00000, 0x7FF80000, 0x7FEFFFFF, 0x41E00000, 0x43F00000, 0x38000000, 0x000FFFFF,
)  # fmt: skip


def interesting(rng: random.Random) -> int:
    """A word: often an edge of some width, else random."""
    choice = rng.random()
    if choice < 0.35:
        return rng.choice(EDGES)
    return rng.getrandbits(8 if choice < 0.5 else 32)


def number(rng: random.Random) -> int:
    """A word of the unit: an edge, a number near 1, an integer, a half, or anything."""
    choice = rng.random()
    sign = rng.getrandbits(1) << 31
    if choice < 0.4:
        return rng.choice(SINGLES) ^ sign
    if choice < 0.65:
        return sign | rng.randrange(0x3E000000, 0x41000000)
    return rng.getrandbits(rng.randrange(1, 24) if choice < 0.75 else 32)


def program(
    seed: int, profile: Profile, length: int, *, everywhere: bool = True, memory_seed: int = 0
) -> Program:
    """A program of about `length` instructions, all of it drawn from `seed`.

    Args:
        seed: the same gives the same program, registers and flags.
        everywhere: leave out what Unicorn is known to do wrongly, or not at all.
        memory_seed: what the data window starts from; 0 draws it too.
    """
    draw = Draw(random.Random(seed), profile, everywhere)
    units = _first(draw)
    while sum(unit.count for unit in units) < length:
        units.append(draw_unit(draw))
    return _around(draw, units, memory_seed)


def sweep(
    seed: int, profile: Profile, length: int, *, everywhere: bool = True, memory_seed: int = 1
) -> list[Program]:
    """Programs that together hold every kind of instruction that can be drawn, and every unit."""
    rng = random.Random(seed)
    wanted: list[Kind | Draws] = [
        *drawable(profile.level, profile.fpu),
        *units_drawn(profile, everywhere),
    ]
    rng.shuffle(wanted)
    found = []
    while wanted:
        draw = Draw(rng, profile, everywhere)
        units = _first(draw)
        while wanted and sum(unit.count for unit in units) < length:
            each = wanted.pop()
            unit = draw.exactly(each) if isinstance(each, Kind) else each(draw)
            if draw.exclusive >= 0:
                units += [unit, clear_exclusive(draw)] if unit else []
            elif unit:
                units.append(unit)
        found.append(_around(draw, units, memory_seed))
    return found


def restart(program: Program, seed: int) -> Program:
    """The same code from other registers, flags and numbers; rounded as before."""
    profile = PROFILES[program.profile]
    draw = Draw(random.Random(seed), profile, True)
    other = _around(draw, list(program.units), program.memory_seed)
    mode = 3 << op.FPSCR_MODE
    return replace(other, fpscr=other.fpscr & ~mode | program.fpscr & mode)


def _first(draw: Draw) -> list[Unit]:
    """CLREX, or a machine's open exclusive access lasts from one program to the next."""
    return [clear_exclusive(draw)] if draw.level > V6M else []


def _around(draw: Draw, units: list[Unit], memory_seed: int) -> Program:
    """The units with registers, flags and memory to start from."""
    rng, profile = draw.rng, draw.profile
    regs = [interesting(rng) for _ in range(15)]
    for pointer in (*POINTERS, SP):
        regs[pointer] = profile.ram + MIDDLE + rng.randrange(-0x800, 0x800, 4)
    for index in INDICES:
        regs[index] = rng.randrange(0, 0x200) & (~3 if rng.random() < 0.7 else ~0)
    flags = rng.getrandbits(4) << 28
    flags |= rng.getrandbits(1) << 27 if profile.level > V6M else 0
    flags |= rng.getrandbits(4) << 16 if profile.level >= V7EM else 0
    memory_seed = memory_seed or rng.getrandbits(32)
    drawn = Program(profile.core, tuple(units), tuple(regs), flags, memory_seed)
    if profile.fpu == NO_FPU:
        return drawn
    return replace(drawn, singles=tuple(number(rng) for _ in range(32)), fpscr=draw.fpscr)
