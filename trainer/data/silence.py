"""The silence class and the noise to mix in: cuts of long recordings, or made noise."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgesnn.trainer.data.audio import (
    AUDIO_SUFFIXES,
    file_key,
    read_mono_16k,
    read_resampled,
    to_int16,
)
from edgesnn.trainer.data.dataset import CLIP_SAMPLES, SPLITS, Clip, Pcm, Source

PORTIONS: Mapping[str, tuple[float, float]] = {
    "training": (0.0, 0.8),
    "validation": (0.8, 0.9),
    "testing": (0.9, 1.0),
}
"""Which part of the time of each noise recording belongs to which split."""

DIGITAL_SILENCE = 0.1
"""Share of the silence clips that are zeros: a muted or missing microphone."""

QUIETEST_DB = -60.0
"""Lowest gain of the others, which is uniform in decibels up to 0 dB: a quiet room."""


@dataclass(frozen=True)
class NoiseSpan:
    """Samples `start` to `stop`, at 16 kHz, of a noise recording.

    The file must be 16 kHz mono unless `resample` is set, which takes any rate and channels.
    """

    path: Path
    start: int
    stop: int
    resample: bool = False

    def pcm(self) -> Pcm:
        """int16 (stop - start,)."""
        return _whole(self.path, file_key(self.path), self.resample)[self.start : self.stop]

    def key(self) -> str:
        """Changes with the file and the span."""
        return f"{file_key(self.path)}:{self.start}:{self.stop}:{self.resample}"


@dataclass(frozen=True)
class MadeNoise:
    """Made noise whose power falls as 1/f^slope, `level` RMS in LSB."""

    seed: int
    slope: float
    level: float
    samples: int = CLIP_SAMPLES

    def pcm(self) -> Pcm:
        """int16 (samples,)."""
        return _made(self)

    def key(self) -> str:
        """Changes with every setting."""
        return f"made:{self.seed}:{self.slope}:{self.level}:{self.samples}"


@dataclass(frozen=True)
class Scaled:
    """A source, one second of it from sample `start` on, times `gain`."""

    source: Source
    start: int
    gain: float

    def pcm(self) -> Pcm:
        """int16 (16000,)."""
        pcm = self.source.pcm()[self.start : self.start + CLIP_SAMPLES]
        return to_int16(pcm * np.float64(self.gain))

    def key(self) -> str:
        """Changes with the source, the cut and the gain."""
        return f"{self.source.key()}:{self.start}:{self.gain!r}"


def made_spectrum(
    random: np.random.Generator, slope: float, samples: int
) -> npt.NDArray[np.float64]:
    """Gaussian noise of RMS 1, float64 (samples,), whose power falls as 1/f^slope above 20 Hz."""
    spectrum = np.fft.rfft(random.standard_normal(samples))
    frequency = np.maximum(np.arange(len(spectrum)), samples / 800)
    shaped = np.fft.irfft(spectrum * frequency ** (-slope / 2), samples)
    return np.asarray(shaped / np.sqrt(np.mean(shaped**2)))


def background_noise(
    folder: Path, seed: int, resample: bool = False
) -> tuple[dict[str, tuple[Source, ...]], tuple[str, ...]]:
    """The noise of each split, and a note where it had to be made for want of recordings.

    Raises:
        DataError: a recording cannot be read, or must be resampled and `resample` is not set.
    """
    paths = sorted(p for p in folder.glob("[!.]*") if p.suffix.lower() in AUDIO_SUFFIXES)
    spans = noise_spans(paths, resample)
    if all(spans[split] for split in SPLITS):
        return spans, ()
    why = "is too short (ten seconds a recording are needed)" if paths else "has no recordings"
    return made_noise(seed), (f"{folder.name} {why}: silence is made noise",)


def noise_spans(paths: Sequence[Path], resample: bool) -> dict[str, tuple[Source, ...]]:
    """Share each recording's time among the splits (PORTIONS); spans under a second fall out."""
    lengths = {path: len(_whole(path, file_key(path), resample)) for path in paths}
    spans: dict[str, tuple[Source, ...]] = {}
    for split, (first, last) in PORTIONS.items():
        cuts = [NoiseSpan(p, int(n * first), int(n * last), resample) for p, n in lengths.items()]
        spans[split] = tuple(span for span in cuts if span.stop - span.start >= CLIP_SAMPLES)
    return spans


def made_noise(seed: int) -> dict[str, tuple[Source, ...]]:
    """White, pink and brown noise of ten seconds for each split, where there are no recordings."""
    slopes = (0.0, 1.0, 2.0)
    return {
        split: tuple(
            MadeNoise(_seed(seed, split, index), slope, 600.0, 10 * CLIP_SAMPLES)
            for index, slope in enumerate(slopes)
        )
        for split in SPLITS
    }


def silence_clips(
    background: Mapping[str, tuple[Source, ...]],
    counts: Mapping[str, int],
    label: int,
    seed: int,
) -> list[Clip]:
    """Draw `counts[split]` silences for each split from that split's own noise.

    One in ten is digital silence; the rest is noise at -60 to 0 dB.
    """
    clips: list[Clip] = []
    for split in SPLITS:
        random = np.random.default_rng(_seed(seed, split, 99))
        for index in range(counts.get(split, 0)):
            source = _draw(background[split], random)
            group = getattr(source.source, "path", Path("made")).stem
            clips.append(Clip(f"silence/{split}_{index:05d}", label, group, split, source))
    return clips


def _draw(sources: Sequence[Source], random: np.random.Generator) -> Scaled:
    source = sources[int(random.integers(len(sources)))]
    start = int(random.integers(_length(source) - CLIP_SAMPLES + 1))
    decibels = random.uniform(QUIETEST_DB, 0.0)
    gain = 0.0 if random.random() < DIGITAL_SILENCE else round(10 ** (decibels / 20), 6)
    return Scaled(source, start, gain)


def _length(source: Source) -> int:
    if isinstance(source, NoiseSpan):
        return source.stop - source.start
    return source.samples if isinstance(source, MadeNoise) else len(source.pcm())


def _seed(seed: int, split: str, index: int) -> int:
    """A seed of its own for each split and use."""
    sequence = np.random.SeedSequence([seed, SPLITS.index(split), index])
    return int(sequence.generate_state(1)[0])


@functools.lru_cache(maxsize=16)
def _made(noise: MadeNoise) -> Pcm:
    random = np.random.Generator(np.random.PCG64(noise.seed))
    pcm = to_int16(made_spectrum(random, noise.slope, noise.samples) * noise.level)
    pcm.setflags(write=False)
    return pcm


@functools.lru_cache(maxsize=16)
def _whole(path: Path, key: str, resample: bool) -> Pcm:
    """A whole noise recording; `key` makes a changed file be read again."""
    pcm = read_resampled(path) if resample else read_mono_16k(path)
    pcm.setflags(write=False)
    return pcm
