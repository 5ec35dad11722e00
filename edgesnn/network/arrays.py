"""Read-only integer arrays: the only kind an integer network holds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgesnn.errors import NetworkError

IntArray = NDArray[Any]


def frozen(values: ArrayLike, dtype: type[np.integer[Any]], name: str) -> IntArray:
    """Return `values` as a contiguous read-only array of `dtype`, refusing any change of value.

    Raises:
        NetworkError: `values` are not whole numbers, or leave the range of `dtype`.
    """
    array = np.asarray(values)
    if array.size and not _is_whole(array):
        raise NetworkError(f"{name} holds values that are not whole numbers (NaN or fractions)")
    info = np.iinfo(dtype)
    if array.size and (array.min() < info.min or array.max() > info.max):
        worst = array.max() if array.max() > info.max else array.min()
        raise NetworkError(f"{name} holds {worst}, outside {info.min} … {info.max}")
    result = np.array(array, dtype=dtype, order="C")
    result.setflags(write=False)
    return result


def _is_whole(array: IntArray) -> bool:
    if array.dtype.kind != "f":
        return array.dtype.kind in "iub"
    return bool(np.all(np.isfinite(array)) and np.all(array == np.floor(array)))


def assign(instance: object, **values: object) -> None:
    """Set fields of a frozen dataclass from within its `__post_init__`."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)
