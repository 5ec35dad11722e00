"""What a network weighs at rest: NeuroBench's static metrics (docs/METRICS.md)."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from edgesnn.network import Identity, Layer, Network, Pool, Sparse
from edgesnn.network.synapses import Synapses
from edgesnn.sim.activity import state_bytes


def footprint(network: Network) -> int:
    """Bytes of all parameters and of the neurons' state.

    Weights count at their bit width, packed group by group; indices, delays and neuron
    parameters at the width of the file. Event queues, features and code are not in it: the
    memory plan of the generated C has those.
    """
    return sum(_layer_bytes(layer) + state_bytes(layer) for layer in network.layers)


def _layer_bytes(layer: Layer) -> int:
    neuron = [getattr(layer.neuron, each.name) for each in fields(layer.neuron)]
    parameters = sum(value.nbytes for value in neuron if isinstance(value, np.ndarray))
    return layer.bias.nbytes + parameters + sum(_group_bytes(each) for each in layer.synapses)


def _group_bytes(group: Synapses) -> int:
    delays = group.delay.nbytes if isinstance(group.delay, np.ndarray) else 0
    if isinstance(group, Pool):
        return delays + 1
    index = group.indptr.nbytes + group.index.nbytes if isinstance(group, Sparse) else 0
    return delays + index + -(-group.weight.size * group.bits // 8)


def connection_sparsity(network: Network) -> float:
    """Share of zeros among the weights of dense, sparse and convolution groups, 0 … 1.

    A sparse group counts as the matrix that it stands for, a convolution's shared weights once.
    """
    zeros = weights = 0
    for layer in network.layers:
        for group in layer.synapses:
            if isinstance(group, Pool | Identity):
                continue
            size = group.weight.size
            if isinstance(group, Sparse):
                size = layer.size * network.source_size(group.source)
            weights += size
            zeros += size - int(np.count_nonzero(group.weight))
    return zeros / weights if weights else 0.0
