"""`edgesnn evaluate --stream` as a function: hours of sound, what is detected, what is missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesnn.errors import UsageError, VerifyError
from edgesnn.network import Detector, Network, identity, save_network
from edgesnn.pipeline.datasets import (
    SYNTHETIC,
    Recordings,
    of_task,
    open_recordings,
    recordings_at_hand,
)
from edgesnn.pipeline.folder import Loaded, load_source
from edgesnn.pipeline.say import Say, silent
from edgesnn.pipeline.sound import NO_KEYWORDS, Listened, listen_to

if TYPE_CHECKING:
    from edgesnn.sim.detection_error import DetectionError
    from edgesnn.trainer.data import Dataset

#: False accepts an hour for which a build chooses its detector: in talk that never stops, a word
#: every three seconds, of which half are no keywords.
FALSE_ACCEPTS_AN_HOUR = 10.0

#: Refractory time that is chosen, in seconds: a word takes less.
REFRACTORY_SECONDS = 1.0

#: Coarsest smoothing that is tried: 2^5 steps are 0.64 s.
MOST_SMOOTHING = 5


@dataclass(frozen=True, eq=False)
class StreamResult:
    """How well a network detects keywords in a stream.

    Attributes:
        network: with its detector.
        error: at the detector's own threshold.
        curve: at other thresholds, lowest first.
        origin: of the stream, in words.
        exact_steps: steps that the generated C was compared on; 0 where it was not.
    """

    network: Network
    error: DetectionError
    curve: tuple[DetectionError, ...]
    origin: str
    exact_steps: int = 0

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        detector = self.network.detector
        assert detector is not None
        return {
            "network": self.network.name,
            "sha256": identity(self.network),
            "stream": self.origin,
            "detector": {
                "smoothing": detector.smoothing,
                "threshold": detector.threshold,
                "refractory": detector.refractory,
                "rejected": list(detector.rejected),
            },
            "error": self.error.record(),
            "det_curve": [point.record() for point in self.curve],
            "exact_steps": self.exact_steps,
        }


def evaluate_stream(
    source: Path,
    recordings: Recordings | None = None,
    split: str = "testing",
    hours: float = 1.0,
    seed: int = 0,
    exact: bool = False,
    say: Say = silent,
) -> StreamResult:
    """False accepts and rejects of the network of a build folder or file, over `hours` of sound.

    With `exact` the generated C listens too, and must give the same scores and detections.

    Raises:
        UsageError: the network has no detector.
        NetworkError: it has no front-end.
        DataError: the recordings are missing or unusable.
        VerifyError: the generated C differs.
    """
    loaded = load_source(source)
    network = loaded.network
    if network.detector is None:
        raise UsageError(
            f"{source} has no detector yet; edgesnn evaluate {source} --stream --choose 1 "
            "chooses one on the validation split and writes it into the file"
        )
    dataset = _dataset(loaded, recordings)
    heard = listen_to(network, dataset, split, hours, seed, say)
    say("detect")
    return _result(network, heard, _compare_c(network, heard, say) if exact else 0)


def choose_detector(
    source: Path,
    most: float,
    recordings: Recordings | None = None,
    hours: float = 1.0,
    seed: int = 0,
    say: Say = silent,
) -> StreamResult:
    """Choose a detector on the validation split, and write it into the network's file.

    Smoothing and threshold are those with the fewest rejects at `most` false accepts an hour.

    Raises:
        NetworkError: the network has no front-end.
        DataError: the recordings are missing or unusable.
    """
    loaded = load_source(source)
    dataset = _dataset(loaded, recordings)
    result = with_detector(loaded.network, dataset, most, hours, seed, say)
    save_network(result.network, loaded.path)
    return result


def with_detector(
    network: Network,
    dataset: Dataset,
    most: float = FALSE_ACCEPTS_AN_HOUR,
    hours: float = 1.0,
    seed: int = 0,
    say: Say = silent,
) -> StreamResult:
    """The network with a detector chosen on the validation split of `dataset`, and how good it is.

    Raises:
        NetworkError: the network has no front-end.
        DataError: the recordings are missing or unusable.
    """
    heard = listen_to(network, dataset, "validation", hours, seed, say)
    say("choose smoothing and threshold of the detector")
    return _result(replace(network, detector=fit_detector(heard, most)), heard, 0)


def fit_detector(heard: Listened, most: float) -> Detector:
    """The detector with the fewest rejects on `heard` at `most` false accepts an hour."""
    from edgesnn.sim.detection_error import best_point, det_curve
    from edgesnn.sim.detector import StreamDetector

    network = heard.network
    frontend = network.frontend
    assert frontend is not None
    rejected = tuple(name for name in NO_KEYWORDS if name in network.classes)
    steps = round(REFRACTORY_SECONDS * frontend.sample_rate / frontend.hop)
    tried = []
    for smoothing in range(MOST_SMOOTHING + 1):
        each = Detector(smoothing=smoothing, threshold=1, refractory=steps, rejected=rejected)
        margins = StreamDetector(each, network.classes).margins(heard.scores)
        curve = det_curve(margins, heard.words, each, network.classes, heard.hours)
        point = best_point(curve, most)
        over = point.false_accepts_an_hour > most
        tried.append((over, point.rejected, smoothing, replace(each, threshold=point.threshold)))
    return min(tried, key=lambda one: one[:3])[3]


def _result(network: Network, heard: Listened, exact_steps: int) -> StreamResult:
    from edgesnn.sim.detection_error import det_curve, score
    from edgesnn.sim.detector import StreamDetector

    detector = network.detector
    assert detector is not None
    margins = StreamDetector(detector, network.classes).margins(heard.scores)
    detected = StreamDetector(detector, network.classes).decide(margins)
    error = score(detected, heard.words, detector.threshold, heard.hours)
    curve = det_curve(margins, heard.words, detector, network.classes, heard.hours)
    return StreamResult(network, error, curve, heard.origin, exact_steps)


def _dataset(loaded: Loaded, recordings: Recordings | None) -> Dataset:
    """The recordings named, or those that the network was trained on; of its own classes."""
    network = loaded.network
    chosen = of_task(recordings, network) or recordings_at_hand(network, loaded.recorded())
    classes = None if chosen.dataset == SYNTHETIC else network.classes
    dataset = open_recordings(chosen, classes)
    if dataset.classes != network.classes:
        raise UsageError(
            f"{dataset.name} has other classes than {network.name}; name the recordings that it "
            "was trained on by --dataset"
        )
    return dataset


def _compare_c(network: Network, heard: Listened, say: Say) -> int:
    """Run the generated C over the same features; returns the number of steps compared."""
    from edgesnn.codegen import HostC
    from edgesnn.sim.detector import StreamDetector

    say("compare with the generated C")
    assert network.detector is not None
    scores, detected = HostC(network).run_stream(heard.features)
    expected = StreamDetector(network.detector, network.classes).push(heard.scores)
    differ = np.flatnonzero((scores != heard.scores).any(axis=1) | (detected != expected))
    if len(differ):
        raise VerifyError(f"engine and generated C differ from step {differ[0]} of the stream on")
    return len(scores)


def draw_det(result: StreamResult, path: Path) -> None:
    """The DET curve as PNG: missed keywords against false accepts an hour."""
    from matplotlib.figure import Figure

    from edgesnn.files import atomic_path

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    accepts, rejects = _axes(result.curve)
    axes.plot(accepts, rejects, drawstyle="steps-post")
    own = result.error
    axes.plot(own.false_accepts_an_hour, 100 * own.false_reject_rate, "o", label="detector")
    axes.set_xscale("symlog", linthresh=1)
    axes.set(xlabel="false accepts an hour", ylabel="keywords missed (%)", ylim=(0, None))
    axes.set_title(f"{result.network.name}: {result.origin}", fontsize=9)
    axes.grid(alpha=0.3)
    axes.legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def _axes(curve: Sequence[DetectionError]) -> tuple[list[float], list[float]]:
    """The best that any threshold reaches at so many false accepts an hour."""
    points = sorted((p.false_accepts_an_hour, 100 * p.false_reject_rate) for p in curve)
    best = np.minimum.accumulate([missed for _, missed in points]).tolist()
    envelope = dict(zip((accepts for accepts, _ in points), best, strict=True))
    return list(envelope), list(envelope.values())
