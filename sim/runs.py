"""Synapse groups as runs of contiguous weights (see `edgesnn.sim.plan`)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edgesnn.network import Conv1d, Conv2d, Dense, Identity, Pool, Sparse
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import Shape, connected_sites, output_shape, spatial
from edgesnn.network.synapses import Synapses

#: A sparse group with at least this share of its synapses is added row by row, zeros included:
#: vector additions of whole rows are then faster than single synapses.
_ROW_DENSITY = 1 / 8
_ROW_LIMIT = 1 << 24


@dataclass(frozen=True)
class Runs:
    """Runs of one group, rows by presynaptic neuron, all indices channel-last.

    Row `j` owns runs `row_ptr[j] : row_ptr[j + 1]`. Run `r` connects it to the `length`
    postsynaptic neurons from `post[r]` on with the weights from `weight[r]` on.
    """

    length: int
    row_ptr: IntArray
    post: IntArray
    weight: IntArray
    weights: IntArray

    def nonzero(self) -> IntArray:
        """Synapses of each presynaptic neuron whose weight is not zero, int64 `(pre,)`."""
        before = np.concatenate(([0], np.cumsum(self.weights != 0)))
        of_run = before[self.weight + self.length] - before[self.weight]
        up_to = np.concatenate(([0], np.cumsum(of_run)))
        return np.asarray(up_to[self.row_ptr[1:]] - up_to[self.row_ptr[:-1]])


def channel_last(shape: Shape) -> IntArray:
    """C-order index of the neuron at each channel-last position of a `(C, ...)` layer."""
    return np.arange(math.prod(shape)).reshape(shape[0], -1).T.ravel()


def _position(shape: Shape) -> IntArray:
    """Channel-last position of the neuron at each C-order index."""
    return np.argsort(channel_last(shape))


def runs_of(group: Synapses, source: Shape, target: Shape) -> Runs:
    """The runs of `group` from a source of one shape to a layer of another."""
    if isinstance(group, Dense):
        return _dense_runs(group.weight, source, target)
    if isinstance(group, Sparse):
        return _sparse_runs(group, source, target)
    if isinstance(group, Identity):
        pre = np.arange(math.prod(source))
        return _sorted(1, pre, pre, pre % source[0], group.weight, len(pre))
    if isinstance(group, Pool):
        return _pool_runs(group, source)
    return _conv_runs(group, source)


def _dense_runs(weight: IntArray, source: Shape, target: Shape) -> Runs:
    post, pre = weight.shape
    rows = weight.T[channel_last(source)][:, channel_last(target)]
    steps = np.arange(pre + 1, dtype=np.int64)
    return Runs(post, steps, np.zeros(pre, np.int64), steps[:-1] * post, rows.ravel())


def _sparse_runs(group: Sparse, source: Shape, target: Shape) -> Runs:
    pre, post = math.prod(source), math.prod(target)
    per_row: IntArray = np.diff(group.indptr.astype(np.int64))
    row = np.repeat(np.arange(pre), per_row)
    if pre * post <= _ROW_LIMIT and len(group.weight) >= _ROW_DENSITY * pre * post:
        matrix = np.zeros((post, pre), np.int8)
        matrix[group.index, row] = group.weight
        return _dense_runs(matrix, source, target)
    numbers = np.arange(len(group.weight))
    return _sorted(
        1, _position(source)[row], _position(target)[group.index], numbers, group.weight, pre
    )


def _pool_runs(group: Pool, source: Shape) -> Runs:
    post, pre = _window_sites(group, source)
    channels = np.arange(source[0])
    return _sorted(
        1,
        np.add.outer(pre * source[0], channels).ravel(),
        np.add.outer(post * source[0], channels).ravel(),
        np.zeros(len(pre) * source[0], np.int64),
        np.array([group.weight], np.int8),
        math.prod(source),
    )


def _window_sites(group: Pool | Conv1d | Conv2d, source: Shape) -> tuple[IntArray, IntArray]:
    """Postsynaptic and presynaptic sites of all kernel positions, one after the other."""
    sites = _sites_by_offset(group, source)
    return np.concatenate([post for post, _ in sites]), np.concatenate([pre for _, pre in sites])


def _sites_by_offset(
    group: Pool | Conv1d | Conv2d, source: Shape
) -> list[tuple[IntArray, IntArray]]:
    kernel, stride, padding = spatial(group)
    target = output_shape(group, source)
    assert target is not None
    return [
        connected_sites(offset, source[1:], target[1:], stride, padding)
        for offset in np.ndindex(*kernel)
    ]


def _conv_runs(group: Conv1d | Conv2d, source: Shape) -> Runs:
    """A run is the output channels of one convolution group at one kernel position."""
    c_out, c_in, *kernel = group.weight.shape
    length, taps = c_out // group.groups, math.prod(kernel)
    by_channel = group.weight.reshape(group.groups, length, c_in, taps).transpose(0, 2, 3, 1)
    channel = np.arange(source[0])
    columns: list[tuple[IntArray, IntArray, IntArray]] = []
    for tap, (post, pre) in enumerate(_sites_by_offset(group, source)):
        first = np.broadcast_to((channel * taps + tap) * length, (len(pre), source[0]))
        target = np.add.outer(post * c_out, channel // c_in * length)
        columns.append((np.add.outer(pre * source[0], channel), target, first))
    pre, post, weight = (
        np.concatenate([column[i].ravel() for column in columns]) for i in range(3)
    )
    return _sorted(length, pre, post, weight, by_channel.ravel(), math.prod(source))


def _sorted(
    length: int, pre: IntArray, post: IntArray, weight: IntArray, weights: IntArray, rows: int
) -> Runs:
    """Runs given in any order, by presynaptic neuron."""
    order = np.argsort(pre, kind="stable")
    counts = np.bincount(pre, minlength=rows)
    row_ptr = np.concatenate(([0], np.cumsum(counts)))
    return Runs(length, row_ptr, post[order], weight[order], np.asarray(weights).ravel())
