"""The step law for whole clips, compiled: one kernel runs any `Plan` (docs/SPEC.md).

Event-driven: a step costs the runs of the neurons that spiked (or the channels that were sent)
and one update a neuron. Each source keeps a ring of event lists, one a step, as long as its
longest delay; a group with a scalar delay reads an older list. A group with axonal delays keeps
a ring of its own, filled ahead of time.

Clips run in lockstep, one a *lane*, first axis of all state: walking the plan costs as much as
updating a small layer, so it is done once for all lanes. Two things keep the inner loops vector
instructions: integer widths are written out, since int32 arithmetic widens to int64 here as in
NumPy; and indices are unsigned, since signed ones are checked for counting from the end.

All of it stands in one file because the compiled code is cached by the file's time stamp.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from edgesnn.network.arrays import IntArray
from edgesnn.sim.tables import (
    ADAPTATION_DECAY,
    ADAPTIVE,
    AXONAL,
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
    Counts,
    Plan,
    Record,
    Rows,
    State,
)

_njit = njit(cache=True, nogil=True, error_model="numpy")

#: A number as this file writes it, and an unsigned index.
Number = Any
Index = int | np.uint64

_I16_LOW, _I16_HIGH = np.int32(-(1 << 15)), np.int32((1 << 15) - 1)
_I24_LOW, _I24_HIGH = np.int32(-(1 << 23)), np.int32((1 << 23) - 1)


@_njit
def run_clips(
    plan: Plan,
    rows: Rows,
    state: State,
    features: IntArray,
    counts: Counts,
    record: Record,
    start: int,
) -> None:
    """Run int8 `features (clips, steps, channels)` from step `start` on, one clip a lane.

    `state` is zeros for `start` 0, else what the steps before it left. Fills `counts`, and
    `record` where it has clips; the scores stand in `state.v` at the end.
    """
    for now in range(features.shape[1]):
        step = start + now
        _send_input(plan, state, step, features[:, now], counts.emitted)
        for layer in range(len(plan.layers)):
            _gather(plan, rows, state, layer, step, counts.delivered)
            _update(plan, state, layer, step, counts.changed)
            if plan.layers[layer].kind != READOUT:
                _emit(plan, state, layer, step, counts.emitted)
        if len(record.v):
            record.v[:, now] = state.v
            record.a[:, now] = state.a
            record.spikes[:, now] = state.fired


@_njit
def _send_input(plan: Plan, state: State, step: int, features: IntArray, emitted: IntArray) -> None:
    """List the channels that are sent, with their value (direct) or their change (delta)."""
    slot = step % plan.sources[0].length
    start = slot * plan.sources[0].width
    for lane in range(len(features)):
        count = _list_sent(
            features[lane], state.reference[lane], plan.delta,
            state.ring[lane, start:], state.values[lane, start:],
        )  # fmt: skip
        state.ring_count[lane, slot] = count
        emitted[lane, 0] += count


@_njit
def _list_sent(
    x: IntArray, reference: IntArray, delta: int, ring: IntArray, values: IntArray
) -> int:
    count = 0
    for channel in range(len(x)):
        value = np.int64(x[channel])
        change = value - reference[channel]
        sent = value != 0
        if delta >= 0:
            sent = abs(change) > delta
            value = change
        if sent:
            reference[channel] += change
            ring[count] = channel
            values[count] = value
            count += 1
    return count


@_njit
def _gather(
    plan: Plan, rows: Rows, state: State, layer: int, step: int, delivered: IntArray
) -> None:
    """Sum a layer's currents of this step into `state.current` (`acc` of the specification)."""
    first, last = np.uint64(plan.layers[layer].first), np.uint64(plan.layers[layer].last)
    groups = range(plan.layers[layer].first_group, plan.layers[layer].last_group)
    _start_from_bias(state.current, plan.neurons, first, last)
    if plan.layers[layer].graded:
        if plan.delta < 0:
            _clear(state.graded, first, last)
        for group in groups:
            if plan.groups[group].source == 0 and plan.groups[group].delay <= step:
                _add_input(plan, rows, state, group, step, first, delivered)
        _add_shifted(state.current, state.graded, plan.layers[layer].shift, first, last)
    for group in groups:
        if plan.groups[group].source != 0 and plan.groups[group].delay <= step:
            _add_group(plan, rows, state, group, step, first, delivered)


@_njit
def _ring_place(plan: Plan, source: int, step: int) -> tuple[int, int]:
    """Index into `ring_count` and offset into `ring` of a source's event list at `step`."""
    place = plan.sources[source]
    slot = step % place.length
    return place.slot + slot, place.start + slot * place.width


@_njit
def _add_input(
    plan: Plan, rows: Rows, state: State, group: int, step: int, first: Index, delivered: IntArray
) -> None:
    index, start = _ring_place(plan, 0, step - plan.groups[group].delay)
    length, base = plan.groups[group].length, plan.groups[group].row
    for lane in range(len(state.v)):
        end = start + state.ring_count[lane, index]
        events, values = state.ring[lane, start:end], state.values[lane, start:end]
        _add_graded(rows, base, length, events, values, state.graded[lane], first)
        _count(rows, base, events, delivered[lane, group])


@_njit
def _add_group(
    plan: Plan, rows: Rows, state: State, group: int, step: int, first: Index, delivered: IntArray
) -> None:
    """Add the spikes that reach a binary group at this step."""
    axonal = plan.groups[group].delay == AXONAL
    if axonal:
        index, start = _arrival_place(plan, plan.groups[group].axonal, step)
        ring, ring_count = state.arrivals, state.arrivals_count
    else:
        index, start = _ring_place(plan, plan.groups[group].source, step - plan.groups[group].delay)
        ring, ring_count = state.ring, state.ring_count
    length, base = plan.groups[group].length, plan.groups[group].row
    ticket = step * len(plan.groups) + group + 1
    for lane in range(len(state.v)):
        events = ring[lane, start : start + ring_count[lane, index]]
        if axonal:
            ring_count[lane, index] = 0
        if plan.groups[group].maximum:
            _add_maximum(rows, base, events, state.stamp[lane], ticket, state.current[lane], first)
        else:
            _add_spikes(rows, base, length, events, state.current[lane], first)
        _count(rows, base, events, delivered[lane, group])


@_njit
def _add_spikes(
    rows: Rows, base: int, length: int, events: IntArray, current: IntArray, first: Index
) -> None:
    for pre in events:
        for run in range(rows.ptr[base + pre], rows.ptr[base + pre + 1]):
            weight, post = np.uint64(rows.weight[run]), first + np.uint64(rows.post[run])
            if length == 1:
                current[post] += rows.weights[weight]
            else:
                for i in range(np.uint64(length)):
                    current[post + i] += np.int32(rows.weights[weight + i])


@_njit
def _add_graded(
    rows: Rows, base: int, length: int, events: IntArray, values: IntArray, graded: IntArray,
    first: Index,
) -> None:  # fmt: skip
    for event in range(len(events)):
        pre, value = base + events[event], values[event]
        for run in range(rows.ptr[pre], rows.ptr[pre + 1]):
            weight, post = np.uint64(rows.weight[run]), first + np.uint64(rows.post[run])
            for i in range(np.uint64(length)):
                graded[post + i] += np.int32(value * np.int32(rows.weights[weight + i]))


@_njit
def _add_maximum(
    rows: Rows, base: int, events: IntArray, stamp: IntArray, ticket: int, current: IntArray,
    first: Index,
) -> None:  # fmt: skip
    """As `_add_spikes`, but a neuron is served once, however many spikes its window holds."""
    for pre in events:
        for run in range(rows.ptr[base + pre], rows.ptr[base + pre + 1]):
            post = first + np.uint64(rows.post[run])
            if stamp[post] != ticket:
                stamp[post] = ticket
                current[post] += rows.weights[rows.weight[run]]


@_njit
def _count(rows: Rows, base: int, events: IntArray, delivered: IntArray) -> None:
    effective, stored = 0, 0
    for pre in events:
        effective += rows.effective[base + pre]
        stored += rows.stored[base + pre]
    delivered[0] += len(events)
    delivered[1] += effective
    delivered[2] += stored


@_njit
def _update(plan: Plan, state: State, layer: int, step: int, changed: IntArray) -> None:
    """Advance a layer's neurons, and count the membranes that changed: all in the first step."""
    first, last = np.uint64(plan.layers[layer].first), np.uint64(plan.layers[layer].last)
    if plan.layers[layer].kind == READOUT:
        _integrate(state.v, state.current, plan.neurons, first, last, _I24_LOW, _I24_HIGH)
    else:
        _update_spiking(plan, state, layer, first, last)
    _store(state.v, state.current, first, last, step == 0, changed[:, layer])
    if plan.layers[layer].kind == ADAPTIVE:
        _adapt(state.v, state.a, state.fired, plan.neurons, first, last)


@_njit
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


@_njit
def _emit(plan: Plan, state: State, layer: int, step: int, emitted: IntArray) -> None:
    """List the layer's spikes, and file them ahead for groups with axonal delays."""
    source = layer + 1
    index, start = _ring_place(plan, source, step)
    first, last = plan.layers[layer].first, plan.layers[layer].last
    for lane in range(len(state.v)):
        count = _list_fired(state.fired[lane, first:last], state.ring[lane, start:])
        state.ring_count[lane, index] = count
        emitted[lane, source] += count
    for number in range(len(plan.axonal) - 1):
        if plan.groups[plan.axonal[number].group].source == source:
            for lane in range(len(state.v)):
                spikes = state.ring[lane, start : start + state.ring_count[lane, index]]
                _file_ahead(plan, state, number, step, spikes, lane)


@_njit
def _list_fired(fired: IntArray, ring: IntArray) -> int:
    count = np.uint64(0)
    for i in range(np.uint64(len(fired))):
        ring[count] = i
        count += np.uint64(fired[i])
    return int(count)


@_njit
def _arrival_place(plan: Plan, number: int, step: int) -> tuple[int, int]:
    """As `_ring_place`, for `arrivals_count` and `arrivals`."""
    place = plan.axonal[number]
    slot = step % place.length
    return place.slot + slot, place.start + slot * place.rows


@_njit
def _file_ahead(
    plan: Plan, state: State, number: int, step: int, spikes: IntArray, lane: int
) -> None:
    for pre in spikes:
        delay = plan.axonal_delay[plan.axonal[number].row + pre]
        index, start = _arrival_place(plan, number, step + delay)
        state.arrivals[lane, start + state.arrivals_count[lane, index]] = pre
        state.arrivals_count[lane, index] += 1


# What follows is the arithmetic of docs/SPEC.md §3 to §5, one loop over lanes and neurons for
# each term: more arrays in a loop, and the compiler no longer proves that they do not overlap.


@_njit
def _clamp(x: Number, low: Number, high: Number) -> Number:
    return low if x < low else (high if x > high else x)


@_njit
def _kept(x: Number, factor: Number) -> Number:
    """`floor(x·factor / 2^8)` in 32 bits."""
    return np.int32(np.int32(x * factor) >> np.int32(8))


@_njit
def _start_from_bias(current: IntArray, neurons: IntArray, first: Index, last: Index) -> None:
    for lane in range(len(current)):
        for i in range(first, last):
            current[lane, i] = neurons[BIAS, i]


@_njit
def _clear(graded: IntArray, first: Index, last: Index) -> None:
    for lane in range(len(graded)):
        for i in range(first, last):
            graded[lane, i] = 0


@_njit
def _add_shifted(
    current: IntArray, graded: IntArray, shift: int, first: Index, last: Index
) -> None:
    places = np.int32(shift)
    for lane in range(len(current)):
        for i in range(first, last):
            current[lane, i] += np.int32(graded[lane, i] >> places)


@_njit
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


@_njit
def _take(current: IntArray, a: IntArray, first: Index, last: Index) -> None:
    for lane in range(len(current)):
        for i in range(first, last):
            current[lane, i] -= a[lane, i]


@_njit
def _fire(u: IntArray, neurons: IntArray, fired: IntArray, first: Index, last: Index) -> None:
    for lane in range(len(u)):
        for i in range(first, last):
            fired[lane, i] = u[lane, i] >= neurons[FIRES_AT, i]


@_njit
def _subtract(u: IntArray, neurons: IntArray, fired: IntArray, first: Index, last: Index) -> None:
    for lane in range(len(u)):
        for i in range(first, last):
            u[lane, i] -= np.int32(neurons[THRESHOLD, i] * np.int32(fired[lane, i]))


@_njit
def _zero(u: IntArray, fired: IntArray, first: Index, last: Index) -> None:
    for lane in range(len(u)):
        for i in range(first, last):
            u[lane, i] *= np.int32(np.int32(1) - np.int32(fired[lane, i]))


@_njit
def _forget(
    current: IntArray, v: IntArray, neurons: IntArray, fired: IntArray, first: Index, last: Index
) -> None:
    """Take what is left of `v` off the current where the neuron fired in the last step."""
    for lane in range(len(v)):
        for i in range(first, last):
            left = _kept(v[lane, i], neurons[DECAY, i])
            current[lane, i] -= np.int32(left * np.int32(fired[lane, i]))


@_njit
def _store(
    v: IntArray, after: IntArray, first: Index, last: Index, is_first: bool, changed: IntArray
) -> None:
    for lane in range(len(v)):
        differ = np.int32(0)
        for i in range(first, last):
            differ += np.int32(v[lane, i] != after[lane, i])
            v[lane, i] = after[lane, i]
        changed[lane] += np.int64(last - first) if is_first else np.int64(differ)


@_njit
def _adapt(
    v: IntArray, a: IntArray, fired: IntArray, neurons: IntArray, first: Index, last: Index
) -> None:
    for lane in range(len(v)):
        for i in range(first, last):
            raised = np.int32(neurons[JUMP, i] * np.int32(fired[lane, i]))
            driven = np.int32(_kept(v[lane, i], neurons[COUPLING, i]) + raised)
            total = np.int32(_kept(a[lane, i], neurons[ADAPTATION_DECAY, i]) + driven)
            a[lane, i] = _clamp(total, _I16_LOW, _I16_HIGH)
