"""A dense network to learn from: a temporal residual CNN. It trains here and ships nowhere."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import relu
from torch.nn.utils.fusion import fuse_conv_bn_eval

from edgesnn.trainer.model_settings import DenseSettings
from edgesnn.trainer.response import Outcome

#: Features are int8; the network takes them as about −2 … 2.
FEATURE_SCALE = 1 / 64


class Convolution(nn.Module):
    """Convolution over time without bias, and batch normalisation."""

    def __init__(self, before: int, after: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.synapses = nn.Conv1d(before, after, kernel, stride, kernel // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm1d(after)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, before, T)` to `(B, after, ceil(T / stride))`."""
        normed: Tensor = self.norm(self.synapses(x))
        return normed

    def fold(self) -> None:
        """Put the normalisation into the weights: for good, and in evaluation mode only."""
        assert isinstance(self.norm, nn.BatchNorm1d)
        self.synapses = fuse_conv_bn_eval(self.synapses, self.norm)
        self.norm = nn.Identity()


class Block(nn.Module):
    """Two convolutions and a way around them; halves the time."""

    def __init__(self, before: int, after: int, kernel: int) -> None:
        super().__init__()
        self.first = Convolution(before, after, kernel, 2)
        self.second = Convolution(after, after, kernel, 1)
        self.around = Convolution(before, after, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """`(B, before, T)` to `(B, after, ceil(T / 2))`."""
        return relu(self.second(relu(self.first(x))) + relu(self.around(x)))


class DenseSpotter(nn.Module):
    """Bands as channels, convolutions along time: TC-ResNet (Choi et al., Interspeech 2019,
    arXiv 1904.03814), with channels and kernel as configured. It hears the whole clip at once.

    Args:
        settings: widths and kernel.
        channels: features a frame.
        classes: scores.
    """

    def __init__(self, settings: DenseSettings, channels: int, classes: int) -> None:
        super().__init__()
        self.settings = settings
        self.classes = classes
        first, *rest = settings.widths
        self.entry = Convolution(channels, first, 3, 1)
        pairs = pairwise((first, *rest))
        self.blocks = nn.Sequential(*(Block(a, b, settings.kernel) for a, b in pairs))
        self.dropout = nn.Dropout(settings.dropout)
        self.readout = nn.Linear(settings.widths[-1], classes)

    def forward(self, features: Tensor) -> Outcome:
        """Scores of clips of int8 features `(T, B, channels)`: one step, no spikes."""
        x = features.permute(1, 2, 0).float() * FEATURE_SCALE
        pooled = self.blocks(relu(self.entry(x))).mean(2)
        logits = self.readout(self.dropout(pooled))
        return Outcome(logits[None], (), torch.ones_like(features, dtype=torch.bool))

    def fold(self) -> None:
        """Put all normalisation into the weights: half the operations of a network in use."""
        for part in list(self.modules()):
            if isinstance(part, Convolution):
                part.fold()

    def macs(self, steps: int) -> int:
        """Multiply-accumulates of a clip of so many steps."""
        total, length = self.readout.weight.numel(), steps
        for part in self.modules():
            if isinstance(part, Block):
                length = (length + 1) // 2
            if isinstance(part, nn.Conv1d):
                total += part.weight.numel() * length
        return total
