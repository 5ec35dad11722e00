"""What a network was given to do: spikes and synaptic operations, from the oracle's traces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costs.networks import RELAY
from costs.probe import Clip, Stepper
from edgesnn.errors import VerifyError
from edgesnn.law import Oracle
from edgesnn.machine import Traces
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import fan_out


@dataclass(frozen=True)
class Load:
    """Counts over all steps of a clip.

    Attributes:
        operations: events times stored synapses, by layer; graded input does not count.
        spikes: fired, by layer.
        updates: neurons times steps, the relay's left out.
    """

    operations: dict[str, int]
    spikes: dict[str, int]
    updates: int

    @property
    def synaptic_operations(self) -> int:
        return sum(self.operations.values())


def load_of(network: Network, traces: Traces) -> Load:
    """Counts of the one clip in `traces`."""
    steps = traces.v[network.readout.name].shape[1]
    operations = {}
    for layer in network.layers:
        total = 0
        for group in layer.synapses:
            if group.source != "input":
                assert isinstance(group.delay, int)
                arrived = traces.spikes[group.source][0, : steps - group.delay]
                fans = fan_out(group, network.source_shape(group.source), layer.size)
                total += int((arrived * fans).sum())
        operations[layer.name] = total
    return Load(
        operations,
        {name: int(fired.sum()) for name, fired in traces.spikes.items()},
        steps * sum(layer.size for layer in network.layers if layer.name != RELAY),
    )


def run_checked(probe: Stepper, features: IntArray) -> tuple[Clip, Load]:
    """Cost and work of one clip of features `(steps, channels)`.

    Raises:
        VerifyError: the scores of some step are not those of the specification's oracle.
    """
    clip = probe.run(features)
    traces = Oracle(probe.network).run(features[None])
    expected = traces.v[probe.network.readout.name][0]
    wrong = np.flatnonzero((clip.scores != expected).any(axis=1))
    if wrong.size:
        raise VerifyError(
            f"{probe.network.name} on {probe.firmware.board.name}: scores differ from the law's at "
            f"step {wrong[0]}; a cost of wrong results is not measured"
        )
    return clip, load_of(probe.network, traces)


def line(x: list[float], y: list[float]) -> dict[str, float]:
    """Least-squares line through points and how straight it is."""
    slope, offset = np.polyfit(x, y, 1)
    residual = np.array(y) - (slope * np.array(x) + offset)
    spread = float(np.sum((np.array(y) - np.mean(y)) ** 2))
    return {
        "slope": round(float(slope), 4),
        "offset": round(float(offset), 1),
        "r_squared": round(1 - float(np.sum(residual**2)) / spread, 5),
    }
