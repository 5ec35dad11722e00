"""What the C front-end needs of a network: arrays to print, scalars to initialise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgesnn.frontend.lookup import Tables, tables
from edgesnn.frontend.quiet import quiet_energy
from edgesnn.frontend.settings import FrontEnd

LAST_SEGMENT = 1 << 10
"""Of the lower 12 bits of a word of `segment`: no segment follows (edgesnn_frontend_base.h)."""


@dataclass(frozen=True, eq=False)
class CArray:
    """One `static const` array of `struct edgesnn_frontend_tables`.

    Attributes:
        ctype: element type, e.g. `uint32_t`.
        field: the struct's field that points to it.
        name: `<prefix>_frontend_<field>`.
        values: 1-D integers in the range of `ctype`.
    """

    ctype: str
    field: str
    name: str
    values: npt.NDArray[np.integer]


def c_tables(settings: FrontEnd, prefix: str, compact: bool = False) -> tuple[CArray, ...]:
    """The arrays of `struct edgesnn_frontend_tables` in the order of its fields.

    Args:
        settings: of the front-end.
        prefix: of the arrays' names.
        compact: for code whose stages share one loop (EDGESNN_COMPACT).
    """
    t = tables(settings)
    arrays: dict[str, npt.NDArray[np.integer]] = {
        "window": _packed(t.window),
        "twiddle": _all_twiddles(t) if compact else _packed(t.twiddle[::4]),
        "last": _packed(t.split) if compact else _last_stage(t),
        "order": t.order,
        "mel": t.weight,
        "segment": _segments(t, settings),
        "log2": _log2_lines(t.log2),
    }
    return tuple(
        CArray(f"{values.dtype}_t", field, f"{prefix}_frontend_{field}", values)
        for field, values in arrays.items()
    )


def c_scalars(settings: FrontEnd) -> dict[str, int]:
    """The other fields of `struct edgesnn_frontend_tables` and their values, in order."""
    quiet_bits, energy = quiet_energy(settings)
    return {
        "fft": settings.fft,
        "window_samples": settings.window,
        "hop": settings.hop,
        "bands": settings.bands,
        "first_bin": tables(settings).first_bin,
        "floor": settings.floor,
        "silence_bits": settings.silence_bits,
        "shift": settings.shift,
        "quiet_bits": quiet_bits,
        "quiet_energy": energy,
    }


def table_bytes(settings: FrontEnd) -> int:
    """Flash of the arrays, without the struct that points to them."""
    return sum(array.values.nbytes for array in c_tables(settings, ""))


def state_bytes(settings: FrontEnd) -> int:
    """RAM that outlives a frame: `fft` samples, int16, and a word on those that are kept."""
    return 2 * settings.fft + 4


def work_bytes(settings: FrontEnd) -> int:
    """RAM that only a frame's computation needs: `fft / 2` words."""
    return 2 * settings.fft


def _last_stage(t: Tables) -> npt.NDArray[np.uint32]:
    """What butterflies k and q − k and their four pairs of bins turn by, k = 0 … q/2, q = fft/8.

    `(fft/16 + 1)·8` words: V[q−k], W^k, W^2k, W^3k, the same three of q − k, V[k]. The split of
    bin fft/4 − k is V[k] with its parts exchanged, so half of the table serves.
    """
    turns = _packed(t.twiddle).reshape(-1, 3)
    split = _packed(np.concatenate([t.split[-1:, ::-1], t.split]))
    quarter = len(turns)
    up = np.arange(quarter // 2 + 1)
    down = quarter - up
    made = np.empty((len(up), 8), np.uint32)
    made[:, 0], made[:, 7] = split[down], split[up]
    made[:, 1:4] = turns[up]
    made[:, 4:7] = turns[down % quarter]  # unused for k = 0
    return made.reshape(-1)


def _all_twiddles(t: Tables) -> npt.NDArray[np.uint32]:
    """W^0 … W^3(q − 1), q = fft/8: what `W^k`, `W^2k` and `W^3k` are entries of."""
    turns = _packed(t.twiddle).reshape(-1, 3)
    made = np.zeros(3 * len(turns) - 2, np.uint32)
    for power in (1, 2, 3):
        made[: power * len(turns) : power] = turns[:, power - 1]
    return made


def _segments(t: Tables, settings: FrontEnd) -> npt.NDArray[np.uint32]:
    """`(bands + 1,)`: first the bins of the first segment, then what each band sends at the floor,
    in the upper 20 bits; in the lower 12 the bins of the segment that the band after it ends with.

    A number of bins is taken apart into one, two and fours, as the loop takes them.
    """
    bins = t.segment_bins.astype(np.int64)
    level = settings.floor - np.array(settings.offset, np.int64)
    taken = (bins & 1) << 11 | (bins & 2) << 8 | bins >> 2
    upper = np.concatenate([bins[:1], level])
    lower = np.concatenate([taken[1:], [LAST_SEGMENT]])
    return np.asarray(upper << 12 & 0xFFFFFFFF | lower, np.uint32)


def _log2_lines(log2: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint32]:
    """From and rise of each line between two entries; the 64 rounds the shift by 7 after it."""
    values = log2.astype(np.uint32)
    rise = values[1:] - values[:-1]
    return (values[:-1] + np.uint32(64)) | rise << np.uint32(16)


def _packed(pairs: npt.NDArray[np.int16]) -> npt.NDArray[np.uint32]:
    """Neighbours as one word: the first in the low half, whatever the byte order here."""
    halves = pairs.reshape(-1, 2).astype(np.int64) & 0xFFFF
    return (halves[:, 0] | halves[:, 1] << 16).astype(np.uint32)
