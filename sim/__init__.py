"""Simulators: the integer network, and the core that runs the firmware.

The engine and Numba with it load on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesnn.sim.activity import Activity, LayerActivity, measure_activity
    from edgesnn.sim.energy import AlgorithmicEnergy, algorithmic_energy
    from edgesnn.sim.engine import Engine, Result
    from edgesnn.sim.report import Accuracy, Condition, SimulationReport, simulate
    from edgesnn.sim.static import connection_sparsity, footprint

_HOME = {
    "Activity": "activity",
    "LayerActivity": "activity",
    "measure_activity": "activity",
    "AlgorithmicEnergy": "energy",
    "algorithmic_energy": "energy",
    "Engine": "engine",
    "Result": "engine",
    "connection_sparsity": "static",
    "footprint": "static",
    "Accuracy": "report",
    "Condition": "report",
    "SimulationReport": "report",
    "simulate": "report",
}

__all__ = [
    "Accuracy",
    "Activity",
    "AlgorithmicEnergy",
    "Condition",
    "Engine",
    "LayerActivity",
    "Result",
    "SimulationReport",
    "algorithmic_energy",
    "connection_sparsity",
    "footprint",
    "measure_activity",
    "simulate",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
