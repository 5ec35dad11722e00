"""The detector, compiled: hours of scores in milliseconds, in pieces of any length.

`docs/SPEC.md` §5 is the law and `edgesnn.detection` its oracle. Smoothing and margins do not
depend on the threshold, so that a sweep over thresholds (a DET curve) does them once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from edgesnn.detection import NOTHING
from edgesnn.network.arrays import IntArray
from edgesnn.network.detector import Detector

_njit = njit(cache=True, nogil=True)


class Margins(NamedTuple):
    """The leading class of each step and its lead: int64 `(steps,)` each, lead in readout units."""

    best: IntArray
    margin: IntArray


@_njit
def _margins(
    scores: IntArray, smooth: IntArray, shift: int, best: IntArray, lead: IntArray
) -> None:
    for step in range(len(scores)):
        first, second = np.int64(-(1 << 40)), np.int64(-(1 << 40))
        winner = 0
        for c in range(scores.shape[1]):
            smooth[c] += (np.int64(scores[step, c]) - smooth[c]) >> shift
            if smooth[c] > first:
                first, second, winner = smooth[c], first, c
            elif smooth[c] > second:
                second = smooth[c]
        best[step], lead[step] = winner, first - second


@_njit
def _detect(
    best: IntArray,
    lead: IntArray,
    keyword: IntArray,
    threshold: int,
    refractory: int,
    state: IntArray,
    found: IntArray,
) -> None:
    wait, held = state[0], state[1]
    for step in range(len(best)):
        candidate = best[step] if lead[step] >= threshold and keyword[best[step]] else -1
        if candidate != held:
            held = -1
        found[step] = -1
        if wait > 0:
            wait -= 1
        elif candidate != -1 and held == -1:
            found[step] = held = candidate
            wait = refractory
    state[0], state[1] = wait, held


class StreamDetector:
    """A detector that takes scores as they come; equal to the oracle, however they are cut.

    Args:
        detector: smoothing, threshold, refractory time, rejected classes.
        classes: names of the network's classes.

    Attributes:
        smooth: smoothed scores after the last step, int64 `(classes,)`.
    """

    def __init__(self, detector: Detector, classes: tuple[str, ...]) -> None:
        self.detector = detector
        self._keyword = np.array(detector.keywords(classes))
        self.smooth = np.zeros(len(classes), np.int64)
        self._state = np.array([0, NOTHING], np.int64)

    def margins(self, scores: IntArray) -> Margins:
        """Smooth int32 `scores (steps, classes)` and find who leads by how much."""
        best, lead = np.empty(len(scores), np.int64), np.empty(len(scores), np.int64)
        _margins(scores, self.smooth, self.detector.smoothing, best, lead)
        return Margins(best, lead)

    def push(self, scores: IntArray) -> IntArray:
        """Detections of int32 `scores (steps, classes)`: int64 `(steps,)`, −1 for nothing."""
        return self.decide(self.margins(scores))

    def decide(self, margins: Margins) -> IntArray:
        """Detections of steps whose margins are known: int64 `(steps,)`, −1 for nothing."""
        found = np.empty(len(margins.best), np.int64)
        each = self.detector
        _detect(*margins, self._keyword, each.threshold, each.refractory, self._state, found)
        return found
