"""Spiking networks of convolutions that see one image several times, in the integer domain.

The reference networks of Louis et al., ICANN 2024 (arXiv 2406.18350): a spiking ResNet-8 of 1-D
convolutions over time, a spiking VGG-11. All synapses of a neuron, a shortcut's too, share one
scale, so that their sum is a sum of whole numbers; batch normalisation is over a channel's sums.

Signals are channels last, `(T, B, P, C)` with the places of a layer in row-major order. Neurons
of a channel share their parameters, which are repeated for the kernels.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from edgesnn.trainer.connection import FROM_INPUT, Connection
from edgesnn.trainer.convolution import Geometry, centred, convolved
from edgesnn.trainer.image_settings import ConvolutionalSettings, ConvolutionSettings
from edgesnn.trainer.layers import FloatReadout, Population, ReadoutLayer
from edgesnn.trainer.quantisers import FloatWeight, QuantisedWeight
from edgesnn.trainer.response import Outcome
from edgesnn.trainer.shape import FeatureShape
from edgesnn.trainer.spiking import Trace, fire, floor_through

#: Neurons that a row of the readout's weights is filled up to in flash.
READOUT_TILE = 16

#: `(C, H, W)` of a source or layer.
Grid = tuple[int, int, int]


class Way(NamedTuple):
    """A shortcut: `(C, H, W)` of its source, and the product of the strides that it goes around."""

    grid: Grid
    stride: int


class ConvolutionLayer(Population):
    """Convolved synapses, a shortcut's perhaps, into neurons with one set of parameters a channel.

    Rows of the weight hold the window's synapses in the order `(C, rows, columns)`, then those of
    the shortcut: one, or one a channel of its source.

    Args:
        source: `(C, H, W)` of what is convolved.
        way: of what is added, or None.
        settings: of the network.
        own: of this layer.
        first: whether the input feeds it.
    """

    def __init__(
        self,
        source: Grid,
        way: Way | None,
        settings: ConvolutionalSettings,
        own: ConvolutionSettings,
        *,
        first: bool,
        one_row: bool,
    ) -> None:
        shift = settings.graded_shift if first and not settings.is_float else 0
        super().__init__(settings, settings.surrogate_slope, shift, not settings.is_float)
        self.geometry = centred(source[1:], own.kernel, own.stride, one_row)
        self.grid = (settings.filters_of(own), *self.geometry.target)
        self.window = (source[0], *self.geometry.kernel)
        self.around = _way_around(way, self.grid, one_row)
        self.extra = 0 if way is None else 1 if self.around is None else way.grid[0]
        fan = self.window[0] * self.window[1] * self.window[2]
        bits = settings.bits_of(outer=first)
        self.synapses = (
            FloatWeight(self.grid[0], fan + self.extra, bits)
            if settings.is_float
            else QuantisedWeight(self.grid[0], fan + self.extra, bits, per_neuron=True)
        )
        self.make_neurons(self.grid[0], (settings.decay, settings.decay), settings.gain)
        self.decay.requires_grad_(settings.learn_decay)

    @property
    def places(self) -> int:
        """Neurons of a channel."""
        return self.grid[1] * self.grid[2]

    @property
    def neurons(self) -> int:
        """All of them."""
        return self.grid[0] * self.places

    def parts(self, weight: Tensor) -> tuple[Tensor, Tensor | None]:
        """A weight as the window's `(C', C, rows, columns)` and the shortcut's `(C', extra)`."""
        inside = weight.shape[1] - self.extra
        window, rest = weight[:, :inside], weight[:, inside:]
        return window.reshape(-1, *self.window), rest if self.extra else None

    def forward(self, source: Tensor, shortcut: Tensor | None, steps: int) -> Trace:
        """Run the layer from rest; spikes and membranes `(steps, B, P, C)`.

        Args:
            source: `(T, B, P, C)`; an image has T = 1, and its currents serve all steps.
            shortcut: the same of the shortcut's source, or None.
            steps: T of the result.
        """
        weight = self.synapses()
        acc = self._currents(source, shortcut, weight.integer)
        if self.graded_shift:
            acc = floor_through(acc * 2.0**-self.graded_shift)
        rows = acc.view(len(source), -1, self.grid[0])
        parameters, unit = self.integers(rows, self.scale_of(weight))
        # A row of all places, not of one place's few channels: only long rows are worth vectors.
        rows = rows.view(len(source), source.shape[1], -1).expand(steps, -1, -1)
        table, units = parameters.repeat(1, self.places), unit.repeat(self.places)
        trace = fire(rows, table, units, self.slope, self.law)
        shape = (steps, source.shape[1], self.places, self.grid[0])
        return Trace(*(x.view(shape) if x.numel() > 1 else x for x in trace))

    def _currents(self, source: Tensor, shortcut: Tensor | None, weight: Tensor) -> Tensor:
        """Sums `(T · B, P · C)`, channels last, of the window's synapses and the shortcut's."""
        window, rest = self.parts(weight)
        acc = convolved(_planes(source, self.geometry), window, self.geometry)
        if shortcut is not None:
            assert rest is not None
            if self.around is None:
                acc = acc + shortcut.reshape(acc.shape) * rest[:, 0]
            else:
                pointwise = rest[:, :, None, None]
                acc = acc + convolved(_planes(shortcut, self.around), pointwise, self.around)
        return acc


def _way(settings: ConvolutionalSettings, grids: list[Grid], index: int) -> Way | None:
    """The shortcut into layer `index`; `grids` are the image's and those of the layers before."""
    back = settings.hidden[index].shortcut
    if not back:
        return None
    strides = [layer.stride for layer in settings.hidden[index + 1 - back : index + 1]]
    return Way(grids[index + 1 - back], math.prod(strides))


def _planes(signal: Tensor, geometry: Geometry) -> Tensor:
    """`(T, B, P, C)` as `(T · B, H, W, C)`."""
    return signal.reshape(-1, *geometry.source, signal.shape[-1])


def _way_around(way: Way | None, target: Grid, one_row: bool) -> Geometry | None:
    """The convolution of kernel 1 that brings a shortcut to `target`; None where none is needed."""
    if way is None or way.grid == target:
        return None
    geometry = centred(way.grid[1:], 1, way.stride, one_row)
    assert geometry.target == target[1:]
    return geometry


class ImageClassifier(nn.Module):
    """The network of a configuration; its forward pass is the integer network's.

    Args:
        settings: the architecture.
        shape: of the features.
        classes: scores.
    """

    def __init__(self, settings: ConvolutionalSettings, shape: FeatureShape, classes: int) -> None:
        super().__init__()
        self.settings, self.shape, self.classes = settings, shape, classes
        grids, layers, one_row = [shape.grid], [], len(shape.image) == 2
        for index, own in enumerate(settings.hidden):
            way = _way(settings, grids, index)
            layer = ConvolutionLayer(
                grids[-1], way, settings, own, first=not index, one_row=one_row
            )
            layers.append(layer)
            grids.append(layer.grid)
        self.layers = nn.ModuleList(layers)
        self.dropout = nn.Dropout(settings.dropout)
        pre, bits = layers[-1].neurons, settings.bits_of(outer=True)
        self.readout = (
            FloatReadout(pre, classes, bits)
            if settings.is_float
            else ReadoutLayer(pre, classes, [0], bits)
        )

    @property
    def hidden(self) -> list[ConvolutionLayer]:
        """The spiking layers in order."""
        return [layer for layer in self.layers if isinstance(layer, ConvolutionLayer)]

    @property
    def channels(self) -> int:
        """Values of the image."""
        channels, height, width = self.shape.grid
        return channels * height * width

    @property
    def connections(self) -> list[Connection]:
        """All synapses, by source and reader."""
        found = []
        for index, layer in enumerate(self.hidden):
            source = index - 1 if index else FROM_INPUT
            count = layer.grid[0] * layer.window[0] * layer.geometry.synapses
            found.append(Connection(source, index, count, layer.synapses.bits))
            if layer.extra:
                pairs = layer.extra * layer.neurons
                back = index - self.settings.hidden[index].shortcut
                found.append(Connection(back, index, pairs, layer.synapses.bits))
        last = len(self.layers)
        count = self.hidden[-1].neurons * self.classes
        return [*found, Connection(last - 1, last, count, self.readout.synapses.bits)]

    def forward(self, features: Tensor) -> Outcome:
        """Show images, int8 features as `FeatureShape` says, for all steps, from rest."""
        image = self.shape.images(features).flatten(1, 2)[None]
        steps, signals, traces = self.settings.steps, [image], []
        for layer, own in zip(self.hidden, self.settings.hidden, strict=True):
            shortcut = signals[len(signals) - own.shortcut] if own.shortcut else None
            trace = layer(signals[-1], shortcut, steps)
            signals.append(self._dropped(trace.spikes))
            traces.append(Trace(*(x.flatten(2) for x in trace)))
        scores, scale = self.readout(signals[-1].flatten(2))
        return Outcome(scores * scale, tuple(traces), _sent(image, steps))

    def _dropped(self, spikes: Tensor) -> Tensor:
        """Silence whole neurons for all steps; spikes stay 0 or 1, so nothing is rescaled."""
        if not self.training or not self.dropout.p:
            return spikes
        keep = torch.rand(spikes.shape[1:], device=spikes.device) >= self.dropout.p
        return spikes * keep


def flash_bytes(settings: ConvolutionalSettings, shape: FeatureShape, classes: int) -> float:
    """Flash of the tables that a network of `settings` will have, as it mostly is laid out.

    Layers of leaky neurons take a byte a weight, whatever their bits, and a word a neuron for its
    bias and threshold; adaptive ones have packed weights. Rows of the readout are whole tiles.
    """
    with torch.device("meta"):  # shapes alone
        model = ImageClassifier(settings, shape, -(-classes // READOUT_TILE) * READOUT_TILE)
    packed = settings.neuron == "adaptive"
    hidden = sum(_packed(layer.synapses) for layer in model.hidden)
    if not packed:
        hidden = sum(layer.synapses.weight.numel() + 4 * layer.neurons for layer in model.hidden)
    return hidden + _packed(model.readout.synapses)


def _packed(synapses: QuantisedWeight | FloatWeight) -> float:
    """Bytes of weights without gaps."""
    return synapses.weight.numel() * synapses.bits / 8


def _sent(image: Tensor, steps: int) -> Tensor:
    """Which values are sent in which step, bool `(T, B, values)`: an image at its first alone.

    The input's encoding is `delta` with δ = 0 (docs/SPEC.md §2): what stays is not sent again.
    """
    first = image.flatten(2) != 0
    return torch.cat([first, first.new_zeros(steps - 1, *first.shape[1:])])
