"""Running a trained model over a split: decisions, confusions, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from edgesnn.trainer.activity import Activity, count
from edgesnn.trainer.features import FeatureSet
from edgesnn.trainer.model import Spotter

#: Clips run at a time.
BATCH = 512


@dataclass(frozen=True)
class Evaluation:
    """How a model did on a split.

    Attributes:
        confusion: int64 `(classes, classes)`, rows are true labels, columns decisions.
        activity: over all clips.
        by_kind: over the clips of `speech` (keywords and unknown words) or all `images`, and over
            those of `silence`.
    """

    confusion: npt.NDArray[np.int64]
    activity: Activity
    by_kind: dict[str, Activity]

    @property
    def accuracy(self) -> float:
        """Share of right decisions, 0 … 1."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    def summary(self) -> dict[str, Any]:
        """Plain figures for a report."""
        return {
            "accuracy": round(self.accuracy, 5),
            "clips": int(self.confusion.sum()),
            "confusion": self.confusion.tolist(),
            "activity": self.activity.summary(),
            "by_kind": {kind: part.summary() for kind, part in self.by_kind.items()},
        }


@torch.no_grad()
def evaluate(
    model: Spotter,
    split: FeatureSet,
    *,
    silence: int | None = None,
    kind: str = "speech",
    device: str = "cpu",
) -> Evaluation:
    """Run `model` over a split as recorded.

    Args:
        model: put into evaluation mode.
        split: its features and labels.
        silence: label of the silence class, to count activity apart; None where there is none.
        kind: what all other clips are, in a word.
        device: where to run.
    """
    model.eval()
    classes = model.classes
    confusion = np.zeros((classes, classes), np.int64)
    kinds: dict[str, Activity] = {}
    for first in range(0, split.clips, BATCH):
        labels = torch.from_numpy(np.array(split.labels[first : first + BATCH]))
        frames = np.array(split.variant(0)[first : first + BATCH].transpose(1, 0, 2), order="C")
        outcome = model(torch.from_numpy(frames).to(device))
        decisions = outcome.logits[-1].argmax(1).cpu()
        np.add.at(confusion, (labels.numpy(), decisions.numpy()), 1)
        quiet = labels == (-1 if silence is None else silence)
        for each, chosen in ((kind, ~quiet), ("silence", quiet)):
            if chosen.any():
                part = count(model, outcome, chosen.to(device))
                kinds[each] = kinds[each] + part if each in kinds else part
    total = kinds[kind] + kinds["silence"] if len(kinds) == 2 else next(iter(kinds.values()))
    return Evaluation(confusion, total, kinds)


@torch.no_grad()
def rest_activity(model: Spotter, clips: npt.NDArray[np.int8], device: str) -> Activity:
    """What `model` does on int8 features `(clips, T, channels)` without labels."""
    model.eval()
    frames = torch.from_numpy(np.ascontiguousarray(clips.transpose(1, 0, 2)))
    return count(model, model(frames.to(device)))
