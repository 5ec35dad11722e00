"""Layers in words (edgesnn_words.h): which qualify, their parameters, rows and scratch memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgesnn.codegen.layout import Table, pack, table
from edgesnn.codegen.tiles import calm_events, is_row_group, padded_neurons
from edgesnn.network import AdaptiveLeaky, Dense, IntegrateAndFire, Layer, Network
from edgesnn.network.arrays import IntArray
from edgesnn.network.bounds import membrane_bounds
from edgesnn.network.neurons import NO_DECAY

#: Events of a group and words of a chunk (edgesnn_bytes_thumb.h); events that 16-bit lanes hold
#: (edgesnn_byte_rows.h).
GROUP, CHUNK_WORDS, LANE_EVENTS = 17, 8, 257

#: Most rows of a layer: their bias of up to 2^7 each, times 2^8, stays below 2^29.
MOST_ROWS = 1 << 14

#: Scores below this, times a decay of up to 2^8, stay below 2^30.
MOST_SCORE = 1 << 22


@dataclass(frozen=True, eq=False)
class ByteRows:
    """Rows of a byte a weight: the table, what was added to each weight, and `groups`: the sums of
    1 + GROUP · groups events fit a byte; 0: those of fewer."""

    weight: Table
    words: int
    bias: int
    groups: int


#: Biases below this, times 2^8, stay below 2^28.
MOST_BIAS = 1 << 20


def eights(neurons: int) -> int:
    """Neurons of a layer of `neurons` that are stepped: whole eights."""
    return -(-neurons // 8) * 8


def words_fit(network: Network, layer: Layer) -> bool:
    """Whether `layer` can be computed in words."""
    neuron = layer.neuron
    if not all(is_row_group(group) for group in layer.synapses):
        return False
    if sum(network.source_size(group.source) for group in layer.synapses) > MOST_ROWS:
        return False
    if np.abs(layer.bias.astype(np.int64)).max() >= MOST_BIAS:
        return False
    if layer.is_readout:
        bounds = membrane_bounds(network, layer)
        return not bounds.saturates and -MOST_SCORE < bounds.low <= bounds.high < MOST_SCORE
    if not isinstance(neuron, IntegrateAndFire) or isinstance(neuron, AdaptiveLeaky):
        return False
    return not neuron.reset_delay


def word_fields(
    network: Network, layer: Layer, name: str
) -> tuple[tuple[tuple[str, str], ...], tuple[Table, ...]]:
    """Initialisers of `struct edgesnn_words`, and its table where neurons are not all alike."""
    neuron = layer.neuron
    strict = getattr(neuron, "strict", False)
    zero = getattr(neuron, "reset", "") == "zero"
    decay, constant, less = _law(layer)
    own = any(each.min() != each.max() for each in (decay, constant, less))
    made = _own_table(decay, constant, less, f"{name}_own")
    fields = {
        "margins": 4 * eights(layer.size),
        "less": less[0],
        "decay": decay[0],
        "own": made.name if own else "NULL",
        "above": int(strict and not zero),
        "keeps": -int(not zero),
        "neurons": layer.size,
        "constant": constant[0],
        "saturates": str(membrane_bounds(network, layer).saturates).lower(),
    }
    if membrane_bounds(network, layer).saturates:
        fields["calm"] = calm_events(network, layer, lanes=False)
    return tuple((field, f"{value}") for field, value in fields.items()), (made,) if own else ()


def _law(layer: Layer) -> tuple[IntArray, IntArray, IntArray]:
    """`decay`, `constant` and `less` of each neuron (edgesnn_words.h), int64 `(neurons,)`."""
    neuron = layer.neuron
    bias = layer.per_neuron(layer.bias.astype(np.int64))
    decay = np.full_like(bias, NO_DECAY)
    if hasattr(neuron, "decay"):
        decay = layer.per_neuron(neuron.decay.astype(np.int64))
    if not isinstance(neuron, IntegrateAndFire):
        return decay, bias * 256, np.zeros_like(bias)
    threshold = layer.per_neuron(neuron.threshold.astype(np.int64))
    level = threshold + neuron.strict
    constant = level * decay + (bias - level) * 256
    return decay, constant, level if neuron.reset == "zero" else threshold


def _own_table(decay: IntArray, constant: IntArray, less: IntArray, name: str) -> Table:
    """Twelve words for each four neurons; those that fill the last eight are like the last one."""
    quads = [
        np.pad(each, (0, eights(len(each)) - len(each)), mode="edge").reshape(-1, 4)
        for each in (decay, constant, less)
    ]
    pairs = np.stack(quads[:2], axis=2).reshape(-1, 8)
    return table(name, np.int32, np.concatenate([pairs, quads[2]], axis=1))


def byte_rows(groups: list[Dense], name: str) -> ByteRows:
    """Weights of several groups, one behind the other, biased to be not negative."""
    weight = np.concatenate([group.weight for group in groups], axis=1).T.astype(np.int64)
    bias = max(-int(weight.min()), 0)
    span = max(int(weight.max()) + bias, 1)
    biased = np.pad(weight, ((0, 0), (0, padded_neurons(weight.shape[1]) - weight.shape[1]))) + bias
    # Bytes 0, 2, 1 and 3 of a word belong to one neuron after another.
    fields = biased.reshape(len(weight), -1, 4)[..., [0, 2, 1, 3]].reshape(len(weight), -1)
    packed = pack(fields, 8, 32)
    # The assembly takes tiles of two: it may read half a tile behind the last row.
    behind = np.zeros(-packed.shape[1] % CHUNK_WORDS, np.int64)
    values = np.concatenate([packed.reshape(-1), behind])
    weights = table(f"{name}_weight", np.uint32, values)
    # Folds and calls of small weights add up in lanes of 16 bits, however many events there are.
    small = span * len(weight) < 1 << 16
    return ByteRows(weights, packed.shape[1], bias, (255 // span - 1) // GROUP if small else 0)


def sum_words(rows: ByteRows, count: int, neurons: int) -> int:
    """Words of scratch memory for the sums of `count` rows onto `neurons` (edgesnn_words.h)."""
    whole = -(-neurons // 32) * 32
    return whole + whole // 2 * (count > LANE_EVENTS and not rows.groups)
