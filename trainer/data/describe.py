"""Telling what a dataset holds."""

from __future__ import annotations

from typing import Any

from edgesnn.trainer.data.dataset import SPLITS, Dataset


def describe(dataset: Dataset) -> dict[str, Any]:
    """What a dataset holds, as plain values for a table or JSON.

    Keys: name, version, folder (text or None), classes, counts ({class: {split: clips}}),
    totals ({split: clips}), groups ({split: distinct speakers, voices or noise recordings}),
    notes, fingerprint.
    """
    counts = {name: dict.fromkeys(SPLITS, 0) for name in dataset.classes}
    groups: dict[str, set[str]] = {split: set() for split in SPLITS}
    for clip in dataset.clips:
        counts[dataset.classes[clip.label]][clip.split] += 1
        groups[clip.split].add(clip.group)
    return {
        "name": dataset.name,
        "version": dataset.version,
        "folder": None if dataset.folder is None else str(dataset.folder),
        "classes": list(dataset.classes),
        "counts": counts,
        "totals": {split: sum(of[split] for of in counts.values()) for split in SPLITS},
        "groups": {split: len(names) for split, names in groups.items()},
        "notes": list(dataset.notes),
        "fingerprint": dataset.fingerprint(),
    }
