"""Variation of feature batches: whole frames of shift, other microphones, and masks.

Masks are those of SpecAugment (Park et al., 2019), filled with 0: the middle of each band.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edgesnn.frontend import FrontEnd, to_features
from edgesnn.trainer.config import AugmentSettings

#: Of a unit of the log-mel scale: 1/256 octave of power.
DECIBELS = 10 * math.log10(2) / 256

Features = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]


def vary_batch(
    features: Features,
    settings: AugmentSettings,
    random: np.random.Generator,
    frontend: FrontEnd | None = None,
) -> Features:
    """A varied copy of int8 `(B, T, channels)`; only what a `frontend` made can be coloured."""
    batch, steps, bands = features.shape
    far = settings.shift_frames
    shift = random.integers(-far, far + 1, (batch, 1))
    when = np.clip(np.arange(steps)[None] - shift, 0, steps - 1)
    varied: Features = features[np.arange(batch)[:, None], when]
    if settings.colour_db and frontend is not None:
        varied = coloured(varied, settings.colour_db, frontend, random)
    hidden = np.zeros((batch, steps, bands), np.bool_)
    for _ in range(settings.band_masks):
        hidden |= _stretch(batch, bands, settings.band_width, random)[:, None, :]
    for _ in range(settings.time_masks):
        hidden |= _stretch(batch, steps, settings.time_width, random)[:, :, None]
    varied[hidden] = 0
    return varied


def coloured(
    features: Features, decibels: float, frontend: FrontEnd, random: np.random.Generator
) -> Features:
    """Clips through other microphones and rooms: a smooth curve over the bands added to each.

    A gain in a band is an offset of its log-mel value, so the curve is drawn here, anew for each
    clip, and not in samples: `d·(a·x + b·(2x² − 1))` over the bands, x from −1 to 1, a and b
    uniform in −1 … 1. What lies at the front-end's floor stays there, and nothing goes below.

    Args:
        features: int8 `(B, T, bands)`.
        decibels: d, the largest slope and the largest bend, each.
        frontend: whose log-mel scale, floor and offsets hold.
        random: generator.
    """
    x = np.linspace(-1.0, 1.0, features.shape[2])
    slope, bend = random.uniform(-1.0, 1.0, (2, len(features), 1))
    step_db = 2.0**frontend.shift * DECIBELS
    curve = np.rint(decibels / step_db * (slope * x + bend * (2 * x * x - 1)))
    floor = to_features(np.full(frontend.bands, frontend.floor, np.int16), frontend)
    moved = np.clip(features + curve.astype(np.int16)[:, None], floor, 127)
    return np.where(features > floor, moved, features).astype(np.int8)


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
