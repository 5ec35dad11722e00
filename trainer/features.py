"""From recordings to the features that the network trains on, made once and cached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgesnn.frontend import FrontEnd, at_rate, fit_offsets, log_mel
from edgesnn.frontend import features as front_end_features
from edgesnn.progress import track
from edgesnn.trainer.augment import BLOCK, vary
from edgesnn.trainer.config import AugmentSettings, TrainConfig
from edgesnn.trainer.data import SAMPLE_RATE, Dataset, cached_array, load_pcm

#: Clips from which the offsets of the bands are fitted.
FITTED_CLIPS = 4096

#: Changes when the meaning of cached features does.
CACHE_VERSION = 2

Int8 = npt.NDArray[np.int8]


@dataclass(frozen=True)
class FeatureSet:
    """Features of a split: `variants` int8 `(variants, clips, T, channels)`, labels `(clips,)`."""

    variants: Int8
    labels: npt.NDArray[np.int64]

    @property
    def clips(self) -> int:
        """Number of clips."""
        return len(self.labels)

    def variant(self, index: int) -> Int8:
        """Variant `index`, counted round and round."""
        chosen: Int8 = self.variants[index % len(self.variants)]
        return chosen


def evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """Indices, int64, of at most `most` of `count` things, the first and the last among them."""
    return np.linspace(0, count - 1, min(most, count)).astype(np.int64)


def fit_front_end(dataset: Dataset, config: TrainConfig) -> FrontEnd:
    """The configuration's front-end with offsets fitted on training clips."""
    pcm = load_pcm(dataset, "training").pcm
    some = evenly(len(pcm), FITTED_CLIPS)
    settings = FrontEnd(**config.frontend.model_dump())
    heard = at_rate(np.ascontiguousarray(pcm[some]), settings)
    return fit_offsets(log_mel(heard, settings), settings)


def split_features(dataset: Dataset, split: str, frontend: FrontEnd) -> FeatureSet:
    """Features of a split as recorded."""
    pcm = load_pcm(dataset, split)
    made = _cached(dataset, split, frontend, None, 1, pcm.pcm)
    return FeatureSet(made, pcm.labels)


def training_features(dataset: Dataset, frontend: FrontEnd, augment: AugmentSettings) -> FeatureSet:
    """Features of the training split: as recorded, and `augment.variants` varied copies."""
    pcm = load_pcm(dataset, "training")
    made = _cached(dataset, "training", frontend, augment, 1 + augment.variants, pcm.pcm)
    return FeatureSet(made, pcm.labels)


def _cached(
    dataset: Dataset,
    split: str,
    frontend: FrontEnd,
    augment: AugmentSettings | None,
    variants: int,
    pcm: npt.NDArray[np.int16],
) -> Int8:
    steps = frontend.frames(pcm.shape[1] * frontend.sample_rate // SAMPLE_RATE)
    shape = (variants * len(pcm), steps, frontend.bands)

    def rows() -> Iterator[Int8]:
        for index in track(range(variants), f"features of {split}"):
            yield from _variant(dataset, frontend, augment, index, pcm)

    key = _key(dataset.fingerprint(split), frontend, augment if variants > 1 else None)
    made = cached_array("features", key, shape, np.int8, rows)
    shaped: Int8 = made.reshape(variants, len(pcm), *shape[1:])
    return shaped


def _variant(
    dataset: Dataset,
    frontend: FrontEnd,
    augment: AugmentSettings | None,
    index: int,
    pcm: npt.NDArray[np.int16],
) -> Iterator[Int8]:
    if augment is None or index == 0:
        blocks: Iterator[npt.NDArray[np.int16]] = (
            pcm[first : first + BLOCK] for first in range(0, len(pcm), BLOCK)
        )
    else:
        blocks = vary(pcm, dataset.noise("training"), augment, (CACHE_VERSION, index))
    for block in blocks:
        yield front_end_features(at_rate(np.ascontiguousarray(block), frontend), frontend)


def _key(fingerprint: str, frontend: FrontEnd, augment: AugmentSettings | None) -> str:
    settings = augment.model_dump(include=_PCM_FIELDS) if augment else {}
    if settings.get("interpolation") == "linear":  # as copies were made before there was a choice
        del settings["interpolation"]
    text = json.dumps([CACHE_VERSION, fingerprint, frontend.to_dict(), settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


#: Settings that decide the cached copies; the others are applied batch by batch.
_PCM_FIELDS = {
    "variants",
    "shift_ms",
    "speed",
    "interpolation",
    "gain_db",
    "noise",
    "noise_snr_db",
}
