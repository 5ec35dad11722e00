"""The front-end: 16-bit PCM to int8 features, in integers (docs/FRONTEND.md).

The settings import nothing heavy; the kernels, and Numba with them, load on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from edgesnn.frontend.settings import FrontEnd

if TYPE_CHECKING:
    from edgesnn.frontend.batch import Stream, features, fit_offsets, log_mel, to_features
    from edgesnn.frontend.lookup import Tables, tables

__all__ = [
    "FrontEnd",
    "Stream",
    "Tables",
    "features",
    "fit_offsets",
    "log_mel",
    "tables",
    "to_features",
]

_HOME = {
    "Stream": "batch",
    "features": "batch",
    "fit_offsets": "batch",
    "log_mel": "batch",
    "to_features": "batch",
    "Tables": "lookup",
    "tables": "lookup",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
