"""The settings of the integer front-end: what a network file keeps of it.

The law that these settings parametrise is docs/FRONTEND.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from edgesnn.errors import NetworkError

FFT_SIZES = (256, 512)
LOG_MAX = 17408
"""No log-mel value, log2 of power in units of 2^-8 octave (0.01176 dB), is larger: 40 bits of mel
power and 28 octaves of block exponent."""
DEFAULT_OFFSET = 11520
"""A quiet room's middle on the log-mel scale; `fit_offsets` finds better ones."""

_INTEGER_RANGES = {
    "sample_rate": (4000, 48000),
    "fft": (256, 512),
    "window": (16, 512),
    "hop": (8, 512),
    "bands": (4, 128),
    "low": (1, 24000),
    "high": (1, 24000),
    "floor": (0, LOG_MAX),
    "silence_bits": (0, 14),
    "shift": (0, 15),
}


@dataclass(frozen=True)
class FrontEnd:
    """Settings of the front-end: 16-bit PCM in, one int8 feature a band and frame out.

    Attributes:
        sample_rate: samples a second.
        fft: points of the real FFT, 256 or 512.
        window: samples under the Hann window, at most `fft`; the rest is zero.
        hop: samples a frame, at most `window`.
        bands: triangular mel bands.
        low, high: outer corners of the first and the last band, Hz.
        floor: smallest log-mel value, 2^-8 octave.
        silence_bits: a frame whose samples all lie in −2^n … 2^n − 1 is silent:
            every band is at `floor`.
        offset: one a band, subtracted from the log-mel value; an empty tuple means
            `DEFAULT_OFFSET` for all.
        shift: feature = clip((log_mel − offset) >> shift, −128, 127).

    Raises:
        NetworkError: a value is out of its range; the message names the field.
    """

    sample_rate: int = 16000
    fft: int = 512
    window: int = 512
    hop: int = 320
    bands: int = 40
    low: int = 60
    high: int = 7600
    floor: int = 8192
    silence_bits: int = 1
    offset: tuple[int, ...] = ()
    shift: int = 5

    def __post_init__(self) -> None:
        for name, (least, most) in _INTEGER_RANGES.items():
            _require_integer(name, getattr(self, name), least, most)
        _require_order(self)
        _require_bins(self)
        object.__setattr__(self, "offset", _validated_offset(self.offset, self.bands))

    def to_dict(self) -> dict[str, int | list[int]]:
        """Plain JSON values, one a field."""
        return {**asdict(self), "offset": list(self.offset)}

    @classmethod
    def from_dict(cls, values: object) -> FrontEnd:
        """The settings that `to_dict` wrote.

        Raises:
            NetworkError: not a mapping, a field is unknown or missing, or a value is wrong.
        """
        if not isinstance(values, Mapping):
            raise NetworkError("front-end: the settings are not a table of fields")
        names = [field.name for field in fields(cls)]
        unknown = sorted(str(key) for key in values if key not in names)
        missing = [name for name in names if name not in values]
        if unknown:
            raise NetworkError(f"front-end: unknown field {unknown[0][:40]!r}")
        if missing:
            raise NetworkError(f"front-end: field {missing[0]!r} is missing")
        offset = values["offset"]
        if not isinstance(offset, list | tuple):
            raise NetworkError("front-end: offset must be a list of integers, one a band")
        return cls(**{**values, "offset": tuple(offset)})

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop

    def frames(self, samples: int) -> int:
        """Frames that `samples` samples after a reset make: one every `hop` samples."""
        return samples // self.hop


def mel(hertz: float) -> float:
    """Mel scale, 1127·ln(1 + f/700) (O'Shaughnessy 1987; HTK Book 3.4, eq. 5.13)."""
    return 1127.0 * math.log1p(hertz / 700.0)


def band_position(settings: FrontEnd, hertz: float) -> float:
    """Where a frequency lies between the mel corners: 0 at `low`, bands + 1 at `high`."""
    low, high = mel(settings.low), mel(settings.high)
    return (mel(hertz) - low) / (high - low) * (settings.bands + 1)


def _require_integer(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise NetworkError(f"front-end: {name} must be an integer, not {type(value).__name__}")
    if not least <= value <= most:
        raise NetworkError(f"front-end: {name} is {value}, allowed are {least} to {most}")


def _require_order(s: FrontEnd) -> None:
    if s.fft not in FFT_SIZES:
        raise NetworkError(f"front-end: fft is {s.fft}, allowed are 256 and 512")
    if s.window > s.fft:
        raise NetworkError(f"front-end: window is {s.window}, more than the fft's {s.fft} points")
    if s.hop > s.window:
        raise NetworkError(f"front-end: hop is {s.hop}, more than the window's {s.window} samples")
    if s.window % 2 or s.hop % 2:
        name = "window" if s.window % 2 else "hop"
        raise NetworkError(f"front-end: {name} is {getattr(s, name)}, but must be even")
    if s.high * 2 > s.sample_rate:
        raise NetworkError(f"front-end: high is {s.high} Hz, more than half of {s.sample_rate} Hz")
    if s.low >= s.high:
        raise NetworkError(f"front-end: low is {s.low} Hz, not below high, {s.high} Hz")


def _require_bins(s: FrontEnd) -> None:
    """Every band needs a bin under it, and bin 0 (the mean) belongs to none."""
    if s.low * s.fft < 0.5 * s.sample_rate:
        least = -(-s.sample_rate // (2 * s.fft))
        raise NetworkError(
            f"front-end: low is {s.low} Hz, less than half a bin; take {least} Hz or more"
        )
    bins = [k * s.sample_rate / s.fft for k in range(1, s.fft // 2)]
    positions = [band_position(s, hertz) for hertz in bins]
    for band in range(s.bands):
        # A weight below 1/256 is rounded to nothing.
        if not any(band + 1 / 128 < position < band + 2 - 1 / 128 for position in positions):
            raise NetworkError(
                f"front-end: bands is {s.bands}, but band {band} has no FFT bin; "
                "take fewer bands, a larger fft or a wider range"
            )


def _validated_offset(offset: object, bands: int) -> tuple[int, ...]:
    if not isinstance(offset, tuple):
        raise NetworkError("front-end: offset must be a tuple of integers, one a band")
    if not offset:
        return (DEFAULT_OFFSET,) * bands
    if len(offset) != bands:
        raise NetworkError(f"front-end: offset has {len(offset)} values for {bands} bands")
    for band, value in enumerate(offset):
        _require_integer(f"offset[{band}]", value, -(2**15), 2**15 - 1)
    return offset
