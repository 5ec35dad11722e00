"""Synaptic currents by events: only spikes are looked at, forward and in the weights' gradient.

For cores without matrix hardware: at a few per cent of spikes it does a few per cent of the work
of a dense product. Sums of whole numbers below 2^24 are exact in float32 in any order.
"""

from __future__ import annotations

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

#: Denser sources are multiplied as matrices.
SPARSE = 0.15

#: Partial sums of the weights' gradient: as many however many threads there are.
PARTIAL_SUMS = 4


def is_sparse(source: Tensor) -> bool:
    """Whether events are the faster way to serve `source`."""
    return int(torch.count_nonzero(source)) < SPARSE * source.numel()


def event_currents(source: Tensor, weight: Tensor, delays: Tensor) -> Tensor:
    """Currents `(T, B, post)`; arguments as of `edgesnn.trainer.synapses.currents`."""
    steps, batch, _ = source.shape
    acc = torch.zeros((steps, batch, weight.shape[0]))
    _serve(source.numpy(), weight.T.contiguous().numpy(), delays.numpy(), acc.numpy())
    return acc


def event_weight_gradient(grad: Tensor, source: Tensor, delays: Tensor) -> Tensor:
    """Gradient `(post, taps · pre)` of the weights from that of the currents `(T, B, post)`."""
    chunks = min(source.shape[1], PARTIAL_SUMS)
    sums = torch.zeros((chunks, delays.numel(), grad.shape[2]))
    _gather_gradient(grad.numpy(), source.numpy(), delays.numpy(), sums.numpy())
    return sums.sum(0).T


def source_gradient(grad: Tensor, weight: Tensor, delays: Tensor) -> Tensor:
    """Gradient `(T, B, pre)` of the source: each tap's product is added where it came from."""
    steps, batch, _ = grad.shape
    out = grad.new_zeros((steps, batch, delays.shape[1]))
    for part, late in zip(weight.chunk(delays.shape[0], dim=1), delays, strict=True):
        for delay in late.unique().tolist():
            if delay >= steps:
                continue
            after = grad[delay:].reshape(-1, grad.shape[2])
            own = part * (late == delay)
            out[: steps - delay].view(-1, out.shape[2]).addmm_(after, own)
    return out


@njit(cache=True, parallel=True)
def _serve(source, weight, delays, acc):  # type: ignore[no-untyped-def]
    steps, batch, pre = source.shape
    post = weight.shape[1]
    for b in prange(batch):
        for t in range(steps):
            row = source[t, b]
            for j in range(pre):
                x = row[j]
                if x == np.float32(0.0):
                    continue
                for k in range(delays.shape[0]):
                    when = t + delays[k, j]
                    if when >= steps:
                        continue
                    out, w = acc[when, b], weight[k * pre + j]
                    for n in range(post):
                        out[n] += x * w[n]


@njit(cache=True, parallel=True)
def _gather_gradient(grad, source, delays, sums):  # type: ignore[no-untyped-def]
    steps, batch, pre = source.shape
    post, chunks = grad.shape[2], sums.shape[0]
    for chunk in prange(chunks):
        for b in range(chunk, batch, chunks):
            for t in range(steps):
                row = source[t, b]
                for j in range(pre):
                    x = row[j]
                    if x == np.float32(0.0):
                        continue
                    for k in range(delays.shape[0]):
                        when = t + delays[k, j]
                        if when >= steps:
                            continue
                        g, total = grad[when, b], sums[chunk, k * pre + j]
                        for n in range(post):
                            total[n] += x * g[n]
