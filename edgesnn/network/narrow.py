"""A network without some of its neurons: those that never fire are fed and updated for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from edgesnn.errors import NetworkError
from edgesnn.network.arrays import IntArray
from edgesnn.network.graph import Layer, Network
from edgesnn.network.neurons import Neuron
from edgesnn.network.synapses import Dense, Synapses


def narrowed(network: Network, kept: Mapping[str, IntArray]) -> Network:
    """`network` with the neurons `kept` of the layers named; all others whole.

    What is left computes what it did before, as long as the neurons dropped do not fire: they
    send nothing. Layers that lose neurons must be flat, with dense synapses in and out.

    Args:
        network: any integer network.
        kept: for spiking layers by name, ascending indices of the neurons to keep.

    Raises:
        NetworkError: a layer is unknown, or the readout, or would be empty, or is not dense.
    """
    for name, indices in kept.items():
        layer = network.by_name.get(name)
        if layer is None or layer.is_readout or len(layer.shape) != 1 or not len(indices):
            raise NetworkError(f"layer {name} cannot keep {len(indices)} of its neurons")
    return replace(network, layers=tuple(_layer(layer, kept) for layer in network.layers))


def _layer(layer: Layer, kept: Mapping[str, IntArray]) -> Layer:
    synapses = tuple(_group(group, layer.name, kept) for group in layer.synapses)
    own = kept.get(layer.name)
    if own is None:
        return replace(layer, synapses=synapses)
    return replace(
        layer,
        shape=(len(own),),
        synapses=synapses,
        bias=layer.bias[own],
        neuron=_neuron(layer.neuron, own),
    )


def _neuron(neuron: Neuron, kept: IntArray) -> Neuron:
    values = {field.name: getattr(neuron, field.name) for field in fields(neuron)}
    own: dict[str, Any] = {
        name: value[kept] for name, value in values.items() if isinstance(value, np.ndarray)
    }
    return replace(neuron, **own)


def _group(group: Synapses, post: str, kept: Mapping[str, IntArray]) -> Synapses:
    rows, columns = kept.get(post), kept.get(group.source)
    if rows is None and columns is None:
        return group
    if not isinstance(group, Dense):
        kind = type(group).__name__
        raise NetworkError(f"{kind} synapses from {group.source} to {post} cannot be narrowed")
    weight = group.weight if rows is None else group.weight[rows]
    if columns is None:
        return replace(group, weight=weight)
    delay = group.delay if isinstance(group.delay, int) else group.delay[columns]
    return replace(group, weight=weight[:, columns], delay=delay)
