"""Varied copies of training clips: other speeds, times, levels and noise, in PCM (Numba)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from edgesnn.trainer.config import AugmentSettings
from edgesnn.trainer.resample import NO_WEIGHTS, read_sinc, read_straight, sinc_weights

Pcm = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]

SAMPLES_A_MS = 16

#: Clips varied at a time.
BLOCK = 1024


@dataclass(frozen=True)
class Draw:
    """Random numbers of a block of clips, one each: float32, or int64 for `start`.

    Attributes:
        speed: samples of the original a sample of the copy.
        shift: samples by which the copy starts later.
        gain: factor.
        noise: RMS of the noise over that of the clip; 0 for none.
        start: first sample of the noise.
    """

    speed: Floats
    shift: Floats
    gain: Floats
    noise: Floats
    start: npt.NDArray[np.int64]


def draw(random: np.random.Generator, clips: int, settings: AugmentSettings, room: int) -> Draw:
    """Draw the variation of `clips` clips; noise may start anywhere below `room`."""

    def decibels(low: float, high: float) -> npt.NDArray[np.float64]:
        return 10.0 ** (random.uniform(low, high, clips) / 20.0)

    far = settings.shift_ms * SAMPLES_A_MS
    low, high = settings.noise_snr_db
    noisy = random.random(clips) < (settings.noise if room > 0 else 0.0)
    return Draw(
        speed=random.uniform(1 - settings.speed, 1 + settings.speed, clips).astype(np.float32),
        shift=random.uniform(-far, far, clips).astype(np.float32),
        gain=decibels(-settings.gain_db, settings.gain_db / 2).astype(np.float32),
        noise=(noisy / decibels(low, high)).astype(np.float32),
        start=random.integers(0, max(room, 1), clips),
    )


def vary(
    pcm: Pcm, noise: Sequence[Pcm], settings: AugmentSettings, seed: Sequence[int]
) -> Iterator[Pcm]:
    """Yield a varied copy of `pcm` int16 `(clips, samples)` in blocks; the same for a `seed`."""
    samples = pcm.shape[1]
    hiss = [n for n in noise if len(n) >= samples]
    joined = np.concatenate(hiss) if hiss else np.zeros(samples, np.int16)
    room = len(joined) - samples if hiss else 0
    random = np.random.default_rng(seed)
    for first in range(0, len(pcm), BLOCK):
        block = np.ascontiguousarray(pcm[first : first + BLOCK])
        d = draw(random, len(block), settings, room)
        out = np.empty_like(block)
        sinc = settings.interpolation == "sinc"
        _vary(block, joined, d.speed, d.shift, d.gain, d.noise, d.start, sinc, out)
        yield out


@njit(cache=True, inline="always")
def _rms(x):  # type: ignore[no-untyped-def]
    total = 0.0
    for value in x:
        total += float(value) * float(value)
    return np.sqrt(total / len(x))


@njit(cache=True, parallel=True)
def _vary(pcm, joined, speed, shift, gain, noise, start, sinc, out):  # type: ignore[no-untyped-def]
    clips, samples = pcm.shape
    middle = samples / 2
    for i in prange(clips):
        clip = pcm[i]
        hiss = joined[start[i] : start[i] + samples]
        level = noise[i] * (_rms(clip) + 1.0) / (_rms(hiss) + 1.0) if noise[i] > 0 else 0.0
        weights = sinc_weights(speed[i]) if sinc else NO_WEIGHTS
        for n in range(samples):
            where = (n - middle - shift[i]) * speed[i] + middle
            value = read_sinc(clip, where, weights) if sinc else read_straight(clip, where)
            value = gain[i] * (value + level * hiss[n])
            out[i, n] = np.int16(min(max(np.rint(value), -32768.0), 32767.0))
