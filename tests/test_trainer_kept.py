"""Which epoch's network a run keeps: the last of the best, or the last, once the ramp has ended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from edgesnn.trainer.config import parse_config
from edgesnn.trainer.kept import kept_line


def config(keep: str, ramp: float):
    optimiser = {"epochs": 10, "keep": keep}
    model = {"hidden": [{"width": 8}]}
    return parse_config({"model": model, "loss": {"ramp": ramp}, "optimiser": optimiser}, "test")


def history(accuracies):
    return [{"epoch": i, "validation_accuracy": share} for i, share in enumerate(accuracies, 1)]


accuracies = st.lists(st.sampled_from([0.5, 0.6, 0.7]), min_size=1, max_size=10)


@given(accuracies)
def test_the_best_is_kept_and_of_equals_the_later(shares):
    lines = history(shares)
    kept = kept_line(config("best", 0.0), lines)
    best = max(shares)
    assert kept is lines[len(shares) - 1 - shares[::-1].index(best)]


@given(accuracies)
def test_the_last_is_kept_where_asked(shares):
    lines = history(shares)
    assert kept_line(config("last", 0.0), lines) is lines[-1]


@given(accuracies, st.sampled_from(["best", "last"]))
def test_nothing_is_kept_before_the_ramp_ends(shares, keep):
    lines = history(shares)
    kept = kept_line(config(keep, 0.5), lines)
    assert (kept is None) == (len(lines) < 5)
    assert kept is None or kept["epoch"] >= 5
