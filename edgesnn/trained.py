"""A trained model before lowering: what `trainer` exports and `quantize` turns into integers.

Float parameters with the grids on which they were trained, free of any framework, so that the
two stages need not know each other. `x` in comments is a quantity in the model's real units; a
layer's membrane moves in steps of

    lsb[c] = scale[c]·2^graded_shift      (layers fed by graded input)
    lsb[c] = scale[c]                     (all others)

times `abs(gamma)/sqrt(var + eps)` where a batch norm stands behind the synapses. Lowering is
`round(x / lsb)` in float32, half to even, as PyTorch and NumPy both round. Weight 1 is worth
`scale[c]`; but a spike's weight in a layer that the input feeds too is worth
`scale[c]·2^graded_shift`, since spikes are added behind the shift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgesnn.errors import LoweringError
from edgesnn.network.arrays import assign
from edgesnn.network.graph import Input
from edgesnn.network.neurons import Reset
from edgesnn.network.presentation import Presentation
from edgesnn.network.synapses import Delay

if TYPE_CHECKING:
    from edgesnn.frontend import FrontEnd

FloatArray = NDArray[np.float32]

Kind = Literal["IntegrateAndFire", "Leaky", "AdaptiveLeaky", "Readout"]


def _float_fields(instance: object, *names: str) -> None:
    for name in names:
        value = getattr(instance, name)
        if value is not None:
            assign(instance, **{name: _float(value)})


def _float(values: ArrayLike) -> FloatArray:
    array = np.array(values, np.float32, order="C")
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedSynapses:
    """A synapse group; `weight` is float32 in the layout of the group's integer twin.

    Attributes:
        kind: Dense, Conv1d, Conv2d or Identity (see `edgesnn.network`); or Pool, with `weight`
            of shape () and `pool` its kind.
        source: presynaptic layer, or `input`.
        bits: weight bit width, 8, 4 or 2.
        delay: as in the integer group.
        stride, padding, window, groups: as in the integer group; () where there is none.
    """

    kind: Literal["Dense", "Conv1d", "Conv2d", "Identity", "Pool"]
    source: str
    weight: FloatArray
    bits: int = 8
    delay: Delay = 0
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    window: tuple[int, ...] = ()
    groups: int = 1
    pool: str = ""

    def __post_init__(self) -> None:
        _float_fields(self, "weight")


@dataclass(frozen=True, eq=False, kw_only=True)
class BatchNorm:
    """Statistics of a batch norm between synapses and neuron, each float32 `(channels,)`."""

    gamma: FloatArray
    beta: FloatArray
    mean: FloatArray
    var: FloatArray
    eps: FloatArray

    def __post_init__(self) -> None:
        _float_fields(self, "gamma", "beta", "mean", "var", "eps")


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedNeuron:
    """Neuron parameters in real units; vectors are float32 `(channels,)`.

    Attributes:
        kind: the integer neuron's class.
        threshold: in units of the membrane; None for a readout.
        decay: fraction kept a step, 0 … 1; None for integrate-and-fire.
        adaptation_decay: fraction of the adaptation current kept a step; adaptive kinds only.
        adaptation_coupling: fraction of the membrane added to it a step, −1 … 1.
        adaptation_jump: added for each spike, in units of the membrane.
    """

    kind: Kind
    threshold: FloatArray | None = None
    decay: FloatArray | None = None
    adaptation_decay: FloatArray | None = None
    adaptation_coupling: FloatArray | None = None
    adaptation_jump: FloatArray | None = None
    reset: Reset = "subtract"
    reset_delay: bool = False
    strict: bool = False

    def __post_init__(self) -> None:
        _float_fields(
            self,
            "threshold",
            "decay",
            "adaptation_decay",
            "adaptation_coupling",
            "adaptation_jump",
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedLayer:
    """A layer as trained.

    Attributes:
        scale: float32 `(channels,)`, real value of weight 1 of each output channel; the same
            value everywhere for a readout, or argmax breaks.
        bias: float32 `(channels,)`, in units of the membrane.
        graded_shift: as in the integer layer.
        batch_norm: statistics to fold, or None.
    """

    name: str
    shape: tuple[int, ...]
    synapses: tuple[TrainedSynapses, ...]
    scale: FloatArray
    bias: FloatArray
    neuron: TrainedNeuron
    graded_shift: int = 0
    batch_norm: BatchNorm | None = None

    def __post_init__(self) -> None:
        assign(self, shape=tuple(self.shape), synapses=tuple(self.synapses))
        _float_fields(self, "scale", "bias")


@dataclass(frozen=True, eq=False, kw_only=True)
class TrainedNetwork:
    """A trained model with everything that its integer network needs.

    `presentation` says how an image is shown; None for a network that is fed a stream.

    Raises:
        LoweringError: a parameter is NaN or infinite; names the layer and the parameter.
    """

    name: str
    input: Input
    layers: tuple[TrainedLayer, ...]
    classes: tuple[str, ...]
    frontend: FrontEnd | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    presentation: Presentation | None = None

    def __post_init__(self) -> None:
        assign(
            self,
            layers=tuple(self.layers),
            classes=tuple(self.classes),
            notes=MappingProxyType(dict(self.notes)),
        )
        for layer in self.layers:
            for name, array in _arrays_of(layer):
                if not np.all(np.isfinite(array)):
                    raise LoweringError(
                        f"layer {layer.name}: {name} holds NaN or infinity; the training diverged, "
                        "lower the learning rate and train again"
                    )


def _arrays_of(layer: TrainedLayer) -> list[tuple[str, FloatArray]]:
    owners: list[Any] = [layer, layer.neuron, *layer.synapses]
    if layer.batch_norm is not None:
        owners.append(layer.batch_norm)
    return [
        (name, value)
        for owner in owners
        for name, value in vars(owner).items()
        if isinstance(value, np.ndarray)
    ]


def save_trained(network: TrainedNetwork, path: Path) -> None:
    """Write a trained model as safetensors, whole or not at all."""
    from edgesnn.files import write_atomic

    write_atomic(path, _codec().dumps(network))


def load_trained(path: Path) -> TrainedNetwork:
    """Read what `save_trained` wrote.

    Raises:
        FileFormatError: missing, damaged, or of another version.
    """
    from edgesnn.network.codec import read_file

    loaded = _codec().loads(read_file(path), str(path))
    assert isinstance(loaded, TrainedNetwork)
    return loaded


def _codec() -> Any:
    from edgesnn.network.codec import Codec

    kinds = (TrainedLayer, TrainedSynapses, TrainedNeuron, BatchNorm, Input, Presentation)
    return Codec("trained", (1, 1), (TrainedNetwork, *kinds), {"presentation": 1})
