"""What a network costs on a core, by the configuration's table of cycles."""

from __future__ import annotations

from edgesnn.trainer.layers import ReadoutLayer, SpikingLayer
from edgesnn.trainer.loss_settings import CostSettings
from edgesnn.trainer.model import KeywordSpotter

#: Microjoules in a picojoule.
MICRO = 1e-6


def fan_out(model: KeywordSpotter) -> list[int]:
    """Synapses behind one neuron of each spiking layer."""
    return [sum(fans.values()) for fans in _fans(model)]


def spike_cycles(model: KeywordSpotter, costs: CostSettings) -> list[float]:
    """Cycles that one spike of each layer causes: the synapses behind it, by their bits."""
    price = {8: costs.ac8, 4: costs.ac4, 2: costs.ac2}
    return [sum(count * price[bits] for bits, count in fans.items()) for fans in _fans(model)]


def waking_cycles(model: KeywordSpotter, costs: CostSettings) -> list[float]:
    """Cycles that one spike of each layer costs where everything else rests.

    To its synapses come the updates of its own layer in that step, and of the layer that hears it
    in the step of each tap: those that a resting network skips.
    """
    updates = [_update_cycles(layer, costs) for layer in model.hidden]
    updates.append(model.classes * costs.leaky)
    heard = zip(spike_cycles(model, costs), _readers(model), strict=True)
    return [
        cycles + updates[index] + reader.delays.shape[0] * updates[index + 1]
        for index, (cycles, reader) in enumerate(heard)
    ]


def input_fan_out(model: KeywordSpotter) -> int:
    """Synapses behind one input channel."""
    first = model.hidden[0]
    return first.settings.width * first.delays.shape[0]


def step_cycles(model: KeywordSpotter, costs: CostSettings) -> float:
    """Cycles of a step in which nothing fires and no channel is sent: every neuron's update."""
    neurons = sum(_update_cycles(layer, costs) for layer in model.hidden)
    return neurons + model.classes * costs.leaky + model.hidden[0].delays.shape[1] * costs.channel


def _update_cycles(layer: SpikingLayer, costs: CostSettings) -> float:
    return layer.settings.width * (costs.adaptive if layer.adaptive else costs.leaky)


def _readers(model: KeywordSpotter) -> list[SpikingLayer | ReadoutLayer]:
    """The layer that hears each spiking layer."""
    return [*model.hidden[1:], model.readout]


def _fans(model: KeywordSpotter) -> list[dict[int, int]]:
    """Synapses behind one neuron of each spiking layer, by their bits."""
    fans = []
    for layer, reader in zip(model.hidden, _readers(model), strict=True):
        count = {
            reader.synapses.bits: reader.synapses.weight.shape[0] * reader.delays.shape[0],
        }
        if layer.settings.recurrent:
            bits = layer.synapses.bits
            count[bits] = count.get(bits, 0) + layer.settings.width
        fans.append(count)
    return fans
