"""Synapse groups: how the spikes of one source become currents of one layer (docs/SPEC.md §3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgesnn.errors import NetworkError
from edgesnn.network.arrays import IntArray, assign, frozen

#: Largest weight magnitude for each bit width; ranges are narrow, as Brevitas makes them.
WEIGHT_LIMIT = {8: 127, 4: 7, 2: 1}

#: Longest delay in steps.
MAX_DELAY = 255

Delay = int | IntArray


def _delay(value: Delay | Sequence[int]) -> Delay:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (list, tuple, np.ndarray)):
        return frozen(value, np.uint8, "delay")
    raise NetworkError(f"delay is {value!r}; give a number of steps, or one a presynaptic neuron")


@dataclass(frozen=True, eq=False, kw_only=True)
class SynapseGroup:
    """What all groups share.

    Attributes:
        source: name of the presynaptic layer, or `input`.
        delay: steps between a spike and its effect; one number, or for binary sources a
            uint8 vector with one axonal delay for each presynaptic neuron.
        bits: weight bit width, 8, 4 or 2.
    """

    source: str
    delay: Delay = 0
    bits: int = 8

    def __post_init__(self) -> None:
        assign(self, delay=_delay(self.delay))

    @property
    def max_delay(self) -> int:
        """Longest delay of the group in steps."""
        if isinstance(self.delay, int):
            return self.delay
        return int(self.delay.max(initial=0))


@dataclass(frozen=True, eq=False, kw_only=True)
class Dense(SynapseGroup):
    """All-to-all synapses; `weight` is int8 `(post, pre)`."""

    weight: IntArray

    def __post_init__(self) -> None:
        super().__post_init__()
        assign(self, weight=frozen(self.weight, np.int8, "weight"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Sparse(SynapseGroup):
    """Stored synapses only, in compressed rows by presynaptic neuron.

    Synapses of presynaptic neuron `j` are `indptr[j] : indptr[j + 1]`.

    Attributes:
        indptr: uint32 `(pre + 1,)`.
        index: uint16 `(nnz,)`, postsynaptic neuron, strictly increasing within a row.
        weight: int8 `(nnz,)`.
    """

    indptr: IntArray
    index: IntArray
    weight: IntArray

    def __post_init__(self) -> None:
        super().__post_init__()
        assign(
            self,
            indptr=frozen(self.indptr, np.uint32, "indptr"),
            index=frozen(self.index, np.uint16, "index"),
            weight=frozen(self.weight, np.int8, "weight"),
        )


def sparse_from_dense(group: Dense) -> Sparse:
    """Keep the non-zero synapses of `group`; the law gives the same currents for both."""
    pre, post = np.nonzero(group.weight.T)
    counts = np.bincount(pre, minlength=group.weight.shape[1])
    return Sparse(
        source=group.source,
        delay=group.delay,
        bits=group.bits,
        indptr=np.concatenate(([0], np.cumsum(counts))),
        index=post,
        weight=group.weight.T[pre, post],
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv1d(SynapseGroup):
    """Cross-correlation along the last axis of a `(C, L)` source.

    `weight` is int8 `(C_out, C_in / groups, K)`; `padding` is zeros on both sides.
    """

    weight: IntArray
    stride: int = 1
    padding: int = 0
    groups: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        assign(self, weight=frozen(self.weight, np.int8, "weight"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Conv2d(SynapseGroup):
    """Cross-correlation over a `(C, H, W)` source.

    `weight` is int8 `(C_out, C_in / groups, K_h, K_w)`; stride and padding are `(h, w)`.
    """

    weight: IntArray
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        assign(
            self,
            weight=frozen(self.weight, np.int8, "weight"),
            stride=tuple(self.stride),
            padding=tuple(self.padding),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Pool(SynapseGroup):
    """`weight` times the sum, or the maximum, of the spikes in a window, channel by channel.

    `window` and `stride` have one entry for each axis behind the channel axis.
    """

    kind: Literal["sum", "max"]
    window: tuple[int, ...]
    stride: tuple[int, ...]
    weight: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        assign(self, window=tuple(self.window), stride=tuple(self.stride))


@dataclass(frozen=True, eq=False, kw_only=True)
class Identity(SynapseGroup):
    """One synapse from each presynaptic neuron to its twin; `weight` is int8 `(C,)`."""

    weight: IntArray

    def __post_init__(self) -> None:
        super().__post_init__()
        assign(self, weight=frozen(self.weight, np.int8, "weight"))


Synapses = Dense | Sparse | Conv1d | Conv2d | Pool | Identity
