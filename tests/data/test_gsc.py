"""Google Speech Commands: laid out small here, and the real recordings where they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edgesnn.errors import DataError, UsageError
from edgesnn.trainer.data import Dataset, describe, find_faults, load_pcm, open_dataset
from edgesnn.trainer.data.dataset import SPLITS
from edgesnn.trainer.data.hash_split import official_split
from edgesnn.trainer.data.silence import NoiseSpan, Scaled

from .conftest import WriteTone

SPEAKERS = [f"{n:08x}" for n in range(40)]


@pytest.fixture
def folder(tmp_path: Path, write_tone: WriteTone) -> Path:
    """Four words of forty speakers, and two noises of twelve seconds."""
    root = tmp_path / "speech_commands"
    for number, word in enumerate(("yes", "no", "bed", "cat")):
        for speaker in SPEAKERS:
            path = root / word / f"{speaker}_nohash_0.wav"
            write_tone(path, samples=800, hertz=300 + 100 * number)
    for name in ("hum.wav", "tap.flac"):
        write_tone(root / "_background_noise_" / name, samples=192_000)
    (root / "_background_noise_" / "README.md").write_text("about the noise")
    return root


def open_here(folder: Path, **settings: object) -> Dataset:
    return open_dataset("gsc", data_dir=folder, **settings)  # type: ignore[arg-type]


def counts(dataset: Dataset, split: str) -> Counter[str]:
    return Counter(dataset.classes[clip.label] for clip in dataset.split(split))


def test_every_recording_has_its_class_and_official_split(folder: Path) -> None:
    dataset = open_here(folder)
    assert dataset.classes == ("yes", "no", "unknown", "silence")
    words = [clip for clip in dataset.clips if clip.label != 3]
    assert len(words) == 160
    assert all(clip.split == official_split(clip.name.split("/")[1]) for clip in words)
    assert all(clip.group in SPEAKERS for clip in words)
    assert {c.name.split("/")[0] for c in words if c.label == 2} == {"bed", "cat"}


def test_silence_is_as_common_as_a_keyword(folder: Path) -> None:
    dataset = open_here(folder)
    for split in SPLITS:
        found = counts(dataset, split)
        assert found["silence"] == found["yes"] == found["no"] > 0


def test_silences_of_the_splits_share_no_sample(folder: Path) -> None:
    used: dict[tuple[Path, str], tuple[int, int]] = {}
    for clip in open_here(folder).clips:
        if isinstance(clip.source, Scaled):
            span = clip.source.source
            assert isinstance(span, NoiseSpan)
            start = span.start + clip.source.start
            assert span.start <= start and start + 16_000 <= span.stop
            used[(span.path, clip.split)] = (span.start, span.stop)
    for (path, split), (start, stop) in used.items():
        for (other_path, other), (other_start, other_stop) in used.items():
            if path == other_path and split != other:
                assert stop <= other_start or other_stop <= start


def test_augmentation_noise_is_the_training_part(folder: Path) -> None:
    noises = open_here(folder).noise("training")
    assert [noise.shape for noise in noises] == [(153_600,), (153_600,)]
    assert all(noise.dtype == np.int16 for noise in noises)


def test_seed_decides_silence_and_nothing_else(folder: Path) -> None:
    first, again, other = (open_here(folder, seed=seed) for seed in (0, 0, 1))
    assert first == again and first.fingerprint() == again.fingerprint()
    assert first.clips != other.clips
    assert [c for c in first.clips if c.label != 3] == [c for c in other.clips if c.label != 3]


def test_unknown_is_limited_and_drawn_by_seed(folder: Path) -> None:
    few = open_here(folder, task="yes,no", unknown_ratio=0.5)
    for split in SPLITS:
        found = counts(few, split)
        assert found["unknown"] == round(0.5 * found["yes"])
    assert few.clips == open_here(folder, unknown_ratio=0.5).clips
    assert few.clips != open_here(folder, unknown_ratio=0.5, seed=3).clips


def test_pcm_is_padded_behind_and_labelled(folder: Path) -> None:
    dataset = open_here(folder)
    loaded = load_pcm(dataset, "training")
    assert loaded.pcm.dtype == np.int16 and loaded.pcm.shape == (len(loaded), 16_000)
    assert loaded.labels.dtype == np.int64
    word = int(np.flatnonzero(loaded.labels == 0)[0])
    assert loaded.pcm[word, :800].any() and not loaded.pcm[word, 800:].any()
    assert loaded.names[word].startswith("yes/")
    assert not loaded.pcm.flags.writeable


def test_version_suffix_tells_merged_versions(folder: Path) -> None:
    assert open_here(folder).version == "1"
    (folder / "visual").mkdir()
    (folder / "yes" / f"{SPEAKERS[0]}_nohash_0.wav").rename(
        folder / "visual" / f"{SPEAKERS[0]}_nohash_0.wav"
    )
    assert open_here(folder).version == "2"
    path = folder / "yes" / f"{SPEAKERS[1]}_nohash_0.wav"
    path.rename(path.with_stem(path.stem + "_v2"))
    dataset = open_here(folder)
    assert dataset.version == "1+2"
    renamed = next(clip for clip in dataset.clips if "_v2" in clip.name)
    assert renamed.group == SPEAKERS[1]


def test_lists_of_the_official_archive_are_taken(folder: Path) -> None:
    validating = f"yes/{SPEAKERS[0]}_nohash_0.wav"
    (folder / "validation_list.txt").write_text(validating + "\n")
    (folder / "testing_list.txt").write_text(f"no/{SPEAKERS[1]}_nohash_0.wav\n")
    dataset = open_here(folder, task="35")
    assert [clip.name for clip in dataset.split("validation")] == [validating]
    assert [c.group for c in dataset.split("testing")] == [SPEAKERS[1]]


@pytest.mark.parametrize("place", ["folder", "parent", "environment", "cache"])
def test_recordings_are_found(
    folder: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    data_dir: Path | None = None
    if place in ("folder", "parent"):
        data_dir = folder if place == "folder" else folder.parent
    elif place == "environment":
        monkeypatch.setenv("EDGESNN_DATA", str(folder.parent))
    else:
        folder = folder.rename(own_cache / "speech_commands_v0.01")
    assert open_dataset("gsc", data_dir=data_dir).folder == folder


def test_named_folder_without_recordings_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=r"no recordings in .*missing \(from --data-dir\)"):
        open_here(tmp_path / "missing")
    monkeypatch.setenv("EDGESNN_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"from EDGESNN_DATA"):
        open_dataset("gsc")
    (tmp_path / "yes").mkdir()
    with pytest.raises(DataError, match=r"expected one folder a word, with .wav"):
        open_dataset("gsc")


def test_short_noise_is_replaced_and_said(folder: Path, write_tone: WriteTone) -> None:
    for path in (folder / "_background_noise_").glob("*.*a*"):
        write_tone(path, samples=40_000)
    dataset = open_here(folder)
    assert "silence is made noise" in dataset.notes[-1]
    assert counts(dataset, "testing")["silence"] > 0


def test_unknown_names_and_versions_are_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"no dataset is called 'gcs'.*synthetic, gsc, folder"):
        open_dataset("gcs")
    with pytest.raises(UsageError, match=r"versions 1 and 2, not 3"):
        open_here(folder, version=3)
    with pytest.raises(UsageError, match=r"no split is called 'test'"):
        load_pcm(open_here(folder), "test")


def test_all_faults_are_found_at_once(folder: Path, write_tone: WriteTone) -> None:
    assert find_faults("gsc", data_dir=folder) == []
    name = f"{SPEAKERS[5]}_nohash_0.wav"
    (folder / "yes" / name).write_bytes(b"")
    write_tone(folder / "no" / name, rate=8_000)
    write_tone(folder / "bed" / name, channels=2)
    rows = f"word,file,split,speaker\nyes,{name},testing,x\ncat,gone_nohash_0.wav,training,y\n"
    (folder / "manifest.csv").write_text(rows)
    faults = "\n".join(find_faults("gsc", data_dir=folder))
    for expected in ("cannot read", "8000 Hz", "2 channel", "listed as testing", "but not there"):
        assert expected in faults
    assert len(faults.splitlines()) == 5


def test_absent_recordings_are_one_fault_and_no_download() -> None:
    assert len(find_faults("gsc")) == 1


@pytest.mark.data
def test_shared_recordings_cover_eight_keywords(speech_commands: Path) -> None:
    dataset = open_here(speech_commands)
    told = describe(dataset)
    assert told["version"] == "1+2" and told["folder"] == str(speech_commands)
    assert dataset.classes == (
        *("yes", "no", "up", "down", "left", "right", "stop", "go"),
        *("unknown", "silence"),
    )
    assert "on and off left out" in dataset.notes[0]
    assert told["counts"]["yes"] == {"training": 797, "validation": 117, "testing": 223}
    assert told["counts"]["unknown"] == {"training": 6000, "validation": 700, "testing": 422}
    with pytest.raises(DataError, match=r"no recordings of on, off"):
        open_here(speech_commands, task="12")


@pytest.mark.data
def test_shared_test_clips_decode(speech_commands: Path) -> None:
    dataset = open_here(speech_commands)
    loaded = load_pcm(dataset, "testing")
    assert loaded.pcm.shape == (2_418, 16_000)
    speech = loaded.pcm[loaded.labels < 9].astype(np.float32)
    assert np.all(np.abs(speech).max(axis=1) > 30)
    silent = ~loaded.pcm[loaded.labels == 9].any(axis=1)
    assert 0.03 < silent.mean() < 0.3
