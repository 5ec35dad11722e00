"""Telling what a dataset holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgesnn.trainer.data.dataset import SPLITS, Dataset
from edgesnn.trainer.data.images import ImageDataset


def describe(dataset: Dataset) -> dict[str, Any]:
    """What a dataset holds, as plain values for a table or JSON.

    Keys: name, version, folder (text or None), classes, counted (what is counted), counts
    ({class: {split: clips}}), totals ({split: clips}), groups ({split: distinct speakers, voices
    or noise recordings}), notes, fingerprint.
    """
    counts = {name: dict.fromkeys(SPLITS, 0) for name in dataset.classes}
    groups: dict[str, set[str]] = {split: set() for split in SPLITS}
    for clip in dataset.clips:
        counts[dataset.classes[clip.label]][clip.split] += 1
        groups[clip.split].add(clip.group)
    found = {split: len(names) for split, names in groups.items()}
    return _facts(dataset, "clips", counts) | {"groups": found}


def describe_images(dataset: ImageDataset) -> dict[str, Any]:
    """`describe` of images, which have no groups."""
    counts = {name: dict.fromkeys(SPLITS, 0) for name in dataset.classes}
    for split in SPLITS:
        found = np.bincount(dataset.split(split).labels, minlength=len(dataset.classes))
        for name, number in zip(dataset.classes, found.tolist(), strict=True):
            counts[name][split] = number
    return _facts(dataset, "images", counts)


def _facts(
    dataset: Dataset | ImageDataset, counted: str, counts: dict[str, dict[str, int]]
) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "version": dataset.version,
        "folder": None if dataset.folder is None else str(dataset.folder),
        "classes": list(dataset.classes),
        "counted": counted,
        "counts": counts,
        "totals": {split: sum(of[split] for of in counts.values()) for split in SPLITS},
        "notes": list(dataset.notes),
        "fingerprint": dataset.fingerprint(),
    }
