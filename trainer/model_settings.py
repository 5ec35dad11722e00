"""The architecture of what is trained: a spiking network, or a dense one for it to learn from.

Networks of convolutions that see an image are in `edgesnn.trainer.image_settings`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from edgesnn.network.synapses import MAX_DELAY, WEIGHT_LIMIT
from edgesnn.trainer.image_settings import ConvolutionalSettings
from edgesnn.trainer.settings import Count, Positive, Settings

Bits = Literal[8, 4, 2]
Delay = Annotated[int, Field(ge=0, le=255)]


class InputSettings(Settings):
    """How features enter: `direct`, or `delta`: only changes above `delta` LSB are sent."""

    encoding: Literal["direct", "delta"] = "direct"
    delta: Annotated[int, Field(ge=0, le=127)] = 0
    taps: Annotated[list[Delay], Field(min_length=1)] = Field(default=[0, 3, 6])
    bits: Bits = 8
    graded_shift: Annotated[int, Field(ge=0, le=16)] = 6

    @model_validator(mode="after")
    def _only_delta_has_a_threshold(self) -> InputSettings:
        if self.encoding == "direct" and self.delta:
            raise ValueError("delta needs encoding = 'delta'")
        return self


class LayerSettings(Settings):
    """A spiking layer and the synapses that feed it.

    `taps` are delays in steps; the first layer takes the input's instead. `axonal_delay`, if
    not 0, gives each presynaptic neuron and tap a fixed random delay up to that many steps
    on top. `recurrent` adds synapses from the layer to itself, one step back. Feed-forward weights
    of a magnitude up to `dead_zone`, in LSB, are 0: such synapses are left out, and cost nothing.
    """

    width: Annotated[int, Field(ge=1, le=4096)]
    taps: Annotated[list[Delay], Field(min_length=1)] = Field(default=[0])
    axonal_delay: Delay = 0
    bits: Bits = 4
    dead_zone: Annotated[int, Field(ge=0, le=126)] = 0
    neuron: Literal["leaky", "adaptive"] = "adaptive"
    reset: Literal["subtract", "zero"] = "subtract"
    reset_delay: bool = False
    recurrent: bool = False

    @model_validator(mode="after")
    def _delays_fit(self) -> LayerSettings:
        if max(self.taps) + self.axonal_delay > MAX_DELAY:
            raise ValueError(f"taps and axonal_delay together must not pass {MAX_DELAY} steps")
        return self

    @model_validator(mode="after")
    def _some_synapses_are_left(self) -> LayerSettings:
        if self.dead_zone >= WEIGHT_LIMIT[self.bits]:
            raise ValueError(
                f"dead_zone = {self.dead_zone} leaves no synapses of {self.bits} bits, "
                f"whose weights reach {WEIGHT_LIMIT[self.bits]}"
            )
        return self


class ReadoutSettings(Settings):
    """The non-spiking readout."""

    taps: Annotated[list[Delay], Field(min_length=1)] = Field(default=[0])
    bits: Bits = 8


class ModelSettings(Settings):
    """The network. `normalise` trains with batch normalisation, folded into thresholds.

    `rest`, if not 0, holds biases down so that a membrane which nothing moves stays below this
    share of its threshold: the network cannot fire, and costs next to nothing, in digital silence.
    """

    kind: Literal["spiking"] = "spiking"
    input: InputSettings = InputSettings()
    hidden: Annotated[list[LayerSettings], Field(min_length=1, max_length=16)]
    readout: ReadoutSettings = ReadoutSettings()
    normalise: bool = True
    rest: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    surrogate_slope: Positive = 2.0
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0


class DenseSettings(Settings):
    """A temporal residual CNN, a teacher: `widths` of its entry and of its blocks."""

    kind: Literal["dense"]
    widths: Annotated[list[Count], Field(min_length=2, max_length=16)] = Field(
        default=[32, 48, 64, 96]
    )
    kernel: Literal[3, 5, 7, 9, 11, 13, 15] = 9
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.3


def _kind(values: Any) -> str:
    if isinstance(values, dict):
        return str(values.get("kind", SPIKING))
    return str(getattr(values, "kind", SPIKING))


SPIKING, DENSE, CONVOLUTIONAL = "spiking", "dense", "convolutional"
KINDS = (SPIKING, DENSE, CONVOLUTIONAL)

AnyModel = Annotated[
    Annotated[ModelSettings, Tag(SPIKING)]
    | Annotated[DenseSettings, Tag(DENSE)]
    | Annotated[ConvolutionalSettings, Tag(CONVOLUTIONAL)],
    Discriminator(_kind),
]
"""What `[model]` may be; `kind` says which, `spiking` where it is not given."""
