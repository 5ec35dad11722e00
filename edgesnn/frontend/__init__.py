"""The front-end: 16-bit PCM to int8 features, in integers (docs/FRONTEND.md).

The settings import nothing heavy; the kernels, and Numba with them, load on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from edgesnn.frontend.settings import FrontEnd

if TYPE_CHECKING:
    from edgesnn.frontend.batch import (
        Stream,
        features,
        fit_offsets,
        log_mel,
        silent_features,
        to_features,
    )
    from edgesnn.frontend.c import (
        CArray,
        c_scalars,
        c_tables,
        state_bytes,
        table_bytes,
        work_bytes,
    )
    from edgesnn.frontend.lookup import Tables, tables
    from edgesnn.frontend.rate import at_rate

__all__ = [
    "CArray",
    "FrontEnd",
    "Stream",
    "Tables",
    "at_rate",
    "c_scalars",
    "c_tables",
    "features",
    "fit_offsets",
    "log_mel",
    "silent_features",
    "state_bytes",
    "table_bytes",
    "tables",
    "to_features",
    "work_bytes",
]

_HOME = {
    "CArray": "c",
    "c_scalars": "c",
    "c_tables": "c",
    "state_bytes": "c",
    "table_bytes": "c",
    "work_bytes": "c",
    "Stream": "batch",
    "features": "batch",
    "fit_offsets": "batch",
    "log_mel": "batch",
    "silent_features": "batch",
    "to_features": "batch",
    "at_rate": "rate",
    "Tables": "lookup",
    "tables": "lookup",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
