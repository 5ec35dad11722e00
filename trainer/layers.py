"""The layers of a keyword spotter, trained in the integer domain.

A layer keeps float parameters in units of its threshold (θ = 1) and computes in LSB: `unit` is one
LSB in those units, so `θ_int = round(1 / unit)`. With batch normalisation the unit is γ/σ, and the
mean goes into the bias: nothing of it is left at inference (docs/TRAINING.md).
"""

from __future__ import annotations

import math
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from edgesnn.network.neurons import Reset
from edgesnn.network.synapses import WEIGHT_LIMIT
from edgesnn.trainer.leak import integrate, integrate_by_steps
from edgesnn.trainer.model_settings import LayerSettings
from edgesnn.trainer.moments import moments
from edgesnn.trainer.quantisers import FloatWeight, IntegerWeight, QuantisedWeight
from edgesnn.trainer.spiking import (
    Law,
    Trace,
    fire,
    fire_by_steps,
    neuron_parameters,
    round_through,
)
from edgesnn.trainer.synapses import currents

#: Buffer of what a layer's source gives, `(pre,)`, while nothing is heard.
RESTING = "resting"

#: Highest threshold in LSB: leaves the membrane room above it within int16.
THRESHOLD_LIMIT = 16384.0

#: Deviations of the synaptic current in one threshold at the start: neurons start out quiet.
INITIAL_GAIN = 0.3


def fraction(raw: Tensor) -> Tensor:
    """A decay in 1/256, 0 … 256, from its logit."""
    return round_through(256 * torch.sigmoid(raw))


def logits_of(low: float, high: float, size: int) -> nn.Parameter:
    """Logits of `size` decays uniform in `low` … `high`."""
    return nn.Parameter(torch.logit(torch.empty(size).uniform_(low, high)))


def _recurrent_weight(size: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(size, size).uniform_(-1.0, 1.0) * 0.3 * size**-0.5)


class Normaliser(nn.Module):
    """Batch statistics of integer currents, over time and batch; their running means for use.

    The running means are kept in weight units (`scale` times LSB), since the scale moves.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, size: int, gain: float = INITIAL_GAIN, momentum: float = 0.05) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((size,), gain))
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))

    def forward(self, acc: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation `(N,)` in LSB of `acc` `(T, B, N)`."""
        if not self.training:
            return self.mean / scale, self.deviation / scale
        mean, deviation = moments(acc)
        with torch.no_grad():
            self.mean.lerp_(mean * scale, self.momentum)
            self.deviation.lerp_(deviation * scale, self.momentum)
        return mean, deviation


class NeuronChoice(Protocol):
    """What settings say of a layer's neurons."""

    @property
    def neuron(self) -> Literal["leaky", "adaptive"]:
        """Which kind."""

    @property
    def reset(self) -> Reset:
        """By subtraction, or to zero."""

    @property
    def reset_delay(self) -> bool:
        """Whether a spike's reset comes one step later."""


class Population(nn.Module):
    """Integer-domain leaky or adaptive neurons; what feeds them is the subclasses' part.

    Args:
        choice: of the neuron.
        slope: α of the surrogate.
        graded_shift: right shift of graded currents; 0 where the source spikes.
        integer: false for a float model.
    """

    synapses: QuantisedWeight | FloatWeight
    normaliser: Normaliser | None

    def __init__(
        self, choice: NeuronChoice, slope: float, graded_shift: int, integer: bool = True
    ) -> None:
        super().__init__()
        self.slope, self.graded_shift = slope, graded_shift
        self.adaptive = choice.neuron == "adaptive"
        self.law = Law(
            reset=choice.reset,
            reset_delay=choice.reset_delay,
            adaptive=self.adaptive,
            integer=integer,
        )

    @property
    def neurons(self) -> int:
        """How many there are; one a channel, unless a subclass has several."""
        return len(self.bias)

    def make_neurons(
        self, channels: int, decays: tuple[float, float], gain: float | None = INITIAL_GAIN
    ) -> None:
        """Parameters of `channels`; decays in a range. No normalisation where `gain` is None."""
        self.bias = nn.Parameter(torch.zeros(channels))
        self.decay = logits_of(*decays, channels)
        self.normaliser = Normaliser(channels, gain) if gain is not None else None
        if self.adaptive:
            self.adaptation_decay = logits_of(0.85, 0.99, channels)
            self.adaptation_coupling = nn.Parameter(torch.empty(channels).uniform_(0.0, 0.1))
            self.adaptation_jump = nn.Parameter(torch.empty(channels).uniform_(0.1, 0.5))

    def scale_of(self, weight: IntegerWeight) -> Tensor:
        """One LSB of the membrane in weight units, `(channels,)`, before normalisation."""
        return weight.scale.squeeze(1) * 2.0**self.graded_shift

    def integers(self, acc: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """Integer neuron parameters `(ROWS, N)` and `unit` `(N,)`, one LSB in thresholds."""
        if self.normaliser is None:
            mean, unit = torch.zeros_like(scale), scale
        else:
            mean, deviation = self.normaliser(acc, scale)
            unit = self.normaliser.gain.abs().clamp(min=1e-3) / deviation
        unit = unit.clamp(min=1.0 / THRESHOLD_LIMIT)
        threshold = self._whole(1.0 / unit)
        if self.law.integer:
            threshold = threshold.clamp(min=1.0)
        decay = self._whole(256 * torch.sigmoid(self.decay))
        bias = self._whole(self.bias / unit - mean)
        adaptation = None
        if self.adaptive:
            # Below 0 a neuron excites itself: it runs away, and its gradients with it.
            coupling = self._whole(256 * self.adaptation_coupling.clamp(0.0, 1.0))
            jump = self._whole((self.adaptation_jump.clamp(min=0.0) / unit).clamp(max=32767.0))
            adaptation = (self._whole(256 * torch.sigmoid(self.adaptation_decay)), coupling, jump)
        bias = self.restrained(bias, threshold, decay)
        return neuron_parameters(threshold, decay, bias, adaptation), unit.detach()

    def restrained(self, bias: Tensor, threshold: Tensor, decay: Tensor) -> Tensor:
        """The biases `(N,)` in LSB that neurons may have, of those that they learnt."""
        return bias

    def _whole(self, x: Tensor) -> Tensor:
        return round_through(x) if self.law.integer else x


class SpikingLayer(Population):
    """Dense delayed synapses into integer-domain leaky or adaptive neurons.

    Args:
        pre: presynaptic neurons or channels.
        settings: width, neuron, bits and so on.
        delays: int64 `(taps, pre)`, steps.
        bits: weight bits of the feed-forward synapses.
        graded_shift: right shift of graded currents; 0 where the source spikes.
        slope: α of the surrogate.
        normalise: batch normalisation while training.
        rest: share of the threshold that a membrane may reach without events; 0 for any.
    """

    delays: Tensor
    resting: Tensor

    def __init__(
        self,
        pre: int,
        settings: LayerSettings,
        delays: Tensor,
        *,
        bits: int,
        graded_shift: int = 0,
        slope: float = 2.0,
        normalise: bool = True,
        rest: float = 0.0,
    ) -> None:
        super().__init__(settings, slope, graded_shift)
        size = settings.width
        self.settings, self.rest = settings, rest
        self.register_buffer("delays", delays)
        if rest:
            self.register_buffer(RESTING, torch.zeros(pre))
        self.synapses = QuantisedWeight(
            size, delays.numel(), bits, per_neuron=True, dead_zone=settings.dead_zone
        )
        self.make_neurons(size, (0.5, 0.95), INITIAL_GAIN if normalise else None)
        self.recurrent = _recurrent_weight(size) if settings.recurrent else None

    def forward(self, source: Tensor) -> Trace:
        """Run the layer over a whole source `(T, B, pre)`, from rest."""
        weight = self.synapses()
        acc = currents(source, weight.integer, self.delays, self.graded_shift)
        parameters, unit = self.integers(acc, self.scale_of(weight))
        recurrent = self.recurrent_integers(unit)
        if recurrent is not None:
            return fire_by_steps(acc, parameters, unit, self.slope, self.law, recurrent)
        return fire(acc, parameters, unit, self.slope, self.law)

    def restrained(self, bias: Tensor, threshold: Tensor, decay: Tensor) -> Tensor:
        """The biases, held down to where they cannot make a resting neuron fire.

        Under a constant drive b a membrane below θ stays below θ where b ≤ θ · (1 − decay), since
        `floor(v · decay) + b < θ` then, whatever v < θ. Here b, with what the resting source gives,
        is held to `rest` of that. What an adaptation current may add is not in it: one that got
        stuck a little below zero, rounded down, or that rings from one spike to the next, may yet
        lift a neuron (edgesnn/settle.py finds the former). The gradient passes straight through,
        so that a bias may come down again.
        """
        if not self.rest:
            return bias
        with torch.no_grad():
            highest = torch.floor(self.rest * threshold * (256 - decay) / 256)
            too_much = (bias + self._resting_currents() - highest).clamp(min=0.0)
        return bias - too_much

    def _resting_currents(self) -> Tensor:
        """Currents `(N,)` in LSB while the source gives `resting`, once it did so for long."""
        weight = self.synapses().integer
        sums = weight @ self.resting.repeat(self.delays.shape[0])
        return torch.floor(sums * 2.0**-self.graded_shift)

    def recurrent_integers(self, unit: Tensor) -> Tensor | None:
        """Weights `(N, N)` from the layer to itself in LSB: they share the membrane's step."""
        if self.recurrent is None:
            return None
        limit = float(WEIGHT_LIMIT[self.synapses.bits])
        return round_through((self.recurrent / unit[:, None]).clamp(-limit, limit))


class ReadoutLayer(nn.Module):
    """Non-spiking leaky integrators, one a class, with one weight scale for all.

    Args:
        pre: presynaptic neurons.
        classes: scores.
        taps: delays in steps.
        bits: of the weights.
    """

    delays: Tensor
    synapses: QuantisedWeight | FloatWeight

    def __init__(self, pre: int, classes: int, taps: list[int], bits: int) -> None:
        super().__init__()
        self.register_buffer("delays", torch.tensor(taps)[:, None].repeat(1, pre))
        self.synapses = QuantisedWeight(classes, len(taps) * pre, bits, per_neuron=False)
        self.bias = nn.Parameter(torch.zeros(classes))
        self.decay = nn.Parameter(torch.full((classes,), math.log(0.95 / 0.05)))

    def forward(self, spikes: Tensor) -> tuple[Tensor, Tensor]:
        """Scores `(T, B, classes)` in LSB, and the scale `()` that makes logits of them."""
        weight = self.synapses()
        scale = weight.scale.squeeze()
        acc = currents(spikes, weight.integer, self.delays)
        bias = round_through(self.bias / scale)
        return integrate(acc, fraction(self.decay), bias), scale


class FloatReadout(ReadoutLayer):
    """A readout without taps of a model that is not quantised."""

    def __init__(self, pre: int, classes: int, bits: int) -> None:
        super().__init__(pre, classes, [0], bits)
        self.synapses = FloatWeight(classes, pre, bits)

    def forward(self, spikes: Tensor) -> tuple[Tensor, Tensor]:
        """Scores `(T, B, classes)`, and a scale of 1."""
        acc = spikes @ self.synapses.weight.T
        decay = 256 * torch.sigmoid(self.decay)
        return integrate_by_steps(acc, decay, self.bias, integer=False), torch.ones(())
