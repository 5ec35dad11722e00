"""Grids for a float model: weight scales of least error, and steps that fill the membrane."""

from __future__ import annotations

import math

import numpy as np

from edgesnn.network.synapses import WEIGHT_LIMIT
from edgesnn.trained import FloatArray

#: A membrane may go this much beyond what calibration saw before it saturates.
_HEADROOM = 2.0
_INT16 = 32767.0

#: Parts of the range that are tried: clipping a few large weights can cost less than a coarse grid.
_CLIPPING = np.linspace(0.5, 1.0, 26, dtype=np.float32)


def weight_scale(weight: FloatArray, bits: int, *, per_channel: bool) -> FloatArray:
    """Scale of least squared error, float32 `(channels,)`, or `(1,)` for the whole tensor."""
    rows = weight.reshape(len(weight), -1) if per_channel else weight.reshape(1, -1)
    limit = WEIGHT_LIMIT[bits]
    largest = np.abs(rows).max(axis=1)
    full = np.where(largest > 0, largest / limit, 1.0).astype(np.float32)
    candidates = full * _CLIPPING[:, None]
    errors = np.stack([_error(rows, scale, limit) for scale in candidates])
    best = np.argmin(errors, axis=0)
    return np.asarray(candidates[best, np.arange(len(full))], np.float32)


def _error(rows: FloatArray, scale: FloatArray, limit: int) -> FloatArray:
    grid = np.clip(np.rint(rows / scale[:, None]), -limit, limit) * scale[:, None]
    return np.asarray(((rows - grid) ** 2).sum(axis=1))


def membrane_shift(step: FloatArray, peak: FloatArray) -> int:
    """Least `graded_shift` with which `peak` and headroom fit int16 in steps of `step·2^shift`."""
    steps = float(np.max(peak * _HEADROOM / step))
    return min(16, max(0, math.ceil(math.log2(max(steps, 1.0) / _INT16))))


def widened(scale: FloatArray, gain: FloatArray, peak: FloatArray) -> FloatArray:
    """`scale`, made coarser in channels whose membrane would leave int16."""
    needed = peak * _HEADROOM / (_INT16 * gain)
    return np.maximum(scale, needed).astype(np.float32)
