"""What a network says and does when it hears a batch."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from edgesnn.trainer.spiking import Trace


class Outcome(NamedTuple):
    """What a batch did.

    Attributes:
        logits: float32 `(T, B, classes)`, scores in units of the readout's scale.
        layers: one trace a spiking layer; none of a dense network.
        sent: bool `(T, B, channels)`, which input channels were sent in which step.
    """

    logits: Tensor
    layers: tuple[Trace, ...]
    sent: Tensor
