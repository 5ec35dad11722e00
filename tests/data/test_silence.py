"""Silence and noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgesnn.trainer.data.dataset import SPLITS
from edgesnn.trainer.data.silence import (
    MadeNoise,
    background_noise,
    made_noise,
    silence_clips,
)

from .conftest import WriteTone


def test_silences_span_digital_silence_to_full_noise() -> None:
    clips = silence_clips(made_noise(0), {"training": 400}, label=7, seed=0)
    assert len(clips) == 400 and {clip.label for clip in clips} == {7}
    level = np.array([np.sqrt(np.mean(c.source.pcm().astype(float) ** 2)) for c in clips])
    assert 0.05 < np.mean(level == 0) < 0.2
    assert level.max() > 300
    quiet = np.mean((level > 0) & (level < 20))
    assert 0.2 < quiet < 0.7


def test_splits_and_seeds_draw_other_silences() -> None:
    background = made_noise(0)
    counts = dict.fromkeys(SPLITS, 20)
    first = silence_clips(background, counts, 0, seed=0)
    assert first == silence_clips(background, counts, 0, seed=0)
    assert first != silence_clips(background, counts, 0, seed=1)
    keys = [clip.source.key() for clip in first]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(("slope", "low_share"), [(0.0, 0.5), (1.0, 0.9), (2.0, 0.99)])
def test_made_noise_has_its_level_and_colour(slope: float, low_share: float) -> None:
    pcm = MadeNoise(3, slope, 500.0).pcm().astype(float)
    assert abs(np.sqrt(np.mean(pcm**2)) - 500) < 5
    power = np.abs(np.fft.rfft(pcm)) ** 2
    assert abs(power[:4_000].sum() / power.sum() - low_share) < 0.06


def test_span_of_a_resampled_recording(tmp_path: Path, write_tone: WriteTone) -> None:
    write_tone(tmp_path / "hum.wav", samples=480_000, rate=48_000, channels=2)
    spans, notes = background_noise(tmp_path, seed=0, resample=True)
    assert notes == ()
    assert [len(spans[split][0].pcm()) for split in SPLITS] == [128_000, 16_000, 16_000]
