"""Cycles of a network's firmware, step by step, by its parts: front-end, layers, the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.pipeline.datasets import Clips
from edgesnn.pipeline.simulated import Simulated

if TYPE_CHECKING:
    from edgesnn.sim.core import CoreReport

JOIN = " + "  # between the names of layers that cannot be told apart


@dataclass(frozen=True)
class Timed:
    """Cycles of each step, int64 `(clips, steps)`.

    Attributes:
        whole: a step, front-end included where the network has one.
        network: its part without the front-end.
        layers: of each layer, with all that it calls; one entry, its names joined, for those that
            the compiler has merged into the step, so that they cannot be told apart from each
            other or from the rest. In the network's order, by the first of each entry.
        report: of the whole run.
    """

    whole: IntArray
    network: IntArray
    layers: dict[str, IntArray]
    report: CoreReport

    @property
    def front_end(self) -> IntArray:
        """What is not the network."""
        return self.whole - self.network

    @property
    def rest(self) -> IntArray:
        """What of the network is in no layer."""
        return np.asarray(self.network - sum(self.layers.values()))


def time_parts(
    machine: Simulated, network: Network, clips: Clips, *, trace_calls: bool = False
) -> Timed:
    """Run `clips` from their sound where the network hears, else from their features."""
    from edgesnn.codegen.host import whole_hops
    from edgesnn.codegen.names import member_names

    members = member_names([layer.name for layer in network.layers])
    functions = {layer: f"{network.name}_{name}_step" for layer, name in members.items()}
    step = f"{network.name}_step_features"
    given = clips.features if clips.pcm is None else whole_hops(network, clips.pcm)
    watch = machine.watchable([step, *functions.values()])
    steps = machine.execute(given, traces=False, watch=watch, trace_calls=trace_calls)
    seen = {
        name: np.array(spent, np.int64).reshape(steps.cycles.shape)
        for name, spent in steps.spans.items()
        if len(spent) == steps.cycles.size
    }
    alone = seen.get(step)
    if alone is None or clips.pcm is None:
        alone = machine.execute(clips.features, traces=False).cycles
    layers = {layer: seen[name] for layer, name in functions.items() if name in seen}
    merged = [layer.name for layer in network.layers if layer.name not in layers]
    if merged:
        layers[JOIN.join(merged)] = np.asarray(alone - sum(layers.values()))
    place = {layer: number for number, layer in enumerate(members)}
    ordered = sorted(layers, key=lambda names: place[names.split(JOIN)[0]])
    return Timed(steps.cycles, alone, {names: layers[names] for names in ordered}, steps.report)
