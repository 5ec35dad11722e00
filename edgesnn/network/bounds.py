"""Interval bounds: what currents and membranes can ever be, and so what may be left out.

`G`, `E`, `acc`, `u`, `v`, `a` and `y` are the names of docs/SPEC.md §3 to §5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.network.arrays import IntArray
from edgesnn.network.neurons import AdaptiveLeaky, IntegrateAndFire, Leaky, Readout
from edgesnn.network.synapses import Conv1d, Conv2d, Dense, Pool, Sparse, Synapses

if TYPE_CHECKING:
    from edgesnn.network.graph import Layer, Network

#: Integers below this are exact in float32 (24-bit significand).
EXACT_LIMIT = 1 << 24

INT16 = (-(1 << 15), (1 << 15) - 1)
INT24 = (-(1 << 23), (1 << 23) - 1)

#: Range of the features.
FEATURE = (-128, 127)

_INPUT = "input"


@dataclass(frozen=True)
class CurrentBounds:
    """Least and greatest currents of each neuron, int64 `(neurons,)`."""

    graded_low: IntArray
    graded_high: IntArray
    binary_low: IntArray
    binary_high: IntArray
    low: IntArray
    high: IntArray


@dataclass(frozen=True)
class MembraneBounds:
    """Least and greatest `u` (or `y`) and `a` of a layer over all neurons, inputs and time.

    `saturates` tells whether the clamp of `u` or `y` can ever act, `adaptation_saturates` that of
    `a`; where they cannot, code may leave it out.
    """

    low: int
    high: int
    saturates: bool
    adaptation_low: int = 0
    adaptation_high: int = 0
    adaptation_saturates: bool = False


def signed_sums(group: Synapses, post: int) -> tuple[IntArray, IntArray]:
    """Sums of the negative and of the positive weights of each postsynaptic neuron, `(post,)`.

    Padding is not taken into account, so border neurons get an outer bound.
    """
    if isinstance(group, Pool):
        fields = int(np.prod(group.window)) if group.kind == "sum" else 1
        total = np.full(post, group.weight * fields, np.int64)
        return np.minimum(total, 0), np.maximum(total, 0)
    weight = group.weight.astype(np.int64)
    negative, positive = np.minimum(weight, 0), np.maximum(weight, 0)
    if isinstance(group, Sparse):
        return (
            np.bincount(group.index, negative, post).astype(np.int64),
            np.bincount(group.index, positive, post).astype(np.int64),
        )
    if isinstance(group, Dense | Conv1d | Conv2d):
        axes = tuple(range(1, weight.ndim))
        negative, positive = negative.sum(axis=axes), positive.sum(axis=axes)
    repeats = post // len(negative)
    return np.repeat(negative, repeats), np.repeat(positive, repeats)


def current_bounds(network: Network, layer: Layer) -> CurrentBounds:
    """Bounds of `G`, `E` and `acc`, exact for dense and sparse groups, outer for the rest."""
    graded = np.zeros((2, layer.size), np.int64)
    binary = np.zeros((2, layer.size), np.int64)
    for group in layer.synapses:
        negative, positive = signed_sums(group, layer.size)
        if group.source == _INPUT:
            graded[0] += positive * FEATURE[0] + negative * FEATURE[1]
            graded[1] += positive * FEATURE[1] + negative * FEATURE[0]
        else:
            binary[0] += negative
            binary[1] += positive
    shifted = graded >> layer.graded_shift
    low, high = shifted + binary + layer.per_neuron(layer.bias.astype(np.int64))
    return CurrentBounds(graded[0], graded[1], binary[0], binary[1], low, high)


def membrane_bounds(network: Network, layer: Layer) -> MembraneBounds:
    """Proven range of the membrane and the adaptation current, by iteration to a fixed point.

    Each round widens the intervals by one application of the law; what has not settled after
    `_ROUNDS` is taken to the clamp. Intervals ignore that `v` and `a` move together, so the
    bounds are outer ones.
    """
    current = current_bounds(network, layer)
    if isinstance(layer.neuron, Readout):
        return _readout_bounds(layer, current)
    return _spiking_bounds(layer, current)


_ROUNDS, _PATIENCE = 4096, 64


def _readout_bounds(layer: Layer, current: CurrentBounds) -> MembraneBounds:
    assert isinstance(layer.neuron, Readout)
    decay = layer.per_neuron(layer.neuron.decay.astype(np.int64))
    low = np.zeros(layer.size, np.int64)
    high = low.copy()
    for _ in range(_ROUNDS):
        new_low = np.minimum(low, (low * decay >> 8) + current.low)
        new_high = np.maximum(high, (high * decay >> 8) + current.high)
        new_low, new_high = np.maximum(new_low, INT24[0] - 1), np.minimum(new_high, INT24[1] + 1)
        if np.array_equal(new_low, low) and np.array_equal(new_high, high):
            break
        low, high = new_low, new_high
    else:
        moving = (new_low != low) | (new_high != high)
        low = np.where(moving, INT24[0] - 1, low)
        high = np.where(moving, INT24[1] + 1, high)
    saturates = bool(low.min() < INT24[0] or high.max() > INT24[1])
    return MembraneBounds(max(int(low.min()), INT24[0]), min(int(high.max()), INT24[1]), saturates)


@dataclass
class _Interval:
    low: IntArray
    high: IntArray

    def widened(self, low: IntArray, high: IntArray) -> _Interval:
        return _Interval(np.minimum(self.low, low), np.maximum(self.high, high))

    def scaled(self, factor: IntArray) -> _Interval:
        """Interval of `floor(x·factor / 2^8)` for a factor of either sign."""
        ends = (self.low * factor >> 8, self.high * factor >> 8)
        return _Interval(np.minimum(*ends), np.maximum(*ends))

    def clamped(self, limits: tuple[int, int]) -> _Interval:
        return _Interval(np.clip(self.low, *limits), np.clip(self.high, *limits))

    def beyond(self, limits: tuple[int, int]) -> bool:
        return bool(self.low.min() < limits[0] or self.high.max() > limits[1])

    def equals(self, other: _Interval) -> bool:
        return bool(np.array_equal(self.low, other.low) and np.array_equal(self.high, other.high))


def _spiking_bounds(layer: Layer, current: CurrentBounds) -> MembraneBounds:
    u, raw_a = _reach(layer, current)
    zero = np.zeros(layer.size, np.int64)
    return _summary(u.widened(zero, zero), raw_a)


def _reach(layer: Layer, current: CurrentBounds) -> tuple[_Interval, _Interval]:
    """What `u` and `a` of each neuron can be before their clamps, over all inputs and time."""
    zero = np.zeros(layer.size, np.int64)
    v, a = _Interval(zero, zero), _Interval(zero, zero)
    for number in range(_ROUNDS):
        before = (v, a)
        u, new_v = _membrane_round(layer, current, v, a)
        v = v.widened(new_v.low, new_v.high)
        if number == _PATIENCE:
            v = _stretched(layer, before[0], v)
        raw_a = _adaptation_round(layer, v, a)
        a = a.widened(*_ends(raw_a.clamped(INT16)))
        if v.equals(before[0]) and a.equals(before[1]):
            return u, raw_a
    wide = _Interval(zero + INT16[0] - 1, zero + INT16[1] + 1)  # still creeping: clamps are certain
    return wide, wide if isinstance(layer.neuron, AdaptiveLeaky) else raw_a


def _stretched(layer: Layer, before: _Interval, now: _Interval) -> _Interval:
    """Take the ends that still move without a leak to the clamp: nothing else will stop them."""
    endless = _decay(layer) == 256
    low = np.where(endless & (now.low < before.low), INT16[0], now.low)
    return _Interval(low, np.where(endless & (now.high > before.high), INT16[1], now.high))


def firing(network: Network, layer: Layer) -> tuple[IntArray, IntArray]:
    """Which neurons of a spiking layer no input can make fire, and which fire in every step.

    Both bool `(neurons,)`; neurons in neither may do as they like, as far as intervals can tell.
    """
    low, high = firing_range(network, layer)
    fires_at = _fires_at(layer)
    return np.asarray(high < fires_at), np.asarray(low >= fires_at)


def firing_range(network: Network, layer: Layer) -> tuple[IntArray, IntArray]:
    """Least and greatest `u` that each neuron of a spiking layer can be compared with."""
    u, _ = _reach(layer, current_bounds(network, layer))
    return _ends(u.clamped(INT16))


@dataclass(frozen=True)
class LaneRanges:
    """Least and greatest values of each neuron of a spiking layer before any clamp, `(neurons,)`.

    Attributes:
        u: the membrane before the reset, of clamped `v` and `a`.
        current: `acc`.
        kept: the leaked membrane less the adaptation current, of clamped `v` and `a`.
    """

    u: tuple[IntArray, IntArray]
    current: tuple[IntArray, IntArray]
    kept: tuple[IntArray, IntArray]


def lane_ranges(network: Network, layer: Layer) -> LaneRanges:
    """What sums of `layer` can be, for code that adds in 16 bits."""
    current = current_bounds(network, layer)
    zero = np.zeros(layer.size, np.int64)
    u, a = (each.widened(zero, zero) for each in _reach(layer, current))
    held = u.clamped(INT16).scaled(_decay(layer))
    adaptation = a.clamped(INT16)
    kept = (held.low - adaptation.high, held.high - adaptation.low)
    return LaneRanges(_ends(u), (current.low, current.high), kept)


def _decay(layer: Layer) -> IntArray:
    """The decay of each neuron, int64 `(neurons,)`."""
    decay = layer.neuron.decay if isinstance(layer.neuron, Leaky) else np.full(layer.shape[0], 256)
    return layer.per_neuron(decay.astype(np.int64))


def _fires_at(layer: Layer) -> IntArray:
    assert isinstance(layer.neuron, IntegrateAndFire)
    return layer.per_neuron(layer.neuron.threshold.astype(np.int64)) + layer.neuron.strict


def _ends(interval: _Interval) -> tuple[IntArray, IntArray]:
    return interval.low, interval.high


def _summary(u: _Interval, a: _Interval) -> MembraneBounds:
    held_u, held_a = u.clamped(INT16), a.clamped(INT16)
    return MembraneBounds(
        int(held_u.low.min()),
        int(held_u.high.max()),
        u.beyond(INT16),
        int(held_a.low.min()),
        int(held_a.high.max()),
        a.beyond(INT16),
    )


def _membrane_round(
    layer: Layer, current: CurrentBounds, v: _Interval, a: _Interval
) -> tuple[_Interval, _Interval]:
    """One step of the law on intervals: `u` before the clamp, and `v` after the reset."""
    neuron = layer.neuron
    assert isinstance(neuron, IntegrateAndFire)
    theta = layer.per_neuron(neuron.threshold.astype(np.int64))
    kept = v.scaled(_decay(layer))
    u = _Interval(kept.low + current.low - a.high, kept.high + current.high - a.low)
    if neuron.reset_delay and neuron.reset == "subtract":
        u = _Interval(u.low - theta, u.high)
    held = u.clamped(INT16)
    if neuron.reset_delay:
        return u, _Interval(np.minimum(held.low, 0), np.maximum(held.high, 0))
    return u, _after_reset(neuron, held, theta)


def _after_reset(neuron: IntegrateAndFire, u: _Interval, theta: IntArray) -> _Interval:
    quiet = theta if neuron.strict else theta - 1
    left = np.maximum(u.high - theta, 0) if neuron.reset == "subtract" else np.zeros_like(theta)
    high = np.maximum(np.minimum(u.high, quiet), np.where(u.high > quiet, left, u.high))
    return _Interval(np.minimum(u.low, quiet), high)


def _adaptation_round(layer: Layer, v: _Interval, a: _Interval) -> _Interval:
    neuron = layer.neuron
    if not isinstance(neuron, AdaptiveLeaky):
        return a
    decay, coupling, jump = (
        layer.per_neuron(each.astype(np.int64))
        for each in (neuron.adaptation_decay, neuron.adaptation_coupling, neuron.adaptation_jump)
    )
    kept, drive = a.scaled(decay), v.scaled(coupling)
    return _Interval(
        kept.low + drive.low + np.minimum(jump, 0), kept.high + drive.high + np.maximum(jump, 0)
    )
