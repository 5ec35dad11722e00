"""From a word and a voice to the moving targets of the synthesiser.

Every sound sets a target for every parameter; smoothing over the joints is the coarticulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgesnn.trainer.data.dataset import CLIP_SAMPLES, SAMPLE_RATE
from edgesnn.trainer.data.phonemes import Phoneme
from edgesnn.trainer.data.voice import Voice

HOP = 32
"""Samples between two targets: 2 ms."""

FRAMES = CLIP_SAMPLES // HOP
FRAMES_PER_MS = SAMPLE_RATE / 1000 / HOP

PITCH, VOICING, ASPIRATION, FRICATION, HISS, HISS_WIDTH, NASAL, F1, F2, F3 = range(10)
PARAMETERS = 10

SMOOTH_MS = {PITCH: 60, F1: 42, F2: 50, F3: 50, VOICING: 22, NASAL: 20}
"""Length of the raised cosine that joins neighbouring targets; 8 ms for all else."""

LONGEST_MS = 900.0
MARGIN_MS = 20.0
BURST_MS = 12.0
VOICE_ONSET_MS = 35.0

Tracks = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Stretch:
    """A run of milliseconds with constant targets."""

    milliseconds: float
    values: npt.NDArray[np.float64]


def articulate(sounds: Sequence[Phoneme], voice: Voice, random: np.random.Generator) -> Tracks:
    """Targets of a word somewhere in a second: float64 (FRAMES, PARAMETERS).

    Pitch in Hz, formants and hiss in Hz, the rest relative amplitudes of 0 to about 1.
    """
    stretches = _stretches(sounds, voice, random)
    lengths = np.array([stretch.milliseconds for stretch in stretches])
    lengths *= min(1.0, LONGEST_MS / lengths.sum())
    start = random.uniform(MARGIN_MS, 1000.0 - MARGIN_MS - lengths.sum())
    edges = start + np.concatenate([[0.0], np.cumsum(lengths)])
    places = np.searchsorted(edges, np.arange(FRAMES) / FRAMES_PER_MS, side="right") - 1
    inside = (places >= 0) & (places < len(stretches))
    values = np.stack([stretch.values for stretch in stretches])
    tracks = values[np.clip(places, 0, len(stretches) - 1)]
    tracks[~inside, VOICING : FRICATION + 1] = 0.0
    tracks[:, PITCH] = _pitch(places, len(stretches), voice, random)
    return _smooth(tracks)


def _stretches(
    sounds: Sequence[Phoneme], voice: Voice, random: np.random.Generator
) -> list[_Stretch]:
    """Targets of each sound; a stop becomes closure, burst and, unvoiced, a breath."""
    stress = random.integers(2)
    stretches: list[_Stretch] = []
    for index, sound in enumerate(sounds):
        stressed = index // 2 == stress
        length = sound.length * (1.2 if stressed else 0.9) / voice.rate
        length *= float(np.exp(random.normal(0.0, 0.15)))
        formants = _formants(sounds, index, voice, random)
        loudness = (1.0 if stressed else 0.75) * float(np.exp(random.normal(0.0, 0.12)))
        stretches += _sound(sound, length, formants, loudness, voice)
    return stretches


def _sound(
    sound: Phoneme,
    length: float,
    formants: npt.NDArray[np.float64],
    loudness: float,
    voice: Voice,
) -> list[_Stretch]:
    def stretch(milliseconds: float, voicing: float, breath: float, hiss: float) -> _Stretch:
        values = np.zeros(PARAMETERS)
        values[VOICING], values[ASPIRATION] = loudness * voicing, loudness * breath
        values[FRICATION] = loudness * hiss * voice.sharpness
        values[HISS], values[HISS_WIDTH] = sound.hiss * voice.tract**0.5, sound.hiss_width
        values[NASAL], values[F1:] = float(sound.nasal), formants
        return _Stretch(milliseconds, values)

    if not sound.stop:
        breath = voice.breath * sound.voicing + sound.aspiration
        return [stretch(length, sound.voicing, breath, sound.frication)]
    parts = [
        stretch(length, sound.voicing, 0.0, 0.0),
        stretch(BURST_MS, sound.voicing, 0.0, sound.frication),
    ]
    if sound.aspiration:
        parts.append(stretch(VOICE_ONSET_MS / voice.rate, 0.0, sound.aspiration, 0.0))
    return parts


def _formants(
    sounds: Sequence[Phoneme], index: int, voice: Voice, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """F1 to F3: the sound's own, drawn towards its neighbours, in this voice."""
    own = np.array(sounds[index].formants)
    near = [sounds[i].formants for i in (index - 1, index + 1) if 0 <= i < len(sounds)]
    firmness = sounds[index].firmness * random.uniform(0.85, 1.0)
    drawn = firmness * own + (1.0 - firmness) * np.mean(near, axis=0)
    wobble = np.exp(random.normal(0.0, 0.03, 3))
    return np.asarray(drawn * voice.tract * np.array(voice.offsets) * wobble)


def _pitch(
    places: npt.NDArray[np.int64], count: int, voice: Voice, random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """A contour in Hz: falling, rising or peaked, with a slow wander."""
    along = np.clip(places / max(1, count - 1), 0.0, 1.0)
    slope, peak = random.normal(-0.15, 0.15), random.normal(0.05, 0.1)
    wander = 0.02 * np.sin(2 * np.pi * (3.0 * np.arange(FRAMES) / FRAMES + random.random()))
    contour = 1.0 + slope * (along - 0.5) + peak * np.sin(np.pi * along) + wander
    pitch = voice.pitch * np.exp(random.normal(0.0, 0.08)) * contour
    return np.asarray(np.maximum(pitch, 60.0))


def _smooth(tracks: Tracks) -> Tracks:
    for parameter in range(PARAMETERS):
        width = max(3, round(SMOOTH_MS.get(parameter, 8) * FRAMES_PER_MS) | 1)
        window = np.hanning(width + 2)[1:-1]
        padded = np.pad(tracks[:, parameter], width // 2, mode="edge")
        tracks[:, parameter] = np.convolve(padded, window / window.sum(), mode="valid")
    return tracks
