"""A network with neurons and taps to spare that computes what an earlier one does.

Larger networks need not begin anew: what the smaller one has learnt is kept, and what is added to
it learns beside it (T. Chen, I. Goodfellow and J. Shlens, "Net2Net", ICLR 2016). Here nothing is
copied twice: the earlier neurons stand first in each layer and hear the added ones and the added
taps with weights of zero, so that every score is what it was; the added neurons begin as those of
a new network and hear all.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from edgesnn.errors import ConfigError
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.model_settings import LayerSettings, ModelSettings
from edgesnn.trainer.transplant import transplant


def grow(earlier: KeywordSpotter, model: KeywordSpotter) -> None:
    """Give `model` the neurons of `earlier`, and let it compute the same.

    The scores are the same to the bit where bits and dead zones of weights, the input's encoding
    and shift, and `rest` are; where they are not, it is what the change of them makes of them.

    Raises:
        ConfigError: `model` has another number of layers, inputs or classes, other or fewer
            neurons, or lacks a tap.
    """
    if (earlier.channels, earlier.classes) != (model.channels, model.classes):
        raise ConfigError("start.grow: the earlier network has other inputs or classes")
    pairs = _layers(earlier.settings, model.settings)
    *hidden, last = [_places(*pair) for pair in pairs]
    before = torch.arange(earlier.channels)
    for source, target, taps in zip(earlier.hidden, model.hidden, hidden, strict=True):
        here = torch.arange(source.settings.width)
        transplant(source, target, here, before, taps)
        before = here
    transplant(earlier.readout, model.readout, torch.arange(model.classes), before, last)


class _Layer(NamedTuple):
    """What must stay of a layer: `law` as it is, `width` and `taps` at least."""

    name: str
    law: tuple[object, ...]
    width: int
    taps: list[int]


def _layers(earlier: ModelSettings, model: ModelSettings) -> list[tuple[_Layer, _Layer]]:
    """The layers of both networks side by side, the readout last."""
    if len(earlier.hidden) != len(model.hidden):
        raise ConfigError(
            f"start.grow: the earlier network has {len(earlier.hidden)} hidden layers, "
            f"this one {len(model.hidden)}; only neurons and taps can be added"
        )
    return list(zip(_described(earlier), _described(model), strict=True))


def _described(settings: ModelSettings) -> list[_Layer]:
    """The layers of a network, the readout last."""
    layers = [
        _Layer(
            f"hidden layer {index}",
            _law(settings, layer),
            layer.width,
            layer.taps if index else settings.input.taps,
        )
        for index, layer in enumerate(settings.hidden)
    ]
    return [*layers, _Layer("the readout", (), 0, settings.readout.taps)]


def _law(settings: ModelSettings, layer: LayerSettings) -> tuple[object, ...]:
    # The first layer hears the input, which has no axons.
    delays = layer.axonal_delay if layer is not settings.hidden[0] else 0
    kind = (layer.neuron, layer.reset, layer.reset_delay, layer.recurrent)
    return (*kind, delays, settings.normalise)


def _places(earlier: _Layer, model: _Layer) -> list[int]:
    """Where the taps of a layer stand among those of the larger one, each at a place of its own."""
    if earlier.law != model.law:
        raise ConfigError(
            f"start.grow: {model.name} has other neurons than the earlier network's: kind, reset, "
            "recurrence, axonal delays and normalisation must be the same"
        )
    if earlier.width > model.width:
        raise ConfigError(
            f"start.grow: {model.name} has {model.width} neurons, "
            f"the earlier network {earlier.width}"
        )
    left: list[int | None] = list(model.taps)
    places = []
    for tap in earlier.taps:
        if tap not in left:
            raise ConfigError(f"start.grow: {model.name} lacks tap {tap} of the earlier network")
        places.append(left.index(tap))
        left[places[-1]] = None
    return places
