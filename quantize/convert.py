"""PyTorch modules as the parts of a trained layer (`edgesnn/trained.py`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgesnn.errors import LoweringError
from edgesnn.quantize.sections import Section, array, read_neuron
from edgesnn.trained import BatchNorm, FloatArray, TrainedLayer, TrainedNeuron, TrainedSynapses


def synapses(module: Any, source: str, weight: FloatArray, bits: int) -> TrainedSynapses:
    """A Linear or Conv module's geometry with `weight` in place of its own.

    Raises:
        LoweringError: dilation, or another padding than a number of zeros.
    """
    kind = type(module).__name__
    if kind == "Linear":
        return TrainedSynapses(kind="Dense", source=source, weight=weight, bits=bits)
    if module.padding_mode != "zeros" or any(step != 1 for step in module.dilation):
        raise LoweringError(
            f"a {kind} with dilation, or padding other than zeros, is not supported"
        )
    if isinstance(module.padding, str):
        raise LoweringError(f"a {kind} with padding={module.padding!r}; give it in numbers")
    return TrainedSynapses(
        kind=kind,  # type: ignore[arg-type]
        source=source,
        weight=weight,
        bits=bits,
        stride=tuple(module.stride),
        padding=tuple(module.padding),
        groups=module.groups,
    )


def spiking_neuron(section: Section, name: str, channels: int) -> TrainedNeuron:
    """The section's neuron; see `read_neuron`."""
    return read_neuron(section.neuron, name, channels)


def readout_neuron(section: Section, name: str, channels: int) -> TrainedNeuron:
    """Scores: a leaky membrane without reset, or, without a neuron, the sum over time."""
    neuron: Any = section.neuron
    if neuron is None:
        return TrainedNeuron(kind="Readout", decay=np.ones(channels, np.float32))
    if neuron.reset_mechanism != "none":
        raise LoweringError(
            f"layer {name}: a readout does not reset; train it with reset_mechanism='none', or "
            "count its spikes (readout='spikes')"
        )
    decay = array(neuron.beta.clamp(0, 1)).ravel()
    return TrainedNeuron(kind="Readout", decay=np.broadcast_to(decay, channels))


def relay(section: Section, name: str, source: str, shape: tuple[int, ...]) -> TrainedLayer:
    """A max pool of spikes as a layer: every neuron fires where its window holds a spike."""
    module: Any = section.synapses
    axes = len(shape) - 1
    window, stride = (_tuple(each, axes) for each in (module.kernel_size, module.stride))
    plain = (
        _tuple(module.padding, axes) == (0,) * axes and _tuple(module.dilation, axes) == (1,) * axes
    )
    if not plain or module.ceil_mode:
        raise LoweringError(f"layer {name}: max pools take no padding, dilation or ceil_mode")
    ones = np.ones(shape[0], np.float32)
    return TrainedLayer(
        name=name,
        shape=shape,
        synapses=(
            TrainedSynapses(
                kind="Pool", source=source, weight=np.ones((), np.float32), pool="max",
                window=window, stride=stride,
            ),
        ),
        scale=ones,
        bias=0 * ones,
        neuron=TrainedNeuron(kind="IntegrateAndFire", threshold=ones, reset="zero"),
    )  # fmt: skip


def _tuple(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    return (value,) * axes if isinstance(value, int) else tuple(value)


def spike_count(source: str, shape: tuple[int, ...]) -> TrainedLayer:
    """A readout that counts the spikes of `source`."""
    ones = np.ones(shape[0], np.float32)
    return TrainedLayer(
        name="readout",
        shape=shape,
        synapses=(TrainedSynapses(kind="Identity", source=source, weight=ones),),
        scale=ones,
        bias=0 * ones,
        neuron=TrainedNeuron(kind="Readout", decay=ones),
    )


def signed_gain(norm: BatchNorm) -> FloatArray:
    """Factor on each channel's current, `gamma/σ`."""
    return np.asarray(norm.gamma / np.sqrt(norm.var + norm.eps), np.float32)


def batch_norm(module: Any) -> BatchNorm | None:
    """The statistics of a BatchNorm module; None for None.

    Raises:
        LoweringError: it keeps no running statistics.
    """
    if module is None:
        return None
    if module.running_mean is None:
        raise LoweringError("a batch norm keeps no running statistics; there is nothing to fold")
    mean = array(module.running_mean)
    return BatchNorm(
        gamma=np.ones_like(mean) if module.weight is None else array(module.weight),
        beta=np.zeros_like(mean) if module.bias is None else array(module.bias),
        mean=mean,
        var=array(module.running_var),
        eps=np.full_like(mean, module.eps),
    )
