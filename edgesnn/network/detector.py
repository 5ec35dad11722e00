"""When a stream of scores is a keyword: smoothing, threshold, refractory time (docs/SPEC.md §5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgesnn.network.arrays import assign

#: Coarsest smoothing: a time constant of 2^8 steps.
MAX_SMOOTHING = 8
#: Margins of a readout of 24 bits stay below it.
MAX_THRESHOLD = (1 << 24) - 1
MAX_REFRACTORY = 0xFFFF


@dataclass(frozen=True, kw_only=True)
class Detector:
    """Turns the scores of every step into detections of keywords.

    Attributes:
        smoothing: scores are smoothed over 2^smoothing steps, 0 … 8.
        threshold: margin over the runner-up that a keyword needs, 1 …, in units of the readout.
        refractory: steps after a detection in which nothing is detected.
        rejected: classes that are no keywords, such as `unknown` and `silence`.
    """

    smoothing: int = 2
    threshold: int
    refractory: int = 50
    rejected: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assign(self, rejected=tuple(self.rejected))

    def keywords(self, classes: tuple[str, ...]) -> tuple[bool, ...]:
        """Whether each class is a keyword."""
        return tuple(name not in self.rejected for name in classes)


def detector_faults(detector: Detector, classes: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the detector of a network with these `classes`, in words."""
    ranges = (
        ("smoothing", detector.smoothing, 0, MAX_SMOOTHING),
        ("threshold", detector.threshold, 1, MAX_THRESHOLD),
        ("refractory", detector.refractory, 0, MAX_REFRACTORY),
    )
    for name, value, low, high in ranges:
        if not low <= value <= high:
            yield f"detector: {name} is {value}; it must be {low} … {high}"
    strange = [name for name in detector.rejected if name not in classes]
    if strange:
        yield f"detector: {strange[0]!r} is rejected, but it is no class of the network"
    if len(classes) < 2:
        yield "detector: a margin over the runner-up needs two classes"
    if not any(detector.keywords(classes)):
        yield "detector: every class is rejected, so nothing can be detected"
