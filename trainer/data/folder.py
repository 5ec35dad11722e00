"""A user's own words: one folder a word, sound files of any length and sample rate in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from edgesnn.errors import DataError
from edgesnn.trainer.data.audio import AUDIO_SUFFIXES, Recording
from edgesnn.trainer.data.dataset import SILENCE, SPLITS, UNKNOWN, Clip, Dataset
from edgesnn.trainer.data.group_split import Groups, split_groups
from edgesnn.trainer.data.gsc import NOISE_FOLDER
from edgesnn.trainer.data.silence import background_noise, silence_clips
from edgesnn.trainer.data.task import Task, choose_folder_task

UNKNOWN_FOLDER = "_unknown_"
ROLES = {UNKNOWN_FOLDER: UNKNOWN, "_silence_": SILENCE}
"""Folders that are no words, and the class of what is in them."""

FEWEST_CLIPS = 5
"""Clips that a word needs: three to train on, one to validate and one to test."""

Files = Mapping[str, Sequence[Path]]


def open_folder(folder: Path, task: str | Sequence[str] | None = None, seed: int = 0) -> Dataset:
    """Open a folder of words.

    Every sub-folder is a word, but for `_unknown_`, which holds other words, `_silence_`, and
    `_background_noise_`, from which more silence is cut. Hidden files and folders are passed
    over. Clips longer than a second keep their loudest second, shorter ones are centred.

    Args:
        folder: the folder of words.
        task: the words to take, `yes,no`; the others then count as unknown. All where None.
            A sequence is a list of classes, taken as it stands.
        seed: cuts the silences.

    Raises:
        DataError: no such folder, fewer than two words, a word with too few files, a file that
            is no sound file, a word of the task that is not there.
        UsageError: an empty or repeated word.
    """
    files = find_files(folder)
    for fault in layout_faults(folder, files):
        raise DataError(fault)
    counts = {word: len(files[word]) for word in _words(files)}
    chosen = choose_folder_task(task, counts, bool(files.get(UNKNOWN_FOLDER)), folder)
    groups, split_notes = split_groups(_words(files), files)
    clips = [_clip(path, word, chosen, groups) for word in files for path in files[word]]
    background, noise_notes = background_noise(folder / NOISE_FOLDER, seed, resample=True)
    if SILENCE in chosen.classes:
        label = chosen.classes.index(SILENCE)
        clips += silence_clips(background, silence_counts(clips, chosen), label, seed)
    kept = tuple(clip for clip in clips if clip.label >= 0)
    notes = chosen.notes + split_notes + noise_notes
    return Dataset("folder", chosen.classes, kept, background, notes, folder)


def find_files(folder: Path) -> dict[str, list[Path]]:
    """The sound files of every sub-folder but the noise's, both in alphabetical order."""
    if not folder.is_dir():
        return {}
    return {
        inside.name: sorted(p for p in inside.glob("[!.]*") if _is_audio(p))
        for inside in sorted(folder.iterdir())
        if inside.is_dir() and not inside.name.startswith(".") and inside.name != NOISE_FOLDER
    }


def layout_faults(folder: Path, files: Files) -> Iterator[str]:
    """Everything that is wrong with the folder before any sound file is opened."""
    if not folder.is_dir():
        yield f"no folder {folder}; name the one that holds a folder a word"
        return
    words = _words(files)
    if len(words) < 2:
        yield (
            f"{folder} holds {len(words)} folder(s) of words where two are needed; "
            "expected one folder a word, with its sound files in it"
        )
    for word in words:
        if len(files[word]) < FEWEST_CLIPS:
            yield (
                f"{folder / word} holds {len(files[word])} sound file(s) where {FEWEST_CLIPS} "
                "are needed; add more, or move the folder elsewhere"
            )
    for word in files:
        for path in sorted((folder / word).glob("[!.]*")):
            if not _is_audio(path):
                yield (
                    f"{path} is no sound file ({', '.join(sorted(AUDIO_SUFFIXES))}); "
                    "convert or remove it"
                )


def silence_counts(clips: Sequence[Clip], task: Task) -> dict[str, int]:
    """Silences to add to each split: as many as the mean word has, at least one."""
    labels = {task.classes.index(word) for word in task.keywords}
    counts = Counter(clip.split for clip in clips if clip.label in labels)
    return {split: max(1, round(counts[split] / len(labels))) for split in SPLITS}


def _words(files: Files) -> list[str]:
    return [word for word in files if word not in ROLES]


def _is_audio(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in AUDIO_SUFFIXES


def _clip(path: Path, word: str, task: Task, groups: Groups) -> Clip:
    """A clip with its class's label; -1 where the task has no class for it."""
    kind = ROLES.get(word, word if word in task.keywords else UNKNOWN)
    label = task.classes.index(kind) if kind in task.classes else -1
    group, split = groups[path]
    source = Recording(path, align="centre", resample=True)
    return Clip(f"{word}/{path.name}", label, group, split, source)
