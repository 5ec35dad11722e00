"""Traces as the generated code writes them: one packed record a step.

A record holds, layer by layer, `v` (int16), `a` (int16, adaptive layers), the spikes' bitmap
(32-bit words) and, for the readout, `y` (int32), all in little-endian order.
"""

from __future__ import annotations

import numpy as np

from edgesnn.codegen.program import words
from edgesnn.machine import Traces
from edgesnn.network import AdaptiveLeaky, Layer, Network
from edgesnn.network.arrays import IntArray


def record_dtype(network: Network) -> np.dtype[np.void]:
    """The packed NumPy type of one step's record; fields are called `layer.quantity`."""
    fields = [field for layer in network.layers for field in _fields(layer)]
    return np.dtype(fields)


def _fields(layer: Layer) -> list[tuple[str, str, tuple[int, ...]]]:
    if layer.is_readout:
        return [(f"{layer.name}.v", "<i4", (layer.size,))]
    fields = [(f"{layer.name}.v", "<i2", (layer.size,))]
    if isinstance(layer.neuron, AdaptiveLeaky):
        fields.append((f"{layer.name}.a", "<i2", (layer.size,)))
    return [*fields, (f"{layer.name}.spikes", "<u4", (words(layer.size),))]


def traces_of(network: Network, records: IntArray) -> Traces:
    """Traces of structured `records (clips, steps)` of `record_dtype`."""
    spiking = {layer.name: layer.size for layer in network.spiking}
    return Traces(
        v={x.name: records[f"{x.name}.v"].astype(np.int32) for x in network.layers},
        a={
            x.name: records[f"{x.name}.a"].astype(np.int32)
            for x in network.layers
            if isinstance(x.neuron, AdaptiveLeaky)
        },
        spikes={name: _bits(records[f"{name}.spikes"], size) for name, size in spiking.items()},
    )


def records_of(network: Network, traces: Traces) -> IntArray:
    """Structured records `(clips, steps)` of `record_dtype`: the inverse of `traces_of`."""
    clips, steps = traces.v[network.readout.name].shape[:2]
    records = np.zeros((clips, steps), record_dtype(network))
    for name, values in traces.v.items():
        records[f"{name}.v"] = values
    for name, values in traces.a.items():
        records[f"{name}.a"] = values
    for name, values in traces.spikes.items():
        records[f"{name}.spikes"] = _bitmap(values)
    return records


def _bitmap(spikes: IntArray) -> IntArray:
    """Bool `(clips, steps, neurons)` as bitmaps `(clips, steps, words)`."""
    missing = -spikes.shape[-1] % 32
    padded = np.pad(spikes, ((0, 0), (0, 0), (0, missing)))
    return np.packbits(padded, axis=-1, bitorder="little").view("<u4")


def _bits(bitmap: IntArray, neurons: int) -> IntArray:
    """Bitmaps `(clips, steps, words)` as bool `(clips, steps, neurons)`."""
    octets = np.ascontiguousarray(bitmap).view(np.uint8)
    return np.unpackbits(octets, axis=-1, count=neurons, bitorder="little").astype(np.bool_)
