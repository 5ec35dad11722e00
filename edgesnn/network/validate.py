"""Every rule that an integer network must obey, each fault in words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np

from edgesnn.errors import NetworkError
from edgesnn.network.bounds import EXACT_LIMIT, current_bounds
from edgesnn.network.detector import detector_faults
from edgesnn.network.geometry import output_shape, spatial
from edgesnn.network.graph import INPUT, Layer, Network
from edgesnn.network.neurons import AdaptiveLeaky, IntegrateAndFire, Leaky, Readout
from edgesnn.network.presentation import presentation_faults
from edgesnn.network.synapses import (
    MAX_DELAY,
    WEIGHT_LIMIT,
    Conv1d,
    Conv2d,
    Pool,
    Sparse,
    Synapses,
)

_IDENTIFIER = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,62}\Z")
_C_KEYWORDS = frozenset(
    {
        "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
        "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register",
        "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
        "union", "unsigned", "void", "volatile", "while",
    }
)  # fmt: skip

#: Most neurons of a layer: postsynaptic indices are 16 bits wide.
MAX_NEURONS = 65535


def find_faults(network: Network) -> list[str]:
    """All faults of `network`, in order; empty where it obeys docs/SPEC.md."""
    faults = [*_network_faults(network)]
    if not faults:
        for layer in network.layers:
            faults += [f"layer {layer.name}: {fault}" for fault in _layer_faults(network, layer)]
    if not faults:
        for layer in network.layers:
            faults += [f"layer {layer.name}: {fault}" for fault in _range_faults(network, layer)]
    return faults


def _network_faults(network: Network) -> Iterator[str]:
    yield from name_faults("network", network.name)
    if not network.layers:
        yield "no layers; a network needs at least a readout"
        return
    names = [layer.name for layer in network.layers]
    for name in names:
        yield from name_faults("layer", name)
    if len(set(names)) != len(names) or INPUT in names:
        yield f"layer names must differ from each other and from '{INPUT}': {', '.join(names)}"
    yield from _input_faults(network)
    yield from _readout_faults(network)
    if network.detector is not None:
        yield from detector_faults(network.detector, network.classes)
    if network.presentation is not None:
        yield from presentation_faults(network.presentation, network.input.shape)
        if network.frontend is not None or network.detector is not None:
            yield "an image is shown to it, so it has no front-end of its own and no detector"


def name_faults(what: str, name: str) -> Iterator[str]:
    """Why `name` cannot name a network or a layer: both become C identifiers."""
    if not _IDENTIFIER.match(name) or name in _C_KEYWORDS:
        yield f"{what} name {name!r} is not a C identifier"


def _input_faults(network: Network) -> Iterator[str]:
    source = network.input
    if not 1 <= len(source.shape) <= 3 or min(source.shape, default=0) < 1:
        yield f"input shape {source.shape} is not (channels,), (C, L) or (C, H, W)"
    if source.encoding not in ("direct", "delta"):
        yield f"input encoding {source.encoding!r} is neither 'direct' nor 'delta'"
    if not 0 <= source.delta <= 255 or (source.encoding == "direct" and source.delta):
        yield f"input delta {source.delta} must be 0 … 255, and 0 for direct encoding"
    if network.frontend is not None and source.size != network.frontend.bands:
        yield f"front-end gives {network.frontend.bands} bands, but the input has {source.size}"


def _readout_faults(network: Network) -> Iterator[str]:
    kinds = [layer.is_readout for layer in network.layers]
    if not kinds[-1] or any(kinds[:-1]):
        yield "the last layer, and no other, must be the readout"
    if len(network.classes) != network.readout.size:
        yield f"{len(network.classes)} class names for {network.readout.size} readout neurons"
    if len(set(network.classes)) != len(network.classes) or not all(network.classes):
        yield "class names must be different and not empty"


def _layer_faults(network: Network, layer: Layer) -> Iterator[str]:
    if not 1 <= len(layer.shape) <= 3 or min(layer.shape, default=0) < 1:
        yield f"shape {layer.shape} is not (N,), (C, L) or (C, H, W)"
        return
    if layer.size > MAX_NEURONS:
        yield f"{layer.size} neurons; the most is {MAX_NEURONS}"
        return
    if not layer.synapses:
        yield "no synapses feed it"
    if not 0 <= layer.graded_shift <= 16:
        yield f"graded_shift {layer.graded_shift} is outside 0 … 16"
    yield from _neuron_faults(layer)
    for number, group in enumerate(layer.synapses):
        for fault in _group_faults(network, layer, group):
            yield f"synapses {number} ({type(group).__name__} from {group.source}): {fault}"


def _neuron_faults(layer: Layer) -> Iterator[str]:
    neuron, channels = layer.neuron, layer.shape[0]
    ranges: list[tuple[str, int, int]] = []
    if isinstance(neuron, IntegrateAndFire):
        ranges.append(("threshold", 1, 32767))
        if neuron.reset not in ("subtract", "zero"):
            yield f"reset {neuron.reset!r} is neither 'subtract' nor 'zero'"
    if isinstance(neuron, Leaky | Readout):
        ranges.append(("decay", 0, 256))
    if isinstance(neuron, AdaptiveLeaky):
        ranges += [("adaptation_decay", 0, 256), ("adaptation_coupling", -256, 256)]
        ranges += [("adaptation_jump", -32768, 32767)]
    if layer.bias.shape != (channels,):
        yield f"bias has shape {layer.bias.shape}, not ({channels},)"
    for name, low, high in ranges:
        yield from _vector_faults(name, getattr(neuron, name), channels, low, high)


def _vector_faults(
    name: str, vector: np.ndarray, channels: int, low: int, high: int
) -> Iterator[str]:
    if vector.shape != (channels,):
        yield f"{name} has shape {vector.shape}, not ({channels},)"
        return
    wrong = np.flatnonzero((vector < low) | (vector > high))
    if wrong.size:
        yield f"{name} of channel {wrong[0]} is {vector[wrong[0]]}, outside {low} … {high}"


def _group_faults(network: Network, layer: Layer, group: Synapses) -> Iterator[str]:
    if group.source != INPUT and group.source not in network.by_name:
        yield f"there is no layer {group.source!r}"
        return
    if group.source != INPUT and network.by_name[group.source].is_readout:
        yield "the readout is nobody's source"
        return
    yield from _delay_faults(network, layer, group)
    yield from _weight_faults(group)
    faults = [*_field_faults(group)]
    yield from faults
    if faults:
        return
    try:
        target = output_shape(group, network.source_shape(group.source))
    except (NetworkError, ZeroDivisionError, ValueError, TypeError) as error:
        yield str(error)
        return
    yield from _target_faults(layer, group, target)


def _target_faults(layer: Layer, group: Synapses, target: tuple[int, ...] | None) -> Iterator[str]:
    if target is not None and target != layer.shape:
        yield f"gives shape {target}, but the layer has {layer.shape}"
    if not isinstance(group, Sparse | Pool):
        rows = group.weight.shape[0]
        expected = layer.size if target is None else layer.shape[0]
        if rows != expected:
            yield f"weight has {rows} rows, not {expected}"
    if isinstance(group, Sparse):
        yield from _sparse_faults(group, layer.size)


def _delay_faults(network: Network, layer: Layer, group: Synapses) -> Iterator[str]:
    if not 0 <= group.max_delay <= MAX_DELAY or (isinstance(group.delay, int) and group.delay < 0):
        yield f"delay {group.delay} is outside 0 … {MAX_DELAY}"
    least = group.delay if isinstance(group.delay, int) else int(group.delay.min(initial=255))
    order = [INPUT, *(each.name for each in network.layers)]
    if order.index(group.source) >= order.index(layer.name) and least < 1:
        yield "a source that is not earlier in the network needs a delay of at least 1"
    if isinstance(group.delay, int):
        return
    if group.source == INPUT:
        yield "axonal delays need a binary source; give the input one delay"
    if group.delay.shape != (network.source_size(group.source),):
        yield f"{group.delay.shape} delays for {network.source_size(group.source)} neurons"


def _weight_faults(group: Synapses) -> Iterator[str]:
    if group.bits not in WEIGHT_LIMIT:
        yield f"bit width {group.bits} is not 8, 4 or 2"
        return
    limit = WEIGHT_LIMIT[group.bits]
    if isinstance(group, Pool):
        largest = abs(group.weight)
    else:
        largest = int(np.abs(group.weight.astype(np.int32)).max(initial=0))
    if largest > limit:
        yield f"a weight of magnitude {largest} does not fit {group.bits} bits (±{limit})"


_WEIGHT_RANK = {"Dense": 2, "Sparse": 1, "Conv1d": 3, "Conv2d": 4, "Identity": 1}


def _field_faults(group: Synapses) -> Iterator[str]:
    if isinstance(group, Pool):
        yield from _pool_faults(group)
        return
    rank = _WEIGHT_RANK[type(group).__name__]
    if group.weight.ndim != rank:
        yield f"weight has {group.weight.ndim} axes, not {rank}"
    if isinstance(group, Conv1d | Conv2d):
        _, stride, padding = spatial(group)
        axes = rank - 2
        if len(stride) != axes or len(padding) != axes:
            yield f"stride and padding need {axes} entries each"
        elif min(stride) < 1 or min(padding) < 0 or group.groups < 1:
            yield "stride and groups must be at least 1, padding at least 0"
        elif group.weight.shape[0] % group.groups:
            yield f"{group.weight.shape[0]} output channels do not divide into {group.groups}"


def _pool_faults(group: Pool) -> Iterator[str]:
    if group.kind not in ("sum", "max"):
        yield f"pool kind {group.kind!r} is neither 'sum' nor 'max'"
    sizes = (*group.window, *group.stride)
    if not sizes or len(group.window) != len(group.stride) or min(sizes) < 1:
        yield "window and stride need one entry of at least 1 for each axis"
    if group.source == INPUT:
        yield "pools need a binary source"


def _sparse_faults(group: Sparse, post: int) -> Iterator[str]:
    indptr = group.indptr.astype(np.int64)
    if indptr[0] != 0 or np.any(np.diff(indptr) < 0) or indptr[-1] != len(group.index):
        yield "indptr must rise from 0 to the number of synapses"
        return
    if len(group.index) != len(group.weight):
        yield f"{len(group.index)} indices for {len(group.weight)} weights"
    if group.index.size and int(group.index.max()) >= post:
        yield f"index {group.index.max()} is outside the layer's {post} neurons"
    rises = np.diff(group.index.astype(np.int64)) > 0
    starts = np.zeros(len(group.index), bool)
    starts[indptr[:-1][indptr[:-1] < len(group.index)]] = True
    if not np.all(rises | starts[1:]):
        yield "indices of a row must be strictly increasing"


def _range_faults(network: Network, layer: Layer) -> Iterator[str]:
    bounds = current_bounds(network, layer)
    for name, low, high in (
        ("graded current", bounds.graded_low, bounds.graded_high),
        ("binary current", bounds.binary_low, bounds.binary_high),
        ("accumulator", bounds.low, bounds.high),
    ):
        worst = max(abs(int(low.min())), abs(int(high.max())))
        if worst >= EXACT_LIMIT:
            yield f"{name} may reach {worst}; it must stay below 2^{int(math.log2(EXACT_LIMIT))}"
