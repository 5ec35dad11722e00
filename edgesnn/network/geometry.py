"""Shapes of synapse groups, and the weight matrix that any group stands for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgesnn.errors import NetworkError
from edgesnn.network.arrays import IntArray
from edgesnn.network.synapses import Conv1d, Conv2d, Dense, Identity, Pool, Sparse, Synapses

Shape = tuple[int, ...]


def _windows(length: int, kernel: int, stride: int, padding: int) -> int:
    return (length + 2 * padding - kernel) // stride + 1


def spatial(group: Conv1d | Conv2d | Pool) -> tuple[Shape, Shape, Shape]:
    """Kernel, stride and padding of a group, one entry a spatial axis."""
    if isinstance(group, Conv1d):
        return group.weight.shape[2:], (group.stride,), (group.padding,)
    if isinstance(group, Conv2d):
        return group.weight.shape[2:], group.stride, group.padding
    return group.window, group.stride, (0,) * len(group.window)


def output_shape(group: Synapses, source: Shape) -> Shape | None:
    """Postsynaptic shape that `group` makes of `source`; None where any of that size will do.

    Raises:
        NetworkError: the group cannot be applied to a source of this shape.
    """
    if isinstance(group, Dense):
        _require_pre(group.weight.shape[-1], source)
        return None
    if isinstance(group, Sparse):
        _require_pre(len(group.indptr) - 1, source)
        return None
    if isinstance(group, Identity):
        return source
    return _window_shape(group, source)


def _require_pre(columns: int, source: Shape) -> None:
    if columns != math.prod(source):
        raise NetworkError(
            f"weights for {columns} presynaptic neurons, but the source has {math.prod(source)}"
        )


def _window_shape(group: Conv1d | Conv2d | Pool, source: Shape) -> Shape:
    kernel, stride, padding = spatial(group)
    if len(source) != len(kernel) + 1:
        raise NetworkError(
            f"a {type(group).__name__} over {len(kernel)} axes, but the source has shape {source}"
        )
    channels = source[0]
    if isinstance(group, Conv1d | Conv2d):
        if source[0] != group.weight.shape[1] * group.groups:
            raise NetworkError(
                f"weights for {group.weight.shape[1] * group.groups} channels in "
                f"{group.groups} groups, but the source has {source[0]}"
            )
        channels = group.weight.shape[0]
    sizes = tuple(map(_windows, source[1:], kernel, stride, padding))
    if min(sizes) < 1:
        raise NetworkError(f"a window of {kernel} does not fit a source of shape {source}")
    return (channels, *sizes)


def fan_out(group: Synapses, source: Shape, post: int) -> IntArray:
    """Synapses that leave each presynaptic neuron, int64 `(pre,)`; padding makes none.

    A max pool's synapses are counted as a sum pool's. `post` is the layer's number of neurons.
    """
    pre = math.prod(source)
    if isinstance(group, Dense):
        return np.full(pre, post, np.int64)
    if isinstance(group, Sparse):
        return np.diff(group.indptr.astype(np.int64))
    if isinstance(group, Identity):
        return np.ones(pre, np.int64)
    return _window_fan_out(group, source)


def _window_fan_out(group: Conv1d | Conv2d | Pool, source: Shape) -> IntArray:
    kernel, stride, padding = spatial(group)
    target = _window_shape(group, source)
    per_axis = [
        _axis_fan_out(length, *axis)
        for length, axis in zip(
            source[1:], zip(kernel, stride, padding, target[1:], strict=True), strict=True
        )
    ]
    field = per_axis[0]
    for axis in per_axis[1:]:
        field = np.multiply.outer(field, axis)
    channels = group.weight.shape[0] // group.groups if not isinstance(group, Pool) else 1
    return np.tile(field.ravel() * channels, source[0])


def _axis_fan_out(length: int, kernel: int, stride: int, padding: int, outputs: int) -> IntArray:
    counts = np.zeros(length + 2 * padding, np.int64)
    for start in range(0, outputs * stride, stride):
        counts[start : start + kernel] += 1
    return counts[padding : padding + length]


def synapse_count(group: Synapses, source: Shape, post: int) -> int:
    """Synapses of a group, as a dense operator would count them (padding makes none)."""
    return int(fan_out(group, source, post).sum())


def weight_matrix(group: Synapses, source: Shape, post: int) -> IntArray:
    """The int32 `(post, pre)` matrix of a group (a max pool gives its sum pool's).

    Made column by column from unit impulses, so it is small networks' and tests' means.
    """
    if isinstance(group, Dense):
        return group.weight.astype(np.int32)
    matrix = np.zeros((post, math.prod(source)), np.int32)
    if isinstance(group, Sparse):
        per_row: IntArray = np.diff(group.indptr.astype(np.int64))
        rows = np.repeat(np.arange(len(per_row)), per_row)
        matrix[group.index, rows] = group.weight
    elif isinstance(group, Identity):
        np.fill_diagonal(matrix, np.repeat(group.weight, post // len(group.weight)))
    else:
        for post_index, pre_index, weight in _window_synapses(group, source):
            matrix[post_index, pre_index] += weight
    return matrix


def _window_synapses(
    group: Conv1d | Conv2d | Pool, source: Shape
) -> Sequence[tuple[IntArray, IntArray, IntArray | int]]:
    """Synapses by kernel position: postsynaptic index, presynaptic index, weight."""
    kernel, stride, padding = spatial(group)
    target = _window_shape(group, source)
    result = []
    for offset in np.ndindex(*kernel):
        post_site, pre_site = connected_sites(offset, source[1:], target[1:], stride, padding)
        for out_c, in_c, weight in _channel_pairs(group, source[0], offset):
            post = out_c * math.prod(target[1:]) + post_site
            pre = in_c * math.prod(source[1:]) + pre_site
            result.append((post, pre, weight))
    return result


def connected_sites(
    offset: Shape, source: Shape, target: Shape, stride: Shape, padding: Shape
) -> tuple[IntArray, IntArray]:
    """Flat postsynaptic and presynaptic positions that the kernel position `offset` connects.

    All shapes are spatial, without the channel axis; what falls on padding is left out.
    """
    grid = np.indices(target).reshape(len(target), -1)
    place = (
        grid * np.array(stride)[:, None] + np.array(offset)[:, None] - np.array(padding)[:, None]
    )
    inside = np.all((place >= 0) & (place < np.array(source)[:, None]), axis=0)
    post = np.ravel_multi_index(tuple(grid[:, inside]), target)
    pre = np.ravel_multi_index(tuple(place[:, inside]), source)
    return np.asarray(post), np.asarray(pre)


def _channel_pairs(
    group: Conv1d | Conv2d | Pool, channels: int, offset: Shape
) -> list[tuple[int, int, int]]:
    if isinstance(group, Pool):
        return [(c, c, group.weight) for c in range(channels)]
    c_out, c_in = group.weight.shape[:2]
    per_group = c_out // group.groups
    return [
        (o, (o // per_group) * c_in + i, int(group.weight[(o, i, *offset)]))
        for o in range(c_out)
        for i in range(c_in)
    ]
