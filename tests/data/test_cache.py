"""The cache: made once, never half, never believed when it is damaged."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgesnn.errors import DataError
from edgesnn.trainer.data import cache as module
from edgesnn.trainer.data.cache import cached_array


class Maker:
    """Rows in three uneven blocks, and how often they were asked for."""

    def __init__(self) -> None:
        self.calls = 0
        self.whole = np.arange(70, dtype=np.int16).reshape(10, 7)

    def __call__(self) -> Iterator[np.ndarray[Any, Any]]:
        self.calls += 1
        yield from (self.whole[:4], self.whole[4:5], self.whole[5:])


def fetch(make: Any, key: str = "k") -> np.ndarray[Any, Any]:
    return cached_array("pcm", key, (10, 7), np.int16, make)


def test_made_once_and_read_back_the_same() -> None:
    make = Maker()
    for _ in range(3):
        found = fetch(make)
        assert isinstance(found, np.memmap) and not found.flags.writeable
        assert np.array_equal(found, make.whole)
    assert make.calls == 1
    fetch(make, key="other")
    assert make.calls == 2


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "other shape", "pickle"])
def test_damaged_file_is_made_again(own_cache: Path, damage: str) -> None:
    make = Maker()
    fetch(make)
    path = own_cache / "pcm" / "k.npy"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    elif damage == "other shape":
        np.save(path, np.zeros((3, 7), np.int16))
    elif damage == "pickle":
        np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    else:
        path.write_bytes(b"" if damage == "empty" else b"not an array")
    assert np.array_equal(fetch(make), make.whole)
    assert make.calls == 2


def test_failure_while_making_leaves_nothing(own_cache: Path) -> None:
    def fails() -> Iterator[np.ndarray[Any, Any]]:
        yield np.zeros((4, 7), np.int16)
        raise DataError("a file is broken")

    with pytest.raises(DataError, match="a file is broken"):
        fetch(fails)
    assert list((own_cache / "pcm").iterdir()) == []


def test_full_disk_names_the_way_out(own_cache: Path) -> None:
    def full() -> Iterator[np.ndarray[Any, Any]]:
        raise OSError(errno.ENOSPC, "No space left on device")
        yield

    with pytest.raises(DataError, match=r"No space left on device; .*EDGESNN_CACHE"):
        fetch(full)
    assert list((own_cache / "pcm").iterdir()) == []


def test_too_few_rows_are_not_believed() -> None:
    with pytest.raises(DataError, match="did not read back"):
        fetch(lambda: iter([np.zeros((4, 7), np.int16)]))


def test_folder_is_the_platforms_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGESNN_CACHE")
    assert module.cache_folder().name == "edgesnn"
