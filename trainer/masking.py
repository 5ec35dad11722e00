"""Variation of feature batches: whole frames of shift, and masks of bands and steps.

Masks are those of SpecAugment (Park et al., 2019), filled with 0: the middle of each band.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgesnn.trainer.config import AugmentSettings

Features = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]


def vary_batch(
    features: Features, settings: AugmentSettings, random: np.random.Generator
) -> Features:
    """A varied copy of int8 `(B, T, channels)`."""
    batch, steps, bands = features.shape
    far = settings.shift_frames
    shift = random.integers(-far, far + 1, (batch, 1))
    when = np.clip(np.arange(steps)[None] - shift, 0, steps - 1)
    varied: Features = features[np.arange(batch)[:, None], when]
    hidden = np.zeros((batch, steps, bands), np.bool_)
    for _ in range(settings.band_masks):
        hidden |= _stretch(batch, bands, settings.band_width, random)[:, None, :]
    for _ in range(settings.time_masks):
        hidden |= _stretch(batch, steps, settings.time_width, random)[:, :, None]
    varied[hidden] = 0
    return varied


def mix(
    features: Features,
    labels: npt.NDArray[np.int64],
    classes: int,
    strength: float,
    random: np.random.Generator,
) -> tuple[Features, npt.NDArray[np.float32]]:
    """Mixup (Zhang et al., 2018): each clip with a share of another, labels likewise.

    Args:
        features: int8 `(B, T, channels)`.
        labels: int64 `(B,)`.
        classes: number of classes.
        strength: α of the Beta distribution of the share; 0 mixes nothing.
        random: generator.

    Returns:
        int8 features, and target probabilities float32 `(B, classes)`.
    """
    targets = np.eye(classes, dtype=np.float32)[labels]
    if not strength:
        return features, targets
    share = random.beta(strength, strength, len(labels)).astype(np.float32)
    share = np.maximum(share, 1 - share)[:, None]
    other = random.permutation(len(labels))
    mixed = features * share[..., None] + features[other] * (1 - share[..., None])
    return np.rint(mixed).astype(np.int8), targets * share + targets[other] * (1 - share)


def _stretch(batch: int, length: int, widest: int, random: np.random.Generator) -> Mask:
    """A run of 0 … `widest` true values in each row of `(batch, length)`."""
    start = random.integers(0, length, (batch, 1))
    width = random.integers(0, widest + 1, (batch, 1))
    index = np.arange(length)[None]
    return np.asarray((index >= start) & (index < start + width))
