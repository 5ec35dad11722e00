"""A step of a layer's neurons, as docs/SPEC.md §3 to §5 have it: for `edgesnn.sim.kernel`.

One loop over lanes and neurons for each term: more arrays in a loop, and the compiler no longer
proves that they do not overlap. Integer widths are written out, since int32 arithmetic widens to
int64 here as in NumPy; indices are unsigned, since signed ones are checked for counting from the
end. Both keep the loops vector instructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from edgesnn.network.arrays import IntArray
from edgesnn.sim.tables import (
    ADAPTATION_DECAY,
    ADAPTIVE,
    BIAS,
    COUPLING,
    DECAY,
    FIRES_AT,
    JUMP,
    READOUT,
    SUBTRACT,
    SUBTRACT_LATER,
    THRESHOLD,
    ZERO,
    ZERO_LATER,
    Plan,
    State,
)

compiled = njit(error_model="numpy")
"""Not cached on its own: the kernel, which takes everything in, is."""

#: A number as this file writes it, and an unsigned index.
Number = Any
Index = int | np.uint64

_I16_LOW, _I16_HIGH = np.int32(-(1 << 15)), np.int32((1 << 15) - 1)
_I24_LOW, _I24_HIGH = np.int32(-(1 << 23)), np.int32((1 << 23) - 1)


@compiled
def update(plan: Plan, state: State, layer: int, step: int, changed: IntArray) -> None:
    """Advance a layer's neurons, and count the membranes that changed: all in the first step."""
    first, last = np.uint64(plan.layers[layer].first), np.uint64(plan.layers[layer].last)
    if plan.layers[layer].kind == READOUT:
        _integrate(state.v, state.current, plan.neurons, first, last, _I24_LOW, _I24_HIGH)
    else:
        _update_spiking(plan, state, layer, first, last)
    _store(state.v, state.current, first, last, step == 0, changed[:, layer])
    if plan.layers[layer].kind == ADAPTIVE:
        _adapt(state.v, state.a, state.fired, plan.neurons, first, last)


@compiled
def _update_spiking(plan: Plan, state: State, layer: int, first: Index, last: Index) -> None:
    """Turn each `current` into the membrane after the reset."""
    v, current, fired, reset = state.v, state.current, state.fired, plan.layers[layer].reset
    if reset == SUBTRACT_LATER:
        _subtract(current, plan.neurons, fired, first, last)
    elif reset == ZERO_LATER:
        _forget(current, v, plan.neurons, fired, first, last)
    if plan.layers[layer].kind == ADAPTIVE:
        _take(current, state.a, first, last)
    _integrate(v, current, plan.neurons, first, last, _I16_LOW, _I16_HIGH)
    _fire(current, plan.neurons, fired, first, last)
    if reset == SUBTRACT:
        _subtract(current, plan.neurons, fired, first, last)
    elif reset == ZERO:
        _zero(current, fired, first, last)


@compiled
def _clamp(x: Number, low: Number, high: Number) -> Number:
    return low if x < low else (high if x > high else x)


@compiled
def _kept(x: Number, factor: Number) -> Number:
    """`floor(x·factor / 2^8)` in 32 bits."""
    return np.int32(np.int32(x * factor) >> np.int32(8))


@compiled
def start_from_bias(current: IntArray, neurons: IntArray, first: Index, last: Index) -> None:
    """Set a layer's currents to its biases."""
    for lane in range(len(current)):
        for i in range(first, last):
            current[lane, i] = neurons[BIAS, i]


@compiled
def clear(graded: IntArray, first: Index, last: Index) -> None:
    """Set a layer's graded currents to zero."""
    for lane in range(len(graded)):
        for i in range(first, last):
            graded[lane, i] = 0


@compiled
def add_shifted(current: IntArray, graded: IntArray, shift: int, first: Index, last: Index) -> None:
    """Add a layer's graded currents, shifted, to its currents."""
    places = np.int32(shift)
    for lane in range(len(current)):
        for i in range(first, last):
            current[lane, i] += np.int32(graded[lane, i] >> places)


@compiled
def _integrate(
    v: IntArray,
    current: IntArray,
    neurons: IntArray,
    first: Index,
    last: Index,
    low: Number,
    high: Number,
) -> None:
    for lane in range(len(v)):
        for i in range(first, last):
            u = np.int32(_kept(v[lane, i], neurons[DECAY, i]) + current[lane, i])
            current[lane, i] = _clamp(u, low, high)


@compiled
def _take(current: IntArray, a: IntArray, first: Index, last: Index) -> None:
    for lane in range(len(current)):
        for i in range(first, last):
            current[lane, i] -= a[lane, i]


@compiled
def _fire(u: IntArray, neurons: IntArray, fired: IntArray, first: Index, last: Index) -> None:
    for lane in range(len(u)):
        for i in range(first, last):
            fired[lane, i] = u[lane, i] >= neurons[FIRES_AT, i]


@compiled
def _subtract(u: IntArray, neurons: IntArray, fired: IntArray, first: Index, last: Index) -> None:
    for lane in range(len(u)):
        for i in range(first, last):
            u[lane, i] -= np.int32(neurons[THRESHOLD, i] * np.int32(fired[lane, i]))


@compiled
def _zero(u: IntArray, fired: IntArray, first: Index, last: Index) -> None:
    for lane in range(len(u)):
        for i in range(first, last):
            u[lane, i] *= np.int32(np.int32(1) - np.int32(fired[lane, i]))


@compiled
def _forget(
    current: IntArray, v: IntArray, neurons: IntArray, fired: IntArray, first: Index, last: Index
) -> None:
    """Take what is left of `v` off the current where the neuron fired in the last step."""
    for lane in range(len(v)):
        for i in range(first, last):
            left = _kept(v[lane, i], neurons[DECAY, i])
            current[lane, i] -= np.int32(left * np.int32(fired[lane, i]))


@compiled
def _store(
    v: IntArray, after: IntArray, first: Index, last: Index, is_first: bool, changed: IntArray
) -> None:
    for lane in range(len(v)):
        differ = np.int32(0)
        for i in range(first, last):
            differ += np.int32(v[lane, i] != after[lane, i])
            v[lane, i] = after[lane, i]
        changed[lane] += np.int64(last - first) if is_first else np.int64(differ)


@compiled
def _adapt(
    v: IntArray, a: IntArray, fired: IntArray, neurons: IntArray, first: Index, last: Index
) -> None:
    for lane in range(len(v)):
        for i in range(first, last):
            raised = np.int32(neurons[JUMP, i] * np.int32(fired[lane, i]))
            driven = np.int32(_kept(v[lane, i], neurons[COUPLING, i]) + raised)
            total = np.int32(_kept(a[lane, i], neurons[ADAPTATION_DECAY, i]) + driven)
            a[lane, i] = _clamp(total, _I16_LOW, _I16_HIGH)
