"""What a room and a microphone do to a clean voice: echo, noise, level."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgesnn.trainer.data.audio import to_int16
from edgesnn.trainer.data.dataset import CLIP_SAMPLES, SAMPLE_RATE, Pcm
from edgesnn.trainer.data.silence import made_spectrum

Signal = npt.NDArray[np.float64]


def record(voice: Signal, random: np.random.Generator) -> Pcm:
    """Hear a clean float64 (16000,) in a random room: int16 (16000,).

    Reverberation of 60 to 350 ms, coloured noise 6 to 35 dB below the voice, and a peak
    between -24 and -3 dB of full scale.
    """
    heard = _reverberate(voice, random)
    loudness = np.sqrt(np.mean(heard**2)) + 1e-12
    snr = random.uniform(6.0, 35.0)
    noise = made_spectrum(random, random.uniform(0.0, 2.0), CLIP_SAMPLES)
    heard = heard / loudness + noise * 10 ** (-snr / 20)
    peak = 32768 * 10 ** (random.uniform(-24.0, -3.0) / 20)
    return to_int16(heard * (peak / np.max(np.abs(heard))))


def _reverberate(signal: Signal, random: np.random.Generator) -> Signal:
    """Convolve with noise that decays by 60 dB in the room's time, under the direct sound."""
    seconds = random.uniform(0.06, 0.35)
    length = int(seconds * SAMPLE_RATE)
    tail = random.standard_normal(length) * 10 ** (-3.0 * np.arange(length) / length)
    tail *= random.uniform(0.0, 0.6) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = 2 * CLIP_SAMPLES
    spectrum = np.fft.rfft(signal, size) * np.fft.rfft(tail, size)
    return np.asarray(np.fft.irfft(spectrum, size)[:CLIP_SAMPLES])
