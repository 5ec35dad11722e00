"""Finding the recordings of Speech Commands on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from edgesnn.errors import DataError
from edgesnn.trainer.data.cache import cache_folder

FOLDER_NAME = "speech_commands"
MARKERS = ("_background_noise_", "testing_list.txt", "manifest.csv")
"""One of these, or the word `yes`, marks a folder that is laid out as the archive is."""


def find_recordings(data_dir: Path | None, version: int | None = None) -> Path | None:
    """The folder of recordings, or None where they must be fetched first.

    Looked for in `data_dir` alone if it is given, else in `$EDGESNN_DATA` and then in the
    cache folder, there for `version` (1 or 2) or for any; each of the former two may be the
    folder itself or hold `speech_commands/`.

    Raises:
        DataError: `data_dir` or `$EDGESNN_DATA` names a folder without recordings.
    """
    for origin, base in _named(data_dir):
        found = at_or_below(base)
        if found is None:
            raise DataError(
                f"no recordings in {base} (from {origin}): expected one folder a word, or "
                f"{FOLDER_NAME}/ that holds them"
            )
        return found
    for number in (2, 1) if version is None else (version,):
        found = at_or_below(archive_folder(number))
        if found is not None:
            return found
    return None


def is_speech_commands(folder: Path) -> bool:
    """Whether a folder is laid out as Speech Commands, and not as a user's own words.

    A user's folder may hold noise too, so that alone says nothing: one of the archive's lists,
    or noise beside files called `<speaker>_nohash_<n>`, does.
    """
    if any((folder / name).is_file() for name in ("testing_list.txt", "manifest.csv")):
        return True
    named = next(folder.glob("[!._]*/*_nohash_*"), None) is not None
    return named and (folder / "_background_noise_").is_dir()


def archive_folder(version: int) -> Path:
    """Where the official archive of `version` (1 or 2) is unpacked."""
    return cache_folder() / f"speech_commands_v0.0{version}"


def _named(data_dir: Path | None) -> Iterator[tuple[str, Path]]:
    if data_dir is not None:
        yield "--data-dir", Path(data_dir)
    elif os.environ.get("EDGESNN_DATA"):
        yield "EDGESNN_DATA", Path(os.environ["EDGESNN_DATA"])


def at_or_below(base: Path) -> Path | None:
    """The folder with recordings: `base`, or speech_commands/ in it; None where neither is."""
    for folder in (base, base / FOLDER_NAME):
        if any((folder / name).exists() for name in (*MARKERS, "yes")):
            return folder
    return None
