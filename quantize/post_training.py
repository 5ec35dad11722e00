"""A float snnTorch model in, a calibrated integer network out: no training on the grid needed.

Weights are rounded to grids of least error, thresholds and biases to the membrane's steps, so the
integer network is a near copy of the float model, not an exact one; `Agreement` says how near.
Its *law* is exact: an snnTorch option without an integer twin is refused (`sections`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from edgesnn.errors import LoweringError, MissingExtraError
from edgesnn.law import Oracle
from edgesnn.machine import Machine
from edgesnn.network import INPUT, Input, IntegrateAndFire, Network
from edgesnn.network.arrays import IntArray
from edgesnn.network.bounds import firing_range
from edgesnn.network.synapses import WEIGHT_LIMIT
from edgesnn.quantize.agreement import Agreement, agreement
from edgesnn.quantize.calibration import Observed, observe
from edgesnn.quantize.convert import (
    batch_norm,
    readout_neuron,
    relay,
    signed_gain,
    spike_count,
    spiking_neuron,
    synapses,
)
from edgesnn.quantize.lower import LoweringReport, lower_with_report
from edgesnn.quantize.scales import membrane_shift, weight_scale, widened
from edgesnn.quantize.sections import Section, array, sections
from edgesnn.trained import FloatArray, TrainedLayer, TrainedNetwork

if TYPE_CHECKING:
    from torch import nn

    from edgesnn.frontend import FrontEnd

#: How the model's scores are read: the membrane of a last neuron without reset, the spikes of a
#: last neuron with one, or the sum over time of a last Linear layer without neurons.
ReadoutKind = Literal["membrane", "spikes", "sum"]


@dataclass(frozen=True, eq=False)
class PostTraining:
    """What post-training quantisation made: the model on its grid, the network, both reports."""

    trained: TrainedNetwork
    network: Network
    report: LoweringReport
    agreement: Agreement


@dataclass(frozen=True, kw_only=True)
class Target:
    """What the integer network shall be.

    Attributes:
        name: of the network.
        classes: class names.
        input_shape: `(channels,)`, `(C, L)` or `(C, H, W)`.
        input_scale: what the float model saw for a feature of 1.
        bits: weight width, one for all layers or one a layer with weights.
        readout: how scores are read.
        frontend: that made the features, or None.
    """

    name: str
    classes: tuple[str, ...]
    input_shape: tuple[int, ...]
    input_scale: float = 1.0
    bits: int | tuple[int, ...] = 8
    readout: ReadoutKind = "membrane"
    frontend: FrontEnd | None = None


def quantise_model(
    model: nn.Module | Iterable[nn.Module],
    features: IntArray,
    target: Target,
    machine: Callable[[Network], Machine] = Oracle,
) -> PostTraining:
    """Turn a float snnTorch model into an integer network.

    Args:
        model: `nn.Sequential` or a list of Linear, Conv1d, Conv2d, BatchNorm, MaxPool (of spikes)
            and `snn.Leaky` modules; Dropout and Flatten are passed over.
        features: int8 calibration clips `(clips, steps, channels)`.
        target: what the network shall be.
        machine: runs the integer network for the agreement; the slow oracle unless told.

    Raises:
        LoweringError: the model has no integer network; names module or layer and reason.
        MissingExtraError: PyTorch or snnTorch are not installed.
    """
    _require_torch()
    found = sections(model)
    _require_scores(found[-1], target.readout)
    observed = observe(found, features, target.input_shape, target.input_scale, target.readout)
    trained = _trained(found, observed, target)
    network, report = lower_with_report(trained)
    _prove_immediate_subtraction(found, network)
    traces = machine(network).run(features)
    return PostTraining(trained, network, report, agreement(network, observed, traces))


def _require_torch() -> None:
    try:
        import snntorch  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"{error.name} is not installed: pip install 'edgesnn[train]'"
        ) from error


def _require_scores(last: Section, readout: ReadoutKind) -> None:
    has_neuron = last.neuron is not None
    if readout == "sum" and has_neuron:
        raise LoweringError("readout='sum' is for a last layer without snn.Leaky")
    if readout != "sum" and not has_neuron:
        raise LoweringError(
            f"readout='{readout}' needs snn.Leaky behind the last layer; readout='sum' adds up its "
            "currents"
        )


def _trained(found: Sequence[Section], observed: Observed, target: Target) -> TrainedNetwork:
    bits = _widths(found, target.bits)
    layers: list[TrainedLayer] = []
    source = INPUT
    for number, section in enumerate(found):
        scores = number == len(found) - 1 and target.readout != "spikes"
        name = "readout" if scores else f"layer{number}"
        if section.is_relay:
            layers.append(relay(section, name, source, observed.shapes[number]))
        else:
            place = _Place(name, source, observed.shapes[number], observed.peaks[number], scores)
            layers.append(_layer(section, place, bits[number], target))
        source = name
    if target.readout == "spikes":
        layers.append(spike_count(source, observed.shapes[-1]))
    return TrainedNetwork(
        name=target.name,
        input=Input(shape=target.input_shape),
        layers=tuple(layers),
        classes=target.classes,
        frontend=target.frontend,
        notes={"origin": "snnTorch model, quantised after training"},
    )


def _widths(found: Sequence[Section], bits: int | tuple[int, ...]) -> list[int]:
    """Bit width of each section; relays have none of their own."""
    weighted = [number for number, section in enumerate(found) if not section.is_relay]
    widths = (bits,) * len(weighted) if isinstance(bits, int) else bits
    if len(widths) != len(weighted) or any(width not in WEIGHT_LIMIT for width in widths):
        raise LoweringError(f"bits are {bits}; give 8, 4 or 2 for each of {len(weighted)} layers")
    by_number = dict(zip(weighted, widths, strict=True))
    return [by_number.get(number, 8) for number in range(len(found))]


@dataclass(frozen=True, eq=False)
class _Place:
    """Where a section stands: name, source, shape, what its membranes reached; if it scores."""

    name: str
    source: str
    shape: tuple[int, ...]
    peak: FloatArray
    scores: bool


def _layer(section: Section, place: _Place, bits: int, target: Target) -> TrainedLayer:
    module: Any = section.synapses
    channels, graded = place.shape[0], place.source == INPUT
    norm = batch_norm(section.norm)
    if place.scores and norm is not None:
        raise LoweringError(f"layer {place.name}: a batch norm would scale each class by its own")
    gain = np.ones(channels, np.float32) if norm is None else signed_gain(norm)
    weight = array(module.weight) * np.float32(target.input_scale if graded else 1.0)
    scale = weight_scale(weight, bits, per_channel=not place.scores)
    scale, shift = _grid(section, place, np.broadcast_to(scale, channels), np.abs(gain))
    bias = np.zeros(channels, np.float32) if module.bias is None else array(module.bias)
    make = readout_neuron if place.scores else spiking_neuron
    return TrainedLayer(
        name=place.name,
        shape=place.shape,
        synapses=(synapses(module, place.source, weight, bits),),
        scale=scale,
        bias=bias * gain,  # a layer's own bias goes through its batch norm
        neuron=make(section, place.name, channels),
        graded_shift=shift,
        batch_norm=norm,
    )


def _grid(
    section: Section, place: _Place, scale: FloatArray, gain: FloatArray
) -> tuple[FloatArray, int]:
    """Weight scale and graded shift with which membranes and thresholds fit int16."""
    if place.scores:
        return scale, 0
    peak = np.maximum(place.peak, _largest_threshold(section, place.shape[0]))
    if place.source == INPUT:
        return scale, membrane_shift(scale * gain, peak)
    return widened(scale, gain, peak), 0


def _largest_threshold(section: Section, channels: int) -> FloatArray:
    neuron: Any = section.neuron
    if neuron is None:
        return np.zeros(channels, np.float32)
    return np.broadcast_to(array(neuron.threshold).max(), channels)


def _prove_immediate_subtraction(found: Sequence[Section], network: Network) -> None:
    """Refuse snnTorch's immediate reset by subtraction where it is not the integer law.

    snnTorch compares `u − θ` instead of `u` after a step that left a residual above θ.
    """
    for section, layer in zip(found, network.layers, strict=False):
        neuron: Any = section.neuron
        if not isinstance(layer.neuron, IntegrateAndFire) or neuron is None:
            continue
        if neuron.reset_delay or neuron.reset_mechanism != "subtract":
            continue
        _, high = firing_range(network, layer)
        beyond = np.flatnonzero(
            high > 2 * layer.per_neuron(layer.neuron.threshold.astype(np.int64))
        )
        if beyond.size:
            raise LoweringError(
                f"layer {layer.name}: with reset_delay=False, snnTorch subtracts a threshold twice "
                f"when a membrane exceeds two of them, as neuron {beyond[0]}'s may; "
                "train with reset_delay=True or reset_mechanism='zero'"
            )
