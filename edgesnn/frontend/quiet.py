"""Frames whose energy proves that every band is at the floor, so that no transform is needed.

docs/FRONTEND.md, "Quiet frames", derives the bound; no byte of any feature depends on it.
"""

from __future__ import annotations

import math

from edgesnn.frontend.lookup import WINDOW_PEAK
from edgesnn.frontend.settings import FrontEnd

#: Most bits of samples whose energy is worked out: 512 squares of them fit 32 bits.
MOST_BITS = 10

#: Twiddles, rounded to Q15, lengthen what they turn by less than this, four stages together.
_ROUNDED_TURNS = 1 + 2.0**-12


def quiet_energy(settings: FrontEnd) -> tuple[int, int]:
    """Bits and energy of quiet frames.

    Returns:
        `bits` and `energy`: a frame whose samples need at most `bits` bits beside the sign, and the
        sum of whose squares under the window is at most `energy`, has every band at the floor.
        Both are 0 where no frame that is not silent anyway is proven quiet.
    """
    best = (0, 0)
    for bits in range(settings.silence_bits + 1, MOST_BITS + 1):
        norm = _greatest_norm(settings, bits)
        if norm >= 2 ** (bits - 1):
            energy = math.floor(norm * norm * (1 - 2.0**-20))
            best = (bits, min(energy, settings.fft * 4**bits))
    return best


def _greatest_norm(settings: FrontEnd, bits: int) -> float:
    """Root of the energy of samples of `bits` bits below which all bands stay at the floor."""
    small = settings.fft == 256
    first_gain, shift = (math.sqrt(2), 15) if small else (2.0, 16)
    power_bits = (settings.floor - 2) / 256
    allowed = math.exp2((power_bits - 8) / 2 - 14)
    gain = first_gain / 8 * _ROUNDED_TURNS
    rounding = gain * math.sqrt(settings.window) / 2 + 8 * math.sqrt(settings.fft) * _ROUNDED_TURNS
    return (allowed - rounding * math.exp2(bits - 15)) / (gain * WINDOW_PEAK * math.exp2(-shift))
