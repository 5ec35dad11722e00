"""Splitting a user's files: by speaker where their names tell one, else file by file.

Groups are put in the order of a hash of their name, and the first tenth of them validates, the
second tests. So the split depends on names alone, and neither on seed nor on file order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from edgesnn.trainer.data.dataset import SPLITS, TESTING, TRAINING, VALIDATION

SHARE = 0.1
"""Of the groups, for validation and for testing each; at least one group."""

FEWEST_SPEAKERS = 5
"""Below this many speakers a split by speaker would say little about a new one."""

Files = Mapping[str, Sequence[Path]]
Groups = Mapping[Path, tuple[str, str]]


def split_groups(words: Sequence[str], files: Files) -> tuple[Groups, tuple[str, ...]]:
    """Group and split of each file, and notes on how it was done.

    By speaker, if every file of the words is called `<speaker>_<rest>`, there are five speakers
    or more and each word is spoken in each split; otherwise word by word, file by file.
    """
    speakers = _speakers(words, files)
    if len(speakers) < FEWEST_SPEAKERS:
        note = "files are split one by one: their names, not being <speaker>_…, tell no speakers"
        return _by_file(files), (note,)
    groups = _by_speaker(files, _share_out(sorted(speakers)))
    if all(_splits(files[word], groups) == set(SPLITS) for word in words):
        return groups, (f"split by speaker: {len(speakers)} speakers, no one in two splits",)
    note = "files are split one by one, since too few speakers say each word for a split by speaker"
    return _by_file(files), (note,)


def speaker_of_file(path: Path) -> str | None:
    """What stands before the first underscore, unless nothing does or it is the word itself."""
    speaker, underscore, rest = path.stem.partition("_")
    if not (speaker and underscore and rest) or speaker.lower() == path.parent.name.lower():
        return None
    return speaker


def _speakers(words: Sequence[str], files: Files) -> set[str]:
    """All speakers of the words; none at all where a single file does not tell its own."""
    names = [speaker_of_file(path) for word in words for path in files[word]]
    return {name for name in names if name} if all(names) else set()


def _by_speaker(files: Files, split_of: Mapping[str, str]) -> Groups:
    groups = {}
    for paths in files.values():
        for path in paths:
            speaker = speaker_of_file(path) or path.name
            groups[path] = (speaker, split_of.get(speaker, TRAINING))
    return groups


def _by_file(files: Files) -> Groups:
    groups = {}
    for paths in files.values():
        names = {path: f"{path.parent.name}/{path.name}" for path in paths}
        split_of = _share_out(list(names.values()))
        groups.update({path: (name, split_of[name]) for path, name in names.items()})
    return groups


def _share_out(names: Sequence[str]) -> dict[str, str]:
    """The split of each name; fewer than three all train."""
    ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    count = max(1, round(SHARE * len(ordered))) if len(ordered) >= len(SPLITS) else 0
    split_of = dict.fromkeys(ordered, TRAINING)
    split_of.update(dict.fromkeys(ordered[:count], VALIDATION))
    split_of.update(dict.fromkeys(ordered[count : 2 * count], TESTING))
    return split_of


def _splits(paths: Sequence[Path], groups: Groups) -> set[str]:
    return {groups[path][1] for path in paths}
