"""Several teachers that answer as one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from edgesnn.trainer.model import Spotter
from edgesnn.trainer.response import Outcome


class Ensemble(nn.Module):
    """Networks of the same classes; its scores are the mean of theirs.

    The mean of the scores is, up to a constant, the logarithm of the geometric mean of the
    probabilities: what no member believes, the ensemble does not (Hinton et al. 2015, section 5,
    average either way). The last score of a network of fewer steps, or of none, counts at each step
    of the others; asked at the end alone, that is its answer.
    """

    def __init__(self, members: Sequence[Spotter]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, features: Tensor) -> Outcome:
        """Scores for int8 `(T, B, channels)`: `(T or 1, B, classes)`, no spikes."""
        scores = [member(features).logits for member in self.members]
        steps = max(map(len, scores))
        same = [z if len(z) == steps else z[-1:].expand(steps, -1, -1) for z in scores]
        mean = torch.stack(same).mean(0)
        return Outcome(mean, (), torch.ones_like(features, dtype=torch.bool))
