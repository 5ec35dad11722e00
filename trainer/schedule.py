"""The optimiser and its learning rate over a run."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from edgesnn.trainer.config import OptimiserSettings
from edgesnn.trainer.model import Spotter


def make_optimiser(model: Spotter, settings: OptimiserSettings) -> torch.optim.AdamW:
    """AdamW; only synaptic weights decay, neuron parameters have a rate of their own.

    On a GPU the rates are tensors and all weights are moved by one kernel.
    """
    named = list(model.named_parameters())
    synapses = [p for name, p in named if ".synapses." in name]
    neurons = [p for name, p in named if ".synapses." not in name]
    groups = [
        {"params": synapses, "share": 1.0, "weight_decay": settings.weight_decay},
        {"params": neurons, "share": settings.neuron_rate, "weight_decay": 0.0},
    ]
    device = next(model.parameters()).device
    if device.type != "cuda":
        return torch.optim.AdamW(groups, lr=settings.rate)
    for group in groups:
        group["lr"] = torch.tensor(settings.rate, device=device)
    return torch.optim.AdamW(groups, fused=True, capturable=True)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of all groups, each times its share."""
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):  # a recorded step reads it there
            group["lr"].fill_(rate * group["share"])
        else:
            group["lr"] = rate * group["share"]


def rate_at(step: int, steps: int, settings: OptimiserSettings) -> float:
    """Learning rate of optimiser step `step` of `steps`: a linear rise, then a cosine to 0."""
    rise = max(1, round(settings.warmup * steps))
    if step < rise:
        return settings.rate * (step + 1) / rise
    done = (step - rise) / max(1, steps - rise)
    return settings.rate * 0.5 * (1 + math.cos(math.pi * done))
