"""One pass over the training split: its sums, and what an interruption leaves."""

from __future__ import annotations

import itertools
import threading
import time
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn import progress  # noqa: E402
from edgesnn.trainer import epoch  # noqa: E402
from edgesnn.trainer.config import TrainConfig  # noqa: E402
from edgesnn.trainer.learner import Learned  # noqa: E402


def interrupted(*_):
    raise KeyboardInterrupt


def test_an_interrupted_epoch_leaves_no_thread(monkeypatch):
    """Not even under a progress bar, while somebody holds the exception and all that it saw."""
    monkeypatch.setattr(progress, "is_shown", lambda: True)
    monkeypatch.setattr(epoch, "batches", lambda *_: (each for each in itertools.count()))
    monkeypatch.setattr(epoch, "batch_count", lambda *_: 1000)
    state = SimpleNamespace(model=torch.nn.Identity(), epoch=0)
    config = TrainConfig.model_validate({"model": {"kind": "spiking", "hidden": [{"width": 2}]}})
    learner = SimpleNamespace(state=state, config=config, device="cuda", step=interrupted)
    with pytest.raises(KeyboardInterrupt) as held:
        epoch.train_epoch(learner, None, 0)
    end = time.monotonic() + 10
    while any(thread.name == "ahead" for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)
    del held


def test_right_answers_are_counted_one_by_one():
    sums = epoch.Sums()
    for right in (2**24, 1, 1):
        tallied = torch.zeros(1, dtype=torch.float64)
        sums.add(Learned(torch.zeros(()), torch.tensor(right), tallied, 1, right))
    assert sums.right == 2**24 + 2
