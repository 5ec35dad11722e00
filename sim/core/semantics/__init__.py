"""What each operation of the decode table does, as small functions that the loop is made of.

A function names what it needs of the loop by its parameters and what it settles by `settles`;
`chain` (edgesnn.sim.core.semantics.case) writes one branch of the loop for each operation.
"""

from __future__ import annotations

from edgesnn.sim.core.semantics import (
    branches,
    control,
    data,
    fields,
    floating,
    packed,
    products,
    transfers,
)
from edgesnn.sim.core.semantics.case import CASES, Case, chain

MODULES = (branches, control, data, fields, floating, packed, products, transfers)

__all__ = ["CASES", "MODULES", "Case", "chain"]
