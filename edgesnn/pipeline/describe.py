"""What recordings hold, what is wrong with them, and fetching the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgesnn.pipeline.datasets import FOLDER, GSC, Recordings, open_recordings


def describe_recordings(recordings: Recordings) -> dict[str, Any]:
    """Classes, clips of each class and split, notes; decodes no sound.

    Raises:
        UsageError, DataError: as `open_recordings`.
    """
    from edgesnn.trainer.data import describe

    return describe(open_recordings(recordings))


def download_recordings(version: int) -> Path:
    """Fetch the official archive of Speech Commands, 1 or 2, into the cache; returns its folder.

    Raises:
        DataError: the connection, the archive or the disk; says which.
    """
    from edgesnn.trainer.data.archive import fetch_recordings

    return fetch_recordings(version)


def recording_faults(folder: Path) -> list[str]:
    """Everything wrong with a folder of recordings; every file is decoded."""
    from edgesnn.trainer.data import find_faults
    from edgesnn.trainer.data.locate import is_speech_commands

    return find_faults(GSC if is_speech_commands(folder) else FOLDER, data_dir=folder)
