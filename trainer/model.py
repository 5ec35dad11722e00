"""A streaming keyword spotter: int8 features in, scores out, one frame a step, causal."""

from __future__ import annotations

from typing import TypeGuard

import torch
from torch import Tensor, nn

from edgesnn.trainer.connection import FROM_INPUT, Connection
from edgesnn.trainer.convolutional import ImageClassifier
from edgesnn.trainer.dense import DenseSpotter
from edgesnn.trainer.encoding import sample_and_hold
from edgesnn.trainer.image_settings import ConvolutionalSettings
from edgesnn.trainer.layers import ReadoutLayer, SpikingLayer
from edgesnn.trainer.model_settings import AnyModel, DenseSettings, LayerSettings, ModelSettings
from edgesnn.trainer.response import Outcome
from edgesnn.trainer.shape import FeatureShape


class KeywordSpotter(nn.Module):
    """The network of a configuration; its forward pass is the integer network's.

    Args:
        settings: the architecture.
        channels: features a frame.
        classes: scores a frame.
    """

    def __init__(self, settings: ModelSettings, channels: int, classes: int) -> None:
        super().__init__()
        self.settings = settings
        self.classes = classes
        widths = [channels, *(layer.width for layer in settings.hidden)]
        layers = [
            self._layer(index, widths[index], layer) for index, layer in enumerate(settings.hidden)
        ]
        self.layers = nn.ModuleList(layers)
        self.dropout = nn.Dropout(settings.dropout)
        self.readout = ReadoutLayer(
            widths[-1], classes, settings.readout.taps, settings.readout.bits
        )

    def _layer(self, index: int, pre: int, layer: LayerSettings) -> SpikingLayer:
        first, entry = index == 0, self.settings.input
        return SpikingLayer(
            pre,
            layer,
            _delays(entry.taps if first else layer.taps, pre, 0 if first else layer.axonal_delay),
            bits=entry.bits if first else layer.bits,
            graded_shift=entry.graded_shift if first else 0,
            slope=self.settings.surrogate_slope,
            normalise=self.settings.normalise,
            rest=self.settings.rest,
        )

    @torch.no_grad()
    def know_silence(self, frame: Tensor) -> None:
        """Tell the first layer the features `(channels,)` of digital silence, for `rest`."""
        if self.settings.rest:
            self.hidden[0].resting.copy_(frame)

    @property
    def hidden(self) -> list[SpikingLayer]:
        """The spiking layers in order."""
        return [layer for layer in self.layers if isinstance(layer, SpikingLayer)]

    @property
    def channels(self) -> int:
        """Features a frame."""
        return self.hidden[0].delays.shape[1]

    @property
    def connections(self) -> list[Connection]:
        """All synapses, by source and reader; those of a layer to itself are one step late."""
        found = []
        readers: list[SpikingLayer | ReadoutLayer] = [*self.hidden, self.readout]
        for index, reader in enumerate(readers):
            weight, taps = reader.synapses.weight, reader.delays.shape[0]
            source = index - 1 if index else FROM_INPUT
            bits = reader.synapses.bits
            found.append(Connection(source, index, weight.numel(), bits, taps))
            if isinstance(reader, SpikingLayer) and reader.recurrent is not None:
                found.append(Connection(index, index, reader.recurrent.numel(), bits))
        return found

    def forward(self, features: Tensor) -> Outcome:
        """Run clips of int8 features `(T, B, channels)` from rest."""
        entry = self.settings.input
        signal, sent = sample_and_hold(features, entry.delta if entry.encoding == "delta" else None)
        traces = []
        for layer in self.hidden:
            trace = layer(signal)
            traces.append(trace)
            signal = self._dropped(trace.spikes)
        scores, scale = self.readout(signal)
        return Outcome(scores * scale, tuple(traces), sent)

    def _dropped(self, spikes: Tensor) -> Tensor:
        """Silence whole neurons for a whole clip; spikes stay 0 or 1, so nothing is rescaled."""
        if not self.training or not self.dropout.p:
            return spikes
        keep = torch.rand(spikes.shape[1:], device=spikes.device) >= self.dropout.p
        return spikes * keep


def _delays(taps: list[int], pre: int, axonal: int) -> Tensor:
    delays = torch.tensor(taps)[:, None].repeat(1, pre)
    return delays + torch.randint(0, axonal + 1, delays.shape) if axonal else delays


#: A network that is lowered to an integer network.
SpikingModel = KeywordSpotter | ImageClassifier

#: Whatever is trained here.
Spotter = SpikingModel | DenseSpotter


def is_lowered(model: nn.Module) -> TypeGuard[SpikingModel]:
    """Whether `model` has an integer network: it spikes, and is no float one."""
    if isinstance(model, ImageClassifier):
        return not model.settings.is_float
    return isinstance(model, KeywordSpotter)


def make_model(settings: AnyModel, shape: FeatureShape, classes: int) -> Spotter:
    """The network of a configuration, with random weights."""
    if isinstance(settings, DenseSettings):
        return DenseSpotter(settings, shape.channels, classes)
    if isinstance(settings, ConvolutionalSettings):
        return ImageClassifier(settings, shape, classes)
    return KeywordSpotter(settings, shape.channels, classes)
