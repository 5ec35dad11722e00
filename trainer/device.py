"""Bridges from PyTorch's autograd to the Triton kernels: what training runs on a GPU.

Each function gives what the one of the same name gives on the CPU: the same values in the integer
domain, gradients that differ by the order of their sums. Where Triton is missing, or the kernels
are switched off (`EDGESNN_TRITON=0`), callers take the plain PyTorch loops instead.
"""

from __future__ import annotations

import math
import os
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from edgesnn.errors import UsageError
from edgesnn.trainer.kernels import ROWS

if TYPE_CHECKING:
    from edgesnn.trainer.spiking import Law

#: Values that kernels can count to, since they count in int32; the last program counts further.
COUNTABLE = 2**31 - 1024


@cache
def has_triton() -> bool:
    """Whether the fused kernels are there, and wanted."""
    return os.environ.get("EDGESNN_TRITON", "1") != "0" and find_spec("triton") is not None


def is_fused(tensor: Tensor, copies: int = 1) -> bool:
    """Whether the fused kernels take `tensor` `(T, B, N)`, of which they make `copies`."""
    return tensor.device.type == "cuda" and is_countable(tensor, copies) and has_triton()


def is_countable(tensor: Tensor, copies: int = 1) -> bool:
    """Whether int32 counts the places of `copies` of `tensor`, and of its parameters' gradients."""
    steps, *rest = tensor.shape
    return max(steps * copies, ROWS) * math.prod(rest) <= COUNTABLE


def open_gpu(place: str, *, fast: bool) -> None:
    """Make a GPU at `place` the one that kernels are launched and steps are recorded on.

    Where it may be `fast`, matrix products read their factors as TF32. That has 11 bits of
    mantissa: whole numbers in ±127 lose nothing, and neither do their sums, which are float32.
    Gradients keep three digits, and so would weights that are not whole numbers.

    Raises:
        UsageError: Triton is there, but cannot make kernels.
    """
    if not place.startswith("cuda"):
        return
    if torch.device(place).index is not None:
        torch.cuda.set_device(place)
    torch.set_float32_matmul_precision("high" if fast else "highest")
    if has_triton():
        _try_kernels(place)


def _try_kernels(place: str) -> None:
    try:
        sample_and_hold(torch.zeros((2, 1, 16), device=place), 1)
    except Exception as error:  # whatever compilers, linkers and drivers raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UsageError(
            f"Triton makes no kernels here ({reason}): install a C compiler and Python's headers, "
            "or set EDGESNN_TRITON=0 to train slowly without"
        ) from None


def fire(
    acc: Tensor, parameters: Tensor, unit: Tensor, slope: float, law: Law
) -> tuple[Tensor, Tensor, Tensor]:
    """Spikes, membranes before the reset, and adaptation currents; see `spiking.fire`."""
    made = _Fire.apply(acc.contiguous(), parameters, unit, slope, law)  # type: ignore[no-untyped-call]
    spikes, u, a = made
    return spikes, u, a


def integrate(acc: Tensor, decay: Tensor, bias: Tensor) -> Tensor:
    """Scores `(T, B, C)`; see `leak.integrate`."""
    scores: Tensor = _Integrate.apply(acc.contiguous(), decay, bias)  # type: ignore[no-untyped-call]
    return scores


def currents(source: Tensor, weight: Tensor, delays: Tensor, shift: int) -> Tensor:
    """Currents `(T, B, post)`; see `synapses.currents`."""
    acc: Tensor = _Currents.apply(source.contiguous(), weight, delays, shift)  # type: ignore[no-untyped-call]
    return acc


def sample_and_hold(features: Tensor, delta: int) -> tuple[Tensor, Tensor]:
    """What the synapses see, and what was sent; see `encoding.sample_and_hold`."""
    from edgesnn.trainer import triton_kernels as kernels

    x = features.float().contiguous()
    seen, sent = torch.empty_like(x), torch.empty_like(x)
    lanes = x[0].numel()
    kernels.hold[_blocks(lanes)](
        x, float(delta), seen, sent, lanes, STEPS=len(x), BLOCK=kernels.BLOCK
    )
    return seen, sent.bool()


def _blocks(lanes: int) -> tuple[int]:
    from edgesnn.trainer.triton_kernels import BLOCK

    return (-(-lanes // BLOCK),)


def _reset(law: Law) -> dict[str, bool]:
    return {
        "SUBTRACT": law.reset == "subtract",
        "DELAYED": law.reset_delay,
        "STRICT": law.strict,
        "ADAPTIVE": law.adaptive,
    }


class _Fire(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, acc: Tensor, parameters: Tensor, unit: Tensor, slope: float, law: Law
    ) -> tuple[Tensor, Tensor, Tensor]:
        from edgesnn.trainer import triton_kernels as kernels

        steps, batch, size = acc.shape
        lanes = batch * size
        spikes, u = torch.empty_like(acc), torch.empty_like(acc)
        a = torch.empty_like(acc) if law.adaptive else acc.new_zeros((1, 1, 1))
        table = parameters.detach().contiguous()
        kernels.spiking_forward[_blocks(lanes)](
            acc, table, u, a, spikes, lanes, size,
            STEPS=steps, INTEGER=law.integer, BLOCK=kernels.BLOCK, **_reset(law),
        )  # fmt: skip
        ctx.save_for_backward(u, a, table, unit)
        ctx.slope, ctx.law = slope, law
        ctx.mark_non_differentiable(u, a)
        return spikes, u, a

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        from edgesnn.trainer import triton_kernels as kernels

        u, a, table, unit = ctx.saved_tensors
        steps, batch, size = u.shape
        lanes = batch * size
        grad_acc = torch.empty_like(u)
        grad_table = u.new_empty((len(table), batch, size))
        kernels.spiking_backward[_blocks(lanes)](
            grads[0].contiguous(), u, a, table, unit.detach().contiguous(), float(ctx.slope),
            grad_acc, grad_table, lanes, size,
            STEPS=steps, BLOCK=kernels.BLOCK, **_reset(ctx.law),
        )  # fmt: skip
        return grad_acc, grad_table.sum(1), None, None, None


class _Integrate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, acc: Tensor, decay: Tensor, bias: Tensor) -> Tensor:
        from edgesnn.trainer import triton_kernels as kernels

        steps, batch, classes = acc.shape
        scores = torch.empty_like(acc)
        kept, added = decay.detach().contiguous(), bias.detach().contiguous()
        kernels.leak_forward[_blocks(batch * classes)](
            acc, kept, added, scores, batch * classes, classes, STEPS=steps, BLOCK=kernels.BLOCK
        )
        ctx.save_for_backward(scores, kept)
        return scores

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        from edgesnn.trainer import triton_kernels as kernels

        scores, decay = ctx.saved_tensors
        steps, batch, classes = scores.shape
        grad_acc = torch.empty_like(scores)
        kernels.leak_backward[_blocks(batch * classes)](
            grads[0].contiguous(), decay, grad_acc, batch * classes, classes,
            STEPS=steps, BLOCK=kernels.BLOCK,
        )  # fmt: skip
        grad_decay = (grad_acc[1:] * scores[:-1]).sum((0, 1)) * (1 / 256)
        return grad_acc, grad_decay, grad_acc.sum((0, 1))


class _Currents(torch.autograd.Function):
    """Whole numbers of 8 bits survive TF32, and its sums are float32: exact below 2^24."""

    @staticmethod
    def forward(ctx: Any, source: Tensor, weight: Tensor, delays: Tensor, shift: int) -> Tensor:
        from edgesnn.trainer import triton_kernels as kernels

        steps, batch, pre = source.shape
        flat = source.new_empty((steps * batch, delays.numel()))
        kernels.gather_taps[_blocks(flat.numel())](
            source, delays, flat, flat.numel(), batch, pre, TAPS=len(delays), BLOCK=kernels.BLOCK
        )
        ctx.save_for_backward(flat, weight, delays)
        ctx.shape, ctx.factor = source.shape, 2.0**-shift
        acc = flat @ weight.detach().T
        return (torch.floor(acc * ctx.factor) if shift else acc).view(steps, batch, -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        from edgesnn.trainer import triton_kernels as kernels

        flat, weight, delays = ctx.saved_tensors
        grad = grads[0].reshape(len(flat), -1)
        grad_weight = (grad.T @ flat).mul_(ctx.factor)
        if not ctx.needs_input_grad[0]:
            return None, grad_weight, None, None
        steps, batch, pre = ctx.shape
        grad_taps = grad @ (weight * ctx.factor)
        grad_source = grad.new_empty(ctx.shape)
        kernels.scatter_taps[_blocks(grad_source.numel())](
            grad_taps, delays, grad_source, grad_source.numel(), batch, pre, steps,
            TAPS=len(delays), BLOCK=kernels.BLOCK,
        )  # fmt: skip
        return grad_source, grad_weight, None, None
