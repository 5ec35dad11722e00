"""Making things ahead: the same things in the same order, and nothing left running."""

from __future__ import annotations

import threading
import time

import pytest

pytest.importorskip("torch")

from edgesnn.trainer.ahead import ahead


def threads():
    return [t for t in threading.enumerate() if t.name == "ahead"]


def wait_for(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_order_is_kept():
    assert list(ahead(range(50), 3)) == list(range(50))
    assert list(ahead([])) == []
    wait_for(lambda: not threads())


def test_some_are_made_before_they_are_asked_for_and_not_too_many():
    made = []

    def items():
        for item in range(100):
            made.append(item)
            yield item

    taken = ahead(items(), 3)
    assert next(taken) == 0
    wait_for(lambda: len(made) >= 4)
    time.sleep(0.1)
    assert len(made) <= 6
    taken.close()
    wait_for(lambda: not threads())


def test_what_making_one_raises_is_raised_here():
    def items():
        yield 1
        raise ZeroDivisionError("made of nothing")

    taken = ahead(items())
    assert next(taken) == 1
    with pytest.raises(ZeroDivisionError, match="made of nothing"):
        next(taken)
    wait_for(lambda: not threads())
