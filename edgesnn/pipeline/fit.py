"""Two engines, one answer: cycles of a few clips from the core, activity of all from the engine.

    cycles of a part in a step = base + Σ cost · count of the part in the step

The parts are the layers, with the counts of edgesnn.pipeline.regressors, the front-end, and what
is left of the step, which counts with its mean. Each is fitted to the steps of the clips that both
engines have run, by least squares; a count whose cost comes out negative is left out, the most
negative one first, since no kernel is quicker for doing more. There are at most half as many
counts as clips. What the fit promises is tried on clips that it has not seen: each one is left
out once. Quiet clips are run beside the sample, so that what quiet costs is always known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.pipeline.regressors import Floats

POOR = 0.05
"""Relative error from which on a fit is called poor."""

FEWEST = 4
"""Clips below which there is no telling how good a fit is."""

CLIPS_A_TERM = 2
"""Clips that each count of a part needs."""


@dataclass(frozen=True, eq=False)
class Part:
    """One part of a step.

    Attributes:
        name: of a layer, for instance.
        terms: names of its counts, the most important first.
        means: of each clip that is to be priced, the mean counts of a step `(clips, terms)`.
        counts: of each step that the core has run, `(clips, steps, terms)`.
        cycles: of those steps, `(clips, steps)`.
        beside: how many of those clips, the last ones, do not belong to what is priced: they help
            to fit, but are neither left out nor part of a mean.
    """

    name: str
    terms: tuple[str, ...]
    means: Floats
    counts: Floats
    cycles: npt.NDArray[Any]
    beside: int = 0

    @property
    def sampled(self) -> npt.NDArray[Any]:
        """Cycles of the steps of the sample, `(sampled, steps)`."""
        return self.cycles[: len(self.cycles) - self.beside]

    def within(self, most: int) -> Part:
        """The same with its first `most` counts."""
        return replace(
            self, terms=self.terms[:most], means=self.means[:, :most],
            counts=self.counts[..., :most],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartFit:
    """What a part costs.

    Attributes:
        name: of the part.
        base: cycles of a step in which nothing is counted.
        costs: cycles by count; 0 where a count explains nothing.
        error: of clips left out one by one, root mean square, relative to the part's cycles.
        mean: cycles of a step, predicted over all clips.
    """

    name: str
    base: float
    costs: dict[str, float]
    error: float
    mean: float


@dataclass(frozen=True, slots=True)
class CycleFit:
    """Cycles of a step of a clip, from what its parts did.

    Attributes:
        parts: one fit each, in the order of a step.
        error: of the whole step on clips left out one by one: root mean square, relative to the
            mean step. It tells how well a test set is priced.
        worst: the largest of those errors, relative to its own clip. It tells how well a clip is.
        clips: clips that it was fitted on.
        wanted: clips that would let every count be used; more than `clips` where they are few.
        mean, p99, most: predicted for the steps of whole clips: over all clips the mean, the
            99th percentile and the largest.
        priced: clips that were priced.
    """

    parts: tuple[PartFit, ...]
    error: float
    worst: float
    clips: int
    wanted: int
    mean: float
    p99: float
    most: float
    priced: int
    by_name: dict[str, PartFit] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {each.name: each for each in self.parts})

    @property
    def is_poor(self) -> bool:
        """Whether the prediction should not be trusted."""
        return self.error > POOR


def by_activity(events: Floats, count: int) -> npt.NDArray[np.int64]:
    """Indices of `count` clips from the quietest to the busiest, in equal shares of all clips.

    Args:
        events: `(clips,)`.
        count: at most as many as there are.
    """
    order = np.argsort(events, kind="stable")
    count = min(count, len(order))
    places = ((np.arange(count) + 0.5) * len(order) / count).astype(np.int64)
    return np.sort(order[places])


def fit_cycles(parts: Sequence[Part]) -> CycleFit | None:
    """Fit on the steps that the core has run and predict all clips; None for too few clips."""
    clips = len(parts[0].sampled)
    if clips < FEWEST:
        return None
    wanted = CLIPS_A_TERM * max(len(part.terms) for part in parts)
    used = [part.within(clips // CLIPS_A_TERM) for part in parts]
    lines = [_line(part, np.ones(len(part.cycles), np.bool_)) for part in used]
    predicted = [part.means @ line[1:] + line[0] for part, line in zip(used, lines, strict=True)]
    missed = [_left_out(part) for part in used]
    wrong = np.sum(missed, axis=0)
    steps = np.sum([part.sampled.mean(axis=1) for part in parts], axis=0)
    fits = tuple(
        PartFit(
            part.name, float(line[0]), _costs(part, line), _relative(miss, part.sampled),
            float(price.mean()),
        )
        for part, line, miss, price in zip(parts, lines, missed, predicted, strict=True)
    )  # fmt: skip
    whole = np.sum(predicted, axis=0)
    return CycleFit(
        fits, _relative(wrong, steps), float(np.abs(wrong / steps).max()), clips, wanted,
        float(whole.mean()), float(np.percentile(whole, 99)), float(whole.max()), len(whole),
    )  # fmt: skip


def _costs(part: Part, line: Floats) -> dict[str, float]:
    """Cycles of each count of `part`, whether it was used or not."""
    unused = [0.0] * (1 + len(part.terms) - len(line))
    return dict(zip(part.terms, [*line[1:].tolist(), *unused], strict=True))


def _line(part: Part, chosen: npt.NDArray[np.bool_]) -> Floats:
    """Base and cost of each count, fitted to the steps of the chosen clips; none is negative."""
    cycles = part.cycles[chosen].reshape(-1).astype(np.float64)
    counts = part.counts[chosen].reshape(len(cycles), len(part.terms))
    costs = np.zeros(1 + len(part.terms))
    used = [0, *(1 + np.flatnonzero(np.ptp(counts, axis=0)))]
    design = np.concatenate([np.ones((len(counts), 1)), counts], axis=1)
    while True:
        found = np.linalg.lstsq(design[:, used], cycles, rcond=None)[0]
        least = 1 + int(np.argmin(found[1:])) if len(used) > 1 else 0
        if least == 0 or found[least] >= 0:
            break
        del used[least]
    costs[used] = found
    return costs


def _left_out(part: Part) -> Floats:
    """What a step of each clip is predicted to cost, fitted without it, less what it does."""
    missed = []
    for clip in range(len(part.sampled)):
        line = _line(part, np.arange(len(part.cycles)) != clip)
        counts = part.counts[clip].mean(axis=0)
        missed.append(line[0] + counts @ line[1:] - part.cycles[clip].mean())
    return np.array(missed)


def _relative(missed: Floats, cycles: Floats) -> float:
    return float(np.sqrt(np.mean(missed**2)) / max(cycles.mean(), 1.0))
