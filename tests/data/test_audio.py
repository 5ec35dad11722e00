"""Reading sound files, and bringing them to one second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edgesnn.errors import DataError
from edgesnn.trainer.data.audio import (
    Recording,
    fit_second,
    loudest_second,
    read_audio,
    read_mono_16k,
    read_resampled,
)
from edgesnn.trainer.data.dataset import CLIP_SAMPLES

from .conftest import WriteTone


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus"])
def test_every_format_reads_the_same_tone(
    tmp_path: Path, write_tone: WriteTone, suffix: str
) -> None:
    pcm = read_mono_16k(write_tone(tmp_path / f"tone{suffix}"))
    exact = read_mono_16k(write_tone(tmp_path / "exact.wav"))
    assert pcm.dtype == np.int16 and pcm.shape == (16_000,)
    error = np.sqrt(np.mean((pcm.astype(float) - exact) ** 2) / np.mean(exact.astype(float) ** 2))
    assert error == 0 if suffix in (".wav", ".flac") else error < 0.1


def broken(kind: str, path: Path, write_tone: WriteTone) -> Path:
    if kind == "empty file":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("this is no sound")
    elif kind == "no samples":
        write_tone(path, samples=0)
    elif kind == "header only":
        path.write_bytes(write_tone(path).read_bytes()[:30])
    elif kind == "8 kHz":
        write_tone(path, rate=8_000)
    elif kind == "stereo":
        write_tone(path, channels=2)
    elif kind == "cut flac":
        flac = write_tone(path.with_suffix(".flac"))
        flac.write_bytes(flac.read_bytes()[: flac.stat().st_size // 2])
        return flac
    elif kind == "folder":
        path.mkdir()
    return path


MESSAGES = {
    "empty file": "cannot read",
    "text": "cannot read",
    "no samples": "holds no samples",
    "header only": "cannot read|holds no samples|cut short",
    "8 kHz": "is 8000 Hz with 1 channel.*by --dataset",
    "stereo": "is 16000 Hz with 2 channel.*by --dataset",
    "cut flac": "cannot read|cut short",
    "missing": "no such file",
    "folder": "cannot read",
}


@pytest.mark.parametrize("kind", MESSAGES)
def test_bad_file_is_named_in_one_line(tmp_path: Path, write_tone: WriteTone, kind: str) -> None:
    path = broken(kind, tmp_path / "a_nohash_0.wav", write_tone)
    with pytest.raises(DataError, match=MESSAGES[kind]) as caught:
        Recording(path).pcm()
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus"])
@pytest.mark.parametrize("keep", [0.2, 0.6, 0.999])
def test_cut_file_is_refused_in_every_format(
    tmp_path: Path, write_tone: WriteTone, suffix: str, keep: float
) -> None:
    path = write_tone(tmp_path / f"a{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(DataError, match=r"cut short|cannot read"):
        read_audio(path)


def test_wav_of_a_streaming_writer_is_read(tmp_path: Path, write_tone: WriteTone) -> None:
    path = write_tone(tmp_path / "a.wav")
    content = bytearray(path.read_bytes())
    content[4:8] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert read_mono_16k(path).shape == (16_000,)


@given(st.integers(1, 40_000), st.sampled_from(["start", "centre"]))
def test_any_length_becomes_a_second_that_keeps_the_sound(samples: int, align: str) -> None:
    pcm = np.arange(1, samples + 1).astype(np.int16) | 1
    second = fit_second(pcm, align)  # type: ignore[arg-type]
    assert second.shape == (CLIP_SAMPLES,) and second.dtype == np.int16
    kept = second[second != 0]
    assert len(kept) == min(samples, CLIP_SAMPLES)
    place = np.flatnonzero(second)[0]
    if samples < CLIP_SAMPLES:
        assert place == (0 if align == "start" else (CLIP_SAMPLES - samples) // 2)


@pytest.mark.parametrize("burst", [0, 9_000, 31_000, 47_000])
def test_loudest_second_holds_the_word(burst: int) -> None:
    pcm = np.random.default_rng(0).integers(-20, 20, 48_000).astype(np.int16)
    pcm[burst : burst + 1_000] = 8_000
    start = loudest_second(pcm)
    assert start <= burst and burst + 1_000 <= start + CLIP_SAMPLES


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_resampling_keeps_pitch_level_and_length(
    tmp_path: Path, write_tone: WriteTone, rate: int
) -> None:
    path = write_tone(tmp_path / "tone.wav", samples=rate, rate=rate, channels=2)
    pcm = read_resampled(path)
    exact = read_mono_16k(write_tone(tmp_path / "exact.wav")).astype(float)
    assert abs(len(pcm) - 16_000) <= 1
    middle = slice(2_000, 14_000)
    assert np.max(np.abs(pcm[middle] - exact[middle])) < 0.01 * np.max(exact)


def test_opposite_channels_cancel(tmp_path: Path) -> None:
    left = np.full(16_000, 1_001, np.int16)
    soundfile.write(tmp_path / "a.wav", np.stack([left, -left], axis=1), 16_000)
    assert not read_resampled(tmp_path / "a.wav").any()
