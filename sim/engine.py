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
from edgesnn.sim.kernel import Counts, Record, run_clips
from edgesnn.sim.plan import Plan, plan_network
from edgesnn.sim.runs import channel_last

#: Clips in one piece of work; small enough to spread, large enough that starting it costs nothing.
_CLIPS_A_PIECE = 16


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
        self.threads = threads or len(os.sched_getaffinity(0))
        self.plan: Plan = plan_network(network)

    def run(self, features: IntArray) -> Traces:
        """Every membrane and spike for int8 `features (clips, steps, channels)`."""
        x = self._arranged(features)
        record = _empty_record(*x.shape[:2], self.plan.layer_start[-1])
        self._run(x, record)
        return self._traces(record)

    def classify(
        self, features: IntArray, progress: Callable[[int], None] | None = None
    ) -> Result:
        """Scores, decisions and counts for int8 `features (clips, steps, channels)`.

        `progress` is called with the number of clips that were done since its last call.

        Raises:
            UsageError: `features` have another shape or dtype, or no steps.
        """
        x = self._arranged(features)
        scores, counts = self._run(x, _empty_record(0, 0, 0), progress)
        return Result(scores, np.argmax(scores, axis=1), x.shape[1], counts)

    def _arranged(self, features: IntArray) -> IntArray:
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
        self, x: IntArray, record: Record, progress: Callable[[int], None] | None = None
    ) -> tuple[IntArray, Counts]:
        clips, plan = len(x), self.plan
        layers, groups = len(plan.layer_kind), len(plan.group_delay)
        scores = np.zeros((clips, self.network.readout.size), np.int32)
        counts = Counts(
            np.zeros((clips, layers + 1), np.int64),
            np.zeros((clips, layers), np.int64),
            np.zeros((clips, groups, 3), np.int64),
        )

        def run_piece(start: int) -> int:
            piece = slice(start, start + _CLIPS_A_PIECE)
            parts = Counts(*(each[piece] for each in counts))
            run_clips(plan, x[piece], scores[piece], parts, Record(*(r[piece] for r in record)))
            return len(x[piece])

        with ThreadPoolExecutor(self.threads) as pool:
            for done in pool.map(run_piece, range(0, clips, _CLIPS_A_PIECE)):
                if progress is not None:
                    progress(done)
        order = channel_last(self.network.readout.shape)
        scores[:, order] = scores.copy()
        return scores, counts

    def _traces(self, record: Record) -> Traces:
        """`record` by layer, in C order."""
        traces = Traces({}, {}, {})
        for number, layer in enumerate(self.network.layers):
            first = self.plan.layer_start[number]
            columns = first + np.argsort(channel_last(layer.shape))
            traces.v[layer.name] = record.v[:, :, columns]
            if isinstance(layer.neuron, AdaptiveLeaky):
                traces.a[layer.name] = record.a[:, :, columns]
            if not layer.is_readout:
                traces.spikes[layer.name] = record.spikes[:, :, columns]
        return traces


def _empty_record(clips: int, steps: int, neurons: int) -> Record:
    shape = (clips, steps, neurons)
    return Record(np.zeros(shape, np.int32), np.zeros(shape, np.int32), np.zeros(shape, np.bool_))
