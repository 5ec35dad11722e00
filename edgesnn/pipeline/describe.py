"""What recordings hold, as plain values; and fetching the published ones."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from edgesnn.pipeline.datasets import Recordings, open_recordings

if TYPE_CHECKING:
    from edgesnn.trainer.data import Dataset


def describe_recordings(recordings: Recordings) -> dict[str, Any]:
    """Classes, clips of each class and split, notes; decodes no sound.

    Raises:
        UsageError, DataError: as `open_recordings`.
    """
    return describe(open_recordings(recordings))


def describe(dataset: Dataset) -> dict[str, Any]:
    """Classes, clips of each class and split, notes."""
    from edgesnn.trainer.data import SPLITS

    counts = Counter((clip.label, clip.split) for clip in dataset.clips)
    groups = {split: len({clip.group for clip in dataset.split(split)}) for split in SPLITS}
    return {
        "name": dataset.name,
        "version": dataset.version,
        "folder": None if dataset.folder is None else str(dataset.folder),
        "classes": list(dataset.classes),
        "splits": list(SPLITS),
        "clips": {
            name: {split: counts[label, split] for split in SPLITS}
            for label, name in enumerate(dataset.classes)
        },
        "groups": groups,
        "notes": list(dataset.notes),
    }
