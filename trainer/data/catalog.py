"""Opening a dataset by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgesnn.errors import UsageError
from edgesnn.trainer.data.archive import fetch_recordings
from edgesnn.trainer.data.dataset import Dataset
from edgesnn.trainer.data.folder import open_folder
from edgesnn.trainer.data.gsc import open_gsc
from edgesnn.trainer.data.locate import find_recordings
from edgesnn.trainer.data.synthetic import open_synthetic

NAMES = ("synthetic", "gsc", "folder")


def open_dataset(
    name: str,
    *,
    data_dir: Path | None = None,
    task: str | Sequence[str] | None = None,
    seed: int = 0,
    version: int | None = None,
    unknown_ratio: float | None = None,
) -> Dataset:
    """Open one of NAMES.

    Args:
        name: `synthetic`, `gsc` or `folder`.
        data_dir: where the recordings are; `gsc` otherwise looks in `$EDGESNN_DATA` and in the
            user's cache, and at last downloads the official archive.
        task: `gsc`: see `choose_task`. `folder`: the words to take, all where None.
        seed: of what is drawn: unknown words, silences, synthetic voices. Not the training's.
        version: `gsc`: the official archive to take from the cache or to download, 1 or 2;
            any that is there, else 2, where None.
        unknown_ratio: `gsc`: see `open_gsc`.

    Raises:
        DataError: recordings are missing, corrupt or too few.
        UsageError: no such dataset, task or word.
    """
    if version not in (None, 1, 2):
        raise UsageError(f"Speech Commands has versions 1 and 2, not {version}")
    if name == "synthetic":
        return open_synthetic(seed)
    if name == "gsc":
        folder = find_recordings(data_dir, version)
        folder = folder or fetch_recordings(version or 2)
        return open_gsc(folder, task, seed, unknown_ratio)
    if name == "folder":
        if data_dir is None:
            raise UsageError("which folder? Name the one that holds a folder a word by --dataset")
        return open_folder(Path(data_dir), task, seed)
    raise UsageError(f"no dataset is called {name!r}; the datasets are {', '.join(NAMES)}")
