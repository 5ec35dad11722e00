# ruff: noqa: D103 - the operation that a function is says what it does
"""What does nothing, and what the loop leaves to Python."""

from __future__ import annotations

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.semantics.case import operates


@operates(op.NOP, "reason")
def nothing() -> int:
    return op.RUNNING


@operates(op.SYSTEM, "reason")
def system() -> int:
    return op.R_SYSTEM


@operates(op.UNDEFINED, "reason")
def undefined() -> int:
    return op.R_UNDEFINED


@operates(op.CLREX, "state[op.S_EXCLUSIVE]")
def clear_exclusive() -> int:
    return -1
