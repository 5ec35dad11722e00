"""The integer network: data structure, validation, bounds, listing, file (docs/SPEC.md)."""

from edgesnn.network.detector import Detector
from edgesnn.network.file import dumps, identity, load_network, loads, save_network
from edgesnn.network.graph import INPUT, Input, InvalidNetworkError, Layer, Network
from edgesnn.network.listing import listing
from edgesnn.network.narrow import narrowed
from edgesnn.network.neurons import AdaptiveLeaky, IntegrateAndFire, Leaky, Neuron, Readout
from edgesnn.network.presentation import Presentation
from edgesnn.network.synapses import (
    Conv1d,
    Conv2d,
    Dense,
    Identity,
    Pool,
    Sparse,
    SynapseGroup,
    Synapses,
    sparse_from_dense,
)

__all__ = [
    "INPUT",
    "AdaptiveLeaky",
    "Conv1d",
    "Conv2d",
    "Dense",
    "Detector",
    "Identity",
    "Input",
    "IntegrateAndFire",
    "InvalidNetworkError",
    "Layer",
    "Leaky",
    "Network",
    "Neuron",
    "Pool",
    "Presentation",
    "Readout",
    "Sparse",
    "SynapseGroup",
    "Synapses",
    "dumps",
    "identity",
    "listing",
    "load_network",
    "loads",
    "narrowed",
    "save_network",
    "sparse_from_dense",
]
