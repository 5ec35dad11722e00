"""The spiking law as a differentiable operation over whole spike trains.

`fire` runs all time steps of a layer at once. On the CPU it calls the fused Numba kernels, on a
GPU those of `edgesnn.trainer.device`; on any other device, or when asked, the plain PyTorch loop
`fire_by_steps`, which gives the same values and, to rounding, the same gradients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from edgesnn.trainer import device, kernels

#: Partial sums of the parameters' gradients: enough for the threads, and as many however many
#: there are, so that the number of cores does not change the result.
PARTIAL_SUMS = 4


@dataclass(frozen=True)
class Law:
    """Which of the laws of docs/SPEC.md §4 a layer obeys.

    Attributes:
        reset: `subtract` the threshold, or reset to `zero`.
        reset_delay: the reset of a spike is applied one step later.
        strict: fire where `u > threshold` instead of `u ≥ threshold`.
        integer: floor after every multiplication and saturate to int16; false for a float model.
        adaptive: whether there is an adaptation current.
    """

    reset: Literal["subtract", "zero"] = "subtract"
    reset_delay: bool = False
    strict: bool = False
    integer: bool = True
    adaptive: bool = False

    @property
    def flags(self) -> int:
        """The law as the kernels' bit mask."""
        flags = kernels.SUBTRACT if self.reset == "subtract" else 0
        flags |= kernels.DELAYED if self.reset_delay else 0
        flags |= kernels.STRICT if self.strict else 0
        flags |= kernels.INTEGER if self.integer else 0
        return flags | (kernels.ADAPTIVE if self.adaptive else 0)


class Trace(NamedTuple):
    """What a layer did: float32 `(T, B, N)` each.

    Attributes:
        spikes: 0 or 1; the only differentiable part.
        u: membrane before the reset.
        a: adaptation current after the step, or an empty tensor.
    """

    spikes: Tensor
    u: Tensor
    a: Tensor

    def membranes(self, threshold: Tensor, law: Law) -> Tensor:
        """Membranes after the step, `v` of docs/SPEC.md, from the ones before the reset."""
        if law.reset_delay:
            return self.u
        if law.reset == "subtract":
            return self.u - threshold * self.spikes
        return self.u * (1 - self.spikes)


def neuron_parameters(
    threshold: Tensor,
    decay: Tensor,
    bias: Tensor | None = None,
    adaptation: tuple[Tensor, Tensor, Tensor] | None = None,
) -> Tensor:
    """Stack parameter vectors `(N,)` as the kernels take them, `(ROWS, N)`.

    `decay` and the first two of `adaptation` (decay, coupling, jump) are in 1/256.
    """
    zero = torch.zeros_like(decay)
    rows = [threshold, decay, zero if bias is None else bias]
    rows += list(adaptation) if adaptation is not None else [zero, zero, zero]
    return torch.stack(rows)


def fire(
    acc: Tensor, parameters: Tensor, unit: Tensor, slope: float, law: Law, *, fused: bool = True
) -> Trace:
    """Run the law over the synaptic currents `acc` `(T, B, N)`, from rest.

    Args:
        acc: currents in LSB, float32, whole numbers where the law is `integer`.
        parameters: `(ROWS, N)` of `neuron_parameters`.
        unit: `(N,)`, one LSB in membrane units; scales the surrogate's argument.
        slope: α of the ATan surrogate, in membrane units.
        law: which law.
        fused: false forces the plain loop.
    """
    if fused and device.is_fused(acc):
        return Trace(*device.fire(acc, parameters, unit, slope, law))
    if not fused or acc.device.type != "cpu":
        return fire_by_steps(acc, parameters, unit, slope, law)
    made = _Fused.apply(acc.contiguous(), parameters, unit, slope, law)  # type: ignore[no-untyped-call]
    return Trace(*made)


class _Fused(torch.autograd.Function):
    """Zero-copy bridge to the Numba kernels."""

    @staticmethod
    def forward(
        ctx: Any, acc: Tensor, parameters: Tensor, unit: Tensor, slope: float, law: Law
    ) -> tuple[Tensor, Tensor, Tensor]:
        spikes, u = torch.empty_like(acc), torch.empty_like(acc)
        a = torch.empty_like(acc) if law.adaptive else acc.new_zeros((1, 1, 1))
        table = parameters.detach().contiguous()
        kernels.spiking_forward(
            acc.detach().numpy(), table.numpy(), law.flags, u.numpy(), a.numpy(), spikes.numpy()
        )
        ctx.save_for_backward(u, a, table, unit)
        ctx.slope, ctx.law = slope, law
        ctx.mark_non_differentiable(u, a)
        return spikes, u, a

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        u, a, table, unit = ctx.saved_tensors
        grad_acc = torch.empty_like(u)
        chunks = min(u.shape[1], PARTIAL_SUMS)
        grad_table = table.new_empty((chunks, *table.shape))
        kernels.spiking_backward(
            grads[0].contiguous().numpy(),
            u.numpy(),
            a.numpy(),
            table.numpy(),
            unit.detach().contiguous().numpy(),
            np.float32(ctx.slope),
            ctx.law.flags,
            grad_acc.numpy(),
            grad_table.numpy(),
        )
        return grad_acc, grad_table.sum(0), None, None, None


class _Surrogate(torch.autograd.Function):
    """Heaviside step forward, ATan backward (`snntorch.surrogate.atan`) in units of `unit`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, unit: Tensor, slope: float, strict: bool) -> Tensor:
        ctx.save_for_backward(x, unit)
        ctx.slope = slope
        return (x > 0 if strict else x >= 0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, unit = ctx.saved_tensors
        bend = torch.pi / 2 * ctx.slope * unit
        return grads[0] * (ctx.slope / 2 * unit) / (1 + (bend * x) ** 2), None, None, None


def fire_by_steps(
    acc: Tensor,
    parameters: Tensor,
    unit: Tensor,
    slope: float,
    law: Law,
    recurrent: Tensor | None = None,
) -> Trace:
    """`fire` as a plain loop under autograd: any device, slow, easy to check against the law.

    `recurrent` are weights `(N, N)` in LSB from the layer to itself, one step back.
    """
    theta, decay, bias, a_decay, coupling, jump = parameters
    v = w = spikes = torch.zeros_like(acc[0])
    all_spikes, all_u, all_a = [], [], []
    for current in acc:
        if recurrent is not None:
            current = current + spikes @ recurrent.T
        kept = v * (1 - spikes.detach()) if law.reset_delay and law.reset == "zero" else v
        u = scaled(kept, decay, law.integer) + current + bias - w
        if law.reset_delay and law.reset == "subtract":
            u = u - theta * spikes.detach()
        u = _saturated(u, law.integer)
        spikes = _Surrogate.apply(u - theta, unit, slope, law.strict)  # type: ignore[no-untyped-call]
        gone = spikes.detach()
        left = u - theta * gone if law.reset == "subtract" else u * (1 - gone)
        v = u if law.reset_delay else left
        if law.adaptive:
            w = scaled(w, a_decay, law.integer) + scaled(v, coupling, law.integer) + jump * spikes
            w = _saturated(w, law.integer)
            all_a.append(w.detach())
        all_spikes.append(spikes)
        all_u.append(u.detach())
    a = torch.stack(all_a) if all_a else acc.new_zeros((1, 1, 1))
    return Trace(torch.stack(all_spikes), torch.stack(all_u), a)


def scaled(x: Tensor, factor: Tensor, integer: bool = True) -> Tensor:
    """`floor(x · factor / 2^8)` with a straight-through gradient, or without the floor."""
    y = x * (factor * (1 / 256))
    return floor_through(y) if integer else y


def floor_through(x: Tensor) -> Tensor:
    """`floor(x)` forward, identity backward."""
    return x + (torch.floor(x) - x).detach()


def round_through(x: Tensor) -> Tensor:
    """`round(x)` (half to even) forward, identity backward."""
    return x + (torch.round(x) - x).detach()


def _saturated(x: Tensor, integer: bool) -> Tensor:
    if not integer:
        return x
    return x + (x.clamp(kernels.LOWEST, kernels.HIGHEST) - x).detach()
