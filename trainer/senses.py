"""What a network perceives of a data set: clips of sound through the front-end, or pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edgesnn.errors import ConfigError
from edgesnn.frontend import FrontEnd, silent_features
from edgesnn.trainer.config import TrainConfig
from edgesnn.trainer.data import CLIP_SAMPLES, SAMPLE_RATE, Dataset, ImageDataset
from edgesnn.trainer.features import (
    FeatureSet,
    fit_front_end,
    split_features,
    training_features,
)
from edgesnn.trainer.masking import vary_batch
from edgesnn.trainer.model_settings import CONVOLUTIONAL
from edgesnn.trainer.pictures import varied
from edgesnn.trainer.quiet import quiet_features
from edgesnn.trainer.shape import FeatureShape, frames, pixels

Int8 = npt.NDArray[np.int8]
Random = np.random.Generator

#: Made quiet clips to train on, and those, from a seed of their own, to measure rest by.
MADE_CLIPS, REST_CLIPS, HELD_OUT = 500, 50, 977


class Senses(Protocol):
    """Features of the splits of a data set, and how they are varied."""

    @property
    def frontend(self) -> FrontEnd | None:
        """How sound becomes features; None of images."""

    @property
    def shape(self) -> FeatureShape:
        """Of a clip or image."""

    @property
    def seconds(self) -> float:
        """Of a clip; an image counts as one."""

    @property
    def step_s(self) -> float:
        """Seconds of a step of its features."""

    @property
    def kind(self) -> str:
        """What is not silence, in a word."""

    def split(self, name: str) -> FeatureSet:
        """The split as recorded."""

    def training(self) -> FeatureSet:
        """The training split, and its varied copies."""

    def vary(self, features: Int8, random: Random) -> Int8:
        """A varied copy of a batch `(B, T, channels)`."""

    def quiet(self, seed: int) -> Int8:
        """Made quiet clips to train on, where the configuration asks for some."""

    def rest(self) -> Int8:
        """Made quiet clips that no batch has; none where there is no sound."""

    def silence(self) -> Int8:
        """Features `(channels,)` of digital silence."""


@dataclass(frozen=True)
class Hearing:
    """Log-mel frames of a second of sound."""

    dataset: Dataset
    config: TrainConfig
    frontend: FrontEnd
    kind = "speech"
    seconds = CLIP_SAMPLES / SAMPLE_RATE

    @property
    def shape(self) -> FeatureShape:
        """Frames of the front-end's bands."""
        return _heard(self.frontend)

    @property
    def step_s(self) -> float:
        """Of a frame."""
        return self.frontend.hop / self.frontend.sample_rate

    def split(self, name: str) -> FeatureSet:
        """The split as recorded."""
        return split_features(self.dataset, name, self.frontend)

    def training(self) -> FeatureSet:
        """The training split, and its varied copies."""
        return training_features(self.dataset, self.frontend, self.config.augment)

    def vary(self, features: Int8, random: Random) -> Int8:
        """Shifted, coloured and masked."""
        return vary_batch(features, self.config.augment, random, self.frontend)

    def quiet(self, seed: int) -> Int8:
        """Made quiet seconds, where the loss asks for some."""
        return quiet_features(self.frontend, MADE_CLIPS * bool(self._wanted), seed=seed)

    def rest(self) -> Int8:
        """Made quiet seconds that no batch has."""
        return quiet_features(self.frontend, REST_CLIPS, seed=HELD_OUT)

    def silence(self) -> Int8:
        """Features `(bands,)` of digital silence."""
        return silent_features(self.frontend)

    @property
    def _wanted(self) -> int:
        return self.config.loss.silence.clips


@dataclass(frozen=True)
class Sight:
    """Pixels, less 128, as int8."""

    dataset: ImageDataset
    config: TrainConfig
    frontend = None
    kind = "images"
    seconds = step_s = 1.0

    @cached_property
    def shape(self) -> FeatureShape:
        """All pixels at once."""
        return pixels(self.dataset.shape)

    def split(self, name: str) -> FeatureSet:
        """The images of a split."""
        images = self.dataset.split(name)
        return FeatureSet(signed(images.pixels).reshape(1, len(images), 1, -1), images.labels)

    def training(self) -> FeatureSet:
        """The training images, varied batch by batch alone."""
        return self.split("training")

    def vary(self, features: Int8, random: Random) -> Int8:
        """Shifted, mirrored, erased in part."""
        if self.config.pictures is None:
            return features
        images = features.reshape(-1, *self.dataset.shape)
        return varied(images, self.config.pictures, random).reshape(features.shape)

    def quiet(self, seed: int) -> Int8:
        """None: `open_senses` refuses a loss that asks for some."""
        return self.rest()

    def rest(self) -> Int8:
        """None."""
        return np.zeros((0, 1, self.shape.channels), np.int8)

    def silence(self) -> Int8:
        """Grey."""
        return np.zeros(self.shape.channels, np.int8)


def shape_of(config: TrainConfig, dataset: Dataset | ImageDataset) -> FeatureShape:
    """Of what a network of `config` is given of `dataset`, known before any of it is read."""
    if isinstance(dataset, ImageDataset):
        return pixels(dataset.shape)
    return _heard(FrontEnd(**config.frontend.model_dump()))


def _heard(frontend: FrontEnd) -> FeatureShape:
    """Frames of a second."""
    return frames(frontend.bands, frontend.frames(frontend.sample_rate))


def signed(values: npt.NDArray[np.uint8]) -> Int8:
    """Pixels less 128."""
    return (values ^ np.uint8(0x80)).view(np.int8)


def open_senses(dataset: Dataset | ImageDataset, config: TrainConfig) -> Senses:
    """How networks of `config` perceive `dataset`; the front-end is fitted to its training split.

    Raises:
        ConfigError: the configuration is not one for images.
        DataError: recordings are missing or corrupt.
    """
    if isinstance(dataset, Dataset):
        return Hearing(dataset, config, fit_front_end(dataset, config))
    if config.model.kind != CONVOLUTIONAL:
        raise ConfigError(
            f"{dataset.name} holds images, which a {config.model.kind} model cannot see: "
            "take --config vgg11, or another with model.kind = 'convolutional'"
        )
    if config.loss.silence.clips:
        raise ConfigError(f"{dataset.name} holds images: loss.silence.clips must be 0")
    return Sight(dataset, config)
