"""Sounds in which nothing is said: digital silence, mains hum, noise. A network owes them rest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgesnn.frontend import FrontEnd, at_rate
from edgesnn.frontend import features as front_end_features
from edgesnn.trainer.data.audio import to_int16
from edgesnn.trainer.data.dataset import CLIP_SAMPLES, SAMPLE_RATE
from edgesnn.trainer.data.silence import made_spectrum

#: Levels below full scale, decibels: noise, and hum, which bands above it do not hear.
NOISE_DB, HUM_DB = (-75.0, -25.0), (-60.0, -15.0)

#: Mains frequencies, hertz, and how far they stray.
MAINS, STRAY = (50.0, 60.0), 0.5

#: Harmonics of the mains.
HARMONICS = 8

Floats = npt.NDArray[np.float64]


def quiet_features(frontend: FrontEnd, clips: int, seed: int) -> npt.NDArray[np.int8]:
    """Features int8 `(clips, T, bands)` of made quiet seconds; the same for a seed."""
    random = np.random.default_rng((seed, clips))
    kinds = (_silence, _hum, _noise, _noise, _noise)
    if not clips:
        return np.zeros((0, frontend.frames(frontend.sample_rate), frontend.bands), np.int8)
    pcm = np.stack([to_int16(kinds[n % len(kinds)](random) * 32768.0) for n in range(clips)])
    return front_end_features(at_rate(pcm, frontend), frontend)


def _silence(random: np.random.Generator) -> Floats:
    """Nothing, or what a converter's last bits make of it."""
    return random.standard_normal(CLIP_SAMPLES) * (random.integers(0, 3) / 32768.0)


def _hum(random: np.random.Generator) -> Floats:
    time = np.arange(CLIP_SAMPLES) / SAMPLE_RATE
    first = random.choice(MAINS) + random.uniform(-STRAY, STRAY)
    parts = range(1, HARMONICS + 1)
    strength = random.uniform(0.0, 1.0, HARMONICS) / np.array(parts)
    phase = random.uniform(0.0, 2 * np.pi, HARMONICS)
    waves = [
        a * np.sin(2 * np.pi * first * n * time + p)
        for n, a, p in zip(parts, strength, phase, strict=True)
    ]
    return _at(np.sum(waves, axis=0), random.uniform(*HUM_DB))


def _noise(random: np.random.Generator) -> Floats:
    """White to brown."""
    return _at(
        made_spectrum(random, random.uniform(0.0, 2.0), CLIP_SAMPLES), random.uniform(*NOISE_DB)
    )


def _at(wave: Floats, decibels: float) -> Floats:
    scaled: Floats = wave / np.sqrt(np.mean(wave**2) + 1e-12) * 10 ** (decibels / 20)
    return scaled
