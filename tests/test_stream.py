"""Streams: the engine and the detector, in pieces, against the whole and against the oracle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesnn.codegen import HostC
from edgesnn.detection import DetectorOracle
from edgesnn.errors import NetworkError, UsageError
from edgesnn.network import Detector, Network, dumps, loads
from edgesnn.network.arrays import IntArray
from edgesnn.sim.detector import StreamDetector
from edgesnn.sim.engine import Engine
from edgesnn.sim.stream import PIECE, StreamEngine

from .codegen_networks import keyword_network, tiny_network
from .strategies import clips, detectors, networks

CLASSES = ("yes", "no", "unknown", "silence")


def _cut(values: IntArray, seed: int) -> list[IntArray]:
    rng = np.random.default_rng(seed)
    at = np.sort(rng.integers(0, len(values) + 1, rng.integers(0, 6)))
    return np.split(values, at)


def _scores(seed: int, steps: int = 400) -> IntArray:
    """Walks that cross and part, as scores do."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.integers(-40, 41, (steps, len(CLASSES))), axis=0)
    extremes = rng.random((steps, 1)) < 0.02
    return np.where(extremes, rng.choice((-(1 << 23), (1 << 23) - 1)), walk).astype(np.int32)


@given(networks(), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_pieces_of_a_stream_equal_the_whole(network: Network, seed: int) -> None:
    features = clips(network, seed, count=1, steps=40)
    whole = Engine(network, threads=1).run(features)
    engine = StreamEngine(network)
    heard = [engine.push(piece) for piece in _cut(features[0], seed)]
    scores = np.concatenate([each.scores for each in heard])
    assert np.array_equal(scores, whole.v[network.readout.name][0])
    spikes = np.concatenate([each.spikes for each in heard])
    expected = [whole.spikes[layer.name][0].sum(axis=1) for layer in network.spiking]
    assert np.array_equal(spikes, np.stack(expected, axis=1))


@given(detectors(CLASSES), st.integers(0, 1000))
@settings(max_examples=60, deadline=None)
def test_the_detector_is_the_oracle_however_the_stream_is_cut(
    detector: Detector, seed: int
) -> None:
    scores = _scores(seed)
    expected = DetectorOracle(detector, CLASSES).run(scores)
    stream = StreamDetector(detector, CLASSES)
    found = np.concatenate([stream.push(piece) for piece in _cut(scores, seed)])
    assert np.array_equal(found, expected)


def test_scores_do_lead_to_detections() -> None:
    """Otherwise the comparison above would hold nothing against nothing."""
    detector = Detector(smoothing=1, threshold=50, refractory=3, rejected=("silence",))
    found = DetectorOracle(detector, CLASSES).run(_scores(3))
    assert 3 < np.count_nonzero(found >= 0) < 100
    assert 3 not in found


def _one(detector: Detector, leads: list[int]) -> list[int]:
    """Detections where `yes` leads by so much in each step."""
    scores = np.zeros((len(leads), len(CLASSES)), np.int32)
    scores[:, 0] = leads
    return DetectorOracle(detector, CLASSES).run(scores).tolist()


def test_a_word_is_detected_once_while_it_lasts() -> None:
    detector = Detector(smoothing=0, threshold=10, refractory=2)
    assert _one(detector, [0, 9, 10, 30, 30, 30, 30, 30, 9, 10]) == [-1, -1, 0, *[-1] * 6, 0]


def test_nothing_is_detected_in_the_refractory_time_but_right_after_it() -> None:
    detector = Detector(smoothing=0, threshold=10, refractory=3)
    assert _one(detector, [20, 0, 20, 20, 20, 20]) == [0, -1, -1, -1, 0, -1]


def test_a_rejected_class_hides_the_keyword_behind_it() -> None:
    detector = Detector(smoothing=0, threshold=10, refractory=0, rejected=("yes",))
    assert _one(detector, [20, 20]) == [-1, -1]


def test_smoothing_delays() -> None:
    detector = Detector(smoothing=2, threshold=15, refractory=9)
    assert _one(detector, [20] * 8).index(0) == 5  # 5, 8, 11, 13, 14, 15


def test_a_long_stream_is_run_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    network = tiny_network()
    features = clips(network, 1, count=1, steps=2 * PIECE + 3)
    heard = StreamEngine(network).push(features[0])
    assert np.array_equal(heard.scores, Engine(network).run(features).v[network.readout.name][0])
    assert StreamEngine(network).push(features[0, :0]).scores.shape == (0, network.readout.size)
    with pytest.raises(UsageError, match="int8"):
        StreamEngine(network).push(features[0].astype(np.int16))


def test_generated_c_detects_what_the_engine_detects() -> None:
    detector = Detector(smoothing=1, threshold=400, refractory=2, rejected=("word3",))
    network = replace(keyword_network(frontend=False), detector=detector)
    features = clips(network, 5, count=1, steps=3000)[0]
    scores, found = HostC(network).run_stream(features)
    heard = StreamEngine(network).push(features)
    assert np.array_equal(scores, heard.scores)
    expected = StreamDetector(detector, network.classes).push(heard.scores)
    assert np.array_equal(found, expected)
    assert 5 < np.count_nonzero(found >= 0) < 1500


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"smoothing": 9}, "smoothing is 9; it must be 0 … 8"),
        ({"threshold": 0}, "threshold is 0; it must be 1"),
        ({"refractory": -1}, "refractory is -1"),
        ({"rejected": ("noise",)}, "'noise' is rejected, but it is no class"),
        ({"rejected": "all"}, "every class is rejected"),
    ],
)
def test_faults_are_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        _with_detector(**change)


def test_the_file_keeps_the_detector_and_older_files_stay_as_they_were() -> None:
    network = _with_detector()
    again = loads(dumps(network))
    assert again.detector == network.detector
    assert b'\\"format\\": [1, 1]' in dumps(network)
    plain = _with_detector(detector=False)
    assert b'\\"format\\": [1, 0]' in dumps(plain)
    assert b"detector" not in dumps(plain)


def _with_detector(detector: bool = True, **change: object) -> Network:
    base = tiny_network()
    names = CLASSES[: base.readout.size]
    if change.get("rejected") == "all":
        change["rejected"] = names
    fields: dict[str, object] = {"threshold": 5, "rejected": names[-1:], **change}
    made = Detector(**fields) if detector else None  # type: ignore[arg-type]
    return replace(base, classes=names, detector=made)
