"""The engine: an integer network over many clips, exact and fast (a rung of the ladder)."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from edgesnn.errors import UsageError
from edgesnn.machine import Traces
from edgesnn.network import AdaptiveLeaky, Network
from edgesnn.network.arrays import IntArray
from edgesnn.sim.kernel import run_clips
from edgesnn.sim.plan import plan_network
from edgesnn.sim.runs import channel_last
from edgesnn.sim.tables import Counts, Record, State

#: Clips that run in lockstep: enough to share the walk through the plan, few enough for the cache.
LANES = 16


@dataclass(frozen=True, eq=False)
class Result:
    """What a network made of some clips.

    Attributes:
        scores: readout after the last step, int32 `(clips, classes)`.
        decisions: the class with the largest score, the first of equals; int64 `(clips,)`.
        steps: steps a clip.
        counts: events, spikes and membrane changes of each clip.
    """

    scores: IntArray
    decisions: IntArray
    steps: int
    counts: Counts


class Engine:
    """Runs `network` in Numba, parallel over clips.

    Planning and the first call take a moment; the compiled kernel is cached on disk and serves
    every network.

    Args:
        network: the integer network.
        threads: threads to run on; all cores by default.
    """

    name = "Numba engine"

    def __init__(self, network: Network, threads: int | None = None) -> None:
        self.network = network
        self.threads = threads or _cores()
        self.plan, self.rows = plan_network(network)

    def run(self, features: IntArray) -> Traces:
        """Every membrane and spike for int8 `features (clips, steps, channels)`."""
        x = self.arranged(features)
        record = Record.zeros(self.plan, *x.shape[:2])
        self._run(x, record)
        return self.traces(record)

    def classify(self, features: IntArray, progress: Callable[[int], None] | None = None) -> Result:
        """Scores, decisions and counts for int8 `features (clips, steps, channels)`.

        `progress` is called with the number of clips that were done since its last call.

        Raises:
            UsageError: `features` have another shape or dtype, or no steps.
        """
        x = self.arranged(features)
        scores, counts = self._run(x, None, progress)
        return Result(scores, np.argmax(scores, axis=1), x.shape[1], counts)

    def arranged(self, features: IntArray) -> IntArray:
        """`features` checked, and channel-last as the plan is."""
        source = self.network.input
        if features.ndim != 3 or features.dtype != np.int8 or features.shape[2] != source.size:
            raise UsageError(
                f"features are {features.dtype} {features.shape}, but network {self.network.name} "
                f"takes int8 (clips, steps, {source.size})"
            )
        if not features.shape[1]:
            raise UsageError("features have no steps; give at least one frame a clip")
        if len(source.shape) == 1:
            return np.ascontiguousarray(features)
        return np.ascontiguousarray(features[:, :, channel_last(source.shape)])

    def _run(
        self, x: IntArray, record: Record | None, progress: Callable[[int], None] | None = None
    ) -> tuple[IntArray, Counts]:
        """Scores in C order, and counts; fills `record`."""
        plan, clips = self.plan, len(x)
        scores = np.zeros((clips, self.network.readout.size), np.int32)
        counts = Counts.zeros(plan, clips)

        def run_piece(start: int) -> int:
            lanes = slice(start, start + LANES)
            state = State.zeros(plan, len(x[lanes]))
            kept = Record.zeros(plan, 0, 0) if record is None else record
            part = Counts(*(each[lanes] for each in counts))
            made = Record(*(r[lanes] for r in kept))
            run_clips(plan, self.rows, state, x[lanes], part, made, 0)
            scores[lanes] = state.v[:, plan.layers[-1].first :]
            return len(x[lanes])

        with ThreadPoolExecutor(self.threads) as pool:
            for done in pool.map(run_piece, range(0, clips, LANES)):
                if progress is not None:
                    progress(done)
        return scores[:, _c_order(self.network.readout.shape)], counts

    def traces(self, record: Record) -> Traces:
        """`record` by layer, in C order."""
        traces = Traces({}, {}, {})
        for number, layer in enumerate(self.network.layers):
            first = self.plan.layers[number].first
            columns = first + _c_order(layer.shape)
            traces.v[layer.name] = record.v[:, :, columns]
            if isinstance(layer.neuron, AdaptiveLeaky):
                traces.a[layer.name] = record.a[:, :, columns]
            if not layer.is_readout:
                traces.spikes[layer.name] = record.spikes[:, :, columns]
        return traces


def _cores() -> int:
    """Processor cores that this process may use, where the system says so."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _c_order(shape: tuple[int, ...]) -> IntArray:
    """Channel-last position of each neuron."""
    return np.argsort(channel_last(shape))
