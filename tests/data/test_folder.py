"""A user's own words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edgesnn.errors import DataError, UsageError
from edgesnn.trainer.data import Dataset, find_faults, load_pcm, open_dataset
from edgesnn.trainer.data.dataset import SPLITS
from edgesnn.trainer.data.locate import is_speech_commands

from .conftest import WriteTone

WORDS = ("hallo", "licht", "stopp")


@pytest.fixture
def folder(tmp_path: Path, write_tone: WriteTone) -> Path:
    """Three words of twelve speakers, of every format, length and rate."""
    root = tmp_path / "words"
    for number, word in enumerate(WORDS):
        for speaker in range(12):
            suffix = (".wav", ".flac", ".ogg")[speaker % 3]
            rate = (8_000, 16_000, 44_100, 48_000)[speaker % 4]
            samples = rate * (1 + 2 * (speaker % 2)) // 2
            path = root / word / f"sp{speaker:02d}_{word}{suffix}"
            write_tone(path, samples, rate, channels=1 + speaker % 2, hertz=300 + 100 * number)
    return root


def open_here(folder: Path, **settings: object) -> Dataset:
    return open_dataset("folder", data_dir=folder, **settings)  # type: ignore[arg-type]


def speakers(dataset: Dataset, split: str) -> set[str]:
    return {c.group for c in dataset.split(split) if dataset.classes[c.label] != "silence"}


def test_any_rate_length_and_format_becomes_a_second(folder: Path) -> None:
    dataset = open_here(folder)
    assert dataset.classes == (*WORDS, "silence")
    total = 0
    for split in SPLITS:
        loaded = load_pcm(dataset, split)
        words = loaded.pcm[loaded.labels < 3]
        assert np.all(np.abs(words.astype(int)).max(axis=1) > 5_000)
        total += len(words)
    assert total == 36


def test_short_clips_are_centred(folder: Path) -> None:
    clip = next(c for c in open_here(folder).clips if c.name.startswith("hallo/sp00"))
    heard = np.flatnonzero(clip.source.pcm())
    assert abs(heard[0] - 4_000) < 50 and abs(heard[-1] - 12_000) < 50


def test_speakers_are_kept_apart(folder: Path) -> None:
    dataset = open_here(folder)
    sets = [speakers(dataset, split) for split in SPLITS]
    assert set.union(*sets) == {f"sp{n:02d}" for n in range(12)}
    assert sum(len(names) for names in sets) == 12
    assert any("split by speaker: 12 speakers" in note for note in dataset.notes)


@pytest.mark.parametrize("names", ["word and number", "number", "two speakers"])
def test_without_speakers_files_are_split_one_by_one(
    tmp_path: Path, write_tone: WriteTone, names: str
) -> None:
    for word in WORDS:
        for n in range(20):
            stem = {"word and number": f"{word}_{n}", "number": f"{n:03d}"}.get(
                names, f"{'ab'[n % 2]}_{n}"
            )
            write_tone(tmp_path / word / f"{stem}.wav", samples=400)
    dataset = open_here(tmp_path)
    assert any("split one by one" in note for note in dataset.notes)
    for label in range(3):
        found = Counter(clip.split for clip in dataset.clips if clip.label == label)
        assert found == {"training": 16, "validation": 2, "testing": 2}


def test_speakers_who_say_one_word_each_do_not_empty_a_split(
    tmp_path: Path, write_tone: WriteTone
) -> None:
    for number, word in enumerate(WORDS):
        for n in range(10):
            write_tone(tmp_path / word / f"s{number}{n % 2}_{n}.wav", samples=400)
    dataset = open_here(tmp_path)
    assert any("too few speakers say each word" in note for note in dataset.notes)
    assert {(c.label, c.split) for c in dataset.clips} == {
        (label, split) for label in range(4) for split in SPLITS
    }


def test_unknown_silence_and_noise_folders_are_no_words(
    folder: Path, write_tone: WriteTone
) -> None:
    for n in range(6):
        write_tone(folder / "_unknown_" / f"sp{n:02d}_other.wav", rate=22_050, samples=9_000)
        write_tone(folder / "_silence_" / f"sp{n:02d}_room.wav")
    write_tone(folder / "_background_noise_" / "street.wav", samples=600_000, rate=48_000)
    dataset = open_here(folder)
    assert dataset.classes == (*WORDS, "unknown", "silence")
    found = Counter(dataset.classes[clip.label] for clip in dataset.clips)
    assert found["unknown"] == 6 and found["silence"] > 6
    assert len(dataset.noise("training")[0]) == 160_000
    assert not any("made noise" in note for note in dataset.notes)


def test_task_takes_some_words_and_makes_the_others_unknown(folder: Path) -> None:
    dataset = open_here(folder, task="stopp,hallo")
    assert dataset.classes == ("stopp", "hallo", "unknown", "silence")
    unknown = {c.name.split("/")[0] for c in dataset.clips if c.label == 2}
    assert unknown == {"licht"}
    exact = open_here(folder, task=("hallo", "licht"))
    assert exact.classes == ("hallo", "licht")
    assert {clip.label for clip in exact.clips} == {0, 1}


def test_hidden_files_and_folders_are_passed_over(folder: Path, write_tone: WriteTone) -> None:
    before = open_here(folder).clips
    (folder / "hallo" / ".DS_Store").write_bytes(b"x")
    (folder / ".git").mkdir()
    write_tone(folder / ".cache" / "a.wav")
    assert open_here(folder).clips == before


def test_a_changed_file_changes_the_fingerprint(folder: Path, write_tone: WriteTone) -> None:
    before = open_here(folder)
    path = folder / "licht" / "sp01_licht.flac"
    key = before.fingerprint()
    write_tone(path, samples=2_000, hertz=999)
    assert open_here(folder).fingerprint() != key


def spoil(folder: Path, kind: str, write_tone: WriteTone) -> Path:
    if kind == "missing":
        return folder / "gone"
    if kind == "one word":
        for word in WORDS[1:]:
            (folder / word).rename(folder.parent / word)
    if kind == "flat":
        return folder / "hallo"
    if kind == "empty word":
        (folder / "leer").mkdir()
    if kind == "few clips":
        write_tone(folder / "neu" / "sp01_neu.wav")
    if kind == "not audio":
        (folder / "hallo" / "notes.txt").write_text("x")
    if kind == "nested":
        (folder / "hallo" / "more").mkdir()
    return folder


FAULTS = {
    "missing": r"no folder .*gone",
    "one word": r"holds 1 folder\(s\) of words where two are needed",
    "flat": r"holds 0 folder\(s\) of words",
    "empty word": r"leer holds 0 sound file\(s\) where 5 are needed",
    "few clips": r"neu holds 1 sound file\(s\)",
    "not audio": r"notes\.txt is no sound file",
    "nested": r"more is no sound file",
}


@pytest.mark.parametrize("kind", FAULTS)
def test_bad_folder_is_one_clear_line(folder: Path, write_tone: WriteTone, kind: str) -> None:
    with pytest.raises(DataError, match=FAULTS[kind]):
        open_here(spoil(folder, kind, write_tone))


def test_all_faults_are_found_at_once(folder: Path, write_tone: WriteTone) -> None:
    assert find_faults("folder", data_dir=folder) == []
    for kind in ("empty word", "few clips", "not audio"):
        spoil(folder, kind, write_tone)
    (folder / "hallo" / "sp03_hallo.wav").write_bytes(b"RIFFnothing")
    faults = find_faults("folder", data_dir=folder)
    assert len(faults) == 4
    assert "sp03_hallo.wav" in faults[-1]


def test_users_folder_with_noise_is_not_taken_for_speech_commands(
    folder: Path, write_tone: WriteTone
) -> None:
    write_tone(folder / "_background_noise_" / "street.wav")
    assert not is_speech_commands(folder)
    write_tone(folder / "hallo" / "00000001_nohash_0.wav")
    assert is_speech_commands(folder)


def test_folder_must_be_named() -> None:
    with pytest.raises(UsageError, match="by --dataset"):
        open_dataset("folder")
