"""Two engines, one answer: cycles of a few clips from the core, events of all from the engine.

    cycles of a step = a + Σ b_layer · events of that layer in the step

fitted by least squares on clips that both have run. What it promises is tried on clips that it
has not seen: each one is left out once, and the error is that of its prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.network import Network
from edgesnn.network.arrays import IntArray

POOR = 0.05
"""Relative error from which on a fit is called poor."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CycleFit:
    """Mean cycles of a step, from the mean events of its layers.

    Attributes:
        base: cycles of a step without events.
        per_event: cycles of one event, by layer.
        error: relative, root mean square over clips left out one by one.
        clips: clips that it was fitted on.
        mean, p99, most: predicted for the steps of whole clips: over all clips the mean, the
            99th percentile and the largest.
        priced: clips that were priced.
    """

    base: float
    per_event: dict[str, float]
    error: float
    clips: int
    mean: float
    p99: float
    most: float
    priced: int

    @property
    def is_poor(self) -> bool:
        """Whether the prediction should not be trusted."""
        return self.error > POOR


def events_by_clip(network: Network, features: IntArray) -> Floats:
    """Mean events of a step that reach each layer's synapses, `(clips, layers)`."""
    from edgesnn.sim import Engine, measure_activity

    result = Engine(network).classify(features)
    rows = []
    for clip in range(len(features)):
        activity = measure_activity(network, result.counts, result.steps, np.array([clip]))
        rows.append([layer.events / result.steps for layer in activity.layers])
    return np.array(rows)


def fit_cycles(
    network: Network, events: Floats, sampled: npt.NDArray[np.int64], cycles: Floats
) -> CycleFit | None:
    """Fit on the sampled clips and predict them all; None for too few clips to tell.

    Args:
        network: names the layers.
        events: `(clips, layers)`, see `events_by_clip`.
        sampled: indices of the clips that the core has run.
        cycles: mean cycles of a step of each of those.
    """
    seen = _with_constant(events[sampled])
    if len(seen) < seen.shape[1] + 2:
        return None
    weights = _solve(seen, cycles)
    predicted = _with_constant(events) @ weights
    names = [layer.name for layer in network.layers]
    return CycleFit(
        float(weights[0]), dict(zip(names, weights[1:].tolist(), strict=True)),
        _left_out_error(seen, cycles), len(seen), float(predicted.mean()),
        float(np.percentile(predicted, 99)), float(predicted.max()), len(events),
    )  # fmt: skip


def _with_constant(events: Floats) -> Floats:
    return np.hstack([np.ones((len(events), 1)), events])


def _solve(design: Floats, cycles: Floats) -> Floats:
    solution: Any = np.linalg.lstsq(design, cycles, rcond=None)[0]
    return np.asarray(solution, np.float64)


def _left_out_error(design: Floats, cycles: Floats) -> float:
    """Root mean square of the relative error on each clip, fitted without it."""
    errors = []
    for clip in range(len(design)):
        others = np.arange(len(design)) != clip
        weights = _solve(design[others], cycles[others])
        errors.append(float(design[clip] @ weights / cycles[clip] - 1))
    return float(np.sqrt(np.mean(np.square(errors))))
