"""Variation of images: shifted, mirrored, a square erased (DeVries and Taylor, 2017)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgesnn.trainer.image_settings import PictureSettings

Int8 = npt.NDArray[np.int8]


def varied(images: Int8, settings: PictureSettings, random: np.random.Generator) -> Int8:
    """A varied copy of int8 `(B, C, H, W)`; what comes in from outside is 0, middle grey."""
    batch, _, height, width = images.shape
    far = settings.shift
    padded = np.pad(images, ((0, 0), (0, 0), (far, far), (far, far)))
    down, along = random.integers(0, 2 * far + 1, (2, batch, 1))
    rows, columns = np.arange(height) + down, np.arange(width) + along
    if settings.mirror:
        flipped = random.random((batch, 1)) < 0.5
        columns = np.where(flipped, columns[:, ::-1], columns)
    clip = np.arange(batch)[:, None, None]
    shifted = padded.transpose(0, 2, 3, 1)[clip, rows[:, :, None], columns[:, None, :]]
    made: Int8 = np.ascontiguousarray(shifted.transpose(0, 3, 1, 2))
    if settings.erase:
        made[np.broadcast_to(_square(batch, height, width, settings.erase, random), made.shape)] = 0
    return made


def _square(
    batch: int, height: int, width: int, side: int, random: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Bool `(B, 1, H, W)`: a square around a random place, cut at the edges."""
    rows = np.abs(np.arange(height) - random.integers(0, height, (batch, 1))) * 2 < side
    columns = np.abs(np.arange(width) - random.integers(0, width, (batch, 1))) * 2 < side
    return np.asarray(rows[:, None, :, None] & columns[:, None, None, :])
