"""The one interface to recordings: clips of a second, three splits, noise to mix in.

A dataset is a value: what it holds is decided when it is opened, and its `seed` fixes the
choice of unknown words and silences. So the test set stays the same however often a network
is trained with other seeds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgesnn.errors import UsageError

SAMPLE_RATE = 16_000
"""Samples a second of everything that the front-end hears."""

CLIP_SAMPLES = 16_000
"""Samples in a clip: exactly one second."""

TRAINING, VALIDATION, TESTING = "training", "validation", "testing"
SPLITS = (TRAINING, VALIDATION, TESTING)

UNKNOWN, SILENCE = "unknown", "silence"

Pcm = npt.NDArray[np.int16]


class Source(Protocol):
    """Where a stretch of sound comes from: a file, a cut of noise, a synthesiser."""

    def pcm(self) -> Pcm:
        """The sound, int16 (samples,) at 16 kHz mono; raises DataError where it cannot be read."""

    def key(self) -> str:
        """A text that changes whenever `pcm` would return something else."""


@dataclass(frozen=True)
class Clip:
    """One labelled second of sound.

    `label` indexes the dataset's classes; `group` names the speaker, voice or noise recording
    that it comes from, which no two splits share; `source` gives int16 (16000,).
    """

    name: str
    label: int
    group: str
    split: str
    source: Source


@dataclass(frozen=True)
class Dataset:
    """Labelled clips in three splits.

    `classes` are in label order; keywords first, then `unknown` and `silence` where the task
    has them. `background` holds the noise recordings of each split, apart in time. `notes` are
    sentences that a user should read: what was left out, and why.
    """

    name: str
    classes: tuple[str, ...]
    clips: tuple[Clip, ...]
    background: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    folder: Path | None = None
    version: str = ""

    def split(self, name: str) -> Sequence[Clip]:
        """The clips of `training`, `validation` or `testing`, in a fixed order.

        Raises:
            UsageError: there is no such split.
        """
        if name not in SPLITS:
            raise UsageError(f"no split is called {name!r}; the splits are {', '.join(SPLITS)}")
        return tuple(clip for clip in self.clips if clip.split == name)

    def noise(self, split: str = TRAINING) -> list[Pcm]:
        """Background noise to mix into clips of `split`: int16 arrays of any length, 16 kHz."""
        return [source.pcm() for source in self.background.get(split, ())]

    def fingerprint(self, split: str | None = None) -> str:
        """A key of everything that decides the PCM and labels of `split`, or of all splits.

        Files count by name, size and time of last change, not by their bytes, so that the key
        of 18,000 recordings takes a fraction of a second. Copying a folder may change it (work
        is repeated), an edit always does. 32 hexadecimal digits.
        """
        digest = hashlib.sha256(repr((self.name, self.classes)).encode())
        for clip in self.clips if split is None else self.split(split):
            digest.update(
                f"{clip.split}\0{clip.label}\0{clip.name}\0{clip.source.key()}\n".encode()
            )
        if split in (None, TRAINING):
            for source in self.background.get(TRAINING, ()):
                digest.update(f"noise\0{source.key()}\n".encode())
        return digest.hexdigest()[:32]


@dataclass(frozen=True)
class PcmSet:
    """One split, decoded.

    `pcm` is int16 (clips, 16000), read-only and usually memory-mapped; `labels` is
    int64 (clips,); `names` has one entry a clip.
    """

    pcm: Pcm
    labels: npt.NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)
