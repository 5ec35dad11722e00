"""Streams of recordings, detection errors, and `evaluate --stream` and `listen` as programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from edgesnn.cli.boundary import run
from edgesnn.errors import DataError, MissingExtraError, NetworkError, UsageError
from edgesnn.network import Detector, Network, load_network, save_network
from edgesnn.network.arrays import IntArray
from edgesnn.pipeline.listen import Listener, Moment, chunk_of, microphone_chunks, microphones
from edgesnn.pipeline.pretrained import load_pretrained
from edgesnn.pipeline.sound import hear
from edgesnn.sim.detection_error import Word, best_point, det_curve, score
from edgesnn.sim.detector import Margins, StreamDetector
from edgesnn.trainer.data import Clip, Dataset
from edgesnn.trainer.data.stream import KEYWORD_SHARE, make_stream

from .codegen_networks import tiny_network

CLASSES = ("yes", "no", "unknown", "silence")


@dataclass(frozen=True)
class Constant:
    """A source whose samples are all `value`."""

    value: int
    samples: int = 16000

    def pcm(self) -> IntArray:
        return np.full(self.samples, self.value, np.int16)

    def key(self) -> str:
        return f"constant {self.value} {self.samples}"


def _dataset(labels: tuple[int, ...] = (0, 0, 1, 1, 2, 2, 3), noise: int = 0) -> Dataset:
    clips = tuple(
        Clip(f"{CLASSES[label]}/{number}", label, "someone", "testing", Constant(100 * (label + 1)))
        for number, label in enumerate(labels)
    )
    background = {"testing": (Constant(noise, 48000),)} if noise else {}
    return Dataset("made", CLASSES, clips, background)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGESNN_CACHE", str(tmp_path / "cache"))


def test_a_stream_holds_its_words_and_silence_between_them() -> None:
    stream = make_stream(_dataset(), "testing", 0.05, seed=3)
    assert len(stream.pcm) == 0.05 * 3600 * 16000
    said = np.zeros(len(stream.pcm), np.int16)
    for word in stream.utterances:
        assert word.stop - word.start == 16000
        assert not said[word.start : word.stop].any()
        said[word.start : word.stop] = 100 * (word.label + 1)
    assert np.array_equal(stream.pcm, said)
    assert all(word.label != 3 for word in stream.utterances)
    assert {word.label for word in stream.utterances} == {0, 1, 2}


def test_the_same_seed_gives_the_same_stream_and_another_seed_another() -> None:
    streams = [make_stream(_dataset(noise=900), "testing", 0.02, seed) for seed in (1, 1, 2)]
    assert np.array_equal(streams[0].pcm, streams[1].pcm)
    assert streams[0].utterances == streams[1].utterances
    assert streams[0].utterances != streams[2].utterances


def test_noise_lies_under_the_words_at_changing_levels() -> None:
    stream = make_stream(_dataset(noise=30000), "testing", 0.05, seed=0)
    quiet = np.ones(len(stream.pcm), bool)
    for word in stream.utterances:
        quiet[word.start : word.stop] = False
    levels = np.unique(stream.pcm[quiet])
    assert len(levels) > 5 and levels.min() >= 30 and levels.max() <= 9487


def test_about_half_of_the_words_are_keywords() -> None:
    stream = make_stream(_dataset(), "testing", 1.0, seed=0)
    share = np.mean([word.label < 2 for word in stream.utterances])
    assert abs(share - KEYWORD_SHARE) < 4 * np.sqrt(0.25 / len(stream.utterances))


def test_a_split_without_words_is_refused() -> None:
    with pytest.raises(DataError, match="has no words to put into a stream"):
        make_stream(_dataset(labels=(3, 3)), "testing", 0.1)


def test_what_counts_as_found_missed_and_false() -> None:
    words = (Word(10, 20, 0), Word(30, 40, 1), Word(50, 60, 0))
    detected = np.full(100, -1)
    detected[[12, 15]] = 0  # found, and once too often
    detected[35] = 0  # the wrong word
    detected[60] = 0  # a step too late
    error = score(detected, words, 7, hours=0.5)
    assert (error.words, error.rejected, error.false_accepts) == (3, 2, 3)
    assert error.false_accepts_an_hour == 6.0
    assert error.false_reject_rate == pytest.approx(2 / 3)


def _margins() -> tuple[Margins, tuple[Word, ...]]:
    """Every word leads by 100 or more, and what is none by less, but for one time."""
    best, lead = np.zeros(3000, np.int64), np.zeros(3000, np.int64)
    words = tuple(Word(at, at + 50, 0) for at in range(100, 3000, 200))
    for number, word in enumerate(words):
        lead[word.start + 10 : word.start + 30] = 100 + number
    lead[220:230], lead[420:430] = 50, 105
    return Margins(best, lead), words


def test_a_det_curve_trades_rejects_for_accepts() -> None:
    margins, words = _margins()
    detector = Detector(threshold=1, refractory=5, rejected=("silence",))
    curve = det_curve(margins, words, detector, CLASSES, hours=1.0)
    rejects = [point.rejected for point in curve]
    assert rejects == sorted(rejects)
    assert best_point(curve, 1.0).rejected == 0
    assert best_point(curve, 1.0).false_accepts == 1
    strict = best_point(curve, 0.0)
    assert (strict.false_accepts, strict.rejected) == (0, 6)
    for point in curve:
        detected = StreamDetector(replace(detector, threshold=point.threshold), CLASSES).decide(
            margins
        )
        assert score(detected, words, point.threshold, 1.0) == point


def test_without_any_margin_nothing_is_detected() -> None:
    still = Margins(np.zeros(10, np.int64), np.zeros(10, np.int64))
    detector = Detector(threshold=1)
    curve = det_curve(still, (Word(1, 5, 0),), detector, CLASSES, hours=1.0)
    assert [point.rejected for point in curve] == [1]


# ---- listening


@pytest.fixture(scope="module")
def network() -> Network:
    """The shipped network with a detector that is quick to speak."""
    shipped = load_pretrained("gsc")
    detector = Detector(smoothing=1, threshold=1, refractory=5)
    return replace(shipped, detector=detector)


@pytest.fixture(scope="module")
def sound() -> IntArray:
    """Six seconds of tones that come and go."""
    time = np.arange(6 * 16000) / 16000
    rng = np.random.default_rng(4)
    tones = sum(np.sin(2 * np.pi * f * time * (1 + 0.1 * np.sin(time))) for f in (310, 900, 2500))
    noisy = tones * (np.sin(3 * time) > 0) * 4000 + rng.standard_normal(len(time)) * 30
    return np.asarray(noisy).astype(np.int16)


def _detections(moments: list[Moment]) -> list[tuple[float, str, int]]:
    return [(d.seconds, d.word, d.margin) for moment in moments for d in moment.detections]


def test_a_listener_hears_the_same_however_the_samples_come(
    network: Network, sound: IntArray
) -> None:
    whole = Listener(network)
    expected = _detections([whole.push(sound)])
    assert expected
    rng = np.random.default_rng(0)
    cut = Listener(network)
    pieces = np.split(sound, np.sort(rng.integers(0, len(sound), 40)))
    assert _detections([cut.push(piece) for piece in pieces]) == expected
    assert cut.push(sound[:0]).seconds == 6.0
    assert network.detector is not None
    scores = hear(network, sound)[1]
    found = StreamDetector(network.detector, network.classes).push(scores)
    assert [network.classes[c] for c in found[found >= 0]] == [word for _, word, _ in expected]


def test_leads_are_over_the_best_of_the_others(network: Network, sound: IntArray) -> None:
    moment = Listener(network).push(sound)
    leads = np.array(moment.leads)
    assert np.sum(leads > 0) == 1 and leads.max() == -np.sort(leads)[-2]
    assert all(0 <= share < 0.5 for share in moment.firing) and sum(moment.firing) > 0


def test_networks_that_cannot_listen_are_named(network: Network) -> None:
    with pytest.raises(NetworkError, match="has no front-end"):
        Listener(replace(tiny_network(), frontend=None))
    with pytest.raises(UsageError, match="evaluate BUILD --stream --choose 1"):
        Listener(replace(network, detector=None))


@pytest.fixture
def files(network: Network, sound: IntArray, tmp_path: Path) -> tuple[str, str]:
    save_network(network, tmp_path / "gsc.esnn")
    soundfile.write(tmp_path / "sound.wav", sound, 16000)
    return str(tmp_path / "gsc.esnn"), str(tmp_path / "sound.wav")


def test_listen_prints_a_line_a_detection(
    files: tuple[str, str], network: Network, sound: IntArray, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = _detections([Listener(network).push(sound)])
    assert run(["listen", files[0], "--file", files[1], "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(x["seconds"], x["word"], x["margin"]) for x in lines] == [
        (round(seconds, 3), word, margin) for seconds, word, margin in expected
    ]
    assert run(["listen", files[0], "--file", files[1]]) == 0
    plain = capsys.readouterr().out.splitlines()
    assert len(plain) == len(expected) and expected[0][1] in plain[0]


def test_listen_takes_other_rates_and_channels(
    files: tuple[str, str], sound: IntArray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    doubled = np.repeat(sound, 2)
    soundfile.write(tmp_path / "stereo.flac", np.stack([doubled, doubled], axis=1), 32000)
    assert run(["listen", files[0], "--file", str(tmp_path / "stereo.flac"), "--json"]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ([], 2, "name the network"),
        (["NET", "--file", "absent.wav"], 1, "cannot read absent.wav: no such file"),
        (["NET", "--file", "NET"], 1, "cannot read"),
        (["NET", "--file", "x.wav", "--device", "1"], 2, "exclude each other"),
        (["absent.esnn"], 2, "there is no network at"),
    ],
)
def test_what_listen_refuses(
    arguments: list[str],
    status: int,
    message: str,
    files: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [files[0] if each == "NET" else each for each in arguments]
    assert run(["listen", *given]) == status
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_the_view_shows_words_levels_and_activity(network: Network, sound: IntArray) -> None:
    from rich.console import Console

    from edgesnn.cli.listen_view import ListenView

    view, listener = ListenView(network), Listener(network)
    console = Console(width=80, height=24, record=True, force_terminal=False)
    console.print(view.picture())
    size = chunk_of(listener)
    for first in range(0, len(sound), size):
        view.take(listener.push(sound[first : first + size]))
    console.print(view.picture())
    text = console.export_text()
    assert "listening …" in text and "dBFS" in text and "% firing" in text
    assert all(word in text for word in ("hidden1", "unknown", "6.0 s"))
    assert max(map(len, text.splitlines())) <= 80


class _Microphone:
    """Gives `sound` block by block, then is unplugged."""

    sound: IntArray

    def __init__(self, **settings: Any) -> None:
        self.settings, self.at = settings, 0
        if settings["device"] == 9:
            raise ValueError("Invalid sample rate")

    def __enter__(self) -> _Microphone:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def read(self, size: int) -> tuple[IntArray, bool]:
        block = type(self).sound[self.at : self.at + size, None]
        self.at += size
        if len(block) < size:
            raise KeyboardInterrupt
        return block, False


@pytest.fixture
def soundcard(sound: IntArray, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    _Microphone.sound = sound
    devices = [
        {"name": "Loudspeaker", "max_input_channels": 0},
        {"name": "Microphone", "max_input_channels": 2},
    ]
    module = SimpleNamespace(
        InputStream=_Microphone, PortAudioError=OSError, query_devices=lambda: devices,
        default=SimpleNamespace(device=(1, 0)),
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    yield


@pytest.mark.usefixtures("soundcard")
def test_a_microphone_is_heard_until_it_is_interrupted(
    files: tuple[str, str], network: Network, sound: IntArray, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["listen", files[0], "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(_detections([Listener(network).push(sound)]))


@pytest.mark.usefixtures("soundcard")
def test_microphones_are_listed_and_wrong_ones_refused(network: Network) -> None:
    assert microphones() == [{"index": 1, "name": "Microphone", "channels": 2, "default": True}]
    with pytest.raises(DataError, match="microphone 9 does not record at 16000 Hz"):
        next(microphone_chunks(Listener(network), 9))


def test_without_a_sound_library_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=r"edgesnn\[listen\]"):
        microphones()


# ---- evaluate --stream


def test_choosing_and_evaluating_a_detector(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the embedded recordings, whose classes are not the shipped network's."""
    save_network(replace(load_pretrained("gsc"), detector=None), tmp_path / "gsc.esnn")
    assert run(["evaluate", str(tmp_path / "gsc.esnn")]) == 2
    assert "edgesnn simulate" in capsys.readouterr().err
    assert run(["evaluate", str(tmp_path / "gsc.esnn"), "--stream"]) == 2
    assert "--choose 1" in capsys.readouterr().err
    arguments = ["evaluate", str(tmp_path / "gsc.esnn"), "--stream", "--choose", "1"]
    assert run([*arguments, "--dataset", "synthetic"]) == 2
    assert "has other classes than gsc" in capsys.readouterr().err


@pytest.mark.data
def test_a_detector_on_real_recordings(
    speech_commands: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gsc.esnn"
    save_network(load_pretrained("gsc"), path)
    common = ["--stream", "--hours", "0.1", "--data-dir", str(speech_commands), "--json"]
    assert run(["evaluate", str(path), *common, "--choose", "60"]) == 0
    chosen = json.loads(capsys.readouterr().out)
    detector = load_network(path).detector
    assert detector is not None and detector.threshold == chosen["error"]["threshold"]
    assert chosen["error"]["false_accepts_an_hour"] <= 60
    assert chosen["error"]["false_reject_rate"] < 0.5
    picture = tmp_path / "det.png"
    assert run(["evaluate", str(path), *common, "--exact", "--det", str(picture)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["exact_steps"] == 0.1 * 3600 * 50
    assert document["error"]["words"] > 30
    assert picture.read_bytes().startswith(b"\x89PNG")
