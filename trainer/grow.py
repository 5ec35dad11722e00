"""A network with neurons and taps to spare that computes what an earlier one does.

Larger networks need not begin anew: what the smaller one has learnt is kept, and what is added to
it learns beside it (T. Chen, I. Goodfellow and J. Shlens, "Net2Net", ICLR 2016). Here nothing is
copied twice: the earlier neurons stand first in each layer and hear the added ones and the added
taps with weights of zero, so that every score is what it was; the added neurons begin as those of
a new network and hear all.
"""

from __future__ import annotations

import torch

from edgesnn.errors import ConfigError
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.model_settings import ModelSettings
from edgesnn.trainer.transplant import transplant


def grow(earlier: KeywordSpotter, model: KeywordSpotter) -> None:
    """Give `model` the neurons of `earlier`, and let it compute the same.

    The same to the bit where weights have the same bits, and the input the same encoding.

    Raises:
        ConfigError: `model` has not as many layers, other neurons, fewer of them, or lacks a tap.
    """
    places = [_places(*pair) for pair in _layers(earlier.settings, model.settings)]
    before = torch.arange(earlier.channels)
    for source, target, taps in zip(earlier.hidden, model.hidden, places, strict=False):
        here = torch.arange(source.settings.width)
        transplant(source, target, here, before, taps)
        before = here
    transplant(earlier.readout, model.readout, torch.arange(model.classes), before, places[-1])


#: The name of a layer, its neurons' kind and number, and its taps.
_Layer = tuple[str, object, int, list[int]]


def _layers(earlier: ModelSettings, model: ModelSettings) -> list[tuple[_Layer, _Layer]]:
    """The layers of both networks side by side, the readout last."""
    if len(earlier.hidden) != len(model.hidden):
        raise ConfigError(
            f"start.grow: the earlier network has {len(earlier.hidden)} hidden layers, "
            f"this one {len(model.hidden)}; only neurons and taps can be added"
        )
    return list(zip(_described(earlier), _described(model), strict=True))


def _described(settings: ModelSettings) -> list[_Layer]:
    layers: list[_Layer] = []
    for index, layer in enumerate(settings.hidden):
        taps = layer.taps if index else settings.input.taps
        kind = (layer.neuron, layer.recurrent, settings.normalise)
        layers.append((f"hidden layer {index}", kind, layer.width, taps))
    return [*layers, ("the readout", None, 0, settings.readout.taps)]


def _places(earlier: _Layer, model: _Layer) -> list[int]:
    """Where the taps of a layer stand among those of the larger one."""
    name, kind, width, taps = earlier
    _, wanted, room, offered = model
    if kind != wanted:
        raise ConfigError(f"start.grow: {name} has other neurons than the earlier network's")
    if width > room:
        raise ConfigError(f"start.grow: {name} has {room} neurons, the earlier network {width}")
    if missing := [tap for tap in taps if tap not in offered]:
        raise ConfigError(f"start.grow: {name} lacks the taps {missing} of the earlier network")
    return [offered.index(tap) for tap in taps]
