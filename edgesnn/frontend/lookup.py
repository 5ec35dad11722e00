"""The constant tables of the front-end, made once, the same on every platform.

Every entry is a rounded real number. `_nearest` moves the rounding threshold off the exact
halves, and a test holds the default tables' entries away from it, so that a last-bit
difference between two math libraries cannot change a table.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from edgesnn.frontend.settings import FrontEnd, band_position

WINDOW_PEAK = 23100
"""Largest window entry, just under 2^15/√2: it bounds every FFT value by 2^15 (FRONTEND.md)."""
WEIGHT_ONE = 256
"""The mel weight 1."""
LOG_SEGMENTS = 32

Int16 = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Tables:
    """Read-only integer arrays that the kernels share.

    Attributes:
        window: int16 `(fft,)`, Hann, peak `WINDOW_PEAK`, zero before the last `window` entries.
        order: uint8 `(64,)`, the digit-reversed order of the first stage's butterflies.
        twiddle: int16 `(fft/8, 3, 2)`, W^k, W^2k, W^3k with W = exp(−2πi/(fft/2)), (re, im), Q15.
        split: int16 `(fft/4, 2)`, −i·exp(−2πi k/fft) for k = 1 … fft/4, (re, im), Q15.
        first_bin: the first FFT bin of `weight`.
        weight: uint8, one an FFT bin: the rising slope's weight there, in 1/256.
        segment_bins: uint8 `(bands + 1,)`, bins between two neighbouring mel corners.
        log2: uint16 `(33,)`, log2(1 + i/32) in Q15.
    """

    window: Int16
    order: npt.NDArray[np.uint8]
    twiddle: Int16
    split: Int16
    first_bin: int
    weight: npt.NDArray[np.uint8]
    segment_bins: npt.NDArray[np.uint8]
    log2: npt.NDArray[np.uint16]


@functools.lru_cache(maxsize=64)
def _tables(settings: FrontEnd) -> Tables:
    first_bin, weight, segment_bins = _mel_weights(settings)
    made = Tables(
        window=_window(settings),
        order=_digit_reversed(),
        twiddle=_twiddle(settings.fft // 2),
        split=_split(settings.fft),
        first_bin=first_bin,
        weight=weight,
        segment_bins=segment_bins,
        log2=_log2(),
    )
    for field in fields(made):
        value = getattr(made, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return made


def tables(settings: FrontEnd) -> Tables:
    """The tables of `settings`; offset, shift and the other per-network values do not matter."""
    return _tables(replace(settings, offset=(), shift=0, floor=0, silence_bits=0, hop=8))


def _nearest(value: float) -> int:
    """Round to nearest; exact halves, and what an inexact math library makes of them, go up."""
    return math.floor(value + 0.5 + 2.0**-20)


def _window(settings: FrontEnd) -> Int16:
    """Periodic Hann: a sine squared, `window` long, in the newest samples of the frame."""
    length = settings.window
    shape = [_nearest(WINDOW_PEAK * math.sin(math.pi * n / length) ** 2) for n in range(length)]
    return np.array([0] * (settings.fft - length) + shape, np.int16)


def _digit_reversed() -> npt.NDArray[np.uint8]:
    """Three base-4 digits of 0 … 63, reversed."""
    return np.array([(g & 3) << 4 | (g & 12) | g >> 4 for g in range(64)], np.uint8)


def _unit(turns: float) -> tuple[int, int]:
    """exp(−2πi·turns) in Q15; 1 becomes 32767."""
    angle = 2.0 * math.pi * turns
    return (
        min(_nearest(32768.0 * math.cos(angle)), 32767),
        min(_nearest(-32768.0 * math.sin(angle)), 32767),
    )


def _twiddle(points: int) -> Int16:
    return np.array(
        [[_unit(k * j / points) for j in (1, 2, 3)] for k in range(points // 4)], np.int16
    )


def _split(fft: int) -> Int16:
    return np.array([_unit(0.25 + k / fft) for k in range(1, fft // 4 + 1)], np.int16)


def _mel_weights(
    settings: FrontEnd,
) -> tuple[int, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Split the bins between `low` and `high` among the segments between mel corners."""
    bins, weights = [], []
    counts = np.zeros(settings.bands + 1, np.uint8)
    for k in range(1, settings.fft // 2):
        position = band_position(settings, k * settings.sample_rate / settings.fft)
        # The same nudge as in `_nearest`: a bin on a corner opens the segment above it.
        segment = math.floor(position + 2.0**-30)
        if 0 <= segment <= settings.bands:
            bins.append(k)
            weight = _nearest(WEIGHT_ONE * (position - segment))
            weights.append(min(max(weight, 0), WEIGHT_ONE - 1))
            counts[segment] += 1
    return bins[0], np.array(weights, np.uint8), counts


def _log2() -> npt.NDArray[np.uint16]:
    return np.array(
        [_nearest(32768.0 * math.log2(1.0 + i / LOG_SEGMENTS)) for i in range(LOG_SEGMENTS + 1)],
        np.uint16,
    )
