"""Neurons that fell silent, given another life: new weights, and no say until they learn one.

Whoever fires by chance at the wrong time is pushed away from its threshold, and once it never
fires, next to no gradient brings it back (the surrogate's tail). The wider a network, the more of
it dies: up to two thirds of 3 × 256 neurons. So every few epochs those that hardly fire over a
part of the training clips begin anew as neurons of a new network do, and all that hear them forget
them (weights of zero). The network then computes what it did, but for the rare spikes that some of
them had, and for the scales of rows whose largest weight was one that is forgotten. After
G. Sokar, R. Agarwal, P. S. Castro and U. Evci, "The dormant neuron phenomenon in deep
reinforcement learning", ICML 2023.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from edgesnn.trainer.checkpoint import State
from edgesnn.trainer.config import OptimiserSettings
from edgesnn.trainer.features import evenly
from edgesnn.trainer.layers import RESTING, ReadoutLayer, SpikingLayer
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.prune import firing_rates

#: Neurons that fire in a smaller share of the steps begin anew: those that `--drop` leaves out.
LEAST_RATE = 1e-3

#: Share of the epochs after which nothing begins anew: what does must have time to learn.
UNTIL = 0.6

#: Clips, evenly taken, over which firing is counted.
CLIPS = 2048


def is_due(settings: OptimiserSettings, epoch: int) -> bool:
    """Whether silent neurons begin anew before `epoch`, counted from 0."""
    return bool(settings.revive) and (
        epoch % settings.revive == 0 and epoch < UNTIL * settings.epochs
    )


@torch.no_grad()
def revive(state: State, clips: npt.NDArray[np.int8], seed: int) -> int:
    """Let silent neurons of a run begin anew; returns how many.

    Leaves the model in evaluation mode, and PyTorch's generator where the new weights left it.

    Args:
        state: of a run of a `KeywordSpotter` (the configuration allows no other); its model,
            average and moments are changed in place.
        clips: int8 features `(clips, T, channels)` to count spikes over.
        seed: of the new weights, an int.
    """
    model = state.model
    assert isinstance(model, KeywordSpotter)
    rates = firing_rates(model, clips[evenly(len(clips), CLIPS)])
    silent = [torch.nonzero(rate < LEAST_RATE).flatten() for rate in rates]
    torch.manual_seed(seed)
    fresh = KeywordSpotter(model.settings, model.channels, model.classes)
    average = state.average.model
    assert isinstance(average, KeywordSpotter)
    for each in (model, average):
        _begin_anew(each, fresh, silent)
    _forget(state.optimiser, model, silent)
    return sum(map(len, silent))


def _begin_anew(model: KeywordSpotter, fresh: KeywordSpotter, silent: list[Tensor]) -> None:
    """Give neurons `silent` of each hidden layer the parameters of `fresh`, unheard by others."""
    for index, lost in enumerate(silent):
        own, new = _per_neuron(model.hidden[index]), _per_neuron(fresh.hidden[index])
        for values, given in zip(own, new, strict=True):
            values[lost] = given.to(values.device)[lost]
        for weight in _heard_by(model, index):
            _by_source(weight, model, index)[..., lost] = 0.0


def _forget(optimiser: torch.optim.Optimizer, model: KeywordSpotter, silent: list[Tensor]) -> None:
    """Set the moments of what began anew to none, and to the usual size."""
    for index, lost in enumerate(silent):
        for values in _per_neuron(model.hidden[index]):
            for moment, usual in _moments(optimiser, values):
                moment[lost] = usual
        for weight in _heard_by(model, index):
            for moment, usual in _moments(optimiser, weight):
                _by_source(moment, model, index)[..., lost] = usual


def _moments(optimiser: torch.optim.Optimizer, of: Tensor) -> list[tuple[Tensor, Tensor | float]]:
    """AdamW's moments of a parameter, and what to set them to; none before the first step.

    The second one is the parameter's mean: of zero the next steps would be three times as long.
    """
    kept = optimiser.state.get(of)
    return [(kept["exp_avg"], 0.0), (kept["exp_avg_sq"], kept["exp_avg_sq"].mean())] if kept else []


def _per_neuron(layer: SpikingLayer) -> list[Tensor]:
    """Parameters and running statistics with a row for each neuron."""
    named = (*layer.named_parameters(), *layer.named_buffers())
    own = [values for name, values in named if name not in ("delays", RESTING)]
    return [values for values in own if values.ndim and len(values) == len(layer.bias)]


def _heard_by(model: KeywordSpotter, index: int) -> list[nn.Parameter]:
    """The weights of all that hear hidden layer `index`."""
    readers: list[SpikingLayer | ReadoutLayer] = [*model.hidden, model.readout]
    reader = readers[index + 1]
    recurrent = model.hidden[index].recurrent
    return [reader.synapses.weight, *([] if recurrent is None else [recurrent])]


def _by_source(weight: Tensor, model: KeywordSpotter, index: int) -> Tensor:
    """Weights or moments of what hears hidden layer `index`, `(post, taps, pre)`; not a copy."""
    return weight.view(len(weight), -1, len(model.hidden[index].bias))
