"""The detector's law in plain Python: the oracle of `sim` and of the generated C.

Written to be read beside docs/SPEC.md §5, not to be fast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgesnn.network.arrays import IntArray
from edgesnn.network.detector import Detector

#: What a step without a detection gives.
NOTHING = -1


@dataclass
class DetectorOracle:
    """Detects step by step; a new one stands after a reset.

    Attributes:
        smooth: smoothed scores, one a class.
        wait: steps that are left of the refractory time.
        held: the keyword that was detected last, until its margin falls below the threshold.
    """

    detector: Detector
    classes: tuple[str, ...]
    wait: int = 0
    held: int = NOTHING

    def __post_init__(self) -> None:
        self.smooth = [0] * len(self.classes)
        self._keyword = self.detector.keywords(self.classes)

    def step(self, scores: IntArray) -> int:
        """Take int32 `scores (classes,)`; return the class detected, or NOTHING."""
        for c, y in enumerate(scores.tolist()):
            self.smooth[c] += (y - self.smooth[c]) >> self.detector.smoothing
        candidate = self._candidate()
        if candidate != self.held:
            self.held = NOTHING
        if self.wait > 0:
            self.wait -= 1
            return NOTHING
        if candidate == NOTHING or self.held != NOTHING:
            return NOTHING
        self.held, self.wait = candidate, self.detector.refractory
        return candidate

    def run(self, scores: IntArray) -> IntArray:
        """Detections of int32 `scores (steps, classes)`: int64 `(steps,)`."""
        return np.array([self.step(each) for each in scores], np.int64)

    def _candidate(self) -> int:
        best = max(range(len(self.smooth)), key=self.smooth.__getitem__)
        runner_up = max(z for c, z in enumerate(self.smooth) if c != best)
        enough = self.smooth[best] - runner_up >= self.detector.threshold
        return best if enough and self._keyword[best] else NOTHING
