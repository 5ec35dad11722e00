"""The engine on a stream: one network that never stops, fed in pieces of any length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.sim.engine import Engine
from edgesnn.sim.kernel import run_clips
from edgesnn.sim.tables import Counts, Record, State

#: Steps that are run at once: their record takes some megabytes.
PIECE = 512


@dataclass(frozen=True, eq=False)
class Heard:
    """What a network made of some steps.

    Attributes:
        scores: readout after each step, int32 `(steps, classes)`.
        spikes: of each spiking layer, int64 `(steps, layers)`.
    """

    scores: IntArray
    spikes: IntArray


class StreamEngine:
    """Runs `network` over a stream; equal to `Engine` on the whole, however it is cut."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._engine = Engine(network, threads=1)
        self.reset()

    def reset(self) -> None:
        """Forget all that was heard."""
        self._state = State.zeros(self._engine.plan, 1)
        self._step = 0

    def push(self, features: IntArray) -> Heard:
        """Take int8 `features (steps, channels)`, any number of steps.

        Raises:
            UsageError: `features` have another shape or dtype.
        """
        pieces = range(0, len(features), PIECE)
        heard = [self._piece(features[first : first + PIECE]) for first in pieces]
        empty = Heard(
            np.zeros((0, self.network.readout.size), np.int32),
            np.zeros((0, len(self.network.spiking)), np.int64),
        )
        parts = [empty, *heard]
        return Heard(
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.spikes for part in parts]),
        )

    def _piece(self, features: IntArray) -> Heard:
        engine = self._engine
        x = engine.arranged(features[None])
        record = Record.zeros(engine.plan, 1, len(features))
        counts = Counts.zeros(engine.plan, 1)
        run_clips(engine.plan, engine.rows, self._state, x, counts, record, self._step)
        self._step += len(features)
        traces = engine.traces(record)
        spikes = [traces.spikes[layer.name][0].sum(axis=1) for layer in self.network.spiking]
        return Heard(traces.v[self.network.readout.name][0], np.stack(spikes, axis=1))
