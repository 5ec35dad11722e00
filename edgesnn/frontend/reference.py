"""The front-end in float64: what the integers are measured against.

Same frames, same Hann window, same triangles, no rounding anywhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgesnn.frontend.lookup import WEIGHT_ONE, WINDOW_PEAK
from edgesnn.frontend.settings import FrontEnd, band_position

Float = npt.NDArray[np.float64]
UNITS_PER_DECIBEL = 256.0 / (10.0 * np.log10(2.0))
"""2^-8 octave of power in a decibel: 85.04."""


def log_mel_float(pcm: npt.NDArray[np.int16], settings: FrontEnd) -> Float:
    """Exact log-mel values on the scale of `log_mel`, without floor or silence.

    Args:
        pcm: int16 `(clips, samples)`.
        settings: as for `log_mel`.

    Returns:
        float64 `(clips, samples // hop, bands)` in units of 2^-8 octave; −inf for no power.
    """
    power = np.abs(np.fft.rfft(_frames(pcm, settings) * hann(settings), axis=-1)) ** 2
    energy = power @ triangles(settings).T
    scale = (settings.fft / 4) ** -2
    with np.errstate(divide="ignore"):
        log: Float = _units(energy * scale)
    return log


def peak_level(pcm: npt.NDArray[np.int16], settings: FrontEnd) -> Float:
    """Log-mel value of a sine at a band's centre with each frame's peak, `(clips, frames)`.

    The integers keep a fixed number of bits below it, whatever the level of the recording.
    """
    under_window = _frames(pcm, settings)[..., settings.fft - settings.window :]
    with np.errstate(divide="ignore"):
        return _units(np.abs(under_window).max(axis=-1) ** 2)


def _units(power: Float) -> Float:
    """Power of a sine's amplitude to the scale of `log_mel`."""
    # A sine of amplitude A at a bin's middle has |X| = A·fft/4; the integers scale that to
    # A·WINDOW_PEAK/2^15, weigh it by WEIGHT_ONE and count octaves from 2^-28.
    units: Float = 256.0 * np.log2(power * WEIGHT_ONE * (WINDOW_PEAK / 2.0**15) ** 2 * 2.0**28)
    return units


def hann(settings: FrontEnd) -> Float:
    """The window, `(fft,)`: periodic Hann of `window` points at the end, peak 1."""
    shape = np.zeros(settings.fft)
    n = np.arange(settings.window)
    shape[settings.fft - settings.window :] = np.sin(np.pi * n / settings.window) ** 2
    return shape


def triangles(settings: FrontEnd) -> Float:
    """Mel filters `(bands, fft/2 + 1)`: triangles of height 1 on the mel scale."""
    hertz = np.arange(settings.fft // 2 + 1) * settings.sample_rate / settings.fft
    position = np.array([band_position(settings, f) for f in hertz])
    centre = np.arange(1, settings.bands + 1)
    return np.maximum(0.0, 1.0 - np.abs(position - centre[:, None]))


def _frames(pcm: npt.NDArray[np.int16], settings: FrontEnd) -> Float:
    """Every hop's frame, `(clips, frames, fft)`, with silence before the first sample."""
    padded = np.pad(pcm.astype(np.float64), ((0, 0), (settings.fft - settings.hop, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, settings.fft, axis=1)
    return windows[:, :: settings.hop]
