"""The step law in plain NumPy: the oracle that every faster implementation is held against.

Written to be read beside docs/SPEC.md, not to be fast. All arithmetic is int64; `>>` is an
arithmetic shift, which rounds toward −∞ as the law's floor does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edgesnn.machine import Traces
from edgesnn.network.arrays import IntArray
from edgesnn.network.bounds import INT16, INT24
from edgesnn.network.geometry import weight_matrix
from edgesnn.network.graph import INPUT, Layer, Network
from edgesnn.network.neurons import AdaptiveLeaky, IntegrateAndFire, Leaky, Readout
from edgesnn.network.synapses import Pool, Synapses


def input_seen(network: Network, features: IntArray) -> IntArray:
    """What the synapses see of int8 `features (steps, channels)`: int64, held where delta-coded."""
    seen = features.astype(np.int64)
    if network.input.encoding == "direct":
        return seen
    reference = np.zeros(seen.shape[1], np.int64)
    for step, now in enumerate(seen):
        reference = np.where(np.abs(now - reference) > network.input.delta, now, reference)
        seen[step] = reference
    return seen


@dataclass
class NeuronState:
    """Neurons between two steps: int64 `(..., neurons)`, membranes, adaptation and last spikes."""

    v: IntArray
    a: IntArray
    spikes: IntArray


@dataclass
class Oracle:
    """A rung of the exactness ladder: `run` gives every membrane of every step."""

    network: Network
    name: str = "NumPy oracle"
    _matrices: dict[tuple[str, int], IntArray] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for layer in self.network.layers:
            for number, group in enumerate(layer.synapses):
                shape = self.network.source_shape(group.source)
                self._matrices[layer.name, number] = weight_matrix(group, shape, layer.size)

    def run(self, features: IntArray) -> Traces:
        """Run int8 `features (clips, steps, channels)` from reset; see `Machine.run`."""
        traces = Traces.empty(self.network, features.shape[0], features.shape[1])
        for clip in range(features.shape[0]):
            self._run_clip(features[clip], traces, clip)
        return traces

    def _run_clip(self, features: IntArray, traces: Traces, clip: int) -> None:
        steps = len(features)
        history = {INPUT: input_seen(self.network, features)}
        for layer in self.network.layers:
            history[layer.name] = np.zeros((steps, layer.size), np.int64)
        states = {layer.name: _zero_state(layer) for layer in self.network.layers}
        for step in range(steps):
            for layer in self.network.layers:
                state = states[layer.name]
                self._step_layer(layer, state, history, step)
                history[layer.name][step] = state.spikes
                traces.record(layer, clip, step, state.v, state.a, state.spikes)

    def _step_layer(
        self, layer: Layer, state: NeuronState, history: dict[str, IntArray], step: int
    ) -> None:
        graded = np.zeros(layer.size, np.int64)
        binary = graded.copy()
        for number, group in enumerate(layer.synapses):
            now = _delayed(history[group.source], step, group)
            part = self._contribution(layer, number, group, now)
            (graded if group.source == INPUT else binary)[:] += part
        bias = layer.per_neuron(layer.bias.astype(np.int64))
        current = (graded >> layer.graded_shift) + binary + bias
        if isinstance(layer.neuron, Readout):
            decay = layer.per_neuron(layer.neuron.decay.astype(np.int64))
            state.v = np.clip((state.v * decay >> 8) + current, *INT24)
        else:
            step_spiking(layer, state, current)

    def _contribution(self, layer: Layer, number: int, group: Synapses, now: IntArray) -> IntArray:
        total: IntArray = self._matrices[layer.name, number].astype(np.int64) @ now
        if isinstance(group, Pool) and group.kind == "max":
            return np.sign(total) * abs(group.weight)
        return total


def _zero_state(layer: Layer) -> NeuronState:
    return NeuronState(*(np.zeros(layer.size, np.int64) for _ in range(3)))


def _delayed(history: IntArray, step: int, group: Synapses) -> IntArray:
    """What `group` receives at `step`: each presynaptic neuron's value its delay ago."""
    delay = np.broadcast_to(group.delay, history.shape[1]).astype(np.int64)
    then = step - delay
    values = history[np.maximum(then, 0), np.arange(history.shape[1])]
    return np.where(then >= 0, values, 0)


def step_spiking(layer: Layer, state: NeuronState, current: IntArray) -> None:
    """Advance a spiking layer by one step (docs/SPEC.md §4)."""
    neuron = layer.neuron
    assert isinstance(neuron, IntegrateAndFire)

    def spread(parameter: IntArray) -> IntArray:
        return layer.per_neuron(parameter.astype(np.int64))

    theta = spread(neuron.threshold)
    decay = spread(neuron.decay) if isinstance(neuron, Leaky) else np.int64(256)
    kept = state.v
    if neuron.reset_delay and neuron.reset == "zero":
        kept = state.v * (1 - state.spikes)
    u = (kept * decay >> 8) + current - state.a
    if neuron.reset_delay and neuron.reset == "subtract":
        u -= theta * state.spikes
    u = np.clip(u, *INT16)
    state.spikes = (u > theta if neuron.strict else u >= theta).astype(np.int64)
    state.v = u
    if not neuron.reset_delay:
        state.v = u - theta * state.spikes if neuron.reset == "subtract" else u * (1 - state.spikes)
    if isinstance(neuron, AdaptiveLeaky):
        memory = state.a * spread(neuron.adaptation_decay) >> 8
        drive = state.v * spread(neuron.adaptation_coupling) >> 8
        jump = spread(neuron.adaptation_jump) * state.spikes
        state.a = np.clip(memory + drive + jump, *INT16)
