"""Variation of training clips: what each setting does, and that nothing else happens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from edgesnn.frontend import FrontEnd
from edgesnn.frontend.settings import DEFAULT_OFFSET
from edgesnn.trainer.augment import vary
from edgesnn.trainer.config import AugmentSettings
from edgesnn.trainer.masking import mix, vary_batch
from edgesnn.trainer.resample import read_sinc, read_straight, sinc_weights

STILL = {
    "shift_ms": 0.0,
    "speed": 0.0,
    "gain_db": 0.0,
    "noise": 0.0,
    "shift_frames": 0,
    "band_masks": 0,
    "time_masks": 0,
}


def tones(clips=4):
    time = np.arange(16000) / 16000
    waves = [3000 * (i + 1) * np.sin(2 * np.pi * 200 * (i + 1) * time) for i in range(clips)]
    return np.rint(waves).astype(np.int16)


def varied(pcm, background=(), **changes):
    augment = AugmentSettings(**(STILL | changes))
    return np.concatenate(list(vary(pcm, background, augment, (1, 2))))


def test_nothing_set_changes_nothing():
    pcm = tones()
    # The last sample has no right neighbour to interpolate with.
    assert np.array_equal(varied(pcm)[:, :-1], pcm[:, :-1])
    features = np.arange(-60, 60, dtype=np.int8).reshape(2, 10, 6)
    still = AugmentSettings(**STILL)
    assert np.array_equal(vary_batch(features, still, np.random.default_rng(0)), features)


def test_shift_moves_by_at_most_what_is_set():
    click = np.zeros((64, 16000), np.int16)
    click[:, 8000:8010] = 20000
    where = np.abs(varied(click, shift_ms=100.0)).argmax(1)
    assert 6399 <= where.min() < 7500
    assert 8500 < where.max() <= 9611


def test_speed_changes_the_pitch_by_at_most_what_is_set():
    pcm = np.repeat(tones(1), 32, axis=0)
    pitch = np.abs(np.fft.rfft(varied(pcm, speed=0.1))).argmax(1)
    assert 179 <= pitch.min() < 190
    assert 210 < pitch.max() <= 221


def test_a_sinc_reads_what_is_there_where_a_sample_lies():
    pcm = tones()
    assert np.array_equal(varied(pcm, interpolation="sinc"), pcm)


def played(tone_hz, speed, read):
    """A tone in the middle of a clip at another speed, and what it should be."""
    time = np.arange(16000)
    tone = np.rint(8000 * np.sin(2 * np.pi * tone_hz / 16000 * time)).astype(np.int16)
    places = 3000.3 + speed * np.arange(8000)
    weights = sinc_weights(speed)
    heard = [
        read_sinc(tone, x, weights) if read == "sinc" else read_straight(tone, x) for x in places
    ]
    return np.array(heard), 8000 * np.sin(2 * np.pi * tone_hz / 16000 * places)


@given(st.floats(1000, 6900), st.floats(0.75, 1.0))
@settings(max_examples=20, deadline=None)
def test_a_sinc_keeps_every_tone_of_the_band(tone_hz, speed):
    heard, expected = played(tone_hz, speed, "sinc")
    off = np.std(heard - expected)
    assert off < np.std(expected) * 10 ** (-45 / 20)
    straight, _ = played(tone_hz, speed, "linear")
    assert off < np.std(straight - expected)


@given(st.floats(1.2, 1.4))
@settings(max_examples=10, deadline=None)
def test_nothing_folds_back_that_a_faster_copy_has_no_room_for(speed):
    heard, expected = played(8000 / speed + 1100, speed, "sinc")
    assert np.std(heard) < np.std(expected) * 10 ** (-45 / 20)


def test_noise_has_the_level_that_is_set():
    pcm = tones()
    hiss = np.random.default_rng(0).normal(0, 500, 40000).astype(np.int16)
    added = varied(pcm, [hiss], noise=1.0, noise_snr_db=[20.0, 20.0])[:, :-1] - pcm[:, :-1].astype(
        float
    )
    levels = 20 * np.log10(pcm.std(1) / added.std(1))
    assert np.allclose(levels, 20.0, atol=0.3)


def test_too_short_noise_is_not_used():
    pcm = tones()
    assert np.array_equal(varied(pcm, [np.ones(500, np.int16)], noise=1.0)[:, :-1], pcm[:, :-1])


@given(st.integers(0, 10_000), st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_masks_hide_whole_bands_and_steps(seed, bands, times):
    features = np.full((5, 20, 12), 77, np.int8)
    augment = AugmentSettings(
        **(STILL | {"band_masks": bands, "band_width": 4, "time_masks": times, "time_width": 3})
    )
    hidden = vary_batch(features, augment, np.random.default_rng(seed)) == 0
    whole_bands, whole_steps = hidden.all(1), hidden.all(2)
    assert np.array_equal(hidden, whole_bands[:, None, :] | whole_steps[:, :, None])
    full = whole_bands.all(1) | whole_steps.all(1)
    assert (whole_bands[~full].sum(1) <= 4 * bands).all()
    assert (whole_steps[~full].sum(1) <= 3 * times).all()


def test_mixup_mixes_features_and_labels_alike():
    random = np.random.default_rng(0)
    labels = np.arange(50) % 5
    features = np.repeat((labels * 20).astype(np.int8), 6).reshape(50, 2, 3)
    mixed, targets = mix(features, labels, 5, 0.4, random)
    assert np.allclose(targets.sum(1), 1.0)
    assert (targets.argmax(1) == labels).mean() > 0.99
    assert ((targets > 0).sum(1) == 2).any()
    expected = targets @ (np.arange(5) * 20.0)
    assert np.abs(mixed[:, 0, 0] - expected).max() <= 0.51
    same, sure = mix(features, labels, 5, 0.0, random)
    assert np.array_equal(same, features)
    assert np.array_equal(sure.argmax(1), labels)


def test_colour_adds_one_smooth_curve_a_clip_and_leaves_the_floor():
    front = FrontEnd(bands=12, floor=10240)
    lowest = np.clip((front.floor - DEFAULT_OFFSET) >> front.shift, -128, 127)
    features = np.random.default_rng(3).integers(lowest + 40, 60, (16, 20, 12)).astype(np.int8)
    features[:, 5:8] = lowest
    augment = AugmentSettings(**(STILL | {"colour_db": 6.0}))
    moved = vary_batch(features, augment, np.random.default_rng(4), front).astype(int)
    added = moved - features
    assert (added[:, 5:8] == 0).all()
    heard = np.delete(added, np.s_[5:8], axis=1)
    assert (heard == heard[:, :1]).all()
    step_db = 2**front.shift * 10 * np.log10(2) / 256
    assert 6.0 < np.abs(heard).max() * step_db <= 12.0 + step_db / 2
    x = np.linspace(-1, 1, 12)
    fitted = np.array([np.polyval(np.polyfit(x, curve, 2), x) for curve in heard[:, 0]])
    assert np.abs(fitted - heard[:, 0]).max() <= 1.0


def test_colour_needs_a_front_end_to_know_its_scale():
    features = np.full((2, 3, 4), 7, np.int8)
    augment = AugmentSettings(**(STILL | {"colour_db": 6.0}))
    assert np.array_equal(vary_batch(features, augment, np.random.default_rng(0)), features)
