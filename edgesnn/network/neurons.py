"""Neuron models and their integer parameters (docs/SPEC.md §4 and §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgesnn.network.arrays import IntArray, assign, frozen

Reset = Literal["subtract", "zero"]

#: Decays are fractions of 2^8; this one keeps everything.
NO_DECAY = 256


@dataclass(frozen=True, eq=False, kw_only=True)
class IntegrateAndFire:
    """`u = sat16(v + acc)`; `threshold` is int16 `(channels,)`, 1 … 32767."""

    threshold: IntArray
    reset: Reset = "subtract"
    reset_delay: bool = False
    strict: bool = False

    def __post_init__(self) -> None:
        assign(self, threshold=frozen(self.threshold, np.int16, "threshold"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Leaky(IntegrateAndFire):
    """`u = sat16(floor(v·decay / 2^8) + acc)`; `decay` is int16 `(channels,)`, 0 … 256."""

    decay: IntArray

    def __post_init__(self) -> None:
        super().__post_init__()
        assign(self, decay=frozen(self.decay, np.int16, "decay"))


@dataclass(frozen=True, eq=False, kw_only=True)
class AdaptiveLeaky(Leaky):
    """A leaky neuron with an adaptation current that the membrane and the spikes drive.

    Attributes:
        adaptation_decay: int16 `(channels,)`, 0 … 256, fraction of 2^8 kept a step.
        adaptation_coupling: int16 `(channels,)`, −256 … 256, fraction of 2^8 of the membrane.
        adaptation_jump: int16 `(channels,)`, added for each spike.
    """

    adaptation_decay: IntArray
    adaptation_coupling: IntArray
    adaptation_jump: IntArray

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("adaptation_decay", "adaptation_coupling", "adaptation_jump"):
            assign(self, **{name: frozen(getattr(self, name), np.int16, name)})


@dataclass(frozen=True, eq=False, kw_only=True)
class Readout:
    """`y = sat24(floor(y·decay / 2^8) + acc)`; `decay` is int16 `(classes,)`, 0 … 256."""

    decay: IntArray

    def __post_init__(self) -> None:
        assign(self, decay=frozen(self.decay, np.int16, "decay"))


Neuron = IntegrateAndFire | Leaky | AdaptiveLeaky | Readout
