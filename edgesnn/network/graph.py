"""The integer network: the one value that all stages pass on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from edgesnn.errors import NetworkError
from edgesnn.network.arrays import IntArray, assign, frozen
from edgesnn.network.detector import Detector
from edgesnn.network.neurons import Neuron, Readout
from edgesnn.network.presentation import Presentation
from edgesnn.network.synapses import Synapses

if TYPE_CHECKING:
    from edgesnn.frontend import FrontEnd

#: The name by which synapse groups call the network's input.
INPUT = "input"


@dataclass(frozen=True, kw_only=True)
class Input:
    """Graded int8 features, one vector a step.

    Attributes:
        shape: `(channels,)`, `(C, L)` or `(C, H, W)`.
        encoding: `direct`, or `delta`: send a channel only when it moved.
        delta: a channel is sent when it differs from what was sent last by more than this.
    """

    shape: tuple[int, ...]
    encoding: Literal["direct", "delta"] = "direct"
    delta: int = 0

    def __post_init__(self) -> None:
        assign(self, shape=tuple(self.shape))

    @property
    def size(self) -> int:
        """Number of channels."""
        return math.prod(self.shape)


@dataclass(frozen=True, eq=False, kw_only=True)
class Layer:
    """A population of neurons and the synapse groups that feed it.

    Attributes:
        name: a C identifier, unique in the network.
        shape: `(N,)`, `(C, L)` or `(C, H, W)`; neuron parameters have length `shape[0]`.
        synapses: incoming groups.
        bias: int32 `(shape[0],)`, added every step.
        neuron: the neuron model and its parameters.
        graded_shift: right shift of the summed graded currents, 0 … 16.
    """

    name: str
    shape: tuple[int, ...]
    synapses: tuple[Synapses, ...]
    bias: IntArray
    neuron: Neuron
    graded_shift: int = 0

    def __post_init__(self) -> None:
        bias = frozen(self.bias, np.int32, f"layer {self.name}: bias")
        assign(self, shape=tuple(self.shape), synapses=tuple(self.synapses), bias=bias)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.shape)

    @property
    def is_readout(self) -> bool:
        """Whether the layer is the network's non-spiking readout."""
        return isinstance(self.neuron, Readout)

    def per_neuron(self, parameter: IntArray) -> IntArray:
        """Spread a per-channel vector `(shape[0],)` over all neurons `(size,)`."""
        return np.repeat(parameter, self.size // self.shape[0])


@dataclass(frozen=True, eq=False, kw_only=True)
class Network:
    """An integer network, complete with front-end and class names, checked when made.

    Attributes:
        name: a C identifier; the prefix of the generated code.
        input: shape and encoding of the features.
        layers: in order of evaluation; the readout last.
        classes: one name a readout neuron.
        frontend: how PCM becomes features; None for a network fed with features.
        notes: free facts about the training (dataset, seed, accuracy), text to text.
        detector: when a stream of scores is a keyword; None for a network that classifies clips.
        presentation: how an image is shown; None for a network that is fed a stream.

    Raises:
        NetworkError: the network breaks a rule of docs/SPEC.md; `faults` holds all of them.
    """

    name: str
    input: Input
    layers: tuple[Layer, ...]
    classes: tuple[str, ...]
    frontend: FrontEnd | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    detector: Detector | None = None
    presentation: Presentation | None = None

    def __post_init__(self) -> None:
        from edgesnn.network.validate import find_faults

        assign(
            self,
            layers=tuple(self.layers),
            classes=tuple(self.classes),
            notes=MappingProxyType(dict(sorted(self.notes.items()))),
        )
        faults = find_faults(self)
        if faults:
            raise InvalidNetworkError(self.name, faults)

    @cached_property
    def by_name(self) -> Mapping[str, Layer]:
        """Layers by name."""
        return {layer.name: layer for layer in self.layers}

    @property
    def spiking(self) -> tuple[Layer, ...]:
        """All layers but the readout."""
        return self.layers[:-1]

    @property
    def readout(self) -> Layer:
        """The last layer."""
        return self.layers[-1]

    def source_shape(self, source: str) -> tuple[int, ...]:
        """Shape of a synapse group's source."""
        return self.input.shape if source == INPUT else self.by_name[source].shape

    def source_size(self, source: str) -> int:
        """Number of presynaptic neurons (or input channels) of a source."""
        return math.prod(self.source_shape(source))

    def history(self, source: str) -> int:
        """Longest delay in steps with which any group reads `source`."""
        groups = (group for layer in self.layers for group in layer.synapses)
        return max((group.max_delay for group in groups if group.source == source), default=0)


class InvalidNetworkError(NetworkError):
    """A network that breaks rules of docs/SPEC.md; `faults` lists them all."""

    def __init__(self, name: str, faults: list[str]) -> None:
        more = f" (and {len(faults) - 1} more; `edgesnn check` lists them)" if faults[1:] else ""
        super().__init__(f"network {name}: {faults[0]}{more}")
        self.faults = faults
