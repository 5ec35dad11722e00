"""What recordings hold, what is wrong with them, and fetching the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgesnn.errors import UsageError
from edgesnn.pipeline.datasets import CIFAR10, FOLDER, GSC, Recordings, open_data


def describe_recordings(recordings: Recordings) -> dict[str, Any]:
    """Classes, clips or images of each class and split, notes; decodes no sound.

    Raises:
        UsageError, DataError: as `open_data`.
    """
    from edgesnn.trainer.data import describe, describe_images
    from edgesnn.trainer.data.images import ImageDataset

    dataset = open_data(recordings)
    return describe_images(dataset) if isinstance(dataset, ImageDataset) else describe(dataset)


def download_data(dataset: str | None, version: int) -> Path:
    """Fetch an official archive into the cache; returns where it lies.

    Args:
        dataset: `gsc` or `cifar10`; None for `gsc`.
        version: of Speech Commands, 1 or 2.

    Raises:
        UsageError: the dataset is not one that is fetched.
        DataError: the connection, the archive or the disk; says which.
    """
    from edgesnn.trainer.data.archive import fetch_recordings
    from edgesnn.trainer.data.cifar import fetch_cifar10

    if dataset not in (None, GSC, CIFAR10):
        raise UsageError(f"nothing is fetched for {dataset}: take {GSC} or {CIFAR10}")
    if dataset == CIFAR10:
        return fetch_cifar10()

    return fetch_recordings(version)


def recording_faults(folder: Path) -> list[str]:
    """Everything wrong with a folder of recordings; every file is decoded."""
    from edgesnn.trainer.data import find_faults
    from edgesnn.trainer.data.locate import is_speech_commands

    return find_faults(GSC if is_speech_commands(folder) else FOLDER, data_dir=folder)
