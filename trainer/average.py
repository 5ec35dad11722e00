"""An exponential moving average of a model: steadier than the last step, and what is kept."""

from __future__ import annotations

import copy

import torch

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
        self._pairs = list(zip(*states, strict=True))

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the model after optimiser step `step`, counted from 0."""
        keep = min(self.decay, (1 + step) / (10 + step))
        for mean, now in self._pairs:
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)
