"""The unit as a function of its own: compiled and cached apart from the loop, on first use.

The loop calls it through an address (`call_unit`), so that firmware without floating point
neither compiles nor loads it, and the loop does not grow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numba import types

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.compiled import exported, sources_digest
from edgesnn.sim.core.vfp.execute import arithmetic

_types: Any = types
WORDS: Any = _types.CPointer(types.int64)
SIGNATURE: Any = types.void(WORDS, WORDS, *[types.int64] * 5)
HERE = Path(__file__).parent


def _cached(sources: int) -> Any:
    """`arithmetic` with a C interface; the number becomes part of the cache's key.

    Both vectors are bare pointers here and below: an array is seven words to hand on.
    """

    @exported(SIGNATURE)
    def unit(state, regs, numbers, imm, extra, nzcv, now):  # type: ignore[no-untyped-def]
        state[op.S_SOURCES] = sources
        arithmetic(state, regs, numbers, imm, extra, nzcv, now)

    return unit


def unit_address() -> int:
    """Address of the compiled unit, for `call_unit`."""
    return int(_UNIT.address)


_UNIT = _cached(
    sources_digest(HERE.parent / "compiled.py", HERE.parent / "operations.py", *HERE.glob("*.py"))
)
