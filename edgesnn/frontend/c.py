"""What the C front-end needs of a network: arrays to print, scalars to initialise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgesnn.frontend.lookup import tables
from edgesnn.frontend.settings import FrontEnd


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


def c_tables(settings: FrontEnd, prefix: str) -> tuple[CArray, ...]:
    """The arrays of `struct edgesnn_frontend_tables` in the order of its fields."""
    t = tables(settings)
    arrays: dict[str, npt.NDArray[np.integer]] = {
        "window": _packed(t.window),
        "twiddle": _packed(t.twiddle),
        "split": _packed(t.split),
        "order": t.order,
        "weight": t.weight,
        "segment_bins": t.segment_bins,
        "log2": t.log2,
        "offset": np.array(settings.offset, np.int16),
    }
    return tuple(
        CArray(f"{values.dtype}_t", field, f"{prefix}_frontend_{field}", values)
        for field, values in arrays.items()
    )


def c_scalars(settings: FrontEnd) -> dict[str, int]:
    """The other fields of `struct edgesnn_frontend_tables` and their values, in order."""
    return {
        "fft": settings.fft,
        "window_samples": settings.window,
        "hop": settings.hop,
        "bands": settings.bands,
        "first_bin": tables(settings).first_bin,
        "floor": settings.floor,
        "silence_bits": settings.silence_bits,
        "shift": settings.shift,
    }


def table_bytes(settings: FrontEnd) -> int:
    """Flash of the arrays, without the struct that points to them."""
    return sum(array.values.nbytes for array in c_tables(settings, ""))


def state_bytes(settings: FrontEnd) -> int:
    """RAM that outlives a frame: `fft` samples, int16."""
    return 2 * settings.fft


def work_bytes(settings: FrontEnd) -> int:
    """RAM that only a frame's computation needs: `fft / 2` words."""
    return 2 * settings.fft


def _packed(pairs: npt.NDArray[np.int16]) -> npt.NDArray[np.uint32]:
    """Neighbours as one word: the first in the low half, whatever the byte order here."""
    halves = pairs.reshape(-1, 2).astype(np.int64) & 0xFFFF
    return (halves[:, 0] | halves[:, 1] << 16).astype(np.uint32)
