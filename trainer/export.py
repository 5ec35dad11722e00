"""From the PyTorch model to the framework-free `TrainedNetwork` that `quantize` lowers.

The batch norm is folded here, as it was in every forward pass of the training: a layer's `scale`
is its LSB in thresholds, so thresholds are 1. Values are exported on their grid (whole numbers of
LSB times the LSB), which keeps lowering exact however it rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from edgesnn.frontend import FrontEnd
from edgesnn.network import Input
from edgesnn.trained import TrainedLayer, TrainedNetwork, TrainedNeuron, TrainedSynapses
from edgesnn.trainer import kernels
from edgesnn.trainer.layers import Population, ReadoutLayer, SpikingLayer, fraction
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.spiking import round_through

Floats = npt.NDArray[np.float32]


@torch.no_grad()
def export(
    model: KeywordSpotter,
    *,
    name: str,
    classes: tuple[str, ...],
    frontend: FrontEnd | None = None,
    notes: Mapping[str, str] | None = None,
) -> TrainedNetwork:
    """Describe `model` in evaluation mode; lowering the result gives its integer network.

    Args:
        model: trained.
        name: a C identifier, the network's name.
        classes: one name a score.
        frontend: how PCM becomes its features.
        notes: free facts about the training.
    """
    model.eval()
    entry = model.settings.input
    channels = model.hidden[0].delays.shape[1]
    source, layers = "input", []
    for index, layer in enumerate(model.hidden, start=1):
        layers.append(_spiking(layer, f"hidden{index}", source))
        source = f"hidden{index}"
    layers.append(trained_readout(model.readout, source))
    return TrainedNetwork(
        name=name,
        input=Input(shape=(channels,), encoding=entry.encoding, delta=entry.delta),
        layers=tuple(layers),
        classes=classes,
        frontend=frontend,
        notes=notes or {},
    )


def _spiking(layer: SpikingLayer, name: str, source: str) -> TrainedLayer:
    weight = layer.synapses()
    unit = integers_at_rest(layer)[1]
    step = unit * 2.0**-layer.graded_shift
    groups = _groups(weight.integer * step[:, None], layer.delays, source, layer.synapses.bits)
    recurrent = layer.recurrent_integers(unit)
    if recurrent is not None:
        groups += _groups(
            recurrent * unit[:, None], torch.ones(1, len(unit)), name, layer.synapses.bits
        )
    return trained_layer(layer, name, (len(unit),), groups)


def integers_at_rest(layer: Population) -> tuple[Tensor, Tensor]:
    """A layer's integer parameters and LSB in evaluation mode, whatever its currents are."""
    return layer.integers(torch.empty(0), layer.scale_of(layer.synapses()))


def trained_layer(
    layer: Population, name: str, shape: tuple[int, ...], groups: tuple[TrainedSynapses, ...]
) -> TrainedLayer:
    """`layer` with its neurons as trained, fed by `groups`."""
    table, unit = integers_at_rest(layer)
    rows = {row: table[row] for row in range(kernels.ROWS)}
    adaptive = layer.adaptive
    neuron = TrainedNeuron(
        kind="AdaptiveLeaky" if adaptive else "Leaky",
        threshold=real(rows[kernels.THRESHOLD] * unit),
        decay=real(rows[kernels.DECAY] / 256),
        adaptation_decay=real(rows[kernels.ADAPTATION_DECAY] / 256) if adaptive else None,
        adaptation_coupling=real(rows[kernels.ADAPTATION_COUPLING] / 256) if adaptive else None,
        adaptation_jump=real(rows[kernels.ADAPTATION_JUMP] * unit) if adaptive else None,
        reset=layer.law.reset,
        reset_delay=layer.law.reset_delay,
        strict=layer.law.strict,
    )
    return TrainedLayer(
        name=name,
        shape=shape,
        synapses=groups,
        scale=real(unit * 2.0**-layer.graded_shift),
        bias=real(rows[kernels.BIAS] * unit),
        neuron=neuron,
        graded_shift=layer.graded_shift,
    )


def trained_readout(
    layer: ReadoutLayer, source: str, order: Callable[[Tensor], Tensor] = lambda weight: weight
) -> TrainedLayer:
    """The readout, fed by `source`; `order` puts its weight's columns as the network has them."""
    weight = layer.synapses()
    classes = weight.integer.shape[0]
    bias = round_through(layer.bias / weight.scale.squeeze()) * weight.scale.squeeze()
    columns = order(weight.integer * weight.scale)
    return TrainedLayer(
        name="readout",
        shape=(classes,),
        synapses=_groups(columns, layer.delays, source, layer.synapses.bits),
        scale=real(weight.scale.squeeze().expand(classes)),
        bias=real(bias),
        neuron=TrainedNeuron(kind="Readout", decay=real(fraction(layer.decay) / 256)),
    )


def _groups(weight: Tensor, delays: Tensor, source: str, bits: int) -> tuple[TrainedSynapses, ...]:
    """One dense group a tap; a delay that all its presynaptic neurons share is one number."""
    groups = []
    for part, when in zip(weight.chunk(delays.shape[0], dim=1), delays.numpy(), strict=True):
        delay = int(when[0]) if np.all(when == when[0]) else when.astype(np.int64)
        groups.append(
            TrainedSynapses(kind="Dense", source=source, weight=real(part), bits=bits, delay=delay)
        )
    return tuple(groups)


def real(values: Tensor) -> Floats:
    """A copy of a tensor as float32."""
    return np.array(values.detach().cpu().numpy(), np.float32)
