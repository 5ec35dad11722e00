"""snnTorch's `Leaky` with its time loop fused: same parameters, same values, same gradients."""

from __future__ import annotations

import snntorch
import torch
from torch import Tensor

from edgesnn.trainer.spiking import Law, fire, neuron_parameters


class FusedLeaky(snntorch.Leaky):  # type: ignore[misc]
    """A drop-in `snntorch.Leaky` (float, reset one step late) that can also run whole clips.

    Called as snnTorch's it does one step. `forward_steps` runs all of them in one fused
    operation; the surrogate is `snntorch.surrogate.atan(alpha)`.

    Args:
        beta: decay, 0 … 1, number or `(N,)`.
        alpha: slope of the ATan surrogate.
        **leaky: whatever `snntorch.Leaky` takes, but `spike_grad`.
    """

    def __init__(self, beta: float | Tensor, *, alpha: float = 2.0, **leaky: object) -> None:
        spike_grad = snntorch.surrogate.atan(alpha=alpha)
        super().__init__(beta=beta, spike_grad=spike_grad, **leaky)
        self.alpha = alpha

    def forward_steps(self, currents: Tensor) -> tuple[Tensor, Tensor]:
        """Spikes and membranes `(T, B, N)` of `currents` `(T, B, N)`, float32, from rest.

        Only the spikes are differentiable. The membranes are what `snntorch.Leaky` returns.
        """
        size = currents.shape[-1]
        law = Law(reset=self.reset_mechanism, reset_delay=True, strict=True, integer=False)
        theta = self.threshold.expand(size)
        beta = self.beta.clamp(0, 1).expand(size)
        table = neuron_parameters(theta, 256 * beta)
        trace = fire(currents, table, torch.ones_like(beta), self.alpha, law)
        return trace.spikes, trace.u
