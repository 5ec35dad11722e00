"""False accepts and false rejects of a detector on a stream, and their trade-off (DET curve).

Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997;
false accepts are counted an hour, as is usual for keyword spotting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgesnn.network.arrays import IntArray
from edgesnn.network.detector import MAX_THRESHOLD, Detector
from edgesnn.sim.detector import Margins, StreamDetector

GRACE_SECONDS = 0.75
"""A word may be detected until so long behind the end of its clip."""

POINTS = 200
"""Thresholds of a DET curve."""


@dataclass(frozen=True)
class Word:
    """A keyword that is said: steps `start` to before `stop`, grace included, and its class."""

    start: int
    stop: int
    label: int


@dataclass(frozen=True)
class DetectionError:
    """What a detector made of a stream.

    Attributes:
        threshold: of the detector.
        words: keywords that were said.
        rejected: of these, how many were not detected.
        false_accepts: detections of what was not said there.
        hours: of the stream.
    """

    threshold: int
    words: int
    rejected: int
    false_accepts: int
    hours: float

    @property
    def false_reject_rate(self) -> float:
        """Share of the keywords that were missed, 0 … 1."""
        return self.rejected / self.words if self.words else 0.0

    @property
    def false_accepts_an_hour(self) -> float:
        """How often an hour something was detected that was not said."""
        return self.false_accepts / self.hours

    def record(self) -> dict[str, float]:
        """Plain values, for JSON."""
        return {
            "threshold": self.threshold,
            "words": self.words,
            "rejected": self.rejected,
            "false_reject_rate": self.false_reject_rate,
            "false_accepts": self.false_accepts,
            "false_accepts_an_hour": self.false_accepts_an_hour,
            "hours": self.hours,
        }


def score(
    detected: IntArray, words: Sequence[Word], threshold: int, hours: float
) -> DetectionError:
    """Hold detections, `(steps,)` with −1 for none, against the `words` in order of time.

    A word is detected by the first detection of its class within its steps. Every other
    detection, a second one of the same word too, is a false accept.
    """
    return _score(detected, _table(words), threshold, hours)


def _table(words: Sequence[Word]) -> IntArray:
    """Start, stop and label of each word, int64 `(words, 3)`."""
    rows = [(word.start, word.stop, word.label) for word in words]
    return np.array(rows, np.int64).reshape(-1, 3)


def _score(detected: IntArray, table: IntArray, threshold: int, hours: float) -> DetectionError:
    """`score` of words that stand in a table, class by class."""
    steps = np.flatnonzero(detected >= 0)
    found = 0
    for label in np.unique(table[:, 2]):
        own = steps[detected[steps] == label]
        ends = np.searchsorted(own, table[table[:, 2] == label, :2])
        found += int(np.count_nonzero(ends[:, 1] > ends[:, 0]))
    return DetectionError(threshold, len(table), len(table) - found, len(steps) - found, hours)


def det_curve(
    margins: Margins,
    words: Sequence[Word],
    detector: Detector,
    classes: tuple[str, ...],
    hours: float,
) -> tuple[DetectionError, ...]:
    """The detector at `POINTS` thresholds, lowest first.

    The thresholds are quantiles of the keywords' margins, where something changes.
    """
    keyword = np.array(detector.keywords(classes))[margins.best]
    leads = margins.margin[keyword & (margins.margin > 0)]
    if not len(leads):
        leads = np.ones(1, np.int64)
    spread = 1 - np.geomspace(1, 1e-4, POINTS)
    quantiles = np.quantile(leads, [*spread, 1.0], method="nearest").astype(int)
    thresholds = np.unique(np.clip(quantiles, 1, MAX_THRESHOLD))
    table = _table(words)
    return tuple(
        _at(margins, table, replace(detector, threshold=int(each)), classes, hours)
        for each in thresholds
    )


def _at(
    margins: Margins,
    table: IntArray,
    detector: Detector,
    classes: tuple[str, ...],
    hours: float,
) -> DetectionError:
    detected = StreamDetector(detector, classes).decide(margins)
    return _score(detected, table, detector.threshold, hours)


def best_point(curve: Sequence[DetectionError], most: float) -> DetectionError:
    """The point with the fewest rejects among those with at most `most` false accepts an hour.

    The highest threshold where none keeps that.
    """
    kept = [point for point in curve if point.false_accepts_an_hour <= most]
    if not kept:
        return curve[-1]
    return min(kept, key=lambda point: (point.rejected, point.false_accepts, point.threshold))
