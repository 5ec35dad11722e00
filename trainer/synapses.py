"""Synaptic currents for all time steps at once, exact in integers, fast in the backward pass.

Forward: `acc = W_int · s` with 8-bit operands and 32-bit sums (VNNI/AMX where the core has them),
or in float32, which is exact too while sums stay below 2^24 (docs/SPEC.md §3). Backward: the two
products run in bfloat16 on cores with AMX (gradients need no more), else in float32.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from edgesnn.trainer import device
from edgesnn.trainer.events import (
    event_currents,
    event_weight_gradient,
    is_sparse,
    source_gradient,
)
from edgesnn.trainer.spiking import floor_through

#: Partial sums of the weights' gradient: as many however many threads there are.
PARTIAL_SUMS = 16


@cache
def fast_products() -> bool:
    """Whether this core multiplies 8-bit and bfloat16 matrices in hardware (AMX)."""
    return bool(torch.cpu._is_amx_tile_supported())


def currents(source: Tensor, weight: Tensor, delays: Tensor, shift: int = 0) -> Tensor:
    """Currents `(T, B, post)` that `source` causes through delayed dense synapses.

    The gradient passes straight through the floor of the shift.

    Args:
        source: float32 `(T, B, pre)`, spikes or int8 features (whole numbers in ±127).
        weight: float32 `(post, taps · pre)`, whole numbers in ±127; taps vary slowest.
        delays: int64 `(taps, pre)`, steps; history before the first step is zero.
        shift: arithmetic right shift of the sums (docs/SPEC.md §3, `graded_shift`).
    """
    if device.is_fused(source, len(delays)):
        return device.currents(source, weight, delays, shift)
    if source.device.type != "cpu":
        return floor_through((shifted(source, delays) @ weight.T) * 2.0**-shift)
    by_events = not shift and not fast_products() and is_sparse(source)
    law = _Events if by_events else _Currents
    acc: Tensor = law.apply(source, weight, delays, shift)  # type: ignore[no-untyped-call]
    return acc


def shifted(source: Tensor, delays: Tensor) -> Tensor:
    """`out[t, b, k·pre + j] = source[t − delays[k, j], b, j]`, zero before the first step."""
    steps, batch, _ = source.shape
    when = torch.arange(steps, device=source.device)[:, None, None] - delays[None]
    index = when.clamp(min=0)[:, None].expand(steps, batch, *delays.shape)
    taps = source[:, :, None].expand(steps, batch, *delays.shape).gather(0, index)
    return (taps * (when >= 0)[:, None]).reshape(steps, batch, -1)


class _Currents(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, source: Tensor, weight: Tensor, delays: Tensor, shift: int) -> Tensor:
        steps, batch, _ = source.shape
        taps = torch.empty((steps, batch, delays.numel()), dtype=torch.int8)
        _gather(source.detach().contiguous().numpy(), delays.numpy(), taps.numpy())
        flat = taps.view(steps * batch, -1)
        ctx.save_for_backward(flat, weight, delays)
        ctx.shape, ctx.factor = source.shape, 2.0**-shift
        return _product(flat, weight, shift).view(steps, batch, -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        flat, weight, delays = ctx.saved_tensors
        dtype = torch.bfloat16 if fast_products() else torch.float32
        grad = grads[0].reshape(flat.shape[0], -1).to(dtype)
        grad_weight = summed_products(grad, flat.to(dtype)).mul_(ctx.factor)
        if not ctx.needs_input_grad[0]:
            return None, grad_weight, None, None
        grad_taps = (grad @ (weight * ctx.factor).to(dtype)).view(*ctx.shape[:2], -1)
        grad_source = grads[0].new_empty(ctx.shape)
        if dtype is torch.bfloat16:
            halves = grad_taps.view(torch.int16).numpy()
            _scatter_bfloat16(halves, delays.numpy(), grad_source.numpy())
        else:
            _scatter(grad_taps.numpy(), delays.numpy(), grad_source.numpy())
        return grad_source, grad_weight, None, None


class _Events(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, source: Tensor, weight: Tensor, delays: Tensor, _shift: int) -> Tensor:
        source = source.detach().contiguous()
        ctx.save_for_backward(source, weight, delays)
        return event_currents(source, weight.detach(), delays)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        source, weight, delays = ctx.saved_tensors
        grad = grads[0].contiguous()
        grad_weight = event_weight_gradient(grad, source, delays)
        wanted = ctx.needs_input_grad[0]
        return (source_gradient(grad, weight, delays) if wanted else None), grad_weight, None, None


def summed_products(grad: Tensor, source: Tensor) -> Tensor:
    """`gradᵀ · source`, float32 `(post, pre)`, of rows `(M, post)` and `(M, pre)` of one type.

    A matrix product splits so long a sum among its threads, and rounds as they are many. The
    products of a batch are each one thread's, so the sum is cut here, always alike.
    """
    parts = max(1, min(PARTIAL_SUMS, len(grad)))
    rows = len(grad) // parts
    first, second = (x[: parts * rows].view(parts, rows, -1) for x in (grad, source))
    sums = torch.bmm(first.transpose(1, 2), second).sum(0, dtype=torch.float32)
    return sums.addmm_(grad[parts * rows :].float().T, source[parts * rows :].float())


def _product(spikes: Tensor, weight: Tensor, shift: int) -> Tensor:
    """`spikes · weightᵀ >> shift`, exact: int8 `(M, K)` by whole-number float32 `(N, K)`."""
    if not fast_products():
        return torch.floor((spikes.float() @ weight.T) * 2.0**-shift)
    sums = torch._int_mm(spikes, weight.to(torch.int8).T.contiguous())
    return (sums >> shift if shift else sums).float()


@njit(cache=True, parallel=True)
def _gather(source, delays, out):  # type: ignore[no-untyped-def]
    steps, batch, pre = source.shape
    for t in prange(steps):
        for b in range(batch):
            row = out[t, b]
            for k in range(delays.shape[0]):
                late = delays[k, 0]
                if np.all(delays[k] == late):  # one delay for all: rows are copied whole
                    if t >= late:
                        before = source[t - late, b]
                        for j in range(pre):
                            row[k * pre + j] = np.int8(before[j])
                    else:
                        row[k * pre : (k + 1) * pre] = np.int8(0)
                else:
                    for j in range(pre):
                        when = t - delays[k, j]
                        value = source[max(when, 0), b, j]
                        row[k * pre + j] = np.int8(value) if when >= 0 else np.int8(0)


@njit(cache=True, parallel=True)
def _scatter_bfloat16(grad_taps, delays, out):  # type: ignore[no-untyped-def]
    """`_scatter` of bfloat16 bits: the upper half of a float32 each."""
    steps, batch, pre = out.shape
    for t in prange(steps):
        bits = np.zeros(pre, np.int32)
        floats = bits.view(np.float32)
        for b in range(batch):
            row = out[t, b]
            row[:] = np.float32(0.0)
            for k in range(delays.shape[0]):
                late = delays[k, 0]
                if np.all(delays[k] == late):  # one delay for all: rows are added whole
                    if t + late >= steps:
                        continue
                    after = grad_taps[t + late, b, k * pre : (k + 1) * pre]
                    for j in range(pre):
                        bits[j] = np.int32(after[j]) << np.int32(16)
                else:
                    for j in range(pre):
                        when = min(t + delays[k, j], steps - 1)
                        kept = np.int32(t + delays[k, j] < steps)
                        half = np.int32(grad_taps[when, b, k * pre + j])
                        bits[j] = (half << np.int32(16)) * kept
                for j in range(pre):
                    row[j] += floats[j]


@njit(cache=True, parallel=True)
def _scatter(grad_taps, delays, out):  # type: ignore[no-untyped-def]
    steps, batch, pre = out.shape
    for t in prange(steps):
        for b in range(batch):
            row = out[t, b]
            row[:] = np.float32(0.0)
            for k in range(delays.shape[0]):
                for j in range(pre):
                    when = t + delays[k, j]
                    if when < steps:
                        row[j] += grad_taps[when, b, k * pre + j]
