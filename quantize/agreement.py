"""How near an integer network is to the float model that it was quantised from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgesnn.machine import Traces
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.quantize.calibration import Observed
from edgesnn.trained import FloatArray


@dataclass(frozen=True)
class Agreement:
    """The integer network against the float model, on the calibration clips.

    Attributes:
        clips: compared.
        decisions: share of clips with the same decision, 0 … 1.
        spike_correlation: Pearson correlation of the spike counts of each neuron and clip, one a
            spiking layer; None where a layer's counts do not vary.
        spikes: mean spikes of a clip, float and integer, one pair a spiking layer.
    """

    clips: int
    decisions: float
    spike_correlation: dict[str, float | None]
    spikes: dict[str, tuple[float, float]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def agreement(network: Network, observed: Observed, traces: Traces) -> Agreement:
    """Compare decisions and spike counts of both on the same clips."""
    decisions = np.argmax(observed.scores, axis=1)
    correlation: dict[str, float | None] = {}
    spikes: dict[str, tuple[float, float]] = {}
    for layer, counted in zip(network.spiking, observed.spikes, strict=False):
        ours = traces.spikes[layer.name].sum(axis=1)
        correlation[layer.name] = _correlation(counted.ravel(), ours.ravel())
        spikes[layer.name] = (
            float(counted.sum(axis=1, dtype=np.float64).mean()),
            float(ours.sum(axis=1).mean()),
        )
    same = float(np.mean(decisions == traces.decisions(network)))
    return Agreement(len(decisions), same, correlation, spikes)


def _correlation(left: FloatArray, right: IntArray) -> float | None:
    if left.std() == 0 or right.std() == 0:
        return None
    return float(np.corrcoef(left, right)[0, 1])
