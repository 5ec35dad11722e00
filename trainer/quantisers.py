"""Brevitas weight quantisers, read as whole numbers.

The integer domain wants what Brevitas calls the quantised weight's integer, W_int, and its scale:
narrow ranges (±127, ±7, ±1), one scale for each output neuron in hidden layers, one for the whole
readout (else the scores of two classes could not be compared).
"""

from __future__ import annotations

from typing import NamedTuple

import brevitas.nn as qnn
import torch
from brevitas.quant import Int8WeightPerTensorFloat
from torch import Tensor, nn

from edgesnn.network.synapses import WEIGHT_LIMIT
from edgesnn.trainer.spiking import round_through

#: Largest weight, in magnitude, that Brevitas takes that of a row of zeros to be.
SMALLEST_PEAK = 1e-10


class IntegerWeight(NamedTuple):
    """Whole-number weights `(post, pre)` with a straight-through gradient, and their scale.

    `scale` is `(post, 1)` or `(1, 1)`, detached: `integer · scale` is the quantised weight.
    """

    integer: Tensor
    scale: Tensor


class QuantisedWeight(nn.Module):
    """A dense weight `(post, pre)` under a Brevitas quantiser of `bits`.

    Args:
        post: postsynaptic neurons.
        pre: presynaptic neurons times taps.
        bits: 8, 4 or 2.
        per_neuron: one scale for each postsynaptic neuron, instead of one for all.
        dead_zone: whole numbers up to this magnitude become 0: synapses that are left out.
    """

    def __init__(
        self, post: int, pre: int, bits: int, *, per_neuron: bool, dead_zone: int = 0
    ) -> None:
        super().__init__()
        self.bits, self.dead_zone, self.per_neuron = bits, dead_zone, per_neuron
        self.linear = qnn.QuantLinear(
            pre,
            post,
            bias=False,
            weight_quant=Int8WeightPerTensorFloat,
            weight_bit_width=bits,
            weight_scaling_per_output_channel=per_neuron,
        )

    @property
    def weight(self) -> nn.Parameter:
        """The float weight `(post, pre)` that the optimiser moves."""
        return self.linear.weight  # type: ignore[no-any-return]

    def forward(self) -> IntegerWeight:
        """The whole-number weight of now."""
        if self.weight.is_cuda:
            whole, scale = quantised_in_few(self.weight, self.bits, self.per_neuron)
        else:
            quantised = self.linear.quant_weight()
            scale = quantised.scale.detach().reshape(-1, 1)
            whole = round_through(quantised.value / scale)
        if self.dead_zone:
            # Straight through, so that a synapse that is left out can still grow and come back.
            small = whole.detach() * (whole.detach().abs() <= self.dead_zone)
            whole = whole - small
        return IntegerWeight(whole, scale)

    def extra_repr(self) -> str:
        """Shown by `print(model)`."""
        return f"bits={self.bits}"


def quantised_in_few(weight: Tensor, bits: int, per_neuron: bool) -> tuple[Tensor, Tensor]:
    """Brevitas's rule in few operations: whole numbers `(post, pre)`, and their scale.

    `Int8WeightPerTensorFloat` takes 59 operations of PyTorch a layer and step forward, views not
    counted, and these are 14; on a GPU that is more than the network's own. The values are
    the same to the bit, and so is the gradient but for the order of its sums.
    """
    limit = float(WEIGHT_LIMIT[bits])
    size = weight.abs()
    peak = size.amax(1, keepdim=True) if per_neuron else size.amax().reshape(1, 1)
    scale = peak.clamp(min=SMALLEST_PEAK) / limit
    value = round_through(weight / scale).clamp(-limit, limit) * scale
    return round_through(value / scale.detach()), scale.detach()


class FloatWeight(nn.Module):
    """A dense weight `(post, pre)` that is not quantised; `bits` are those it is counted with."""

    def __init__(self, post: int, pre: int, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.linear = nn.Linear(pre, post, bias=False)

    @property
    def weight(self) -> nn.Parameter:
        """The float weight `(post, pre)` that the optimiser moves."""
        weight = self.linear.weight
        assert isinstance(weight, nn.Parameter)
        return weight

    def forward(self) -> IntegerWeight:
        """The weight itself, and a scale of 1."""
        return IntegerWeight(self.weight, torch.ones_like(self.weight[:, :1]))


def uniform_(weight: Tensor, generator: torch.Generator | None = None) -> None:
    """Initialise uniformly in ±1/√fan-in (`nn.Linear`'s rule) from `generator`."""
    bound = weight.shape[1] ** -0.5
    with torch.no_grad():
        weight.uniform_(-bound, bound, generator=generator)
