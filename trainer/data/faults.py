"""Everything that is wrong with a dataset at once, by the readers that training uses."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from edgesnn.errors import DataError, EdgesnnError, UsageError
from edgesnn.progress import track
from edgesnn.trainer.data.audio import AUDIO_SUFFIXES, Recording, read_mono_16k, read_resampled
from edgesnn.trainer.data.catalog import open_dataset
from edgesnn.trainer.data.dataset import SPLITS, Dataset
from edgesnn.trainer.data.folder import find_files, layout_faults
from edgesnn.trainer.data.gsc import NOISE_FOLDER, read_lists
from edgesnn.trainer.data.hash_split import official_split
from edgesnn.trainer.data.locate import find_recordings


def find_faults(
    name: str, *, data_dir: Path | None = None, task: str | Sequence[str] | None = None
) -> list[str]:
    """All faults, one line each; empty where there is none. Every sound file is decoded.

    Nothing is downloaded: that no recordings of `gsc` are there is a fault then.
    """
    faults: list[str] = []
    try:
        folder = data_dir if name != "gsc" else find_recordings(data_dir)
        if name == "gsc" and folder is None:
            return ["no recordings of Speech Commands here; `edgesnn data download` fetches them"]
    except EdgesnnError as error:
        return [str(error)]
    if name == "folder" and folder is not None:
        faults += layout_faults(folder, find_files(folder))
    try:
        faults += split_faults(open_dataset(name, data_dir=folder, task=task))
    except EdgesnnError as error:
        faults.append(str(error))
        if isinstance(error, UsageError):
            return faults
    if name == "gsc" and folder is not None:
        faults += stated_split_faults(folder)
    if folder is not None:
        faults += sound_faults(folder, resample=name == "folder")
    return list(dict.fromkeys(faults))


def split_faults(dataset: Dataset) -> Iterator[str]:
    """Classes without clips in a split, and speakers that two splits share."""
    for label, name in enumerate(dataset.classes):
        filled = {clip.split for clip in dataset.clips if clip.label == label}
        for split in SPLITS:
            if split not in filled:
                yield f"{dataset.name}: class {name} has no {split} clip; add recordings"
    splits_of: dict[str, set[str]] = {}
    for clip in dataset.clips:
        if isinstance(clip.source, Recording):
            splits_of.setdefault(clip.group, set()).add(clip.split)
    for group, splits in sorted(splits_of.items()):
        if len(splits) > 1:
            yield f"{dataset.name}: speaker {group} is in {' and '.join(sorted(splits))}"


def stated_split_faults(folder: Path) -> Iterator[str]:
    """Rows of manifest.csv or of the two lists that are missing, or not as the official hash."""
    try:
        stated = read_lists(folder) or {}
        stated |= _manifest(folder)
    except DataError as error:
        yield str(error)
        return
    for name, split in stated.items():
        if not (folder / name).is_file():
            yield f"{folder / name} is listed, but not there"
        elif official_split(name.rpartition("/")[2]) != split:
            yield f"{folder / name} is listed as {split}, where the official hash says otherwise"


def sound_faults(folder: Path, resample: bool) -> list[str]:
    """The files below `folder`, noise too, that do not decode to a usable recording."""
    paths = sorted(p for p in folder.glob("[!.]*/[!.]*") if p.suffix.lower() in AUDIO_SUFFIXES)
    if not paths:
        return []
    read = read_resampled if resample else read_mono_16k

    def fault(path: Path) -> str | None:
        try:
            read(path)
        except DataError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        found = track(pool.map(fault, paths), "check recordings", len(paths))
        return [line for line in found if line]


def _manifest(folder: Path) -> dict[str, str]:
    """{`word/file`: split} of manifest.csv, without its rows of noise; empty without the file."""
    path = folder / "manifest.csv"
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
            named = {f"{row['word']}/{row['file']}": (row["word"], row["split"]) for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise DataError(
            f"{path} is no table of word, file and split ({error!r}); remove it"
        ) from error
    return {name: split for name, (word, split) in named.items() if word != NOISE_FOLDER}
