"""Pruning of neurons by activity: what never fires is updated, fed and stored for nothing.

A neuron without spikes sends nothing, so dropping it changes no other neuron. (Weight scales are
the largest weight of a row; they move where a dropped neuron had it, and training goes on.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from edgesnn.errors import ConfigError
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.transplant import transplant

#: Layers keep a multiple of so many neurons, since kernels serve them in tiles.
LANES = 8

#: Clips run at a time.
BATCH = 512


@torch.no_grad()
def firing_rates(model: KeywordSpotter, clips: npt.NDArray[np.int8]) -> list[Tensor]:
    """Share of the steps in which each neuron fires, `(N,)` a layer, over int8 `(clips, T, C)`."""
    model.eval()
    place = model.readout.bias.device
    totals = [torch.zeros(layer.settings.width, dtype=torch.float64) for layer in model.hidden]
    for first in range(0, len(clips), BATCH):
        frames = np.array(clips[first : first + BATCH].transpose(1, 0, 2), order="C")
        traces = model(torch.from_numpy(frames).to(place)).layers
        for total, trace in zip(totals, traces, strict=True):
            total += trace.spikes.sum((0, 1), dtype=torch.float64).cpu()
    return [total / (clips.shape[0] * clips.shape[1]) for total in totals]


def chosen(rates: Tensor, least: float, lanes: int = LANES) -> Tensor:
    """Indices, ascending, of the neurons to keep: those from `least` on, filled up to `lanes`."""
    wanted = int((rates >= least).sum())
    count = min(-(-wanted // lanes) * lanes, len(rates))
    order = torch.argsort(rates, descending=True, stable=True)
    return order[:count].sort().values


def without(model: KeywordSpotter, kept: list[Tensor]) -> KeywordSpotter:
    """A narrower copy of `model` with the neurons `kept` of each hidden layer.

    Raises:
        ConfigError: nothing is left of a layer.
    """
    for index, part in enumerate(kept):
        if not len(part):
            raise ConfigError(f"start.prune leaves no neuron in hidden layer {index}: lower it")
    settings = model.settings
    hidden = [
        layer.model_copy(update={"width": len(part)})
        for layer, part in zip(settings.hidden, kept, strict=True)
    ]
    narrow = KeywordSpotter(
        settings.model_copy(update={"hidden": hidden}),
        model.hidden[0].delays.shape[1],
        model.classes,
    )
    before = torch.arange(model.hidden[0].delays.shape[1])
    for source, target, part in zip(model.hidden, narrow.hidden, kept, strict=True):
        transplant(source, target, part, before)
        before = part
    transplant(model.readout, narrow.readout, torch.arange(model.classes), before)
    return narrow
