"""What a network costs on a core, by the configuration's table of cycles."""

from __future__ import annotations

from collections.abc import Callable

from edgesnn.trainer.connection import FROM_INPUT, Connection
from edgesnn.trainer.layers import Population
from edgesnn.trainer.loss_settings import CostSettings
from edgesnn.trainer.model import SpikingModel

#: Microjoules in a picojoule.
MICRO = 1e-6


def fan_out(model: SpikingModel) -> list[float]:
    """Synapses behind one neuron of each spiking layer; their mean where padding makes it vary."""
    return _behind(model, lambda _: 1.0)


def spike_cycles(model: SpikingModel, costs: CostSettings) -> list[float]:
    """Cycles that one spike of each layer causes: the synapses behind it, by their bits."""
    price = {8: costs.ac8, 4: costs.ac4, 2: costs.ac2}
    return _behind(model, lambda connection: price[connection.bits])


def _behind(model: SpikingModel, price: Callable[[Connection], float]) -> list[float]:
    """Synapses behind one neuron of each spiking layer, each at its `price`."""
    behind = [0.0] * len(model.hidden)
    for each in model.connections:
        if each.source != FROM_INPUT:
            fan = each.synapses / model.hidden[each.source].neurons
            behind[each.source] += fan * price(each)
    return behind


def waking_cycles(model: SpikingModel, costs: CostSettings) -> list[float]:
    """Cycles that one spike of each layer costs where everything else rests.

    To its synapses come the updates of its own layer in that step, and of the layers that hear it
    in the step of each tap: those that a resting network skips.
    """
    updates = [_update_cycles(layer, costs) for layer in model.hidden]
    updates.append(model.classes * costs.leaky)
    woken = spike_cycles(model, costs)
    for index, own in enumerate(updates[:-1]):
        woken[index] += own
    for each in model.connections:
        if each.source not in (FROM_INPUT, each.reader):
            woken[each.source] += each.taps * updates[each.reader]
    return woken


def input_fan_out(model: SpikingModel) -> float:
    """Synapses behind one input channel; their mean where padding makes it vary."""
    synapses = sum(c.synapses for c in model.connections if c.source == FROM_INPUT)
    return synapses / model.channels


def step_cycles(model: SpikingModel, costs: CostSettings) -> float:
    """Cycles of a step in which nothing fires and no channel is sent: every neuron's update."""
    neurons = sum(_update_cycles(layer, costs) for layer in model.hidden)
    return neurons + model.classes * costs.leaky + model.channels * costs.channel


def _update_cycles(layer: Population, costs: CostSettings) -> float:
    return layer.neurons * (costs.adaptive if layer.adaptive else costs.leaky)
