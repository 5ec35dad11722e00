"""The step law for whole clips, compiled: one kernel runs any `Plan` (docs/SPEC.md).

Event-driven: a step costs the runs of the neurons that spiked (or the channels that were sent)
and one update a neuron. Each source keeps a ring of event lists, one a step, as long as its
longest delay; a group with a scalar delay reads an older list. A group with axonal delays keeps
a ring of its own, filled ahead of time.

Integer widths are written out: NumPy's and Numba's int32 arithmetic widens to int64, which
halves the vector width. Indices into runs are unsigned, since signed ones are checked for
counting from the end, and that stops vectorisation.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from edgesnn.network.arrays import IntArray
from edgesnn.sim.plan import (
    ADAPTIVE,
    AXONAL,
    READOUT,
    SUBTRACT,
    SUBTRACT_LATER,
    ZERO,
    ZERO_LATER,
    Plan,
)

_SETTINGS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}

_I16_LOW, _I16_HIGH = np.int32(-(1 << 15)), np.int32((1 << 15) - 1)
_I24_LOW, _I24_HIGH = np.int32(-(1 << 23)), np.int32((1 << 23) - 1)


class State(NamedTuple):
    """Everything that changes while a clip runs; int32 `(neurons,)` of all layers unless told.

    `values` runs along with the input's part of `ring`; `ring_count` has one entry a source and
    slot, `arrivals_count` one an axonal group and slot. `stamp` (int64) marks the neurons that a
    max pool has already served.
    """

    v: IntArray
    a: IntArray
    current: IntArray
    graded: IntArray
    fired: IntArray
    stamp: IntArray
    reference: IntArray
    ring: IntArray
    values: IntArray
    ring_count: IntArray
    arrivals: IntArray
    arrivals_count: IntArray


class Counts(NamedTuple):
    """What happened, int64, summed over the steps of each clip.

    Attributes:
        emitted: spikes of each layer behind the input's sent channels, `(clips, layers + 1)`.
        changed: membranes that differ from the step before, `(clips, layers)`; all of them in
            the first step.
        delivered: events that reached each group, their synapses with a non-zero weight, and
            all their stored synapses, `(clips, groups, 3)`.
    """

    emitted: IntArray
    changed: IntArray
    delivered: IntArray


class Record(NamedTuple):
    """Membranes and spikes, `(clips, steps, neurons)`, int32 and bool; no clips: not recorded."""

    v: IntArray
    a: IntArray
    spikes: IntArray


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def run_clips(plan: Plan, features: IntArray, scores: IntArray, counts: Counts, record: Record) -> None:
    """Run int8 `features (clips, steps, channels)`, each clip from reset.

    Fills `scores` (int32 `(clips, classes)`) and `counts`, and `record` where it has clips.
    """
    state = _make_state(plan)
    steps = features.shape[1]
    for clip in range(features.shape[0]):
        _reset(state)
        for step in range(steps):
            _send_input(plan, state, step, features[clip, step], counts.emitted[clip])
            for layer in range(len(plan.layer_kind)):
                ticket = (np.int64(clip) * steps + step) * len(plan.group_delay) + 1
                _gather(plan, state, layer, step, ticket, counts.delivered[clip])
                counts.changed[clip, layer] += _update(plan, state, layer, step)
                _emit(plan, state, layer, step, counts.emitted[clip])
            if len(record.v):
                record.v[clip, step] = state.v
                record.a[clip, step] = state.a
                record.spikes[clip, step] = state.fired
        scores[clip] = state.v[plan.layer_start[-2] :]


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _make_state(plan: Plan) -> State:
    neurons = plan.layer_start[-1]
    channels = plan.source_size[0]
    return State(
        np.zeros(neurons, np.int32),
        np.zeros(neurons, np.int32),
        np.zeros(neurons, np.int32),
        np.zeros(neurons, np.int32),
        np.zeros(neurons, np.uint8),
        np.zeros(neurons, np.int64),
        np.zeros(channels, np.int32),
        np.zeros(plan.ring_start[-1], np.int32),
        np.zeros(plan.ring_start[1], np.int32),
        np.zeros(plan.ring_length.sum(), np.int64),
        np.zeros(plan.axonal_start[-1], np.int32),
        np.zeros(plan.axonal_slot[-1], np.int64),
    )


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _reset(state: State) -> None:
    state.v[:] = 0
    state.a[:] = 0
    state.graded[:] = 0
    state.fired[:] = 0
    state.stamp[:] = 0
    state.reference[:] = 0
    state.ring_count[:] = 0
    state.arrivals_count[:] = 0


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _slot(plan: Plan, source: int, step: int) -> tuple[int, int]:
    """Index into `ring_count` and offset into `ring` of a source's event list at `step`."""
    slot = step % plan.ring_length[source]
    before = np.int64(0)
    for each in range(source):
        before += plan.ring_length[each]
    return before + slot, plan.ring_start[source] + slot * plan.source_size[source]


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _send_input(plan: Plan, state: State, step: int, x: IntArray, emitted: IntArray) -> None:
    """List the channels that are sent, with their value (direct) or their change (delta)."""
    slot, start = _slot(plan, 0, step)
    count = 0
    for channel in range(len(x)):
        value = np.int64(x[channel])
        change = value - state.reference[channel]
        sent = value != 0
        if plan.delta >= 0:
            sent = abs(change) > plan.delta
            value = change
        if sent:
            state.reference[channel] += change
            state.ring[start + count] = channel
            state.values[start + count] = value
            count += 1
    state.ring_count[slot] = count
    emitted[0] += count


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _gather(
    plan: Plan, state: State, layer: int, step: int, ticket: int, delivered: IntArray
) -> None:
    """Sum a layer's currents of this step into `state.current` (`acc` of the specification)."""
    first, last = plan.layer_start[layer], plan.layer_start[layer + 1]
    groups = range(plan.layer_groups[layer], plan.layer_groups[layer + 1])
    current, graded = state.current[first:last], state.graded[first:last]
    current[:] = plan.bias[first:last]
    if plan.layer_graded[layer]:
        if plan.delta < 0:
            graded[:] = 0
        for group in groups:
            if plan.group_source[group] == 0 and plan.group_delay[group] <= step:
                slot, start = _slot(plan, 0, step - plan.group_delay[group])
                end = start + state.ring_count[slot]
                events, values = state.ring[start:end], state.values[start:end]
                _add_graded(plan, group, events, values, graded)
                _count(plan, group, events, delivered[group])
        _add_shifted(current, graded, plan.layer_shift[layer])
    for group in groups:
        if plan.group_source[group] == 0:
            continue
        events = _arrived(plan, state, group, step)
        if plan.group_maximum[group]:
            _add_maximum(plan, group, events, ticket + group, state.stamp[first:last], current)
        else:
            _add_spikes(plan, group, events, current)
        _count(plan, group, events, delivered[group])


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _add_shifted(current: IntArray, graded: IntArray, shift: int) -> None:
    places = np.int32(shift)
    for i in range(len(current)):
        current[i] += np.int32(graded[i] >> places)


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _arrived(plan: Plan, state: State, group: int, step: int) -> IntArray:
    """Presynaptic neurons whose spikes reach a binary group at this step."""
    delay = plan.group_delay[group]
    if delay == AXONAL:
        number = np.searchsorted(plan.axonal_groups, group)
        slot = step % plan.axonal_length[number]
        rows = plan.axonal_row[number + 1] - plan.axonal_row[number]
        start = plan.axonal_start[number] + slot * rows
        index = plan.axonal_slot[number] + slot
        count = state.arrivals_count[index]
        state.arrivals_count[index] = 0
        return state.arrivals[start : start + count]
    if delay > step:
        return state.ring[:0]
    index, start = _slot(plan, plan.group_source[group], step - delay)
    return state.ring[start : start + state.ring_count[index]]


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _add_spikes(plan: Plan, group: int, events: IntArray, current: IntArray) -> None:
    length = plan.group_length[group]
    row_ptr = plan.row_ptr[plan.group_row_ptr[group] :]
    for pre in events:
        for run in range(row_ptr[pre], row_ptr[pre + 1]):
            weight, post = np.uint64(plan.run_weight[run]), np.uint64(plan.run_post[run])
            if length == 1:
                current[post] += plan.weights[weight]
            else:
                for i in range(np.uint64(length)):
                    current[post + i] += np.int32(plan.weights[weight + i])


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _add_graded(
    plan: Plan, group: int, events: IntArray, values: IntArray, graded: IntArray
) -> None:
    length = plan.group_length[group]
    row_ptr = plan.row_ptr[plan.group_row_ptr[group] :]
    for event in range(len(events)):
        pre, value = events[event], values[event]
        for run in range(row_ptr[pre], row_ptr[pre + 1]):
            weight, post = np.uint64(plan.run_weight[run]), np.uint64(plan.run_post[run])
            for i in range(np.uint64(length)):
                graded[post + i] += np.int32(value * np.int32(plan.weights[weight + i]))


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _add_maximum(
    plan: Plan, group: int, events: IntArray, ticket: int, stamp: IntArray, current: IntArray
) -> None:
    """As `_add_spikes`, but a neuron is served once, however many spikes its window holds."""
    row_ptr = plan.row_ptr[plan.group_row_ptr[group] :]
    for pre in events:
        for run in range(row_ptr[pre], row_ptr[pre + 1]):
            post = plan.run_post[run]
            if stamp[post] != ticket:
                stamp[post] = ticket
                current[post] += plan.weights[plan.run_weight[run]]


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _count(plan: Plan, group: int, events: IntArray, delivered: IntArray) -> None:
    row = plan.group_row[group]
    delivered[0] += len(events)
    for pre in events:
        delivered[1] += plan.row_effective[row + pre]
        delivered[2] += plan.row_stored[row + pre]


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _update(plan: Plan, state: State, layer: int, step: int) -> int:
    """Advance a layer's neurons; the number of membranes that changed, all in the first step."""
    first, last = plan.layer_start[layer], plan.layer_start[layer + 1]
    v, a, current = state.v[first:last], state.a[first:last], state.current[first:last]
    decay = plan.decay[first:last]
    if plan.layer_kind[layer] == READOUT:
        changed = _update_readout(v, current, decay)
        return last - first if step == 0 else changed
    threshold, fires_at = plan.threshold[first:last], plan.fires_at[first:last]
    fired, reset = state.fired[first:last], plan.layer_reset[layer]
    if reset >= SUBTRACT_LATER:
        _apply_late_reset(reset, v, current, decay, threshold, fired)
    changed = _update_membrane(reset, v, a, current, decay, threshold, fires_at, fired)
    if plan.layer_kind[layer] == ADAPTIVE:
        _update_adaptation(
            v, a, fired, plan.adaptation_decay[first:last], plan.coupling[first:last],
            plan.jump[first:last],
        )  # fmt: skip
    return last - first if step == 0 else changed


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _clamp(x: Any, low: Any, high: Any) -> Any:
    return low if x < low else (high if x > high else x)


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _kept(x: Any, factor: Any) -> Any:
    """`floor(x·factor / 2^8)` in 32 bits."""
    return np.int32(np.int32(x * factor) >> np.int32(8))


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _update_readout(v: IntArray, current: IntArray, decay: IntArray) -> int:
    changed = 0
    for i in range(len(v)):
        y = _clamp(np.int32(_kept(v[i], decay[i]) + current[i]), _I24_LOW, _I24_HIGH)
        changed += y != v[i]
        v[i] = y
    return changed


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _apply_late_reset(
    reset: int, v: IntArray, current: IntArray, decay: IntArray, threshold: IntArray, fired: IntArray
) -> None:
    """Take the last step's reset off the current: the threshold, or all that is left of `v`."""
    for i in range(len(v)):
        if fired[i]:
            current[i] -= threshold[i] if reset == SUBTRACT_LATER else _kept(v[i], decay[i])


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _update_membrane(
    reset: int, v: IntArray, a: IntArray, current: IntArray, decay: IntArray,
    threshold: IntArray, fires_at: IntArray, fired: IntArray,
) -> int:  # fmt: skip
    changed = 0
    subtract, zero = reset == SUBTRACT, reset == ZERO
    for i in range(len(v)):
        before = v[i]
        u = np.int32(np.int32(_kept(before, decay[i]) + current[i]) - a[i])
        u = _clamp(u, _I16_LOW, _I16_HIGH)
        spike = u >= fires_at[i]
        drop = threshold[i] if subtract else (u if zero else np.int32(0))
        after = np.int32(u - drop) if spike else u
        fired[i] = spike
        v[i] = after
        changed += after != before
    return changed


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _update_adaptation(
    v: IntArray, a: IntArray, fired: IntArray, decay: IntArray, coupling: IntArray, jump: IntArray
) -> None:
    for i in range(len(v)):
        raised = np.int32(jump[i] * np.int32(fired[i]))
        total = np.int32(np.int32(_kept(a[i], decay[i]) + _kept(v[i], coupling[i])) + raised)
        a[i] = _clamp(total, _I16_LOW, _I16_HIGH)


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _emit(plan: Plan, state: State, layer: int, step: int, emitted: IntArray) -> None:
    """List the layer's spikes, and file them ahead for groups with axonal delays."""
    source = layer + 1
    slot, start = _slot(plan, source, step)
    count = 0
    first = plan.layer_start[layer]
    for i in range(plan.source_size[source]):
        state.ring[start + count] = i
        count += state.fired[first + i]
    state.ring_count[slot] = count
    emitted[source] += count
    for number in range(len(plan.axonal_groups)):
        if plan.group_source[plan.axonal_groups[number]] == source:
            _file_ahead(plan, state, number, step, state.ring[start : start + count])


@njit(**_SETTINGS)  # type: ignore[untyped-decorator]
def _file_ahead(plan: Plan, state: State, number: int, step: int, spikes: IntArray) -> None:
    length, row = plan.axonal_length[number], plan.axonal_row[number]
    rows = plan.axonal_row[number + 1] - row
    for pre in spikes:
        slot = (step + plan.axonal_delay[row + pre]) % length
        index = plan.axonal_slot[number] + slot
        place = plan.axonal_start[number] + slot * rows + state.arrivals_count[index]
        state.arrivals[place] = pre
        state.arrivals_count[index] += 1
