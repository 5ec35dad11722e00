"""Biases nudged so that neurons come to rest, to the last bit, where nothing is heard.

An adaptive neuron is two numbers that turn around each other, rounded down in every step: under a
constant drive some run for ever in a circle of a few LSB. Such a neuron never fires, and costs its
update in every step of silence, since kernels skip only what does not move (docs/PERFORMANCE.md).
Others are lifted over their threshold by an adaptation current that got stuck below zero. Another
drive, often of one LSB more or less, lets them stop.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edgesnn.law import NeuronState, step_spiking
from edgesnn.network import Layer, Network
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import weight_matrix
from edgesnn.network.graph import INPUT
from edgesnn.network.neurons import AdaptiveLeaky, Leaky

Flags = npt.NDArray[np.bool_]

#: Membrane and adaptation current at the start, in thresholds: at power-on first, and after speech.
STARTS = ((0.0, 0.0), (0.9, 0.2), (-1.0, 0.5), (0.5, -0.5), (-3.0, -1.0))

#: Steps that a neuron has to come to rest, and steps in which it is watched then.
SETTLING, WATCHED = 1500, 200

#: Changes of the bias that are tried, LSB: the smallest first, and then downward.
NUDGES = (*(sign * size for size in range(1, 9) for sign in (-1, 1)), *range(-9, -33, -1))


def hushed(network: Network, silence: IntArray, share: float = 0.95) -> Network:
    """`network` with biases so low that no neuron is held above its threshold in silence.

    What is held is what `model.rest` holds while a network is trained (docs/TRAINING.md); here it
    is done to one that was not. Its scores lose what the neurons said that fired in silence: the
    readout's biases want to be chosen anew.

    Args:
        network: with a flat input.
        silence: int8 `(channels,)`, what the front-end gives in digital silence.
        share: of its threshold that a resting membrane may reach.
    """
    layers = list(network.layers)
    for index, layer in enumerate(layers):
        if isinstance(layer.neuron, Leaky):
            given = _resting_current(network, layer, silence)
            too_much = np.maximum(given + _stuck(layer.neuron) - _highest(layer.neuron, share), 0)
            bias = np.maximum(layer.bias - too_much, np.iinfo(np.int16).min)
            layers[index] = replace(layer, bias=bias.astype(layer.bias.dtype))
    return replace(network, layers=tuple(layers))


def _highest(neuron: Leaky, share: float) -> IntArray:
    """The most that may arrive in each step for a membrane to stay under its threshold."""
    limit = share * neuron.threshold.astype(np.int64) * (256 - neuron.decay.astype(np.int64)) / 256
    return np.floor(limit).astype(np.int64)


def _stuck(neuron: Leaky) -> IntArray:
    """The most that an adaptation current below zero adds for ever: rounded down, it stays."""
    if not isinstance(neuron, AdaptiveLeaky):
        return np.zeros(len(neuron.threshold), np.int64)
    lost = np.maximum(256 - neuron.adaptation_decay.astype(np.int64), 1)
    return np.where(neuron.adaptation_coupling > 0, 256 // lost, 0)


def settled(network: Network, silence: IntArray) -> tuple[Network, int]:
    """`network` with biases that let its neurons rest in silence, and how many it changed.

    Neurons that fire from power-on, and those that no small change helps, are left as they are.
    What is settled is the drive of the bias and of the input `silence`; a delta-coded input that
    stopped somewhere near it is another drive, under which a few neurons more may circle.

    Args:
        network: with a flat input.
        silence: int8 `(channels,)`, what the front-end gives in digital silence.
    """
    layers, changed = list(network.layers), 0
    for index, layer in enumerate(layers):
        if isinstance(layer.neuron, Leaky):
            nudge = _nudges(layer, _resting_current(network, layer, silence))
            layers[index] = replace(layer, bias=(layer.bias + nudge).astype(layer.bias.dtype))
            changed += int((nudge != 0).sum())
    return replace(network, layers=tuple(layers)), changed


def _nudges(layer: Layer, current: IntArray) -> IntArray:
    """The smallest change `(N,)` of each bias that stops its neuron; 0 where none is needed."""
    restless, firing = _in_the_end(layer, current)
    wanted = restless & ~firing  # what fires from power-on was trained to
    chosen = np.zeros(layer.size, np.int64)
    for nudge in NUDGES:
        if not wanted.any():
            break
        helped = wanted & ~_in_the_end(layer, current + nudge)[0]
        chosen[helped] = nudge
        wanted &= ~helped
    return chosen


def _in_the_end(layer: Layer, current: IntArray) -> tuple[Flags, Flags]:
    """Neurons `(N,)` that move or fire long after some start, and that fire after power-on."""
    theta = layer.per_neuron(layer.neuron.threshold.astype(np.int64))  # type: ignore[union-attr]
    v, a = (np.array([[share] for share in shares]) * theta for shares in zip(*STARTS, strict=True))
    state = NeuronState(v.astype(np.int64), a.astype(np.int64), np.zeros(v.shape, np.int64))
    if not isinstance(layer.neuron, AdaptiveLeaky):
        state.a = np.zeros_like(state.v)
    restless, firing = np.zeros((2, *state.v.shape), np.bool_)
    for step in range(SETTLING + WATCHED):
        v, a = state.v, state.a
        step_spiking(layer, state, current)
        if step >= SETTLING:
            firing |= state.spikes != 0
            restless |= (state.v != v) | (state.a != a) | firing
    return restless.any(axis=0), firing[0]


def _resting_current(network: Network, layer: Layer, silence: IntArray) -> IntArray:
    """What arrives in each neuron `(N,)` in silence: its bias, and what the input gives."""
    total = np.zeros(layer.size, np.int64)
    for group in layer.synapses:
        if group.source == INPUT:
            matrix = weight_matrix(group, network.input.shape, layer.size)
            total += matrix.astype(np.int64) @ silence.astype(np.int64)
    return (total >> layer.graded_shift) + layer.per_neuron(layer.bias.astype(np.int64))
