"""The step law for whole clips, compiled: one kernel runs any `Plan` (docs/SPEC.md).

Event-driven: a step costs the runs of the neurons that spiked (or the channels that were sent)
and one update a neuron. Each source keeps a ring of event lists, one a step, as long as its
longest delay; a group with a scalar delay reads an older list. A group with axonal delays keeps
a ring of its own, filled ahead of time.

Clips run in lockstep, one a *lane*, first axis of all state: walking the plan costs as much as
updating a small layer, so it is done once for all lanes. Here stand the events, from their lists
to the sums of currents; what neurons make of those is `edgesnn.sim.neurons`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numba import njit

from edgesnn.network.arrays import IntArray
from edgesnn.sim.core.compiled import sources_digest
from edgesnn.sim.neurons import Index, add_shifted, clear, compiled, start_from_bias, update
from edgesnn.sim.tables import AXONAL, READOUT, Counts, Plan, Record, Rows, State


@compiled
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


@compiled
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


@compiled
def _gather(
    plan: Plan, rows: Rows, state: State, layer: int, step: int, delivered: IntArray
) -> None:
    """Sum a layer's currents of this step into `state.current` (`acc` of the specification)."""
    first, last = np.uint64(plan.layers[layer].first), np.uint64(plan.layers[layer].last)
    groups = range(plan.layers[layer].first_group, plan.layers[layer].last_group)
    start_from_bias(state.current, plan.neurons, first, last)
    if plan.layers[layer].graded:
        if plan.delta < 0:
            clear(state.graded, first, last)
        for group in groups:
            if plan.groups[group].source == 0 and plan.groups[group].delay <= step:
                _add_input(plan, rows, state, group, step, first, delivered)
        add_shifted(state.current, state.graded, plan.layers[layer].shift, first, last)
    for group in groups:
        if plan.groups[group].source != 0 and plan.groups[group].delay <= step:
            _add_group(plan, rows, state, group, step, first, delivered)


@compiled
def _ring_place(plan: Plan, source: int, step: int) -> tuple[int, int]:
    """Index into `ring_count` and offset into `ring` of a source's event list at `step`."""
    place = plan.sources[source]
    slot = step % place.length
    return place.slot + slot, place.start + slot * place.width


@compiled
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


@compiled
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


@compiled
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


@compiled
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


@compiled
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


@compiled
def _count(rows: Rows, base: int, events: IntArray, delivered: IntArray) -> None:
    effective, stored = 0, 0
    for pre in events:
        effective += rows.effective[base + pre]
        stored += rows.stored[base + pre]
    delivered[0] += len(events)
    delivered[1] += effective
    delivered[2] += stored


@compiled
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


@compiled
def _list_fired(fired: IntArray, ring: IntArray) -> int:
    count = np.uint64(0)
    for i in range(np.uint64(len(fired))):
        ring[count] = i
        count += np.uint64(fired[i])
    return int(count)


@compiled
def _arrival_place(plan: Plan, number: int, step: int) -> tuple[int, int]:
    """As `_ring_place`, for `arrivals_count` and `arrivals`."""
    place = plan.axonal[number]
    slot = step % place.length
    return place.slot + slot, place.start + slot * place.rows


@compiled
def _file_ahead(
    plan: Plan, state: State, number: int, step: int, spikes: IntArray, lane: int
) -> None:
    for pre in spikes:
        delay = plan.axonal_delay[plan.axonal[number].row + pre]
        index, start = _arrival_place(plan, number, step + delay)
        state.arrivals[lane, start + state.arrivals_count[lane, index]] = pre
        state.arrivals_count[lane, index] += 1


@compiled
def _run(
    plan: Plan,
    rows: Rows,
    state: State,
    features: IntArray,
    counts: Counts,
    record: Record,
    start: int,
) -> None:
    for now in range(features.shape[1]):
        step = start + now
        _send_input(plan, state, step, features[:, now], counts.emitted)
        for layer in range(len(plan.layers)):
            _gather(plan, rows, state, layer, step, counts.delivered)
            update(plan, state, layer, step, counts.changed)
            if plan.layers[layer].kind != READOUT:
                _emit(plan, state, layer, step, counts.emitted)
        if len(record.v):
            record.v[:, now] = state.v
            record.a[:, now] = state.a
            record.spikes[:, now] = state.fired


def _cached(sources: int) -> Callable[[Plan, Rows, State, IntArray, Counts, Record, int], None]:
    """The kernel, compiled once for these sources: they become part of the cache's key."""

    @njit(cache=True, nogil=True, error_model="numpy")
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
        if sources:
            _run(plan, rows, state, features, counts, record, start)

    return run_clips


HERE = Path(__file__).parent
run_clips = _cached(
    sources_digest(*(HERE / name for name in ("kernel.py", "neurons.py", "tables.py")))
)
