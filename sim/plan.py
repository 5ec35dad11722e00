"""Flattening a network into the tables of `edgesnn.sim.tables`, with which one kernel runs all.

Inside the engine a layer of shape `(C, ...)` is kept channel-last, so that the synapses of one
presynaptic neuron are *runs*: stretches of contiguous weights for contiguous postsynaptic
neurons. A dense group has one run a presynaptic neuron, a convolution one for each kernel
position (its weights stay shared), all others have runs of one synapse. Adding a spike is adding
its runs, and the long ones are vector additions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgesnn.network import INPUT, AdaptiveLeaky, IntegrateAndFire, Layer, Leaky, Network, Readout
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import fan_out
from edgesnn.network.neurons import NO_DECAY
from edgesnn.network.synapses import Pool, Synapses
from edgesnn.sim.runs import Runs, channel_last, runs_of
from edgesnn.sim.tables import (
    ADAPTATION_DECAY,
    ADAPTIVE,
    AXONAL,
    AXONAL_GROUP,
    BIAS,
    COUPLING,
    DECAY,
    FIRES_AT,
    GROUP,
    JUMP,
    LAYER,
    PLAIN,
    READOUT,
    SOURCE,
    SUBTRACT,
    SUBTRACT_LATER,
    THRESHOLD,
    ZERO,
    ZERO_LATER,
    Plan,
    Records,
    Rows,
    records,
)


@dataclass(frozen=True)
class _Group:
    """One synapse group on its way into the plan."""

    source: int
    delay: int
    axonal: IntArray
    maximum: bool
    runs: Runs
    stored: IntArray


def plan_network(network: Network) -> tuple[Plan, Rows]:
    """Flatten `network`."""
    sources = {INPUT: 0} | {layer.name: 1 + i for i, layer in enumerate(network.layers)}
    groups = [
        _plan_group(network, layer, group, sources[group.source])
        for layer in network.layers
        for group in layer.synapses
    ]
    axonal = [(number, group) for number, group in enumerate(groups) if group.delay == AXONAL]
    plan = Plan(
        delta=network.input.delta if network.input.encoding == "delta" else -1,
        sources=_plan_sources(network),
        layers=_plan_layers(network),
        groups=_plan_groups(groups),
        axonal=_plan_axonal(axonal),
        axonal_delay=_joined([group.axonal for _, group in axonal], np.int64),
        neurons=_plan_neurons(network),
    )
    return plan, _plan_rows(groups)


def _plan_group(network: Network, layer: Layer, group: Synapses, source: int) -> _Group:
    shape = network.source_shape(group.source)
    order = channel_last(shape)
    axonal = not isinstance(group.delay, int)
    return _Group(
        source=source,
        delay=group.delay if isinstance(group.delay, int) else AXONAL,
        axonal=np.asarray(group.delay)[order] if axonal else np.zeros(0),
        maximum=isinstance(group, Pool) and group.kind == "max",
        runs=runs_of(group, shape, layer.shape),
        stored=fan_out(group, shape, layer.size)[order],
    )


def _plan_sources(network: Network) -> Records:
    """Ring buffers of event lists, long enough for the delays."""
    names = [INPUT, *(layer.name for layer in network.layers)]
    sizes = [network.source_size(name) for name in names]
    lengths = [network.history(name) + 1 for name in names]
    starts, slots = _offsets(np.multiply(sizes, lengths)), _offsets(lengths)
    return records(SOURCE, [sizes, lengths, starts[:-1], slots[:-1]])


def _plan_layers(network: Network) -> Records:
    layers = network.layers
    neurons = _offsets([layer.size for layer in layers])
    groups = _offsets([len(layer.synapses) for layer in layers])
    columns = [
        neurons[:-1],
        neurons[1:],
        [_kind(layer) for layer in layers],
        [_reset(layer) for layer in layers],
        [layer.graded_shift for layer in layers],
        [any(group.source == INPUT for group in layer.synapses) for layer in layers],
        groups[:-1],
        groups[1:],
    ]
    return records(LAYER, columns)


def _kind(layer: Layer) -> int:
    if isinstance(layer.neuron, AdaptiveLeaky):
        return ADAPTIVE
    return READOUT if isinstance(layer.neuron, Readout) else PLAIN


def _reset(layer: Layer) -> int:
    if not isinstance(layer.neuron, IntegrateAndFire):
        return SUBTRACT
    now, later = (SUBTRACT, SUBTRACT_LATER), (ZERO, ZERO_LATER)
    return (now if layer.neuron.reset == "subtract" else later)[layer.neuron.reset_delay]


def _plan_neurons(network: Network) -> IntArray:
    """Parameters of every neuron, channel-last; a neuron without one gets what changes nothing."""
    tables = [
        np.repeat(_parameters(layer), layer.size // layer.shape[0], axis=1)[
            :, channel_last(layer.shape)
        ]
        for layer in network.layers
    ]
    return np.concatenate(tables, axis=1)


def _parameters(layer: Layer) -> IntArray:
    """int32 `(7, channels)`."""
    neuron = layer.neuron
    table = np.zeros((7, layer.shape[0]), np.int32)
    table[BIAS] = layer.bias
    table[DECAY] = neuron.decay if isinstance(neuron, Leaky | Readout) else NO_DECAY
    if isinstance(neuron, IntegrateAndFire):
        table[THRESHOLD] = neuron.threshold
        table[FIRES_AT] = neuron.threshold.astype(np.int32) + neuron.strict
    if isinstance(neuron, AdaptiveLeaky):
        table[ADAPTATION_DECAY] = neuron.adaptation_decay
        table[COUPLING] = neuron.adaptation_coupling
        table[JUMP] = neuron.adaptation_jump
    return table


def _plan_groups(groups: list[_Group]) -> Records:
    axonal = np.array([group.delay == AXONAL for group in groups])
    columns = [
        [group.source for group in groups],
        [group.delay for group in groups],
        np.where(axonal, np.cumsum(axonal) - 1, -1),
        [group.maximum for group in groups],
        [group.runs.length for group in groups],
        _offsets([len(group.stored) for group in groups])[:-1],
    ]
    return records(GROUP, columns)


def _plan_rows(groups: list[_Group]) -> Rows:
    run_start = _offsets([len(group.runs.post) for group in groups])
    weight_start = _offsets([len(group.runs.weights) for group in groups])
    starts = [group.runs.row_ptr[:-1] + start for group, start in _with(groups, run_start)]
    weights = [group.runs.weight + start for group, start in _with(groups, weight_start)]
    return Rows(
        ptr=_joined([*starts, run_start[-1:]], np.int64),
        post=_joined([group.runs.post for group in groups], np.int64),
        weight=_joined(weights, np.int64),
        weights=_joined([group.runs.weights for group in groups], np.int8),
        effective=_joined([group.runs.nonzero() for group in groups], np.int64),
        stored=_joined([group.stored for group in groups], np.int64),
    )


def _plan_axonal(axonal: list[tuple[int, _Group]]) -> Records:
    """Ring buffers of arrivals, and a last record with their sizes."""
    lengths = [int(group.axonal.max(initial=0)) + 1 for _, group in axonal]
    sizes = [len(group.axonal) for _, group in axonal]
    columns = [
        [*(number for number, _ in axonal), -1],
        [*lengths, 0],
        _offsets(np.multiply(sizes, lengths)),
        _offsets(lengths),
        _offsets(sizes),
        [*sizes, 0],
    ]
    return records(AXONAL_GROUP, columns)


def _int64(values: object) -> IntArray:
    return np.array(values, np.int64)


def _offsets(sizes: object) -> IntArray:
    """Where each part begins when all are laid end to end, and at last where they end."""
    return np.concatenate(([0], np.cumsum(_int64(sizes)))).astype(np.int64)


def _joined(parts: list[IntArray], dtype: type) -> IntArray:
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)


def _with(groups: list[_Group], starts: IntArray) -> list[tuple[_Group, int]]:
    return [(group, int(start)) for group, start in zip(groups, starts, strict=False)]
