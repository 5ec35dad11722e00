"""An exponential moving average of a model: steadier than the last step, and what is kept."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from edgesnn.trainer.model import Spotter


class Average:
    """The average of `model`'s parameters and running statistics.

    The decay starts low and grows to `decay`, so that the first steps are soon forgotten.
    """

    def __init__(self, model: Spotter, decay: float) -> None:
        self.decay = decay
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        # Looked up once: both models keep their tensors and change what is in them.
        states = self.model.state_dict().values(), model.state_dict().values()
        pairs = list(zip(*states, strict=True))
        self._moving = [pair for pair in pairs if pair[0].is_floating_point()]
        self._fixed = [pair for pair in pairs if not pair[0].is_floating_point()]

    def share_at(self, step: int) -> float:
        """How much the model after optimiser step `step`, counted from 0, counts."""
        return 1 - min(self.decay, (1 + step) / (10 + step))

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the model after optimiser step `step`, counted from 0."""
        means, now = zip(*self._moving, strict=True)
        torch._foreach_lerp_(means, now, self.share_at(step))
        self._copy_fixed()

    @torch.no_grad()
    def take_in(self, share: Tensor) -> None:
        """Take in the model as it is, with a `share` `()` that is known when this is run."""
        means, now = zip(*self._moving, strict=True)
        moves = torch._foreach_sub(now, means)
        torch._foreach_mul_(moves, share)
        torch._foreach_add_(means, moves)
        self._copy_fixed()

    def _copy_fixed(self) -> None:
        for mean, fixed in self._fixed:
            mean.copy_(fixed)
