"""Which words are classes: the ten keywords, the papers' twelve classes, all words, a list."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgesnn.errors import DataError, UsageError
from edgesnn.trainer.data.dataset import SILENCE, SPLITS, TRAINING, UNKNOWN

KEYWORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
"""The ten keywords of the published 12-class task, in its order."""

COVERED = 0.1
"""A keyword counts as covered from this share of the best covered keyword's clips on."""

UNKNOWN_RATIO = dict.fromkeys(SPLITS, 6.0)
"""Unknown clips, at most, as a multiple of the mean keyword's. A device hears far more other
words than keywords, so they weigh more here than in the papers."""

PAPERS_RATIO = {**UNKNOWN_RATIO, "validation": 1.0, "testing": 1.0}
"""In the published 12-class task the unknown class is as large as a keyword's."""

Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Task:
    """The classes in label order, the keywords among them, and how much unknown to take."""

    keywords: tuple[str, ...]
    classes: tuple[str, ...]
    unknown_ratio: Mapping[str, float] = field(default_factory=lambda: dict(UNKNOWN_RATIO))
    notes: tuple[str, ...] = ()


def choose_task(task: str | Sequence[str] | None, counts: Counts, folder: Path) -> Task:
    """Turn a task's name into classes.

    Args:
        task: None for those of the ten keywords that the recordings cover, with unknown and
            silence; `12` for the published task (all ten, MLPerf Tiny's); `35` for all words,
            without unknown and silence; `yes,no,up` for these with unknown and silence; or a
            sequence of class names, such as a network's own, taken as it stands.
        counts: recordings of each word in each split.
        folder: where they were found, for messages.

    Raises:
        DataError: a word of the task has no recordings.
        UsageError: no such task; an empty or repeated word.
    """
    if task is None:
        return _covered_keywords(counts, folder)
    if not isinstance(task, str):
        return _exact_classes(tuple(task), counts, folder)
    if task.strip() == "12":
        _require(KEYWORDS, counts, folder)
        return Task(KEYWORDS, (*KEYWORDS, UNKNOWN, SILENCE), PAPERS_RATIO)
    if task.strip() == "35":
        return _all_words(counts)
    return _listed_words(task, counts, folder)


def choose_folder_task(
    task: str | Sequence[str] | None,
    counts: Mapping[str, int],
    others: bool,
    folder: Path,
) -> Task:
    """The classes of a user's own folder, whose words have `counts` files each.

    All words where None, else as in `choose_task`, but that `12` and `35` have no meaning of
    their own. Silence is always a class; unknown is one where `others` says that there are
    recordings of other words, or where words are left out.

    Raises:
        DataError: a word of the task has no files.
        UsageError: an empty or repeated word.
    """
    in_counts = {word: {TRAINING: count} for word, count in counts.items()}
    if task is not None and not isinstance(task, str):
        return _exact_classes(tuple(task), in_counts, folder)
    words = tuple(counts)
    if task is not None:
        words = _listed_words(task, in_counts, folder).keywords
    if others or len(words) < len(counts):
        return Task(words, (*words, UNKNOWN, SILENCE))
    note = (
        "no class unknown, since no other words are there: any word will be taken for one of "
        "yours; put recordings of other words into _unknown_"
    )
    return Task(words, (*words, SILENCE), notes=(note,))


def _covered_keywords(counts: Counts, folder: Path) -> Task:
    clips = {word: _training_clips(counts.get(word, {}), counts) for word in KEYWORDS}
    enough = COVERED * max(clips.values())
    covered = tuple(word for word in KEYWORDS if clips[word] > 0 and clips[word] >= enough)
    if len(covered) < 2:
        raise DataError(
            f"{folder} covers fewer than two of the ten keywords; name the words with --task, "
            f"such as --task {','.join(sorted(counts)[:3])}"
        )
    left_out = [word for word in KEYWORDS if word not in covered]
    notes = []
    if left_out:
        notes.append(
            f"{' and '.join(left_out)} left out: too few training recordings "
            f"({', '.join(str(clips[word]) for word in left_out)}); "
            f"the task is {len(covered)} keywords + unknown + silence"
        )
    return Task(covered, (*covered, UNKNOWN, SILENCE), notes=tuple(notes))


def _training_clips(of_word: Mapping[str, int], counts: Counts) -> int:
    """A word's training clips, or all its clips where the folder has no training split."""
    if any(splits.get(TRAINING, 0) for splits in counts.values()):
        return of_word.get(TRAINING, 0)
    return sum(of_word.values())


def _all_words(counts: Counts) -> Task:
    words = tuple(sorted(counts))
    note = f"all {len(words)} words of the recordings, where version 2 has 35"
    notes = (note,) if len(words) != 35 else ()
    return Task(words, words, notes=notes + _untrained(words, counts))


def _listed_words(task: str, counts: Counts, folder: Path) -> Task:
    words = [word.strip() for word in task.split(",")]
    if not all(words):
        raise UsageError(f"--task {task!r} has an empty word; write it like yes,no,up")
    words = [word for word in words if word not in (UNKNOWN, SILENCE)]
    repeated = sorted({word for word in words if words.count(word) > 1})
    if repeated:
        raise UsageError(f"--task {task!r} names {', '.join(repeated)} twice")
    if not words:
        raise UsageError(f"--task {task!r} names no keyword; write it like yes,no,up")
    _require(words, counts, folder)
    keywords = tuple(sorted(words, key=_canonical_place))
    return Task(keywords, (*keywords, UNKNOWN, SILENCE), notes=_untrained(keywords, counts))


def _untrained(words: Sequence[str], counts: Counts) -> tuple[str, ...]:
    """A note on the words that nothing can be trained on."""
    bare = [word for word in words if not counts[word].get(TRAINING, 0)]
    return (f"no training recordings of {', '.join(bare)}",) if bare else ()


def _exact_classes(classes: tuple[str, ...], counts: Counts, folder: Path) -> Task:
    if len(set(classes)) != len(classes) or not classes:
        raise UsageError(f"the classes {', '.join(classes)} are empty or repeat a word")
    keywords = tuple(word for word in classes if word not in (UNKNOWN, SILENCE))
    _require(keywords, counts, folder)
    return Task(keywords, classes)


def _canonical_place(word: str) -> int:
    """Keywords in the published order, other words behind them in the order given."""
    return KEYWORDS.index(word) if word in KEYWORDS else len(KEYWORDS)


def _require(words: Sequence[str], counts: Counts, folder: Path) -> None:
    missing = [word for word in words if word not in counts]
    if not missing:
        return
    near = difflib.get_close_matches(missing[0], counts, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    if missing[0] in KEYWORDS:
        hint = "leave out --task to take the keywords that are covered; "
    raise DataError(
        f"no recordings of {', '.join(missing)} in {folder}; {hint}"
        f"the words there are {', '.join(sorted(counts))}"
    )
