"""Mean and deviation of currents over time and batch: one pass forward, one back (Numba)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

#: Added to the variance, in LSB², so that a channel that never moves divides by no zero.
EPSILON = 1e-4


def moments(acc: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation `(N,)`, biased, of float32 `acc` `(T, B, N)`."""
    if acc.device.type != "cpu":
        variance, mean = torch.var_mean(acc, (0, 1), correction=0)
        return mean, torch.sqrt(variance + EPSILON)
    mean, deviation = _Moments.apply(acc.contiguous())  # type: ignore[no-untyped-call]
    return mean, deviation


class _Moments(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, acc: Tensor) -> tuple[Tensor, Tensor]:
        count = acc.shape[0] * acc.shape[1]
        sums = torch.empty((acc.shape[0], 2, acc.shape[2]), dtype=torch.float64)
        _sums(acc.detach().numpy(), sums.numpy())
        mean, square = sums.sum(0) / count
        deviation = torch.sqrt((square - mean**2).clamp(min=0.0) + EPSILON)
        ctx.save_for_backward(acc, mean, deviation)
        return mean.float(), deviation.float()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        acc, mean, deviation = ctx.saved_tensors
        count = acc.shape[0] * acc.shape[1]
        slope = grads[1].double() / (count * deviation)
        base = grads[0].double() / count - slope * mean
        grad = torch.empty_like(acc)
        _line(acc.numpy(), slope.float().numpy(), base.float().numpy(), grad.numpy())
        return grad


@njit(cache=True, parallel=True)
def _sums(acc, sums):  # type: ignore[no-untyped-def]
    steps, batch, size = acc.shape
    for t in prange(steps):
        sums[t] = 0.0
        for b in range(batch):
            for n in range(size):
                x = np.float64(acc[t, b, n])
                sums[t, 0, n] += x
                sums[t, 1, n] += x * x


@njit(cache=True, parallel=True)
def _line(acc, slope, base, grad):  # type: ignore[no-untyped-def]
    steps, batch, size = acc.shape
    for t in prange(steps):
        for b in range(batch):
            for n in range(size):
                grad[t, b, n] = acc[t, b, n] * slope[n] + base[n]
