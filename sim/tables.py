"""The tables that the compiled kernel works on: plan, state, counts, record.

The plan is few arrays of records: compiling takes time for each array that is passed on. The
compiled kernel is cached by the time stamp of `kernel.py` alone, and the numbers below are compiled
into it: who changes one has to touch that file.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgesnn.network.arrays import IntArray

#: Neuron kinds and reset rules as the kernel knows them.
PLAIN, ADAPTIVE, READOUT = 0, 1, 2
SUBTRACT, ZERO, SUBTRACT_LATER, ZERO_LATER = 0, 1, 2, 3

#: `delay` of a group with axonal delays.
AXONAL = -1

#: Rows of `Plan.neurons`.
BIAS, DECAY, THRESHOLD, FIRES_AT, ADAPTATION_DECAY, COUPLING, JUMP = range(7)

#: An array of records, one field a column; `np.recarray`.
Records = Any

SOURCE = ("width", "length", "start", "slot")
LAYER = ("first", "last", "kind", "reset", "shift", "graded", "first_group", "last_group")
GROUP = ("source", "delay", "axonal", "maximum", "length", "row")
AXONAL_GROUP = ("group", "length", "start", "slot", "row", "rows")


def records(names: tuple[str, ...], columns: list[Any]) -> Records:
    """int64 records with a field for each of `names`."""
    kind = np.dtype([(name, np.int64) for name in names])
    table = np.recarray((len(np.asarray(columns[0])),), kind)
    for name, column in zip(names, columns, strict=True):
        table[name] = column
    return table


class Plan(NamedTuple):
    """A whole network; source 0 is the input, source `l + 1` is layer `l`.

    Attributes:
        delta: of the input; −1 for direct encoding.
        sources: `width` in neurons; the source's ring of event lists: `length` in steps, `start` in
            `State.ring`, `slot` in `State.ring_count`.
        layers: neurons `first` to before `last`, `kind`, `reset`, graded `shift`, whether
            `graded` input feeds it, groups `first_group` to before `last_group`.
        groups: `source`, `delay` (or AXONAL), number in `axonal`, whether it is a `maximum`,
            `length` of its runs, first `row` in `Rows`.
        axonal: groups with axonal delays: `group`; ring of arrivals as above; its `rows` delays
            from `row` on in `axonal_delay`. One record more at the end, whose `start` and `slot`
            are the sizes.
        axonal_delay: int64.
        neurons: int32 `(7, neurons)`, parameters of all layers' neurons one after the other.
    """

    delta: int
    sources: Records
    layers: Records
    groups: Records
    axonal: Records
    axonal_delay: IntArray
    neurons: NDArray[np.int32]


class Rows(NamedTuple):
    """The runs of all groups one after the other: what the innermost loops need.

    Presynaptic neuron `j` of a group has row `groups[group].row + j`. `effective` and `stored` are
    its synapses, those of non-zero weight and all.
    """

    ptr: IntArray
    post: IntArray
    weight: IntArray
    weights: IntArray
    effective: IntArray
    stored: IntArray


class State(NamedTuple):
    """Everything that changes while clips run; the first axis is the lane, one a clip.

    int32 `(lanes, neurons)`: `v`, `a`, `current`, `graded`; `fired` is uint8, and `stamp` (int64)
    marks the neurons that a max pool has already served. `reference` is int32 `(lanes,
    channels)`. `ring` (int32) holds the event lists of all sources, `values` runs along with the
    input's part of it, `ring_count` (int64) has one entry a source and slot; `arrivals` and
    `arrivals_count` are the same for the groups with axonal delays.
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

    @staticmethod
    def zeros(plan: Plan, lanes: int) -> State:
        """The state after a reset."""

        def array(columns: int, dtype: type = np.int32) -> IntArray:
            return np.zeros((lanes, columns), dtype)

        neurons, channels = plan.neurons.shape[1], plan.sources[0].width
        last, filed = plan.sources[-1], plan.axonal[-1]
        return State(
            v=array(neurons),
            a=array(neurons),
            current=array(neurons),
            graded=array(neurons),
            fired=array(neurons, np.uint8),
            stamp=array(neurons, np.int64),
            reference=array(channels),
            ring=array(last.start + last.width * last.length),
            values=array(channels * plan.sources[0].length),
            ring_count=array(last.slot + last.length, np.int64),
            arrivals=array(filed.start),
            arrivals_count=array(filed.slot, np.int64),
        )


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

    @staticmethod
    def zeros(plan: Plan, clips: int) -> Counts:
        """No counts yet."""
        layers, groups = len(plan.layers), len(plan.groups)
        return Counts(
            np.zeros((clips, layers + 1), np.int64),
            np.zeros((clips, layers), np.int64),
            np.zeros((clips, groups, 3), np.int64),
        )


class Record(NamedTuple):
    """Membranes and spikes, `(clips, steps, neurons)`, int32 and bool; no clips: not recorded."""

    v: IntArray
    a: IntArray
    spikes: IntArray

    @staticmethod
    def zeros(plan: Plan, clips: int, steps: int) -> Record:
        """An empty record."""
        shape = (clips, steps, plan.neurons.shape[1])
        arrays = [np.zeros(shape, dtype) for dtype in (np.int32, np.int32, np.bool_)]
        return Record(*arrays)
