"""Google Speech Commands, versions 1 and 2: a folder of recordings and a task make a dataset.

Warden, "Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition",
arXiv 1804.03209, 2018; CC BY 4.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgesnn.errors import DataError
from edgesnn.trainer.data.audio import AUDIO_SUFFIXES, Recording
from edgesnn.trainer.data.dataset import (
    SILENCE,
    SPLITS,
    TRAINING,
    UNKNOWN,
    Clip,
    Dataset,
)
from edgesnn.trainer.data.hash_split import official_split, speaker_of
from edgesnn.trainer.data.silence import background_noise, silence_clips
from edgesnn.trainer.data.task import Task, choose_task

NOISE_FOLDER = "_background_noise_"
VERSION_2_WORDS = frozenset({"backward", "forward", "follow", "learn", "visual"})
LISTS = {"validation_list.txt": "validation", "testing_list.txt": "testing"}


@dataclass(frozen=True)
class Take:
    """One recording of a word."""

    word: str
    path: Path
    split: str


def open_gsc(
    folder: Path,
    task: str | Sequence[str] | None = None,
    seed: int = 0,
    unknown_ratio: float | None = None,
) -> Dataset:
    """Open the recordings in `folder`, which is laid out as the official archive is.

    Args:
        folder: holds one folder a word, and `_background_noise_`.
        task: see `edgesnn.trainer.data.task.choose_task`.
        seed: chooses among unknown words, and cuts the silences.
        unknown_ratio: unknown clips of a split, at most, as a multiple of the mean count of
            its keywords; the task's own where None.

    Raises:
        DataError: no recordings, or none of a word that the task needs.
        UsageError: no such task or word.
    """
    takes = find_takes(folder)
    counts = count_words(takes)
    chosen = choose_task(task, counts, folder)
    clips = _word_clips(takes, chosen)
    clips += _unknown_clips(takes, chosen, seed, unknown_ratio)
    background, noise_notes = background_noise(folder / NOISE_FOLDER, seed)
    if SILENCE in chosen.classes:
        silences = mean_keyword_counts(clips, chosen)
        label = chosen.classes.index(SILENCE)
        clips += silence_clips(background, silences, label, seed)
    return Dataset(
        name="gsc",
        classes=chosen.classes,
        clips=tuple(clips),
        background=background,
        notes=chosen.notes + noise_notes,
        folder=folder,
        version=version_of(takes),
    )


def find_takes(folder: Path) -> tuple[Take, ...]:
    """All recordings of all words, sorted by word and file name, each with its split.

    The split is that of validation_list.txt and testing_list.txt where both are there, as in
    the official archive, and the official hash otherwise. The two agree.

    Raises:
        DataError: there is no recording at all.
    """
    listed = read_lists(folder)
    takes = []
    for path in sorted(folder.glob("[!._]*/[!.]*")):
        if path.suffix.lower() in AUDIO_SUFFIXES:
            word = path.parent.name
            takes.append(Take(word, path, _split_of(path, listed)))
    if not takes:
        raise DataError(
            f"no recordings in {folder}: expected one folder a word, with .wav, .flac, .ogg or "
            ".opus files in it"
        )
    return tuple(takes)


def read_lists(folder: Path) -> dict[str, str] | None:
    """{`word/file.wav`: split} of the two lists of the official archive; None without both."""
    if not all((folder / name).is_file() for name in LISTS):
        return None
    listed: dict[str, str] = {}
    for name, split in LISTS.items():
        try:
            lines = (folder / name).read_text("utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"cannot read {folder / name}: {error}") from error
        listed.update((line.strip(), split) for line in lines if line.strip())
    return listed


def count_words(takes: Sequence[Take]) -> dict[str, Counter[str]]:
    """Recordings of each word in each split."""
    counts: dict[str, Counter[str]] = {}
    for take in takes:
        counts.setdefault(take.word, Counter())[take.split] += 1
    return counts


def version_of(takes: Sequence[Take]) -> str:
    """`1`, `2` or `1+2` (merged), by the words and file names that are there."""
    if any(take.path.stem.endswith(("_v1", "_v2")) for take in takes):
        return "1+2"
    return "2" if VERSION_2_WORDS & {take.word for take in takes} else "1"


def mean_keyword_counts(clips: Sequence[Clip], task: Task) -> dict[str, int]:
    """The mean number of clips a keyword in each split, rounded."""
    labels = {task.classes.index(word) for word in task.keywords}
    counts = Counter(clip.split for clip in clips if clip.label in labels)
    return {split: round(counts[split] / len(labels)) for split in SPLITS}


def _split_of(path: Path, listed: Mapping[str, str] | None) -> str:
    if listed is None:
        return official_split(path.name)
    return listed.get(f"{path.parent.name}/{path.name}", TRAINING)


def _word_clips(takes: Sequence[Take], task: Task) -> list[Clip]:
    return [
        _clip(take, task.classes.index(take.word)) for take in takes if take.word in task.keywords
    ]


def _unknown_clips(takes: Sequence[Take], task: Task, seed: int, ratio: float | None) -> list[Clip]:
    """Other words, at most a multiple of the mean keyword in each split, drawn by `seed`."""
    if UNKNOWN not in task.classes:
        return []
    mean = mean_keyword_counts(_word_clips(takes, task), task)
    label = task.classes.index(UNKNOWN)
    clips: list[Clip] = []
    for number, split in enumerate(SPLITS):
        others = [t for t in takes if t.split == split and t.word not in task.keywords]
        limit = round(mean[split] * (task.unknown_ratio[split] if ratio is None else ratio))
        if len(others) > limit > 0:
            random = np.random.default_rng([seed, number])
            kept = np.sort(random.choice(len(others), limit, replace=False))
            others = [others[index] for index in kept]
        clips += [_clip(take, label) for take in others]
    return clips


def _clip(take: Take, label: int) -> Clip:
    name = f"{take.word}/{take.path.name}"
    return Clip(name, label, speaker_of(take.path.name), take.split, Recording(take.path))
