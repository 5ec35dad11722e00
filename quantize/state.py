"""What the passes hand on: a trained model that turns into an integer network step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from edgesnn.network import INPUT, Network, listing
from edgesnn.trained import FloatArray, TrainedLayer, TrainedNetwork, TrainedSynapses


@dataclass(frozen=True, eq=False, kw_only=True)
class Lowering:
    """The state between two passes.

    Attributes:
        trained: the model; each pass replaces some real values by integers (still float32).
        gain: what batch norms multiplied each channel's current by, float32 `(channels,)` a layer;
            filled by `fold_batch_norm`.
        network: the integer network, from `assemble` on.
        warnings: what a person should know though the network is exact.
        sparse_below: dense groups with a smaller share of non-zero weights become sparse ones.
    """

    trained: TrainedNetwork
    gain: Mapping[str, FloatArray] = field(default_factory=dict)
    network: Network | None = None
    warnings: tuple[str, ...] = ()
    sparse_below: float = 0.0

    def with_layers(self, change: Callable[[TrainedLayer], TrainedLayer]) -> Lowering:
        """The same with `change` made to every layer of the trained model."""
        layers = tuple(change(layer) for layer in self.trained.layers)
        return replace(self, trained=replace(self.trained, layers=layers))

    def with_warnings(self, warnings: list[str]) -> Lowering:
        """The same with more warnings."""
        return replace(self, warnings=(*self.warnings, *warnings))

    def with_gain(self, gain: Mapping[str, FloatArray]) -> Lowering:
        """The same with the batch norms' gain."""
        return replace(self, gain=MappingProxyType(dict(gain)))

    def lsb(self, layer: TrainedLayer) -> FloatArray:
        """Real value of one step of the membrane, float32 `(channels,)` (`edgesnn/trained.py`)."""
        return np.asarray(layer.scale * shift_factor(layer) * self.gain[layer.name], np.float32)

    def listing(self) -> str:
        """The state as text: the network's listing, or ranges of the model's values."""
        if self.network is not None:
            return listing(self.network)
        lines = [f"trained {self.trained.name}"]
        for layer in self.trained.layers:
            lines += _layer_lines(self, layer)
        return "\n".join(lines) + "\n"


def is_graded(layer: TrainedLayer) -> bool:
    """Whether the input feeds the layer."""
    return any(group.source == INPUT for group in layer.synapses)


def shift_factor(layer: TrainedLayer) -> np.float32:
    """What one step of the membrane is worth in graded weights: `2^graded_shift`, or 1."""
    return np.float32(2.0**layer.graded_shift if is_graded(layer) else 1.0)


def weight_unit(layer: TrainedLayer, group: TrainedSynapses) -> FloatArray:
    """Real value of weight 1 of a group, float32 `(channels,)`, before any batch norm.

    Spikes are added behind the graded shift, so in a layer with both, the weights of a binary
    group are steps of the membrane.
    """
    factor = np.float32(1.0) if group.source == INPUT else shift_factor(layer)
    return np.asarray(layer.scale * factor, np.float32)


def _layer_lines(state: Lowering, layer: TrainedLayer) -> list[str]:
    lines = [f"  layer {layer.name} {'×'.join(map(str, layer.shape))} {layer.neuron.kind}"]
    for group in layer.synapses:
        lines.append(f"    {group.source} → {group.kind} int{group.bits} {_range(group.weight)}")
    values = {
        "scale": layer.scale,
        "bias": layer.bias,
        "threshold": layer.neuron.threshold,
        "decay": layer.neuron.decay,
        "adaptation_decay": layer.neuron.adaptation_decay,
        "adaptation_coupling": layer.neuron.adaptation_coupling,
        "adaptation_jump": layer.neuron.adaptation_jump,
        "gain": state.gain.get(layer.name),
    }
    lines += [f"    {name} {_range(array)}" for name, array in values.items() if array is not None]
    return lines + (["    batch norm"] if layer.batch_norm is not None else [])


def _range(values: FloatArray) -> str:
    if not values.size:
        return "none"
    low, high = float(values.min()), float(values.max())
    return f"{low:.6g}" if low == high else f"{low:.6g} … {high:.6g}"
