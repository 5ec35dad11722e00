"""One pass over the training split."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgesnn.progress import track
from edgesnn.trainer.activity import activity
from edgesnn.trainer.ahead import ahead
from edgesnn.trainer.batch import Material, batch_count, batches
from edgesnn.trainer.learner import Learned, Learner
from edgesnn.trainer.model import Spotter


@dataclass
class Sums:
    """What an epoch's batches add up to, on their device: to look is to wait for it.

    Attributes:
        loss, right: sums of losses, and of right answers, float64 `()`.
        tallied: of `activity.tally`.
        clips, steps: how many, and of how many steps.
    """

    loss: Tensor | float = 0.0
    right: Tensor | float = 0.0
    tallied: Tensor | float = 0.0
    clips: int = 0
    steps: int = 0

    def add(self, learned: Learned) -> None:
        """Take in a batch."""
        self.loss = self.loss + learned.loss.double()
        self.right = self.right + learned.right.double()
        self.tallied = self.tallied + learned.tallied
        self.steps = learned.steps
        self.clips += learned.clips

    def line(self, model: Spotter, batches: int) -> dict[str, Any]:
        """Mean loss, accuracy and activity, as a line of the log."""
        assert isinstance(self.tallied, Tensor)
        made = activity(model, self.clips, self.steps, self.tallied)
        figures = {f"training_{name}": value for name, value in made.summary().items()}
        loss, right = float(self.loss) / batches, int(self.right) / self.clips
        return {"loss": round(loss, 5), "training_accuracy": round(right, 5)} | figures


def train_epoch(learner: Learner, material: Material, seed: int) -> dict[str, Any]:
    """Train the next epoch; random numbers depend on `seed` and the epoch alone.

    Returns:
        Mean loss, training accuracy and activity, as a line of the log; where several processes
        share the batches, of this one's part.
    """
    state, config = learner.state, learner.config
    state.model.train()
    torch.manual_seed(seed * 100_003 + state.epoch)
    random = np.random.default_rng((seed, state.epoch))
    count = batch_count(material, config)
    first, steps = state.epoch * count, config.optimiser.epochs * count
    sums = Sums()
    title = f"epoch {state.epoch + 1} of {config.optimiser.epochs}"
    drawn = batches(material, config, state.epoch + seed, random)
    # A GPU works while this process makes the next batch; the cores of a CPU are all taken.
    given = drawn if learner.device.startswith("cpu") else ahead(drawn)
    with closing(given):  # Ctrl-C ends the thread, too
        for step, batch in enumerate(track(given, title, count), first):
            sums.add(learner.step(batch, step, steps))
    return sums.line(state.model, count)
