"""Batches: shuffled and varied training clips, with made quiet ones among them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from edgesnn.trainer.config import TrainConfig
from edgesnn.trainer.features import FeatureSet
from edgesnn.trainer.masking import mix


class Batch(NamedTuple):
    """Clips to learn from.

    Attributes:
        features: int8 `(T, B, channels)`.
        targets: float32 `(B, classes)`, probabilities.
        quiet: bool `(B,)`, true where nothing is said.
        before: float32 `(B, classes)`, targets of the clip heard before; 0 behind a reset.
    """

    features: Tensor
    targets: Tensor
    quiet: Tensor
    before: Tensor

    def to(self, device: str) -> Batch:
        """The same on `device`."""
        return Batch(*(part.to(device) for part in self))


@dataclass(frozen=True)
class Material:
    """What a run learns from.

    Attributes:
        clips: the training split and its varied copies.
        classes: how many there are.
        silence: label of silence, or None.
        quiet: made quiet clips int8 `(clips, T, channels)`, of which some join each batch.
        vary: a varied copy of a batch's features `(B, T, channels)`.
    """

    clips: FeatureSet
    classes: int
    silence: int | None
    quiet: npt.NDArray[np.int8]
    vary: Callable[[npt.NDArray[np.int8], np.random.Generator], npt.NDArray[np.int8]]


def batch_count(material: Material, config: TrainConfig) -> int:
    """Batches an epoch; clips that do not fill one are left out."""
    return material.clips.clips // min(config.optimiser.batch, material.clips.clips)


def batches(
    material: Material, config: TrainConfig, variant: int, random: np.random.Generator
) -> Generator[Batch, None, None]:
    """Shuffled batches of variant `variant`."""
    training = material.clips
    size = min(config.optimiser.batch, training.clips)
    clips = training.variant(variant)
    order = random.permutation(training.clips)
    for first in range(0, training.clips - size + 1, size):
        chosen = np.sort(order[first : first + size])
        varied = material.vary(clips[chosen], random)
        labels = training.labels[chosen]
        mixed, targets = mix(varied, labels, material.classes, config.augment.mixup, random)
        made = _made(material, config.loss.silence.clips, random)
        frames = np.concatenate([mixed, made]).transpose(1, 0, 2)
        silent = targets[:, material.silence] == 1.0 if material.silence is not None else labels < 0
        quiet = np.concatenate([silent, np.ones(len(made), np.bool_)])
        wanted = np.concatenate([targets, _nothing_said(material, len(made))])
        places = _places(len(quiet), config.augment.chain, random)
        yield Batch(
            torch.from_numpy(np.ascontiguousarray(frames[:, places])),
            torch.from_numpy(wanted[places]),
            torch.from_numpy(quiet[places]),
            torch.from_numpy(_before(wanted[places], config.augment.chain)),
        )


def _places(clips: int, links: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """The order in which clips are chained, without those left over; theirs where none are."""
    if links == 1:
        return np.arange(clips)
    return random.permutation(clips)[: max(clips // links, 1) * links]


def _before(targets: npt.NDArray[np.float32], links: int) -> npt.NDArray[np.float32]:
    """Targets of the clip before each in its chain (`edgesnn.trainer.chain`); 0 for the first."""
    rows = len(targets) // links
    shifted = np.zeros_like(targets)
    shifted[rows:] = targets[:-rows]
    return shifted


def _made(material: Material, count: int, random: np.random.Generator) -> npt.NDArray[np.int8]:
    if not count:
        return material.quiet[:0]
    return material.quiet[random.integers(0, len(material.quiet), count)]


def _nothing_said(material: Material, count: int) -> npt.NDArray[np.float32]:
    """Silence where it is a class, else every class alike."""
    targets = np.full((count, material.classes), 1.0 / material.classes, np.float32)
    if material.silence is not None:
        targets = np.tile(np.eye(material.classes, dtype=np.float32)[material.silence], (count, 1))
    return targets
