"""Spiking layers in lanes: which layers qualify, their parameters, and their weights by tiles.

What the runtime's `edgesnn_membranes.h` and `edgesnn_rows.h` ask for: the proof that a layer's
sums may wrap in 16 bits, parameters as lanes, and the rows of all dense groups of a layer as one
table.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from edgesnn.codegen.layout import BYTE_ORDER, Table, pack, table
from edgesnn.network import (
    INPUT,
    AdaptiveLeaky,
    Conv1d,
    Conv2d,
    Dense,
    Identity,
    IntegrateAndFire,
    Layer,
    Network,
    Pool,
    Sparse,
    Synapses,
)
from edgesnn.network.arrays import IntArray
from edgesnn.network.bounds import INT16, lane_ranges, membrane_bounds, signed_sums
from edgesnn.network.neurons import NO_DECAY

#: Neurons of a tile (edgesnn_rows.h).
TILE = 16

#: Neurons that adaptive layers step or leave at rest together (edgesnn_adaptive.h).
QUAD = 4

Form = Literal["plain", "saturates", "tables", "words"]
"""The forms of edgesnn_membranes.h, that of edgesnn_adaptive.h, and that of edgesnn_words.h."""

#: Largest modulus of an adaptive neuron's currents (edgesnn_adaptive_pairs.h).
MOST_DRIVE = (1 << 23) - (1 << 17)

#: Most neurons of an adaptive layer in lanes: pairs have 16-bit numbers (edgesnn_adaptive_pairs.h).
MOST_ADAPTIVE = 2 * 0xFFFF


def form_of(network: Network, layer: Layer) -> Form | None:
    """The form in which `layer` can be computed in lanes, as its bounds and neurons allow."""
    neuron = layer.neuron
    if not isinstance(neuron, IntegrateAndFire) or neuron.reset_delay:
        return None
    ranges = lane_ranges(network, layer)
    coupled = isinstance(neuron, AdaptiveLeaky) and neuron.adaptation_coupling.any()
    if not coupled:
        if _fits(ranges.u) and _fits((ranges.u[0] - _level(layer), ranges.u[1])):
            return "plain"
        if _fits(ranges.current) and _fits(ranges.kept):
            return "saturates"
    adapts = isinstance(neuron, AdaptiveLeaky)
    return "tables" if adapts and _fits_pairs(layer, ranges.current) else None


def has_narrow_rows(network: Network, layer: Layer) -> bool:
    """Whether `layer` is a readout with rows whose currents are proven to fit lanes."""
    sums = [signed_sums(group, layer.size) for group in layer.synapses if is_row_group(group)]
    if not (layer.is_readout and sums):
        return False
    low, high = np.sum(sums, axis=0)
    return _fits((low, high))


def _fits_pairs(layer: Layer, current: tuple[IntArray, IntArray]) -> bool:
    """Whether sums are as edgesnn_adaptive_pairs.h asks: without the bias lanes, with it 24 bits
    less what v and a take; and whether the layer is not too large."""
    bias = layer.per_neuron(layer.bias.astype(np.int64))
    most = max(abs(each).max() for each in (*current, bias))
    few = padded_neurons(layer.size) <= MOST_ADAPTIVE
    return few and _fits((current[0] - bias, current[1] - bias)) and bool(most <= MOST_DRIVE)


def _fits(ends: tuple[IntArray, IntArray]) -> bool:
    return bool(ends[0].min() >= INT16[0] and ends[1].max() <= INT16[1])


def _level(layer: Layer) -> IntArray:
    """The least `u` that fires, int64 `(neurons,)`."""
    assert isinstance(layer.neuron, IntegrateAndFire)
    return layer.per_neuron(layer.neuron.threshold.astype(np.int64) + layer.neuron.strict)


def calm_events(network: Network, layer: Layer, *, lanes: bool = True) -> int:
    """Most events of `layer`'s rows in a step for which `u` and, in lanes, `u - level` are proven
    to fit int16, whatever the membranes and the other currents are; -1 where they may not
    without."""
    ranges, level = lane_ranges(network, layer), _level(layer) * lanes
    rows = [group.weight for group in layer.synapses if is_row_group(group)]
    weight = np.sort(np.concatenate([np.zeros((layer.size, 1)), *rows], axis=1).astype(np.int64))
    # Sums of the n least and of the n greatest weights of each neuron, n = 0, 1, …
    least = np.cumsum(np.minimum(weight, 0), axis=1)
    most = np.cumsum(np.maximum(weight[:, ::-1], 0), axis=1)
    low = (ranges.kept[0] + ranges.current[0])[:, None] + _few(least)
    high = (ranges.kept[1] + ranges.current[1])[:, None] + _few(most)
    fits = (np.minimum(low, low - level[:, None]) >= INT16[0]).all(axis=0)
    fits &= (np.maximum(high, high - level[:, None]) <= INT16[1]).all(axis=0)
    return int(np.count_nonzero(fits)) - 1


def _few(sums: IntArray) -> IntArray:
    """What is missing in sums of 0, 1, … weights, against those of all."""
    return np.concatenate([np.zeros((len(sums), 1), np.int64), sums[:, :-1]], axis=1) - sums[:, -1:]


def is_row_group(group: Synapses) -> bool:
    """Whether a group's weights become rows of the layer's tiles."""
    return isinstance(group, Dense) and group.source != INPUT


#: Neurons that a byte can name.
MOST_SHORT = 256


def by_sites(layer: Layer) -> bool:
    """Whether what the layer in lanes gets beside rows is summed in lanes too (edgesnn_sites.h):
    convolutions of spikes onto whole words of channels, with pools and one-to-one synapses, by
    sites; or stored synapses alone, of 8 bits onto few neurons."""
    others = [group for group in layer.synapses if not is_row_group(group)]
    convolutions = [group for group in others if isinstance(group, Conv1d | Conv2d)]
    fit = all(len(group.weight) // group.groups % 4 == 0 for group in convolutions)
    if others and all(_is_short(group) and layer.size <= MOST_SHORT for group in others):
        return True
    known = all(isinstance(group, Conv1d | Conv2d | Pool | Identity) for group in others)
    spikes = all(group.source != INPUT for group in others)
    return bool(convolutions) and fit and known and spikes


def _is_short(group: Synapses) -> bool:
    return isinstance(group, Sparse) and group.bits == 8 and group.source != INPUT


def tiles(neurons: int) -> int:
    """Tiles that hold `neurons`."""
    return -(-neurons // TILE)


def padded_neurons(neurons: int) -> int:
    """Neurons of the tiles that hold `neurons`."""
    return tiles(neurons) * TILE


def row_table(groups: list[Dense], bits: int, name: str) -> tuple[Table, int]:
    """Weights of several groups, one behind the other, as biased rows of `bits` bits a weight, 8
    or 4; and their bias."""
    bias = {8: 128, 4: 7}[bits]
    weight = np.concatenate([group.weight for group in groups], axis=1).T.astype(np.int64)
    biased = np.pad(weight, ((0, 0), (0, -weight.shape[1] % TILE))) + bias
    # Of each eight the first four are the lower nibbles of a word's bytes.
    split = biased.reshape(len(weight), -1, 8 // bits, 4)[..., BYTE_ORDER]
    fields = np.moveaxis(split, 2, 3).reshape(len(weight), -1)
    return table(f"{name}_weight", np.uint32, pack(fields, bits, 32)), bias


def places(rows: int) -> int:
    """Words of a list of events with all of `rows` (edgesnn_rows.h): two behind the last."""
    return rows + 2


def table_fields(layer: Layer, name: str) -> tuple[tuple[tuple[str, str], ...], tuple[Table, ...]]:
    """Initialisers of `struct edgesnn_adaptive` and its table, pair by pair, then the jumps."""
    neuron = layer.neuron
    assert isinstance(neuron, AdaptiveLeaky)
    vectors = _vectors(layer, clamped=True)
    top = pack(vectors["level"] - 1, 16, 32)
    lanes = {
        field: pack(vectors[field], 16, 32)
        for field in ("decay", "adaptation_decay", "adaptation_coupling", "adaptation_jump")
    }
    bias = (vectors["start"] << 8).reshape(-1, 2) & 0xFFFFFFFF
    pairs = np.column_stack(
        [lanes["decay"], bias, lanes["adaptation_decay"], lanes["adaptation_coupling"], top]
    )
    stepped = 2 * -(-layer.size // QUAD)
    words = np.concatenate([pairs[:stepped].reshape(-1), lanes["adaptation_jump"][:stepped]])
    made = table(f"{name}_table", np.uint32, words)
    strict = "0x00010001u" if neuron.strict else "0u"
    keep = "0u" if neuron.reset == "zero" else "0xffffffffu"
    fields = (("table", made.name), ("pairs", f"{stepped}"), ("strict", strict), ("keep", keep))
    return (*fields, ("tiles", f"{tiles(layer.size)}")), (made,)


def membrane_fields(
    network: Network, layer: Layer, form: Form, name: str
) -> tuple[tuple[tuple[str, str], ...], tuple[Table, ...]]:
    """Initialisers of `struct edgesnn_membranes` and the tables they point to."""
    neuron = layer.neuron
    assert isinstance(neuron, IntegrateAndFire)
    made: dict[bytes, Table] = {}
    fields: list[tuple[str, str]] = [("tiles", f"{tiles(layer.size)}")]
    vectors = _vectors(layer, clamped=form != "plain")
    vectors.pop("adaptation_coupling", None)  # it is zero
    for field, values in vectors.items():
        fields.append((field, _parameter(f"{name}_{field}", values, made)))
    if form == "saturates":
        fields.append(("calm", f"{calm_events(network, layer)}"))
    flags = {
        "saturates": form != "plain",
        "adaptive": isinstance(neuron, AdaptiveLeaky),
        "reset_to_zero": neuron.reset == "zero",
        "adaptation_saturates": membrane_bounds(network, layer).adaptation_saturates,
    }
    fields += [(flag, str(value).lower()) for flag, value in flags.items()]
    return tuple(fields), tuple(made.values())


def _vectors(layer: Layer, clamped: bool) -> dict[str, IntArray]:
    """Parameters by field, one a neuron of whole tiles; neurons that fill the last stay at 0."""
    neuron = layer.neuron
    filling = (0, -layer.size % TILE)
    bias = np.pad(layer.per_neuron(layer.bias.astype(np.int64)), filling)
    level = np.pad(_level(layer), filling, mode="edge")
    vectors = {"start": bias if clamped else bias - level, "level": level}
    names = ("decay", "threshold", "adaptation_decay", "adaptation_coupling", "adaptation_jump")
    for name in names:
        if hasattr(neuron, name):
            values = layer.per_neuron(getattr(neuron, name).astype(np.int64))
            vectors[name] = np.pad(values, filling, mode="edge")
    return {"decay": np.full_like(bias, NO_DECAY), **vectors}


def _parameter(name: str, values: IntArray, made: dict[bytes, Table]) -> str:
    """The initialiser of a `struct edgesnn_parameter`; the same lanes share a table in `made`."""
    if values.min() == values.max():
        return f"{{NULL, {values[0]}}}"
    packed = pack(values, 16, 32)
    known = made.setdefault(packed.tobytes(), table(name, np.uint32, packed))
    return f"{{{known.name}, 0}}"
