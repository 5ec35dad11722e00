"""Counting what costs energy: spikes, synaptic operations, first-layer multiply-accumulates.

The names are NeuroBench's (Yik et al., 2024): an Effective_AC is a synapse that carries a spike,
an Effective_MAC a synapse of the analog input that is served. Synapses count as stored (dense),
and spikes whose effect would come after a clip's end count too: an always-on stream has no end.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from edgesnn.trainer.costs import fan_out, input_fan_out, spike_cycles, step_cycles
from edgesnn.trainer.dense import DenseSpotter
from edgesnn.trainer.loss_settings import CostSettings
from edgesnn.trainer.model import Spotter
from edgesnn.trainer.response import Outcome


@dataclass(frozen=True)
class Activity:
    """Sums over clips, kept as plain numbers.

    Attributes:
        clips: clips counted.
        steps: steps a clip.
        widths: neurons of each spiking layer.
        spikes: spikes of each spiking layer.
        operations: synaptic operations of spikes (Effective_ACs).
        macs: multiply-accumulates of the analog input (Effective_MACs).
    """

    clips: int
    steps: int
    widths: tuple[int, ...]
    spikes: tuple[float, ...]
    operations: float
    macs: float

    def __add__(self, other: Activity) -> Activity:
        """The sum of two counts of the same network."""
        return Activity(
            self.clips + other.clips,
            self.steps,
            self.widths,
            tuple(a + b for a, b in zip(self.spikes, other.spikes, strict=True)),
            self.operations + other.operations,
            self.macs + other.macs,
        )

    @property
    def rates(self) -> tuple[float, ...]:
        """Share of the neurons of each layer that fire in a mean step."""
        total = self.clips * self.steps
        return tuple(s / (total * w) for s, w in zip(self.spikes, self.widths, strict=True))

    @property
    def rate(self) -> float:
        """Mean firing rate over all hidden neurons."""
        return sum(self.spikes) / (self.clips * self.steps * max(sum(self.widths), 1))

    def summary(self) -> dict[str, float | list[float]]:
        """Figures a clip, for reports."""
        return {
            "firing_rates": [round(rate, 5) for rate in self.rates],
            "mean_firing_rate": round(self.rate, 5),
            "spikes": round(sum(self.spikes) / self.clips, 1),
            "synaptic_operations": round(self.operations / self.clips, 1),
            "first_layer_macs": round(self.macs / self.clips, 1),
        }


def count(model: Spotter, outcome: Outcome, chosen: Tensor | None = None) -> Activity:
    """Activity of a batch, or of its clips `chosen` (bool `(B,)`)."""
    if chosen is not None:
        traces = tuple(t._replace(spikes=t.spikes[:, chosen]) for t in outcome.layers)
        outcome = outcome._replace(layers=traces, sent=outcome.sent[:, chosen])
    steps, clips = outcome.sent.shape[:2]
    return activity(model, clips, steps, tally(outcome))


def tally(outcome: Outcome) -> Tensor:
    """Spikes of each layer and channels sent in a batch, float64 `(layers + 1,)`, on its device."""
    # Rows first: whole numbers below 2^24.
    parts = [trace.spikes.detach().sum(-1).sum(dtype=torch.float64) for trace in outcome.layers]
    return torch.stack([*parts, outcome.sent.sum().double()])


def activity(model: Spotter, clips: int, steps: int, tallied: Tensor) -> Activity:
    """Activity of `clips` clips of `steps` steps of which the tallies add up to `tallied`."""
    if isinstance(model, DenseSpotter):
        return Activity(clips, steps, (), (), 0.0, float(clips * model.macs(steps)))
    *spikes, sent = tallied.tolist()
    return Activity(
        clips=clips,
        steps=steps,
        widths=tuple(layer.neurons for layer in model.hidden),
        spikes=tuple(spikes),
        operations=float(sum(f * s for f, s in zip(fan_out(model), spikes, strict=True))),
        macs=sent * input_fan_out(model),
    )


def predicted_cycles(
    model: Spotter, activity: Activity, costs: CostSettings, step_s: float
) -> float:
    """Cycles a second of sound by the cost table; no layer's update is taken to be skipped."""
    if isinstance(model, DenseSpotter):
        return costs.mac * activity.macs / (activity.clips * activity.steps * step_s)
    spikes = sum(p * s for p, s in zip(spike_cycles(model, costs), activity.spikes, strict=True))
    steps = activity.clips * activity.steps
    return ((spikes + costs.mac * activity.macs) / steps + step_cycles(model, costs)) / step_s
