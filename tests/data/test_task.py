"""Which words become classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgesnn.errors import DataError, EdgesnnError, UsageError
from edgesnn.trainer.data.task import KEYWORDS, choose_folder_task, choose_task

HERE = Path("recordings")


def counts(**training: int) -> dict[str, dict[str, int]]:
    return {word: {"training": count, "testing": 9} for word, count in training.items()}


FULL = counts(**dict.fromkeys((*KEYWORDS, "bed", "zero"), 100))


def test_default_takes_all_ten_keywords_where_they_are_covered() -> None:
    task = choose_task(None, FULL, HERE)
    assert task.classes == (*KEYWORDS, "unknown", "silence")
    assert task.notes == ()


def test_default_leaves_out_what_is_not_covered_and_says_so() -> None:
    thin = counts(**{**dict.fromkeys((*KEYWORDS, "bed"), 1000), "on": 3, "off": 0})
    task = choose_task(None, thin, HERE)
    assert task.keywords == tuple(word for word in KEYWORDS if word not in ("on", "off"))
    assert "on and off left out" in task.notes[0] and "8 keywords" in task.notes[0]


def test_default_counts_all_clips_where_none_is_for_training() -> None:
    only_tests = {word: {"testing": 5} for word in ("yes", "no", "bed")}
    assert choose_task(None, only_tests, HERE).keywords == ("yes", "no")


def test_default_needs_two_keywords() -> None:
    with pytest.raises(DataError, match=r"fewer than two .* --task bed,yes,zero"):
        choose_task(None, counts(yes=9, bed=9, zero=9), HERE)


def test_twelve_is_the_published_task() -> None:
    task = choose_task("12", FULL, HERE)
    assert task.classes == (*KEYWORDS, "unknown", "silence")
    assert task.unknown_ratio == {"training": 6.0, "validation": 1.0, "testing": 1.0}


def test_twelve_refuses_where_a_keyword_is_missing() -> None:
    with pytest.raises(DataError, match=r"no recordings of on, off in .*leave out --task"):
        choose_task("12", {w: c for w, c in FULL.items() if w not in ("on", "off")}, HERE)


def test_thirty_five_is_all_words_and_says_how_many() -> None:
    task = choose_task("35", FULL, HERE)
    assert task.classes == tuple(sorted(FULL))
    assert "all 12 words" in task.notes[0]
    every = counts(**{f"w{n}": 10 for n in range(35)})
    assert choose_task("35", every, HERE).notes == ()


def test_list_is_put_into_the_published_order() -> None:
    task = choose_task("zero, up,bed,yes", FULL, HERE)
    assert task.classes == ("yes", "up", "zero", "bed", "unknown", "silence")


def test_words_without_training_recordings_are_noted() -> None:
    bare = {**FULL, "marvin": {"testing": 17}}
    assert choose_task("marvin,yes", bare, HERE).notes == ("no training recordings of marvin",)
    assert "no training recordings of marvin" in choose_task("35", bare, HERE).notes
    assert choose_task("zero,yes", bare, HERE).notes == ()


def test_list_of_a_networks_classes_gives_them_back() -> None:
    classes = choose_task(None, FULL, HERE).classes
    assert choose_task(",".join(classes), FULL, HERE).classes == classes
    assert choose_task(("up", "yes", "silence"), FULL, HERE).classes == ("up", "yes", "silence")


BAD: dict[str, tuple[str | tuple[str, ...], type[EdgesnnError], str]] = {
    "misspelt": ("yes,rigth", DataError, r"no recordings of rigth .* did you mean right\?"),
    "twice": ("yes,no,yes", UsageError, r"names yes twice"),
    "empty word": ("yes,,no", UsageError, r"empty word"),
    "empty": ("", UsageError, r"empty word"),
    "no keyword": ("unknown,silence", UsageError, r"names no keyword"),
    "other number": ("11", DataError, r"no recordings of 11"),
    "classes twice": (("yes", "yes"), UsageError, r"repeat a word"),
    "no classes": ((), UsageError, r"empty"),
}


@pytest.mark.parametrize(("task", "error", "message"), BAD.values(), ids=BAD.keys())
def test_bad_task_is_one_clear_line(
    task: str | tuple[str, ...], error: type[EdgesnnError], message: str
) -> None:
    with pytest.raises(error, match=message):
        choose_task(task, FULL, HERE)


def test_folder_has_unknown_only_where_there_are_other_words() -> None:
    words = {"hallo": 9, "licht": 9, "stopp": 9}
    bare = choose_folder_task(None, words, False, HERE)
    assert bare.classes == ("hallo", "licht", "stopp", "silence")
    assert "_unknown_" in bare.notes[0]
    assert choose_folder_task(None, words, True, HERE).classes[-2:] == ("unknown", "silence")
    chosen = choose_folder_task("licht,hallo", words, False, HERE)
    assert chosen.classes == ("licht", "hallo", "unknown", "silence")
