"""What a network did, in NeuroBench's terms (docs/METRICS.md)."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from edgesnn.network import INPUT, AdaptiveLeaky, Layer, Network, Pool, Sparse
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import synapse_count
from edgesnn.network.synapses import Synapses
from edgesnn.sim.tables import Counts


@dataclass(frozen=True)
class LayerActivity:
    """One layer over some clips; every number but `neurons` is the mean of a clip.

    Attributes:
        layer: its name.
        neurons: how many.
        spikes: fired; 0 for a readout.
        firing_rate: share of neurons that fire in a step, 0 … 1.
        events: spikes and sent input channels that reached its synapse groups.
        effective_acs: additions of a non-zero weight for a spike.
        effective_macs: multiplications of a non-zero weight with an input value, and additions.
        dense: synapses times steps: the operations of a dense network of the same form.
        membrane_updates: membranes that changed from one step to the next; all in the first.
        neuron_steps: neurons times steps: how often the law of a neuron was evaluated.
        weight_bytes: weights (and indices of sparse groups) read for all events.
        accumulator_bytes: int32 accumulators read and written for all events.
        state_bytes: membranes and adaptation currents read and written.
    """

    layer: str
    neurons: int
    spikes: float
    firing_rate: float
    events: float
    effective_acs: float
    effective_macs: float
    dense: float
    membrane_updates: float
    neuron_steps: float
    weight_bytes: float
    accumulator_bytes: float
    state_bytes: float


#: What adds up over layers.
_SUMMED = tuple(
    each.name for each in fields(LayerActivity) if each.name not in ("layer", "firing_rate")
)


@dataclass(frozen=True)
class Activity:
    """A network over some clips.

    Attributes:
        clips: how many; all means are over them.
        steps: of a clip.
        input_events: channels sent in a clip (direct: values that are not 0).
        input_rate: share of channels sent in a step, 0 … 1.
        layers: one entry a layer, the readout last.
    """

    clips: int
    steps: int
    input_events: float
    input_rate: float
    layers: tuple[LayerActivity, ...]

    @property
    def total(self) -> LayerActivity:
        """Sums over the layers; `firing_rate` is that of all spiking neurons."""
        sums: dict[str, Any] = {
            name: sum(getattr(layer, name) for layer in self.layers) for name in _SUMMED
        }
        return LayerActivity(layer="total", firing_rate=1 - self.activation_sparsity, **sums)

    @property
    def activation_sparsity(self) -> float:
        """Share of zeros among the outputs of all spiking neurons in all steps, 0 … 1."""
        possible = sum(layer.neurons for layer in self.layers[:-1]) * self.steps
        return 1 - sum(layer.spikes for layer in self.layers) / possible if possible else 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the totals."""
        return {
            **asdict(self),
            "total": asdict(self.total),
            "activation_sparsity": self.activation_sparsity,
        }


def measure_activity(
    network: Network, counts: Counts, steps: int, chosen: IntArray | None = None
) -> Activity:
    """The mean activity of all clips, or of those that `chosen` (a mask or indices) picks."""
    if chosen is not None:
        counts = Counts(*(each[chosen] for each in counts))
    clips = len(counts.emitted)
    emitted, changed, delivered = (_mean(each) for each in counts)
    layers, first = [], 0
    for number, layer in enumerate(network.layers):
        last = first + len(layer.synapses)
        spikes, updates = float(emitted[number + 1]), float(changed[number])
        layers.append(_layer(network, layer, spikes, updates, delivered[first:last], steps))
        first = last
    sent = float(emitted[0])
    return Activity(clips, steps, sent, sent / (network.input.size * steps), tuple(layers))


def _mean(counts: IntArray) -> IntArray:
    if not len(counts):
        return np.zeros(counts.shape[1:])
    return np.asarray(counts.mean(axis=0))


def _layer(
    network: Network, layer: Layer, spikes: float, updates: float, delivered: IntArray, steps: int
) -> LayerActivity:
    graded = np.array([group.source == INPUT for group in layer.synapses])
    events, effective, stored = (delivered[:, column] for column in range(3))
    widths = np.array([synapse_bytes(group) for group in layer.synapses])
    dense = sum(_dense_synapses(network, layer, group) for group in layer.synapses)
    return LayerActivity(
        layer=layer.name,
        neurons=layer.size,
        spikes=spikes,
        firing_rate=spikes / (layer.size * steps),
        events=float(events.sum()),
        effective_acs=float(effective[~graded].sum()),
        effective_macs=float(effective[graded].sum()),
        dense=float(dense * steps),
        membrane_updates=updates,
        neuron_steps=float(layer.size * steps),
        weight_bytes=float((stored * widths).sum()),
        accumulator_bytes=float(2 * 4 * stored.sum()),
        state_bytes=float(2 * state_bytes(layer) * steps),
    )


def synapse_bytes(group: Synapses) -> float:
    """Bytes that an event reads for one synapse; a pool's only weight stays in a register."""
    if isinstance(group, Pool):
        return 0.0
    return group.bits / 8 + (2 if isinstance(group, Sparse) else 0)


def state_bytes(layer: Layer) -> int:
    """Bytes of a layer's membranes (int16, a readout's int32) and adaptation currents (int16)."""
    width = 4 if layer.is_readout else (4 if isinstance(layer.neuron, AdaptiveLeaky) else 2)
    return width * layer.size


def _dense_synapses(network: Network, layer: Layer, group: Synapses) -> int:
    """Synapses of a dense operator of the same form; of a sparse group, the full matrix."""
    if isinstance(group, Sparse):
        return layer.size * network.source_size(group.source)
    return synapse_count(group, network.source_shape(group.source), layer.size)
