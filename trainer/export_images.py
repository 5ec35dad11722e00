"""`edgesnn.trainer.export` for networks that see an image several times."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from edgesnn.frontend import FrontEnd
from edgesnn.network import Input, Presentation
from edgesnn.trained import TrainedLayer, TrainedNetwork, TrainedSynapses
from edgesnn.trainer.convolution import Geometry
from edgesnn.trainer.convolutional import ConvolutionLayer, ImageClassifier
from edgesnn.trainer.export import integers_at_rest, real, trained_layer, trained_readout


@torch.no_grad()
def export_images(
    model: ImageClassifier,
    *,
    name: str,
    classes: tuple[str, ...],
    frontend: FrontEnd | None = None,
    notes: Mapping[str, str] | None = None,
) -> TrainedNetwork:
    """Describe `model` in evaluation mode; arguments as of `edgesnn.trainer.export.export`."""
    model.eval()
    layers = []
    for index, layer in enumerate(model.hidden):
        own = model.settings.hidden[index]
        back = name_of(index - own.shortcut) if own.shortcut else ""
        layers.append(_layer(layer, index, back, model))
    return TrainedNetwork(
        name=name,
        input=Input(shape=model.shape.image, encoding="delta", delta=0),
        layers=(*layers, _readout(model)),
        classes=classes,
        notes=notes or {},
        presentation=Presentation(steps=model.settings.steps, frontend=frontend),
    )


def name_of(index: int) -> str:
    """The name of spiking layer `index`; of the input before the first."""
    return f"hidden{index + 1}" if index >= 0 else "input"


def layer_shape(layer: ConvolutionLayer, model: ImageClassifier) -> tuple[int, ...]:
    """`(C, L)`, or `(C, H, W)`."""
    return layer.grid if len(model.shape.image) == 3 else (layer.grid[0], layer.grid[2])


def _layer(layer: ConvolutionLayer, index: int, back: str, model: ImageClassifier) -> TrainedLayer:
    unit = integers_at_rest(layer)[1]
    step = unit * 2.0**-layer.graded_shift
    window, rest = layer.parts(layer.synapses().integer * step[:, None])
    one_row = len(model.shape.image) == 2
    bits = layer.synapses.bits
    groups = [_convolution(window, layer.geometry, name_of(index - 1), bits, one_row)]
    if rest is not None:
        if layer.around is None:
            groups.append(
                TrainedSynapses(kind="Identity", source=back, weight=real(rest[:, 0]), bits=bits)
            )
        else:
            pointwise = rest[:, :, None, None]
            groups.append(_convolution(pointwise, layer.around, back, bits, one_row))
    return trained_layer(layer, name_of(index), layer_shape(layer, model), tuple(groups))


def _convolution(
    weight: Tensor, geometry: Geometry, source: str, bits: int, one_row: bool
) -> TrainedSynapses:
    """A group of weights `(C', C, rows, columns)`; 1-D where there is one row."""
    first = 1 if one_row else 0
    return TrainedSynapses(
        kind="Conv1d" if one_row else "Conv2d",
        source=source,
        weight=real(weight[:, :, 0] if one_row else weight),
        bits=bits,
        stride=geometry.stride[first:],
        padding=geometry.padding[first:],
    )


def _readout(model: ImageClassifier) -> TrainedLayer:
    """Columns of the weight in the order of channels, as a layer's neurons lie in the network."""
    last = model.hidden[-1]

    def by_channel(weight: Tensor) -> Tensor:
        return weight.view(-1, last.places, last.grid[0]).transpose(1, 2).flatten(1)

    return trained_readout(model.readout, name_of(len(model.hidden) - 1), by_channel)
