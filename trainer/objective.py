"""What training minimises."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from edgesnn.trainer.activity import fan_out
from edgesnn.trainer.config import LossSettings
from edgesnn.trainer.model import KeywordSpotter, Outcome


def loss_of(
    model: KeywordSpotter, outcome: Outcome, targets: Tensor, settings: LossSettings
) -> Tensor:
    """Cross-entropy at the last step and over the later half, and a penalty on activity.

    L = (1 − κ)·CE(z_T, y) + κ·CE(mean of z_t over t ≥ T/2, y) + λ·A + μ·R

    with κ = `later_steps`, λ = `activity`, μ = `firing`. R is the share of neurons that fire in a
    mean step, A the share of synapses that carry a spike: the same, weighted by fan-out.

    Args:
        model: for the fan-out of its layers.
        outcome: of the batch.
        targets: float32 `(B, classes)`, probabilities.
        settings: weights.
    """
    smoothing, later = settings.label_smoothing, settings.later_steps
    logits = outcome.logits
    loss = (1 - later) * cross_entropy(logits[-1], targets, label_smoothing=smoothing)
    if later:
        mean = logits[len(logits) // 2 :].mean(0)
        loss = loss + later * cross_entropy(mean, targets, label_smoothing=smoothing)
    if settings.activity:
        loss = loss + settings.activity * spike_share(outcome, fan_out(model))
    if settings.firing:
        loss = loss + settings.firing * spike_share(outcome, [1] * len(outcome.layers))
    return loss


def spike_share(outcome: Outcome, fans: list[int]) -> Tensor:
    """Spikes over neurons and steps, each layer weighted by `fans`: differentiable, `()`, 0 … 1."""
    dense = sum(
        fan * trace.spikes.shape[-1] for fan, trace in zip(fans, outcome.layers, strict=True)
    )
    steps, batch = outcome.logits.shape[:2]
    active = [fan * trace.spikes.sum() for fan, trace in zip(fans, outcome.layers, strict=True)]
    return torch.stack(active).sum() / (dense * steps * batch)
