"""A network as flat arrays: the form in which one compiled kernel runs every network.

Inside the engine a layer of shape `(C, ...)` is kept channel-last, so that the synapses of one
presynaptic neuron are *runs*: stretches of contiguous weights for contiguous postsynaptic
neurons. A dense group has one run a presynaptic neuron, a convolution one for each kernel
position (its weights stay shared), all others have runs of one synapse. Adding a spike is adding
its runs, and the long ones are vector additions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edgesnn.network import INPUT, AdaptiveLeaky, IntegrateAndFire, Layer, Leaky, Network, Readout
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import fan_out
from edgesnn.network.neurons import NO_DECAY
from edgesnn.network.synapses import Pool, Synapses
from edgesnn.sim.runs import Runs, channel_last, runs_of

#: Neuron kinds and reset rules as the kernel knows them.
PLAIN, ADAPTIVE, READOUT = 0, 1, 2
SUBTRACT, ZERO, SUBTRACT_LATER, ZERO_LATER = 0, 1, 2, 3

#: `group_delay` of a group with axonal delays.
AXONAL = -1


class Plan(NamedTuple):
    """Flat arrays of a whole network; source 0 is the input, source `l + 1` is layer `l`.

    One entry a source (`source_*`, `ring_*`), a layer (`layer_*`), a neuron of all layers one
    after the other (int32, `bias` … `jump`), a synapse group (`group_*`), a group with axonal
    delays (`axonal_*`; `axonal_delay` one a presynaptic neuron of them). All others are int64;
    starts have one entry more, the end. `delta` is −1 for direct encoding.
    """

    delta: int
    source_size: IntArray
    ring_length: IntArray
    ring_start: IntArray
    ring_slot: IntArray
    layer_start: IntArray
    layer_kind: IntArray
    layer_reset: IntArray
    layer_shift: IntArray
    layer_graded: IntArray
    layer_groups: IntArray
    bias: IntArray
    decay: IntArray
    threshold: IntArray
    fires_at: IntArray
    adaptation_decay: IntArray
    coupling: IntArray
    jump: IntArray
    group_source: IntArray
    group_delay: IntArray
    group_axonal: IntArray
    group_maximum: IntArray
    group_length: IntArray
    group_row: IntArray
    axonal_groups: IntArray
    axonal_length: IntArray
    axonal_start: IntArray
    axonal_slot: IntArray
    axonal_row: IntArray
    axonal_delay: IntArray


class Rows(NamedTuple):
    """The runs of all groups one after the other: what the innermost loops need.

    Presynaptic neuron `j` of a group has row `group_row[group] + j`. `effective` and `stored` are
    its synapses, those of non-zero weight and all.
    """

    ptr: IntArray
    post: IntArray
    weight: IntArray
    weights: IntArray
    effective: IntArray
    stored: IntArray


class State(NamedTuple):
    """Everything that changes while clips run; the first axis is the lane, one a clip.

    int32 `(lanes, neurons)`: `v`, `a`, `current`, `graded`; `fired` is uint8, and `stamp` (int64)
    marks the neurons that a max pool has already served. `reference` is int32 `(lanes,
    channels)`. `ring` (int32) holds the event lists of all sources, `values` runs along with the
    input's part of it, `ring_count` (int64) has one entry a source and slot; `arrivals` and
    `arrivals_count` are the same for the groups with axonal delays.
    """

    v: IntArray
    a: IntArray
    current: IntArray
    graded: IntArray
    fired: IntArray
    stamp: IntArray
    reference: IntArray
    ring: IntArray
    values: IntArray
    ring_count: IntArray
    arrivals: IntArray
    arrivals_count: IntArray

    @staticmethod
    def zeros(plan: Plan, lanes: int) -> State:
        """The state after a reset."""

        def array(columns: int, dtype: type = np.int32) -> IntArray:
            return np.zeros((lanes, columns), dtype)

        neurons, channels = plan.layer_start[-1], plan.source_size[0]
        return State(
            v=array(neurons),
            a=array(neurons),
            current=array(neurons),
            graded=array(neurons),
            fired=array(neurons, np.uint8),
            stamp=array(neurons, np.int64),
            reference=array(channels),
            ring=array(plan.ring_start[-1]),
            values=array(plan.ring_start[1]),
            ring_count=array(plan.ring_slot[-1], np.int64),
            arrivals=array(plan.axonal_start[-1]),
            arrivals_count=array(plan.axonal_slot[-1], np.int64),
        )


class Counts(NamedTuple):
    """What happened, int64, summed over the steps of each clip.

    Attributes:
        emitted: spikes of each layer behind the input's sent channels, `(clips, layers + 1)`.
        changed: membranes that differ from the step before, `(clips, layers)`; all of them in
            the first step.
        delivered: events that reached each group, their synapses with a non-zero weight, and
            all their stored synapses, `(clips, groups, 3)`.
    """

    emitted: IntArray
    changed: IntArray
    delivered: IntArray

    @staticmethod
    def zeros(plan: Plan, clips: int) -> Counts:
        """No counts yet."""
        layers, groups = len(plan.layer_kind), len(plan.group_delay)
        return Counts(
            np.zeros((clips, layers + 1), np.int64),
            np.zeros((clips, layers), np.int64),
            np.zeros((clips, groups, 3), np.int64),
        )


class Record(NamedTuple):
    """Membranes and spikes, `(clips, steps, neurons)`, int32 and bool; no clips: not recorded."""

    v: IntArray
    a: IntArray
    spikes: IntArray

    @staticmethod
    def zeros(plan: Plan, clips: int, steps: int) -> Record:
        """An empty record."""
        shape = (clips, steps, plan.layer_start[-1])
        arrays = [np.zeros(shape, dtype) for dtype in (np.int32, np.int32, np.bool_)]
        return Record(*arrays)


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
    parts = {
        **_plan_sources(network),
        **_plan_layers(network),
        **_plan_neurons(network),
        **_plan_groups(groups),
        **_plan_axonal(groups),
    }
    delta = network.input.delta if network.input.encoding == "delta" else -1
    return Plan(delta=delta, **parts), _plan_rows(groups)


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


def _plan_sources(network: Network) -> dict[str, IntArray]:
    """Ring buffers of event lists, long enough for the delays and for a delayed reset."""
    names = [INPUT, *(layer.name for layer in network.layers)]
    sizes = [network.source_size(name) for name in names]
    lengths = [max(network.history(name) + 1, 2) for name in names]
    return {
        "source_size": _int64(sizes),
        "ring_length": _int64(lengths),
        "ring_start": _offsets(np.multiply(sizes, lengths)),
        "ring_slot": _offsets(lengths),
    }


def _plan_layers(network: Network) -> dict[str, IntArray]:
    layers = network.layers
    graded = [any(group.source == INPUT for group in layer.synapses) for layer in layers]
    return {
        "layer_start": _offsets([layer.size for layer in layers]),
        "layer_kind": _int64([_kind(layer) for layer in layers]),
        "layer_reset": _int64([_reset(layer) for layer in layers]),
        "layer_shift": _int64([layer.graded_shift for layer in layers]),
        "layer_graded": _int64(graded),
        "layer_groups": _offsets([len(layer.synapses) for layer in layers]),
    }


def _kind(layer: Layer) -> int:
    if isinstance(layer.neuron, AdaptiveLeaky):
        return ADAPTIVE
    return READOUT if isinstance(layer.neuron, Readout) else PLAIN


def _reset(layer: Layer) -> int:
    if not isinstance(layer.neuron, IntegrateAndFire):
        return SUBTRACT
    now, later = (SUBTRACT, SUBTRACT_LATER), (ZERO, ZERO_LATER)
    return (now if layer.neuron.reset == "subtract" else later)[layer.neuron.reset_delay]


_NEURON = ("bias", "decay", "threshold", "fires_at", "adaptation_decay", "coupling", "jump")


def _plan_neurons(network: Network) -> dict[str, IntArray]:
    """Parameters of every neuron, channel-last; a neuron without one gets what changes nothing."""
    columns: dict[str, list[IntArray]] = {}
    for layer in network.layers:
        order = channel_last(layer.shape)
        for name, vector in _neuron_vectors(layer).items():
            columns.setdefault(name, []).append(layer.per_neuron(vector)[order])
    return {name: np.concatenate(parts).astype(np.int32) for name, parts in columns.items()}


def _neuron_vectors(layer: Layer) -> dict[str, IntArray]:
    neuron, zero = layer.neuron, np.zeros(layer.shape[0], np.int32)
    vectors = dict.fromkeys(_NEURON, zero) | {"bias": layer.bias, "decay": zero + NO_DECAY}
    if isinstance(neuron, Leaky | Readout):
        vectors["decay"] = neuron.decay
    if isinstance(neuron, IntegrateAndFire):
        vectors["threshold"] = neuron.threshold
        vectors["fires_at"] = neuron.threshold.astype(np.int32) + neuron.strict
    if isinstance(neuron, AdaptiveLeaky):
        vectors["adaptation_decay"] = neuron.adaptation_decay
        vectors["coupling"] = neuron.adaptation_coupling
        vectors["jump"] = neuron.adaptation_jump
    return vectors


def _plan_groups(groups: list[_Group]) -> dict[str, IntArray]:
    axonal = np.array([group.delay == AXONAL for group in groups])
    return {
        "group_source": _int64([group.source for group in groups]),
        "group_delay": _int64([group.delay for group in groups]),
        "group_axonal": np.where(axonal, np.cumsum(axonal) - 1, -1),
        "group_maximum": _int64([group.maximum for group in groups]),
        "group_length": _int64([group.runs.length for group in groups]),
        "group_row": _offsets([len(group.stored) for group in groups]),
    }


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


def _plan_axonal(groups: list[_Group]) -> dict[str, IntArray]:
    """Ring buffers of arrivals, one a group with axonal delays."""
    axonal = [(number, group) for number, group in enumerate(groups) if group.delay == AXONAL]
    lengths = [int(group.axonal.max(initial=0)) + 1 for _, group in axonal]
    sizes = [len(group.axonal) for _, group in axonal]
    return {
        "axonal_groups": _int64([number for number, _ in axonal]),
        "axonal_length": _int64(lengths),
        "axonal_start": _offsets(np.multiply(sizes, lengths)),
        "axonal_slot": _offsets(lengths),
        "axonal_row": _offsets(sizes),
        "axonal_delay": _joined([group.axonal for _, group in axonal], np.int64),
    }


def _int64(values: object) -> IntArray:
    return np.array(values, np.int64)


def _offsets(sizes: object) -> IntArray:
    """Where each part begins when all are laid end to end, and at last where they end."""
    return np.concatenate(([0], np.cumsum(_int64(sizes)))).astype(np.int64)


def _joined(parts: list[IntArray], dtype: type) -> IntArray:
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)


def _with(groups: list[_Group], starts: IntArray) -> list[tuple[_Group, int]]:
    return [(group, int(start)) for group, start in zip(groups, starts, strict=False)]
