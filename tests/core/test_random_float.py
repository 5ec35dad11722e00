"""Random floating point code of every unit against Unicorn: all registers, flags and memory."""

import random

import pytest

pytest.importorskip("unicorn")

from .random_float import UNITS, OurUnit, UnicornUnit, float_listing, float_program, shortest

PROGRAMS, LENGTH = 120, 24  # about 3000 instructions a unit


@pytest.mark.parametrize("fpu", UNITS, ids=UNITS.values())
def test_random_floating_point_code_agrees_with_unicorn(fpu: int) -> None:
    ours, theirs = OurUnit(fpu), UnicornUnit(fpu)
    executed = 0
    for seed in range(PROGRAMS):
        found = float_program(random.Random(seed), fpu, LENGTH)
        mine, reference = ours.calculate(found), theirs.calculate(found)
        if mine != reference:
            listing = float_listing(shortest(fpu, found), fpu)
            pytest.fail(f"seed {seed}: {mine.difference(reference)}\n{listing}")
        executed += found.program.count
    assert executed > 2800
