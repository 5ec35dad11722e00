"""The optimiser and its learning rate over a run."""

from __future__ import annotations

import math

import torch

from edgesnn.trainer.config import OptimiserSettings
from edgesnn.trainer.model import Spotter


def make_optimiser(model: Spotter, settings: OptimiserSettings) -> torch.optim.AdamW:
    """AdamW; only synaptic weights decay, neuron parameters have a rate of their own."""
    named = list(model.named_parameters())
    synapses = [p for name, p in named if ".synapses." in name]
    neurons = [p for name, p in named if ".synapses." not in name]
    groups = [
        {"params": synapses, "share": 1.0, "weight_decay": settings.weight_decay},
        {"params": neurons, "share": settings.neuron_rate, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=settings.rate)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of all groups, each times its share."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["share"]


def rate_at(step: int, steps: int, settings: OptimiserSettings) -> float:
    """Learning rate of optimiser step `step` of `steps`: a linear rise, then a cosine to 0."""
    rise = max(1, round(settings.warmup * steps))
    if step < rise:
        return settings.rate * (step + 1) / rise
    done = (step - rise) / max(1, steps - rise)
    return settings.rate * 0.5 * (1 + math.cos(math.pi * done))
