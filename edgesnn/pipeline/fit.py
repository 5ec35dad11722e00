"""Two engines, one answer: cycles of a few clips from the core, events of all from the engine.

    cycles of a layer in a step = a + b · events of that layer in the step

fitted layer by layer, by least squares, on clips that both have run; what is outside the layers
(front-end, encoding of the input) is the same whatever is heard, and counts with its mean. What
the fit promises is tried on clips that it has not seen: each one is left out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.network import Network
from edgesnn.network.arrays import IntArray

POOR = 0.05
"""Relative error from which on a fit is called poor."""

FEWEST = 4
"""Clips below which there is no telling how good a line is."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LayerFit:
    """The line of one layer.

    Attributes:
        layer: its name.
        base: cycles of a step without events.
        per_event: cycles of one event.
        error: of clips left out one by one, root mean square, relative to the layer's cycles.
        mean: cycles of a step, predicted over all clips.
    """

    layer: str
    base: float
    per_event: float
    error: float
    mean: float


@dataclass(frozen=True, slots=True)
class CycleFit:
    """Mean cycles of a step of a clip, from the mean events of its layers.

    Attributes:
        layers: one line each, in the network's order.
        constant: cycles of a step outside the layers.
        error: of the whole step on clips left out one by one: root mean square, relative to the
            mean step. It tells how well a test set is priced.
        worst: the largest of those errors, relative to its own clip. It tells how well a clip is.
        clips: clips that it was fitted on.
        mean, p99, most: predicted for the steps of whole clips: over all clips the mean, the
            99th percentile and the largest.
        priced: clips that were priced.
    """

    layers: tuple[LayerFit, ...]
    constant: float
    error: float
    worst: float
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
    from edgesnn.sim import Engine

    result = Engine(network).classify(features)
    delivered = result.counts.delivered[:, :, 0] / result.steps
    columns, first = [], 0
    for layer in network.layers:
        last = first + len(layer.synapses)
        columns.append(delivered[:, first:last].sum(axis=1))
        first = last
    return np.stack(columns, axis=1)


def by_activity(events: Floats, count: int) -> npt.NDArray[np.int64]:
    """Indices of `count` clips from the quietest to the busiest, in equal shares of all clips."""
    order = np.argsort(events.sum(axis=1), kind="stable")
    count = min(count, len(order))
    places = ((np.arange(count) + 0.5) * len(order) / count).astype(np.int64)
    return np.sort(order[places])


def fit_cycles(
    layers: Sequence[str],
    events: Floats,
    sampled: npt.NDArray[np.int64],
    cycles: Floats,
    constant: Floats,
) -> CycleFit | None:
    """Fit on the sampled clips and predict them all; None for too few clips to tell.

    Args:
        layers: their names.
        events: `(clips, layers)`, see `events_by_clip`.
        sampled: indices of the clips that the core has run.
        cycles: mean cycles of a step of each of those in each layer, `(sampled, layers)`.
        constant: mean cycles of a step of each of those outside the layers, `(sampled,)`.
    """
    if len(sampled) < FEWEST:
        return None
    seen = events[sampled]
    lines = [_line(seen[:, n], cycles[:, n]) for n in range(len(layers))]
    missed = np.stack([_left_out(seen[:, n], cycles[:, n]) for n in range(len(layers))], axis=1)
    outside = float(constant.mean())
    bases, slopes = np.array(lines).T
    predicted = outside + bases.sum() + events @ slopes
    # Outside the layers, what is left out is foretold by the mean of the others.
    others = (constant.sum() - constant) / (len(constant) - 1)
    wrong, steps = missed.sum(axis=1) + others - constant, cycles.sum(axis=1) + constant
    fits = tuple(
        LayerFit(
            name, a, b, _relative(missed[:, n], cycles[:, n]), float(a + b * events[:, n].mean())
        )
        for n, (name, (a, b)) in enumerate(zip(layers, lines, strict=True))
    )
    return CycleFit(
        fits, outside, _relative(wrong, steps), float(np.abs(wrong / steps).max()),
        len(sampled), float(predicted.mean()), float(np.percentile(predicted, 99)),
        float(predicted.max()), len(events),
    )  # fmt: skip


def _line(events: Floats, cycles: Floats) -> tuple[float, float]:
    """a and b of cycles = a + b · events; b is 0 where the events never differ."""
    if np.ptp(events) == 0:
        return float(cycles.mean()), 0.0
    design = np.stack([np.ones(len(events)), events], axis=1)
    solution: Any = np.linalg.lstsq(design, cycles, rcond=None)[0]
    return float(solution[0]), float(solution[1])


def _left_out(events: Floats, cycles: Floats) -> Floats:
    """What each clip is predicted to cost, fitted without it, less what it does."""
    missed = []
    for clip in range(len(events)):
        others = np.arange(len(events)) != clip
        a, b = _line(events[others], cycles[others])
        missed.append(a + b * events[clip] - cycles[clip])
    return np.array(missed)


def _relative(missed: Floats, cycles: Floats) -> float:
    return float(np.sqrt(np.mean(missed**2)) / max(cycles.mean(), 1.0))
