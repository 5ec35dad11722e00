"""The exactness ladder: one protocol, one implementation a rung, one comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edgesnn.errors import VerifyError
from edgesnn.network.arrays import IntArray
from edgesnn.network.graph import Layer, Network
from edgesnn.network.neurons import AdaptiveLeaky


@dataclass
class Traces:
    """Everything that a network did: one entry a layer, from reset, step by step.

    Attributes:
        v: membrane after the reset (the readout's `y`), int32 `(clips, steps, neurons)`.
        a: adaptation current of adaptive layers, int32 `(clips, steps, neurons)`.
        spikes: bool `(clips, steps, neurons)`, spiking layers only.
    """

    v: dict[str, IntArray]
    a: dict[str, IntArray]
    spikes: dict[str, IntArray]

    @classmethod
    def empty(cls, network: Network, clips: int, steps: int) -> Traces:
        """Traces of zeros for `clips` clips of `steps` steps."""

        def zeros(layer: Layer, dtype: type) -> IntArray:
            return np.zeros((clips, steps, layer.size), dtype)

        adaptive = [x for x in network.layers if isinstance(x.neuron, AdaptiveLeaky)]
        return cls(
            v={layer.name: zeros(layer, np.int32) for layer in network.layers},
            a={layer.name: zeros(layer, np.int32) for layer in adaptive},
            spikes={layer.name: zeros(layer, np.bool_) for layer in network.spiking},
        )

    def record(
        self, layer: Layer, clip: int, step: int, v: IntArray, a: IntArray, spikes: IntArray
    ) -> None:
        """Store one step of one layer."""
        self.v[layer.name][clip, step] = v
        if layer.name in self.a:
            self.a[layer.name][clip, step] = a
        if layer.name in self.spikes:
            self.spikes[layer.name][clip, step] = spikes

    def scores(self, network: Network) -> IntArray:
        """Readout after the last step, int32 `(clips, classes)`."""
        scores: IntArray = self.v[network.readout.name][:, -1]
        return scores

    def decisions(self, network: Network) -> IntArray:
        """Class of each clip: the largest score, the first of equals; int64 `(clips,)`."""
        return np.asarray(np.argmax(self.scores(network), axis=1))


class Machine(Protocol):
    """Something that runs a network: PyTorch, Numba, compiled C, an emulator, a board."""

    name: str

    def run(self, features: IntArray) -> Traces:
        """Run int8 `features (clips, steps, channels)`, each clip from reset.

        Whole clips and not single steps, since an emulator takes seconds to start and PyTorch
        computes all steps of a layer at once.
        """
        ...


@dataclass(frozen=True)
class Divergence:
    """The first place where two rungs differ: earliest clip, then step, then layer."""

    clip: int
    step: int
    layer: str
    neuron: int
    quantity: str
    left: int
    right: int

    def __str__(self) -> str:
        return (
            f"clip {self.clip}, step {self.step}, layer {self.layer}, neuron {self.neuron}: "
            f"{self.quantity} is {self.left} against {self.right}"
        )


def first_divergence(network: Network, left: Traces, right: Traces) -> Divergence | None:
    """The first difference of two traces of the same clips; None where every value agrees."""
    found: list[tuple[tuple[int, int, int, int], Divergence]] = []
    for position, layer in enumerate(network.layers):
        for rank, quantity in enumerate(("v", "a", "spikes")):
            pair = (
                getattr(left, quantity).get(layer.name),
                getattr(right, quantity).get(layer.name),
            )
            if pair[0] is not None and pair[1] is not None:
                where = _first(pair[0], pair[1])
                if where is not None:
                    values = (int(pair[0][where]), int(pair[1][where]))
                    key = (where[0], where[1], position, rank)
                    found.append(
                        (
                            key,
                            Divergence(where[0], where[1], layer.name, where[2], quantity, *values),
                        )
                    )
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _first(left: IntArray, right: IntArray) -> tuple[int, int, int] | None:
    if left.shape != right.shape:
        raise VerifyError(f"traces of shapes {left.shape} and {right.shape} cannot be compared")
    differ = left != right
    if not differ.any():
        return None
    clip, step, neuron = np.unravel_index(int(np.argmax(differ)), differ.shape)
    return int(clip), int(step), int(neuron)


def compare(network: Network, left: Machine, right: Machine, features: IntArray) -> int:
    """Run both machines on `features` and count the values compared.

    Raises:
        VerifyError: they differ; names the first clip, step, layer and neuron that does.
    """
    traces = left.run(features), right.run(features)
    divergence = first_divergence(network, *traces)
    if divergence is not None:
        raise VerifyError(f"{left.name} and {right.name} differ at {divergence}")
    return sum(
        array.size
        for quantity in ("v", "a", "spikes")
        for array in getattr(traces[0], quantity).values()
    )
