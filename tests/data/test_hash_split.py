"""The official split of Speech Commands."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesnn.trainer.data.hash_split import official_split, speaker_of

PUBLISHED = {
    "24632875": "training",
    "a5d1becc": "training",
    "fce65496": "training",
    "f0ac2522": "training",
    "e6e29c47": "validation",
    "19b05529": "validation",
    "50f55535": "validation",
    "28ef2a01": "validation",
    "ffa76c4a": "testing",
    "e71b4ce6": "testing",
    "f17d21b5": "testing",
    "bb31b82b": "testing",
}
"""Speakers of the data set, and the split that they are in."""


@pytest.mark.parametrize(("speaker", "split"), PUBLISHED.items())
def test_known_speakers(speaker: str, split: str) -> None:
    assert official_split(f"{speaker}_nohash_0.wav") == split


hexadecimal = st.text("0123456789abcdef", min_size=8, max_size=8)


@given(hexadecimal, st.integers(0, 40), st.sampled_from(["", "_v1", "_v2"]))
def test_take_version_and_format_do_not_move_a_speaker(
    speaker: str, take: int, version: str
) -> None:
    name = f"{speaker}_nohash_{take}{version}.opus"
    assert speaker_of(name) == speaker
    assert official_split(name) == official_split(f"{speaker}_nohash_0.wav")


def test_shares_are_a_tenth_each() -> None:
    shares = Counter(official_split(f"{n:08x}_nohash_0.wav") for n in range(20_000))
    assert abs(shares["validation"] - 2_000) < 200 and abs(shares["testing"] - 2_000) < 200


@pytest.mark.data
def test_every_row_of_the_manifest_agrees(speech_commands: Path) -> None:
    with (speech_commands / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] != "noise"]
    assert len(rows) > 18_000
    wrong = [r for r in rows if official_split(r["file"]) != r["split"]]
    assert wrong == []
    assert all(speaker_of(row["file"]) == row["speaker"] for row in rows)
