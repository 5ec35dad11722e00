"""Regularisation of activations: spikes themselves are penalised.

Louis, Miramond, Pegatoquet, Girard, "On Reducing Activity with Distillation and Regularization
for Energy Efficient Spiking Neural Networks", ICANN 2024 (arXiv 2406.18350), add the norm of the
spikes to the loss. Here the norm is of a layer's firing rates, so that its weight means the same
for any width, length and batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from edgesnn.trainer.loss_settings import ActivationSettings
from edgesnn.trainer.spiking import Trace


def activation_penalty(traces: Sequence[Trace], settings: ActivationSettings) -> Tensor:
    """`Σ_l g_l · (λ1·mean(e_l) + λ2·mean(e_l²))` with `e_l = max(0, r_l − target)`, `()`.

    `r_l` are the firing rates of the neurons of layer `l`, one a neuron and clip: its spikes over
    the steps, 0 … 1. `λ1` is `l1`, `λ2` is `l2`, `g_l` an entry of `layers`, or 1.

    Args:
        traces: what the spiking layers did, spikes `(T, B, N_l)`.
        settings: weights; `layers` is empty or has one entry a layer.
    """
    weights = settings.layers or [1.0] * len(traces)
    terms = []
    for weight, trace in zip(weights, traces, strict=True):
        excess = (trace.spikes.mean(0) - settings.target).clamp(min=0.0)
        # Neuron by neuron first: one sum over so many values is split among threads.
        first, second = excess.mean(0).mean(), (excess**2).mean(0).mean()
        terms.append(weight * (settings.l1 * first + settings.l2 * second))
    return torch.stack(terms).sum()


def spike_share(traces: Sequence[Trace], fans: Sequence[float]) -> Tensor:
    """Spikes over neurons and steps, each layer weighted by `fans`: differentiable, `()`, 0 … 1."""
    active = [fan * trace.spikes.sum() for fan, trace in zip(fans, traces, strict=True)]
    dense = sum(fan * trace.spikes.numel() for fan, trace in zip(fans, traces, strict=True))
    return torch.stack(active).sum() / dense
