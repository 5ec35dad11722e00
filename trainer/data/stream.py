"""Hours of sound to try a detector on: words of a split over the noise of that split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgesnn.errors import DataError
from edgesnn.network.arrays import IntArray
from edgesnn.progress import progress
from edgesnn.trainer.data.dataset import CLIP_SAMPLES, SAMPLE_RATE, SILENCE, UNKNOWN, Dataset, Pcm
from edgesnn.trainer.data.pcm import load_pcm

PAUSE_SECONDS = (0.5, 4.0)
"""Shortest and longest pause between the ends of two clips, uniform."""

KEYWORD_SHARE = 0.5
"""Share of the words that are keywords, where there are other words."""

NOISE_SECONDS = (5.0, 20.0)
"""How long one stretch of noise lasts before another takes over, uniform."""

NOISE_DB = (-60.0, -10.0)
"""Gain of a stretch of noise, uniform in decibels: from a quiet room to a noisy one."""


@dataclass(frozen=True)
class Utterance:
    """A word in a stream: it lies in samples `start` to `stop`, and is of class `label`."""

    start: int
    stop: int
    label: int
    name: str


@dataclass(frozen=True, eq=False)
class SoundStream:
    """A long recording and what is said in it.

    Attributes:
        pcm: int16 `(samples,)` at 16 kHz.
        utterances: in order of time; they do not overlap.
        classes: of the dataset.
    """

    pcm: Pcm
    utterances: tuple[Utterance, ...]
    classes: tuple[str, ...]

    @property
    def hours(self) -> float:
        """How long it is."""
        return len(self.pcm) / SAMPLE_RATE / 3600


def make_stream(dataset: Dataset, split: str, hours: float, seed: int = 0) -> SoundStream:
    """Words of `split`, in random order with pauses, over noise whose level and kind change.

    The words are taken in turn out of a shuffled list, anew when it is used up: a long stream
    hears each several times, in other noise. The same arguments give the same bytes.

    Args:
        dataset: keywords, and `unknown` words where it has them.
        split: `validation` to choose a detector on, `testing` to measure it.
        hours: length; at least one word is said.
        seed: of order, pauses and noise.

    Raises:
        DataError: the split has no words, or a file cannot be used.
    """
    random = np.random.default_rng([seed, 7])
    decoded = load_pcm(dataset, split)
    spoken = np.array([dataset.classes[label] != SILENCE for label in decoded.labels])
    if not spoken.any():
        raise DataError(f"the {split} split of {dataset.name} has no words to put into a stream")
    samples = max(int(hours * 3600 * SAMPLE_RATE), 3 * CLIP_SAMPLES)
    bed = _bed(dataset.noise(split), samples, random)
    other = np.array([dataset.classes[label] == UNKNOWN for label in decoded.labels])
    turns = _Turns(np.flatnonzero(spoken & ~other), np.flatnonzero(spoken & other), random)
    utterances = []
    with progress("lay out the stream", samples) as advance:
        for start in _starts(samples, random):
            clip = turns.next()
            bed[start : start + CLIP_SAMPLES] += decoded.pcm[clip]
            label, name = int(decoded.labels[clip]), decoded.names[clip]
            utterances.append(Utterance(start, start + CLIP_SAMPLES, label, name))
            advance(CLIP_SAMPLES)
    pcm = np.clip(np.rint(bed), -32768, 32767).astype(np.int16)
    return SoundStream(pcm, tuple(utterances), dataset.classes)


class _Turns:
    """Keywords and other words by chance, each list shuffled and started again at its end."""

    def __init__(self, keywords: IntArray, others: IntArray, random: np.random.Generator) -> None:
        self._lists = [each for each in (keywords, others) if len(each)]
        self._queues: list[list[int]] = [[] for _ in self._lists]
        self._random = random

    def next(self) -> int:
        """Index of the next clip."""
        which = int(self._random.random() >= KEYWORD_SHARE) if len(self._lists) == 2 else 0
        if not self._queues[which]:
            self._queues[which] = self._random.permutation(self._lists[which]).tolist()
        return self._queues[which].pop()


def _starts(samples: int, random: np.random.Generator) -> list[int]:
    """Where clips begin: after a pause each, the last one whole before the end."""
    starts: list[int] = []
    at = 0
    while True:
        at += int(random.uniform(*PAUSE_SECONDS) * SAMPLE_RATE)
        if at + CLIP_SAMPLES > samples:
            return starts or [samples - CLIP_SAMPLES]
        starts.append(at)
        at += CLIP_SAMPLES


def _bed(noise: list[Pcm], samples: int, random: np.random.Generator) -> np.ndarray:
    """Noise, float32 `(samples,)` in LSB: stretches of the recordings, one after the other."""
    bed = np.zeros(samples, np.float32)
    at = 0
    while noise and at < samples:
        length = min(int(random.uniform(*NOISE_SECONDS) * SAMPLE_RATE), samples - at)
        recording = noise[int(random.integers(len(noise)))]
        first = int(random.integers(len(recording)))
        gain = 10 ** (random.uniform(*NOISE_DB) / 20)
        bed[at : at + length] = (
            np.take(recording, np.arange(first, first + length), mode="wrap") * gain
        )
        at += length
    return bed
