"""Recordings at the front-end's rate, in integers: 16 kHz as it is, or halved to 8 kHz.

A device with an 8 kHz front-end is given 8 kHz PCM, which codecs and PDM filters deliver. To
train one on recordings at 16 kHz they pass a half-band filter first; its integers are part of what
the network has learnt, so they must not change.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgesnn.errors import DataError
from edgesnn.frontend.settings import FrontEnd

RECORDED_RATE = 16000
"""Samples a second of the recordings that networks are trained on."""

SIDE_TAPS = (
    10403, -3389, 1942, -1294, 916, -665, 486, -353, 252, -177, 120, -78, 48, -27, 13, -5,
)  # fmt: skip
"""Taps 1, 3 … 31 from the centre, Q15, of a half-band filter of 63: a sinc under a Kaiser window
with β = 6, rounded, the first taking what rounding lost. The centre is 1/2, even taps are zero, so
the gain at 0 Hz is exactly 1. Flat to 3.4 kHz, −1.5 dB at 3.8 kHz, −6 at 4, −37 at 4.4, below −65
from 4.6 kHz on."""

Int16 = npt.NDArray[np.int16]


def at_rate(pcm: Int16, settings: FrontEnd) -> Int16:
    """Recordings at `RECORDED_RATE`, int16 `(…, samples)`, at the front-end's rate.

    Raises:
        DataError: it is neither that rate nor half of it.
    """
    if settings.sample_rate == RECORDED_RATE:
        return pcm
    if 2 * settings.sample_rate == RECORDED_RATE:
        return halve(pcm)
    raise DataError(
        f"the front-end hears {settings.sample_rate} Hz; recordings at {RECORDED_RATE} Hz "
        f"serve one of {RECORDED_RATE} or {RECORDED_RATE // 2} Hz"
    )


def halve(pcm: Int16) -> Int16:
    """Every other sample of int16 `(…, samples)`, filtered: int16 `(…, samples // 2)`.

    `y[n] = sat16((16384·x[2n] + Σ h_k·(x[2n+k] + x[2n−k]) + 2^14) >> 15)`, k = 1, 3 … 31;
    silence lies on both sides. No sum leaves 32 bits: the taps' moduli add up to less than 2^16.
    """
    made = np.empty((*pcm.shape[:-1], pcm.shape[-1] // 2), np.int16)
    for clip in np.ndindex(pcm.shape[:-1]):
        made[clip] = _halved(pcm[clip])
    return made


def _halved(pcm: Int16) -> Int16:
    """Clip by clip, so that all of it stays in the cache."""
    outputs, most = len(pcm) // 2, 2 * len(SIDE_TAPS)
    padded = np.zeros(2 * outputs + 2 * most, np.int32)
    padded[most : most + 2 * outputs] = pcm[: 2 * outputs]
    even, odd = padded[::2], padded[1::2]
    centre = len(SIDE_TAPS)
    total = even[centre : centre + outputs] * np.int32(16384) + np.int32(1 << 14)
    for index, tap in enumerate(SIDE_TAPS):
        right = odd[centre + index : centre + index + outputs]
        left = odd[centre - index - 1 : centre - index - 1 + outputs]
        total += np.int32(tap) * (right + left)
    halved: Int16 = np.clip(total >> 15, -32768, 32767).astype(np.int16)
    return halved
