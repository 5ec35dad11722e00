"""Decoding a split, on two threads and once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from edgesnn.errors import DataError
from edgesnn.progress import progress
from edgesnn.trainer.data.cache import cached_array
from edgesnn.trainer.data.dataset import CLIP_SAMPLES, Clip, Dataset, Pcm, PcmSet

BLOCK = 256
"""Clips that are decoded before the next write."""


def load_pcm(dataset: Dataset, split: str) -> PcmSet:
    """Decode all clips of a split, or take them from the cache.

    Raises:
        DataError: the split is empty, or a file cannot be used; names the file.
        UsageError: there is no such split.
    """
    clips = dataset.split(split)
    if not clips:
        where = f" ({dataset.folder})" if dataset.folder else ""
        raise DataError(f"the {split} split of {dataset.name}{where} is empty; add recordings")
    shape = (len(clips), CLIP_SAMPLES)
    key = dataset.fingerprint(split)
    pcm = cached_array("pcm", key, shape, np.int16, lambda: _decode(clips, split))
    labels = np.array([clip.label for clip in clips], np.int64)
    return PcmSet(pcm, labels, tuple(clip.name for clip in clips))


def _decode(clips: Sequence[Clip], split: str) -> Iterator[Pcm]:
    """Yield int16 (up to BLOCK, 16000) in the clips' order."""
    threads = min(os.cpu_count() or 1, 8)
    with (
        progress(f"decode {split}", len(clips)) as advance,
        ThreadPoolExecutor(threads) as pool,
    ):
        for start in range(0, len(clips), BLOCK):
            block = clips[start : start + BLOCK]
            yield np.stack(list(pool.map(_pcm, block)))
            advance(len(block))


def _pcm(clip: Clip) -> Pcm:
    return clip.source.pcm()
