"""Sounds that no word is in: an always-on device hears mostly these."""

from __future__ import annotations

import numpy as np

from edgesnn.network.arrays import IntArray

#: How many clips of each, so that chance evens out.
COUNT = 8


def stimuli(samples: int, rate: int) -> dict[str, IntArray]:
    """Named int16 PCM `(COUNT, samples)` at `rate` samples a second; always the same bytes."""
    rng = np.random.Generator(np.random.PCG64(2026))
    time = np.arange(samples) / rate
    white = rng.standard_normal((COUNT, samples))
    phase = rng.uniform(0, 2 * np.pi, (COUNT, 1))
    hum = sum(np.sin(2 * np.pi * 50 * n * time + n * phase) / n for n in (1, 2, 3, 5))
    return {
        "digital silence": np.zeros((COUNT, samples), np.int16),
        "white noise -50 dBFS": _at_level(white, -50),
        "pink noise -30 dBFS": _at_level(_pink(white), -30),
        "mains hum -30 dBFS": _at_level(np.asarray(hum), -30),
    }


def _at_level(signal: IntArray, decibels: float) -> IntArray:
    """Scale each clip to a root mean square of `decibels` below full scale."""
    root = np.sqrt(np.mean(signal**2, axis=1, keepdims=True))
    scaled = signal / root * 32768 * 10 ** (decibels / 20)
    pcm: IntArray = np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)
    return pcm


def _pink(white: IntArray) -> IntArray:
    """Noise whose power falls with frequency."""
    spectrum = np.fft.rfft(white, axis=1)
    falling = np.sqrt(np.maximum(np.arange(spectrum.shape[1]), 1))
    return np.asarray(np.fft.irfft(spectrum / falling, white.shape[1], axis=1))
