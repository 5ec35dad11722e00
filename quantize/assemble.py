"""From integer values to the integer network, and what is proven of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from edgesnn.errors import LoweringError, NetworkError
from edgesnn.network import (
    AdaptiveLeaky,
    Conv1d,
    Conv2d,
    Dense,
    Identity,
    IntegrateAndFire,
    Layer,
    Leaky,
    Network,
    Neuron,
    Pool,
    Readout,
    Synapses,
    sparse_from_dense,
)
from edgesnn.network.arrays import IntArray
from edgesnn.network.bounds import firing
from edgesnn.quantize.state import Lowering, is_graded
from edgesnn.trained import FloatArray, TrainedLayer, TrainedNeuron, TrainedSynapses


def assemble(state: Lowering) -> Lowering:
    """Build the network; its own validation proves that no current overflows."""
    trained = state.trained
    try:
        network = Network(
            name=trained.name,
            input=trained.input,
            layers=tuple(_layer(layer) for layer in trained.layers),
            classes=trained.classes,
            frontend=trained.frontend,
            notes=trained.notes,
            presentation=trained.presentation,
        )
    except NetworkError as error:
        raise LoweringError(str(error)) from error
    return replace(state, network=network)


def _layer(layer: TrainedLayer) -> Layer:
    return Layer(
        name=layer.name,
        shape=layer.shape,
        synapses=tuple(_group(layer, group) for group in layer.synapses),
        bias=layer.bias,
        neuron=_neuron(layer.neuron),
        graded_shift=layer.graded_shift if is_graded(layer) else 0,
    )


def _neuron(neuron: TrainedNeuron) -> Neuron:
    if neuron.kind == "Readout":
        return Readout(decay=_present(neuron.decay))
    fields: dict[str, Any] = {
        "threshold": neuron.threshold,
        "reset": neuron.reset,
        "reset_delay": neuron.reset_delay,
        "strict": neuron.strict,
    }
    if neuron.kind == "IntegrateAndFire":
        return IntegrateAndFire(**fields)
    if neuron.kind == "Leaky":
        return Leaky(decay=_present(neuron.decay), **fields)
    return AdaptiveLeaky(
        decay=_present(neuron.decay),
        adaptation_decay=_present(neuron.adaptation_decay),
        adaptation_coupling=_present(neuron.adaptation_coupling),
        adaptation_jump=_present(neuron.adaptation_jump),
        **fields,
    )


def _present(values: FloatArray | None) -> FloatArray:
    assert values is not None  # `check_model` has seen to it
    return values


def _group(layer: TrainedLayer, group: TrainedSynapses) -> Synapses:
    common: dict[str, Any] = {"source": group.source, "bits": group.bits, "delay": group.delay}
    if group.kind == "Dense":
        return Dense(weight=group.weight, **common)
    if group.kind == "Identity":
        return Identity(weight=group.weight, **common)
    if group.kind == "Pool":
        return Pool(
            kind="max" if group.pool == "max" else "sum",
            window=group.window,
            stride=group.stride or group.window,
            weight=int(group.weight),
            **common,
        )
    axes = 1 if group.kind == "Conv1d" else 2
    stride = tuple(map(int, group.stride)) or (1,) * axes
    padding = tuple(map(int, group.padding)) or (0,) * axes
    if len(stride) != axes or len(padding) != axes:
        raise LoweringError(
            f"layer {layer.name}: a {group.kind} needs stride and padding of {axes} numbers"
        )
    if axes == 1:
        return Conv1d(
            weight=group.weight, stride=stride[0], padding=padding[0], groups=group.groups, **common
        )
    return Conv2d(
        weight=group.weight,
        stride=(stride[0], stride[1]),
        padding=(padding[0], padding[1]),
        groups=group.groups,
        **common,
    )


def choose_sparse(state: Lowering) -> Lowering:
    """Store dense groups of few non-zero weights as sparse ones; the currents are the same."""
    assert state.network is not None

    def change(group: Synapses) -> Synapses:
        if isinstance(group, Dense) and np.mean(group.weight != 0) < state.sparse_below:
            return sparse_from_dense(group)
        return group

    layers = tuple(
        replace(layer, synapses=tuple(change(group) for group in layer.synapses))
        for layer in state.network.layers
    )
    return replace(state, network=replace(state.network, layers=layers))


def prove(state: Lowering) -> Lowering:
    """Refuse a layer that can never fire; name neurons that never, or always, will."""
    network = state.network
    assert network is not None
    warnings: list[str] = []
    for layer in network.spiking:
        never, always = firing(network, layer)
        if never.all():
            raise LoweringError(
                f"layer {layer.name} can never fire: no input lifts a membrane to its threshold; "
                "lower the thresholds or train longer"
            )
        warnings += _warning(layer, never, "can never fire")
        warnings += _warning(layer, always, "fires in every step")
    return state.with_warnings(warnings)


def _warning(layer: Layer, found: IntArray, what: str) -> list[str]:
    count = int(found.sum())
    if not count:
        return []
    which = f"neuron {int(np.argmax(found))}" if count == 1 else f"{count} of {layer.size} neurons"
    return [f"layer {layer.name}: {which} {what}"]
