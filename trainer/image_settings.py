"""The architecture of networks that see one image, several times."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edgesnn.trainer.settings import Positive, Settings

#: Filters are whole multiples of this, since kernels serve channels in words.
LANES = 4


class ConvolutionSettings(Settings):
    """A spiking layer of `filters` channels, fed by a convolution of the layer before.

    `shortcut`, if not 0, also adds the spikes of the layer so many back: each neuron by one
    synapse from its twin where both layers are alike, else by a convolution of kernel 1 and the
    stride that fits.
    """

    filters: Annotated[int, Field(ge=1, le=1024)]
    kernel: Literal[1, 3, 5, 7, 9, 11] = 3
    stride: Annotated[int, Field(ge=1, le=4)] = 1
    shortcut: Annotated[int, Field(ge=0, le=15)] = 0


class ConvolutionalSettings(Settings):
    """A network that is shown the same image for `steps` steps.

    The image is a second of log-mel frames, `(bands, frames)`, convolved along time, or pixels.
    `width` multiplies all filters. Weights have `bits`, those of the first layer and of the
    readout `outer_bits`; `float` trains without any quantisation, for comparison. `decay` is that
    of the membranes: 1 − 1/τ. `gain` is how many thresholds a deviation of the synaptic current
    is at the start.
    """

    kind: Literal["convolutional"]
    steps: Annotated[int, Field(ge=1, le=64)] = 4
    hidden: Annotated[list[ConvolutionSettings], Field(min_length=1, max_length=32)]
    width: Positive = 1.0
    bits: Literal[8, 4, 2, "float"] = 8
    outer_bits: Literal[8, 4, 2] = 8
    graded_shift: Annotated[int, Field(ge=0, le=16)] = 6
    neuron: Literal["leaky", "adaptive"] = "leaky"
    reset: Literal["subtract", "zero"] = "zero"
    reset_delay: bool = False
    decay: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5
    learn_decay: bool = False
    gain: Positive = 0.5
    surrogate_slope: Positive = 2.0
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0

    @model_validator(mode="after")
    def _shortcuts_start_in_the_network(self) -> ConvolutionalSettings:
        for number, layer in enumerate(self.hidden):
            if layer.shortcut == 1 or layer.shortcut > number:
                raise ValueError(
                    f"hidden.{number}.shortcut is {layer.shortcut}: name a layer of the network "
                    "that is two or more back"
                )
        return self

    @property
    def is_float(self) -> bool:
        """Whether nothing is quantised."""
        return self.bits == "float"

    def bits_of(self, outer: bool) -> int:
        """Weight bits of a hidden layer, or of an outer one; of a float network those it has as
        a basis of comparison."""
        return self.outer_bits if outer or self.bits == "float" else self.bits

    def filters_of(self, layer: ConvolutionSettings) -> int:
        """Channels of `layer`, at the network's width."""
        return max(1, round(layer.filters * self.width / LANES)) * LANES


class PictureSettings(Settings):
    """How training images are varied: shifted by up to `shift` pixels, and mirrored half of the
    time where `mirror`; `erase` is the side of a square that is made grey."""

    shift: Annotated[int, Field(ge=0, le=16)] = 4
    mirror: bool = True
    erase: Annotated[int, Field(ge=0, le=32)] = 0
