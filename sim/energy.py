"""Energy of the operations alone: the "algorithmic" column, never a board's consumption.

A microcontroller spends hundreds to thousands of times the energy of an integer addition on every
cycle, so these figures compare networks, in the way papers do, and say nothing about a battery.

Constants: M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014,
45 nm, 0.9 V. Adding up operations and memory accesses layer by layer follows E. Lemaire et al.,
"An analytical estimation of spiking neural networks energy efficiency", 2022 (arXiv 2210.13107).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from types import MappingProxyType

from edgesnn.network import AdaptiveLeaky, IntegrateAndFire, Layer, Leaky, Network, Readout
from edgesnn.sim.activity import Activity, LayerActivity
from edgesnn.sim.static import footprint

#: Picojoules of one operation.
OPERATION_PJ = MappingProxyType(
    {"int8 add": 0.03, "int32 add": 0.1, "int8 multiply": 0.2, "int32 multiply": 3.1}
)

#: Picojoules of reading 64 bits from a static memory of so many bytes.
SRAM_64_BIT_PJ = MappingProxyType({8 << 10: 10.0, 32 << 10: 20.0, 1 << 20: 100.0})

LABEL = "algorithmic, 45 nm"


@dataclass(frozen=True)
class AlgorithmicEnergy:
    """Mean picojoules of a clip; `label` says what they are and must stand beside them.

    Attributes:
        synapses_pj: additions and multiplications of all events.
        neurons_pj: decays, sums, comparisons and resets of all neurons in all steps.
        memory_pj: weights, accumulators and state through the smallest of the memories above
            that holds the network (the largest where none does).
        label: what the figures are.
    """

    synapses_pj: float
    neurons_pj: float
    memory_pj: float
    label: str = LABEL

    @property
    def total_pj(self) -> float:
        """All of it."""
        return self.synapses_pj + self.neurons_pj + self.memory_pj

    def to_dict(self) -> dict[str, float | str]:
        """Plain values for JSON, with the total."""
        return {**asdict(self), "total_pj": self.total_pj}


def algorithmic_energy(network: Network, activity: Activity) -> AlgorithmicEnergy:
    """Energy of the operations that `activity` counts."""
    by_name = network.by_name
    return AlgorithmicEnergy(
        synapses_pj=sum(_synapses(layer) for layer in activity.layers),
        neurons_pj=sum(_neurons(by_name[layer.layer], layer) for layer in activity.layers),
        memory_pj=_memory(footprint(network), activity.total),
    )


def layer_energy(network: Network, activity: Activity) -> dict[str, float]:
    """Mean picojoules of a clip by layer; the sum is that of `algorithmic_energy`."""
    size, by_name = footprint(network), network.by_name
    return {
        layer.layer: _synapses(layer) + _neurons(by_name[layer.layer], layer) + _memory(size, layer)
        for layer in activity.layers
    }


def _synapses(layer: LayerActivity) -> float:
    """An addition into int32 for each operation, an int8 multiplication before a graded one."""
    additions = layer.effective_acs + layer.effective_macs
    return (
        additions * OPERATION_PJ["int32 add"] + layer.effective_macs * OPERATION_PJ["int8 multiply"]
    )


def _neurons(layer: Layer, counted: LayerActivity) -> float:
    """What the law of the layer's neurons costs a neuron and step (docs/SPEC.md §4 and §5)."""
    neuron = layer.neuron
    multiplications = 1 if isinstance(neuron, Leaky | Readout) else 0
    additions = 1  # the current
    if isinstance(neuron, IntegrateAndFire):
        additions += 1  # the comparison
    if isinstance(neuron, AdaptiveLeaky):
        multiplications, additions = multiplications + 2, additions + 2
    each = multiplications * OPERATION_PJ["int32 multiply"] + additions * OPERATION_PJ["int32 add"]
    resets = counted.spikes * OPERATION_PJ["int32 add"]
    return counted.neuron_steps * each + resets


def _memory(size: int, total: LayerActivity) -> float:
    fitting = [limit for limit in SRAM_64_BIT_PJ if size <= limit]
    limit = min(fitting) if fitting else max(SRAM_64_BIT_PJ)
    moved = total.weight_bytes + total.accumulator_bytes + total.state_bytes
    return moved / 8 * SRAM_64_BIT_PJ[limit]
