"""The formant synthesiser: a glottal source and noise through moving resonators.

Klatt's cascade branch (JASA 67, 1980) with one resonator of hiss in parallel, and the glottal
flow derivative of Klatt and Klatt (JASA 87, 1990): 2at - 3bt^2 over the open phase.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.trainer.data.articulate import (
    ASPIRATION,
    F1,
    F3,
    FRAMES,
    FRICATION,
    HISS,
    HISS_WIDTH,
    HOP,
    NASAL,
    PITCH,
    VOICING,
    Tracks,
)
from edgesnn.trainer.data.dataset import CLIP_SAMPLES, SAMPLE_RATE
from edgesnn.trainer.data.voice import Voice

OPEN_PHASE = 0.6
BANDWIDTHS = (70.0, 90.0, 140.0, 250.0, 250.0)
"""Of F1 to F5, in Hz (Klatt 1980, table I)."""

UPPER_FORMANTS = (3400.0, 4300.0)
"""F4 and F5 of an adult male; they only follow the voice's tract."""

BRANCHES = 6
"""Five formants in cascade and the hiss."""

Signal = npt.NDArray[np.float64]


def synthesise(tracks: Tracks, voice: Voice, random: np.random.Generator) -> Signal:
    """Sound the tracks of `articulate`: float64 (16000,), voiced RMS of the order of 1."""
    noise = random.standard_normal((2, CLIP_SAMPLES))
    jitter = 1.0 + voice.jitter * random.standard_normal(CLIP_SAMPLES // 40)
    coefficients = _coefficients(tracks, voice)
    signal: Signal = _compiled()(tracks, coefficients, noise, jitter, voice.tilt)
    return signal


def _coefficients(tracks: Tracks, voice: Voice) -> npt.NDArray[np.float64]:
    """(FRAMES, BRANCHES, 3): gain, first and second feedback of each resonator."""
    frequencies = np.empty((FRAMES, BRANCHES))
    frequencies[:, :3] = tracks[:, F1 : F3 + 1]
    frequencies[:, 3:5] = np.array(UPPER_FORMANTS) * voice.tract
    frequencies[:, 5] = tracks[:, HISS]
    widths = np.empty_like(frequencies)
    widths[:, :5] = BANDWIDTHS
    widths[:, 0] *= 1.0 + tracks[:, NASAL]
    widths[:, 1] *= 1.0 + 2.0 * tracks[:, NASAL]
    widths[:, 5] = tracks[:, HISS_WIDTH]
    frequencies = np.clip(frequencies, 150.0, 0.47 * SAMPLE_RATE)
    radius = np.exp(-math.pi / SAMPLE_RATE * widths)
    first = 2.0 * radius * np.cos(2.0 * math.pi / SAMPLE_RATE * frequencies)
    second = -(radius**2)
    gain = 1.0 - first - second
    gain[:, 5] = np.sqrt(widths[:, 5] / SAMPLE_RATE)
    return np.stack([gain, first, second], axis=2)


def run_resonators(
    tracks: npt.NDArray[np.float64],
    coefficients: npt.NDArray[np.float64],
    noise: npt.NDArray[np.float64],
    jitter: npt.NDArray[np.float64],
    tilt: float,
) -> npt.NDArray[np.float64]:
    """The sample loop; plain Python that Numba compiles. Returns float64 (16000,)."""
    samples = noise.shape[1]
    output = np.zeros(samples)
    state = np.zeros((6, 2))
    phase, period, glottis = 0.0, 0, 0.0
    for n in range(samples):
        frame = n // HOP
        phase += tracks[frame, PITCH] * jitter[period % jitter.shape[0]] / SAMPLE_RATE
        if phase >= 1.0:
            phase -= 1.0
            period += 1
        flow = 0.0
        if phase < OPEN_PHASE:
            opened = phase / OPEN_PHASE
            flow = 2.0 * opened - 3.0 * opened * opened
        glottis = tilt * glottis + (1.0 - tilt) * flow
        signal = 4.0 * tracks[frame, VOICING] * glottis + tracks[frame, ASPIRATION] * noise[0, n]
        for k in range(5):
            gain, first, second = coefficients[frame, k]
            signal = gain * signal + first * state[k, 0] + second * state[k, 1]
            state[k, 1] = state[k, 0]
            state[k, 0] = signal
        gain, first, second = coefficients[frame, 5]
        hiss = gain * noise[1, n] + first * state[5, 0] + second * state[5, 1]
        state[5, 1] = state[5, 0]
        state[5, 0] = hiss
        output[n] = signal + tracks[frame, FRICATION] * hiss
    return output


@functools.cache
def _compiled() -> Callable[..., Any]:
    import numba

    compiled: Callable[..., Any] = numba.njit(cache=True, nogil=True)(run_resonators)
    return compiled
