"""Weight layout and kernel choice: which tables a synapse group becomes, and who reads them.

The one place that decides; templates print what stands here, `plan` adds up its bytes, and the
C runtime (`runtime/edgesnn_*.h`) says what each kernel expects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import output_shape, spatial
from edgesnn.network.graph import INPUT, Layer, Network
from edgesnn.network.synapses import Conv1d, Conv2d, Dense, Identity, Pool, Sparse, Synapses

#: Postsynaptic neurons of a tile of dense weights, by bit width (edgesnn_dense.h).
DENSE_TILE = {8: 8, 4: 8, 2: 16}

#: Which neuron of four each byte of a word of lanes belongs to.
BYTE_ORDER = np.array([0, 2, 1, 3])

#: Widest tile: currents have room for whole tiles.
WIDEST_TILE = max(DENSE_TILE.values())


@dataclass(frozen=True, eq=False)
class Table:
    """A `static const` array: `values` are 1-D and of the type that `ctype` names."""

    name: str
    ctype: str
    values: IntArray

    @property
    def flash_bytes(self) -> int:
        """Bytes in flash."""
        return int(self.values.nbytes)


@dataclass(frozen=True, eq=False)
class GroupLayout:
    """A synapse group as C: its kernel, the kernel's struct and the tables it points to.

    Attributes:
        kernel: function of the runtime.
        struct: tag of the struct that it reads.
        name: the struct's variable.
        fields: initialisers in the order of the struct.
        tables: what `fields` point to.
        gather: function of the runtime that collects a graded source's events for it.
        events: the events' variable, by the type that `gather` fills.
        told_graded: whether the kernel is told if its events are graded.
    """

    kernel: str
    struct: str
    name: str
    fields: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    gather: str = "edgesnn_gather_graded"
    events: str = "events"
    told_graded: bool = True


def table(name: str, dtype: type[np.integer], values: IntArray) -> Table:
    """A table of `values`; an empty one gets one unused entry, since C has no empty arrays."""
    flat = np.ascontiguousarray(values.reshape(-1), dtype)
    if not flat.size:
        flat = np.zeros(1, dtype)
    return Table(name, f"{flat.dtype.name}_t", flat)


def padded(neurons: int) -> int:
    """Currents of a layer of `neurons`, room for whole tiles included."""
    return -(-neurons // WIDEST_TILE) * WIDEST_TILE


def pack(values: IntArray, bits: int, word_bits: int) -> IntArray:
    """Signed `values` (…, n) as fields of `bits` bits, the first in the lowest bits of a word.

    Returns int64 (…, n·bits / word_bits), rounded up; the missing fields are zero.
    """
    in_word = word_bits // bits
    missing = -values.shape[-1] % in_word
    width = [(0, 0)] * (values.ndim - 1) + [(0, missing)]
    fields = np.pad(values.astype(np.int64), width) & ((1 << bits) - 1)
    fields = fields.reshape(*values.shape[:-1], -1, in_word)
    packed: IntArray = (fields << (bits * np.arange(in_word))).sum(axis=-1)
    return packed


def group_layout(
    network: Network, layer: Layer, number: int, by_sites: bool = False
) -> GroupLayout:
    """Kernel and tables of synapse group `number` of `layer`; `by_sites` as in edgesnn_sites.h."""
    group = layer.synapses[number]
    name = f"{network.name}_{layer.name}_{number}"
    if by_sites and isinstance(group, Conv1d | Conv2d):
        return _conv_sites(group, name, network.source_shape(group.source))
    if by_sites and isinstance(group, Sparse):
        return _sparse_sites(group, name)
    made = _layout(network, layer, group, name)
    kernel = f"{made.kernel}_sites" if by_sites else made.kernel
    return replace(made, kernel=kernel, told_graded=made.told_graded and not by_sites)


def _layout(network: Network, layer: Layer, group: Synapses, name: str) -> GroupLayout:
    if isinstance(group, Dense):
        listed = group.source == INPUT and group.bits == 8
        return _graded8(group, name) if listed else _dense(group, name)
    if isinstance(group, Sparse):
        return _sparse(group, name, layer.size)
    if isinstance(group, Identity):
        return _identity(group, name, layer)
    if isinstance(group, Pool):
        return _pool(group, name, network.source_shape(group.source))
    assert isinstance(group, Conv1d | Conv2d)
    return _conv(group, name, network.source_shape(group.source))


def _dense(group: Dense, name: str) -> GroupLayout:
    """Rows by presynaptic neuron of biased weights, padded with biased zeros to whole tiles."""
    rows = _biased_rows(group, DENSE_TILE[group.bits])
    weight = table(f"{name}_weight", np.uint32, rows)
    fields = (("weight", weight.name), ("words", f"{rows.shape[1]}"))
    kernel = f"edgesnn_{'graded' if group.source == INPUT else 'dense'}{group.bits}"
    return GroupLayout(kernel, "edgesnn_dense", name, fields, (weight,), told_graded=False)


def _biased_rows(group: Dense, tile: int) -> IntArray:
    """Packed rows by presynaptic neuron, int64 `(pre, words)`."""
    missing = -len(group.weight) % tile
    biased = np.pad(group.weight.T, ((0, 0), (0, missing))).astype(np.int64)
    return pack(biased + (1 << (group.bits - 1)), group.bits, 32)


def _graded8(group: Dense, name: str) -> GroupLayout:
    """Rows by channel of biased weights in tiles of 16, and the largest weight of each."""
    rows = _biased_rows(group, WIDEST_TILE)
    weight = table(f"{name}_weight", np.uint32, rows)
    most = table(f"{name}_most", np.uint8, np.abs(group.weight.astype(np.int64)).max(axis=0))
    halves = -(-len(group.weight) // (WIDEST_TILE // 2))
    tables = (("weight", weight.name), ("most", most.name))
    fields = (*tables, ("words", f"{rows.shape[1]}"), ("halves", f"{halves}"))
    return GroupLayout(
        "edgesnn_add_sends",
        "edgesnn_graded8",
        name,
        fields,
        (weight, most),
        gather="edgesnn_gather_sends",
        events="sends",
        told_graded=False,
    )


def _packed_weight(values: IntArray, group: Synapses, name: str) -> Table:
    return table(f"{name}_weight", np.uint8, pack(values.reshape(-1), group.bits, 8))


def _sparse(group: Sparse, name: str, post: int) -> GroupLayout:
    """Compressed rows with the narrowest indices that fit."""
    wide_first, wide_post = len(group.index) > 0xFFFF, post > 0x100
    first = table(f"{name}_first", np.uint32 if wide_first else np.uint16, group.indptr)
    index = table(f"{name}_post", np.uint16 if wide_post else np.uint8, group.index)
    weight = _packed_weight(group.weight, group, name)
    fields = (
        ("weight", weight.name),
        ("first32" if wide_first else "first16", first.name),
        ("post16" if wide_post else "post8", index.name),
        ("bits", f"{group.bits}"),
    )
    return GroupLayout("edgesnn_sparse", "edgesnn_sparse", name, fields, (weight, first, index))


def _sparse_sites(group: Sparse, name: str) -> GroupLayout:
    """Rows of words of two synapses; an odd row is filled up with a weight of zero onto the first
    neuron that is not in it."""
    rows, first = [], [0]
    for begin, end in pairwise(group.indptr.tolist()):
        row = (group.weight[begin:end].astype(np.int64) & 0xFF) << 8 | group.index[begin:end]
        if len(row) % 2:
            row = np.append(row, np.setdiff1d(np.arange(len(row) + 1), row & 0xFF)[0])
        rows.append(row)
        first.append(first[-1] + len(row) // 2)
    synapse = table(f"{name}_synapse", np.uint32, pack(np.concatenate(rows), 16, 32))
    wide = first[-1] > 0xFFFF
    begins = table(f"{name}_first", np.uint32 if wide else np.uint16, np.array(first))
    fields = (("synapse", synapse.name), ("first32" if wide else "first16", begins.name))
    struct = "edgesnn_sparse_sites"
    return GroupLayout(struct, struct, name, fields, (synapse, begins), told_graded=False)


def _identity(group: Identity, name: str, layer: Layer) -> GroupLayout:
    weight = _packed_weight(group.weight, group, name)
    sites = layer.size // layer.shape[0]
    fields = (("weight", weight.name), ("bits", f"{group.bits}"), ("sites", f"{sites}"))
    return GroupLayout("edgesnn_identity", "edgesnn_identity", name, fields, (weight,))


def _axes(group: Conv1d | Conv2d | Pool, source: tuple[int, ...]) -> tuple[tuple[str, str], ...]:
    """Rows and columns of a group; one spatial axis is the columns of a single row."""
    target = output_shape(group, source)
    assert target is not None
    axes = list(zip(source[1:], target[1:], *spatial(group), strict=True))
    if len(axes) == 1:
        axes.insert(0, (1, 1, 1, 1, 0))
    names = ("length", "windows", "kernel", "stride", "padding")
    texts = [
        ", ".join(f".{name} = {value}" for name, value in zip(names, axis, strict=True))
        for axis in axes
    ]
    return (("rows", f"{{{texts[0]}}}"), ("columns", f"{{{texts[1]}}}"))


def _by_tap(group: Conv1d | Conv2d) -> IntArray:
    """Weights by presynaptic channel and kernel position, the channels it feeds innermost."""
    out, group_channels = group.weight.shape[:2]
    # (groups, fan, channels, …) → (groups, channels, …, fan)
    by_group = group.weight.reshape(group.groups, out // group.groups, group_channels, -1)
    moved: IntArray = np.moveaxis(by_group, 1, -1)
    return moved


def _conv(group: Conv1d | Conv2d, name: str, source: tuple[int, ...]) -> GroupLayout:
    weights = _by_tap(group)
    weight = _packed_weight(weights, group, name)
    fields = (
        ("weight", weight.name),
        ("bits", f"{group.bits}"),
        ("fan", f"{weights.shape[-1]}"),
        ("group_channels", f"{weights.shape[1]}"),
        *_axes(group, source),
    )
    return GroupLayout("edgesnn_conv", "edgesnn_conv", name, fields, (weight,))


def _conv_sites(group: Conv1d | Conv2d, name: str, source: tuple[int, ...]) -> GroupLayout:
    """The same in words of four channels, a byte each whatever their bits."""
    weights = _by_tap(group)
    fours = weights.reshape(-1, 4)[:, BYTE_ORDER]
    weight = table(f"{name}_weight", np.uint32, pack(fours, 8, 32))
    fields = (
        ("weight", weight.name),
        ("words", f"{weights.shape[-1] // 4}"),
        ("group_channels", f"{weights.shape[1]}"),
        ("channels", f"{len(group.weight)}"),
        *_axes(group, source),
    )
    struct = "edgesnn_conv_sites"
    return GroupLayout(struct, struct, name, fields, (weight,), told_graded=False)


def _pool(group: Pool, name: str, source: tuple[int, ...]) -> GroupLayout:
    fields = (("weight", f"{group.weight}"), *_axes(group, source))
    return GroupLayout("edgesnn_pool", "edgesnn_pool", name, fields, ())


def parameter_layout(
    vectors: dict[str, IntArray], name: str
) -> tuple[tuple[tuple[str, str], ...], tuple[Table, ...]]:
    """Initialisers of the `struct edgesnn_vector`s of a layer, and the tables they point to.

    Parameters that are the same everywhere are constants. The others stand side by side in one
    int16 table, a row a channel, so that a core reads them through one pointer; what needs 32
    bits has a table of its own.
    """
    varying = {field: each for field, each in vectors.items() if each.min() != each.max()}
    wide = {f: each for f, each in varying.items() if each.min() < -0x8000 or each.max() > 0x7FFF}
    narrow = [field for field in varying if field not in wide]
    texts = {field: f"{{.value = {each[0]}}}" for field, each in vectors.items()}
    tables = []
    if narrow:
        rows = np.stack([varying[field] for field in narrow], axis=1)
        tables.append(table(f"{name}_parameters", np.int16, rows))
        for column, field in enumerate(narrow):
            start = f"&{name}_parameters[{column}]"
            texts[field] = f"{{.narrow = {start}, .stride = {len(narrow)}}}"
    for field, each in wide.items():
        tables.append(table(f"{name}_{field}", np.int32, each))
        texts[field] = f"{{.wide = {name}_{field}}}"
    return tuple(texts.items()), tuple(tables)
