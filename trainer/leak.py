"""The readout's law, `y = sat24(floor(y·decay / 2^8) + acc)`, over whole clips (Numba)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from edgesnn.trainer import device
from edgesnn.trainer.spiking import scaled

#: Scores saturate at the ends of a signed 24-bit integer.
LOWEST, HIGHEST = -float(1 << 23), float((1 << 23) - 1)

_F = np.float32
_FRACTION = _F(1.0 / 256.0)
_LOW, _HIGH = _F(LOWEST), _F(HIGHEST)


def integrate(acc: Tensor, decay: Tensor, bias: Tensor) -> Tensor:
    """Scores `(T, B, C)` in LSB from currents `acc` `(T, B, C)`, `decay` and `bias` `(C,)`."""
    if device.is_fused(acc):
        return device.integrate(acc, decay, bias)
    if acc.device.type != "cpu":
        return integrate_by_steps(acc, decay, bias)
    scores: Tensor = _Integrate.apply(acc.contiguous(), decay, bias)  # type: ignore[no-untyped-call]
    return scores


def integrate_by_steps(acc: Tensor, decay: Tensor, bias: Tensor, integer: bool = True) -> Tensor:
    """`integrate` as a plain loop under autograd; not `integer`: without floor and saturation."""
    y = torch.zeros_like(acc[0])
    scores = []
    for current in acc:
        y = scaled(y, decay, integer) + current + bias
        if integer:
            y = y + (y.clamp(LOWEST, HIGHEST) - y).detach()
        scores.append(y)
    return torch.stack(scores)


class _Integrate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, acc: Tensor, decay: Tensor, bias: Tensor) -> Tensor:
        scores = torch.empty_like(acc)
        kept, added = decay.detach().contiguous(), bias.detach().contiguous()
        _forward(acc.detach().numpy(), kept.numpy(), added.numpy(), scores.numpy())
        ctx.save_for_backward(scores, kept)
        return scores

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        scores, decay = ctx.saved_tensors
        grad_acc = torch.empty_like(scores)
        _backward(grads[0].contiguous().numpy(), decay.numpy(), grad_acc.numpy())
        grad_decay = (grad_acc[1:] * scores[:-1]).sum((0, 1)) * (1 / 256)
        return grad_acc, grad_decay, grad_acc.sum((0, 1))


@njit(cache=True, parallel=True)
def _forward(acc, decay, bias, scores):  # type: ignore[no-untyped-def]
    steps, batch, classes = acc.shape
    for b in prange(batch):
        y = np.zeros(classes, _F)
        for t in range(steps):
            for c in range(classes):
                x = np.floor(y[c] * (decay[c] * _FRACTION)) + acc[t, b, c] + bias[c]
                y[c] = min(max(x, _LOW), _HIGH)
                scores[t, b, c] = y[c]


@njit(cache=True, parallel=True)
def _backward(grad_scores, decay, grad_acc):  # type: ignore[no-untyped-def]
    steps, batch, classes = grad_acc.shape
    for b in prange(batch):
        g = np.zeros(classes, _F)
        for step in range(steps):
            t = steps - 1 - step
            for c in range(classes):
                g[c] = grad_scores[t, b, c] + g[c] * decay[c] * _FRACTION
                grad_acc[t, b, c] = g[c]
