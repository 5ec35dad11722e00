"""Arrays that take a while to make, kept in the user's cache folder.

One `.npy` file each, named by what it is and by a key of everything that it was made from,
written under a temporary name and renamed, read back memory-mapped and never unpickled.
A file that does not read back in the shape it must have is made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.errors import DataError, EdgesnnError
from edgesnn.files import atomic_path

Rows = Iterable[npt.NDArray[Any]]


def cache_folder() -> Path:
    """`$EDGESNN_CACHE`, or the platform's cache folder for edgesnn."""
    import platformdirs

    named = os.environ.get("EDGESNN_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("edgesnn"))


def cached_array(
    kind: str,
    key: str,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    make: Callable[[], Rows],
) -> npt.NDArray[Any]:
    """The array `kind`/`key`, read-only and memory-mapped; made first where it is not there.

    Args:
        kind: a word for the folder, such as `pcm` or `features`.
        key: a digest of everything that decides the content.
        shape: the whole array's shape, clips first.
        dtype: its element type.
        make: yields the array's rows in order, blocks of shape (n, *shape[1:]); they are
            written as they come, so the array need not fit into memory.

    Raises:
        DataError: the cache folder cannot be written.
    """
    path = cache_folder() / kind / f"{key}.npy"
    found = _load(path, shape, np.dtype(dtype))
    if found is None:
        _save(path, shape, np.dtype(dtype), make)
        found = _load(path, shape, np.dtype(dtype))
    if found is None:
        raise DataError(f"{path} did not read back as it was written; check the disk")
    return found


def cached_table(
    kind: str,
    key: str,
    row: tuple[int, ...],
    dtype: npt.DTypeLike,
    make: Callable[[], npt.NDArray[Any]],
) -> npt.NDArray[Any]:
    """`cached_array` of rows of shape `row` whose number is known only when they are made."""
    path = cache_folder() / kind / f"{key}.npy"
    found = _read(path)
    if found is not None and found.shape[1:] == row and found.dtype == np.dtype(dtype):
        return found
    made = make()
    return cached_array(kind, key, made.shape, dtype, lambda: [made])


def _load(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    array = _read(path)
    return array if array is not None and (array.shape, array.dtype) == (shape, dtype) else None


def _read(path: Path) -> npt.NDArray[Any] | None:
    try:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return array


def _save(
    path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], make: Callable[[], Rows]
) -> None:
    """Stream the rows to disk; plain writes, since a full disk under a memory map is a crash."""
    header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for rows in make():
                file.write(np.ascontiguousarray(rows, dtype).data)
    except DataError:
        raise
    except EdgesnnError as error:
        raise DataError(f"{error}; EDGESNN_CACHE names another cache folder") from error
