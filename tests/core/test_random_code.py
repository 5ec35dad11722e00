"""Random code of every architecture against Unicorn: registers, flags and memory agree."""

import random

import pytest

pytest.importorskip("unicorn")

from edgesnn.sim.core.architecture import CORES

from .random_code import MODELS, Ours, Unicorn, agree, listing, program, shortest_difference

PROGRAMS, LENGTH = 120, 24  # about 3000 instructions an architecture


@pytest.mark.parametrize("core", MODELS)
def test_random_code_agrees_with_unicorn(core: str) -> None:
    ours, theirs, level = Ours(core), Unicorn(core), CORES[core].level
    executed = 0
    for seed in range(PROGRAMS):
        found = program(random.Random(seed), level, LENGTH)
        mine, reference = ours.run(found), theirs.run(found)
        if not agree(mine, reference, found, level):
            shortest = shortest_difference(core, found)
            pytest.fail(f"seed {seed}: {mine.difference(reference)}\n{listing(shortest, level)}")
        executed += found.count
    assert executed > 2800
