"""A start with a warm cache loads machine code and nothing that would compile it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from edgesnn.sim.core import Core
from edgesnn.sim.core import operations as op

ADD = [0x00, 0xBF, 0xFE, 0xE7]  # nop; b .
PROGRAM = f"""
import sys
from edgesnn.sim.core import Core
core = Core("cortex-m4")
core.memory.write(0, bytes({ADD}))
core.pc = 0
core.run(instructions=1001)
prepared = [name for name in ("numba.np.arraymath", "scipy.linalg", "torch") if name in sys.modules]
print(core.instructions, core.cycles, prepared)
"""


def test_a_warm_start_does_not_prepare_the_compiler() -> None:
    core = Core("cortex-m4")  # compiles, where nobody has yet
    core.memory.write(0, bytes(ADD))
    core.pc = 0
    core.run(instructions=1001)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split(maxsplit=2)[:2] == ["1001", str(core.cycles)]
    assert done.stdout.strip().endswith("[]")


def test_what_is_loaded_is_what_was_compiled() -> None:
    """The loop says by which sources it was compiled; so a stale cache cannot go unseen."""
    from edgesnn.sim.core.compiled import sources_digest
    from edgesnn.sim.core.loop import SOURCES

    core = Core("cortex-m4")
    core.memory.write(0, bytes(ADD))
    core.pc = 0
    core.run(instructions=2)
    assert core.state[op.S_SOURCES] == np.int64(sources_digest(*SOURCES))
