"""The passes from a trained model to an integer network, each a small function (docs/LOWERING.md).

All arithmetic on trained values is float32, and rounding is half to even, as in the forward pass
that the model was trained with: the integers are the very ones that it computed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgesnn.errors import LoweringError
from edgesnn.network.arrays import IntArray
from edgesnn.network.neurons import NO_DECAY
from edgesnn.network.synapses import WEIGHT_LIMIT
from edgesnn.quantize.assemble import assemble, choose_sparse, prove
from edgesnn.quantize.state import Lowering, weight_unit
from edgesnn.trained import FloatArray, TrainedLayer, TrainedNeuron, TrainedSynapses

Pass = Callable[[Lowering], Lowering]

#: More than this share of a layer's weights at the end of the range is worth a warning.
_SATURATED = 0.02


def check_model(state: Lowering) -> Lowering:
    """Refuse what has no integer network: missing parameters, impossible scales and ranges."""
    for layer in state.trained.layers:
        for fault in _model_faults(layer):
            raise LoweringError(f"layer {layer.name}: {fault}")
    return state


_NEEDED: dict[str, tuple[str, ...]] = {
    "IntegrateAndFire": ("threshold",),
    "Leaky": ("threshold", "decay"),
    "AdaptiveLeaky": (
        "threshold", "decay", "adaptation_decay", "adaptation_coupling", "adaptation_jump",
    ),
    "Readout": ("decay",),
}  # fmt: skip

_RANGES: dict[str, tuple[float, float]] = {
    "decay": (0.0, 1.0),
    "adaptation_decay": (0.0, 1.0),
    "adaptation_coupling": (-1.0, 1.0),
    "threshold": (float(np.finfo(np.float32).tiny), float("inf")),
}


def _model_faults(layer: TrainedLayer) -> list[str]:
    channels, neuron = layer.shape[0], layer.neuron
    faults = []
    vectors: dict[str, FloatArray | None] = {"scale": layer.scale, "bias": layer.bias}
    vectors |= {name: getattr(neuron, name) for name in _NEEDED[neuron.kind]}
    for name, vector in vectors.items():
        if vector is None:
            faults.append(f"a neuron of kind {neuron.kind} needs {name}")
        elif vector.shape != (channels,):
            faults.append(f"{name} has shape {vector.shape}, not ({channels},)")
        elif name in _RANGES:
            faults += _outside(name, vector, *_RANGES[name])
    if not faults and layer.scale.min() <= 0:
        faults.append(f"scale of channel {int(layer.scale.argmin())} is not positive")
    if not faults and neuron.kind == "Readout" and np.ptp(layer.scale) != 0:
        faults.append(
            "a readout needs one scale for all classes, or its largest score means nothing"
        )
    return faults


def _outside(name: str, vector: FloatArray, low: float, high: float) -> list[str]:
    wrong = np.flatnonzero((vector < low) | (vector > high))
    if not wrong.size:
        return []
    return [f"{name} of channel {wrong[0]} is {vector[wrong[0]]:g}, outside {low:g} … {high:g}"]


def fold_batch_norm(state: Lowering) -> Lowering:
    """Take batch norms into bias and membrane step; their weights' signs follow `gamma`.

    `gamma·(x − mean)/σ + beta` with `σ = sqrt(var + eps)` is `x·gain` plus a constant: the
    membrane is counted in steps of `lsb·gain`, and no weight is scaled, so none is rounded anew.
    """
    gain = {layer.name: _gain(layer) for layer in state.trained.layers}
    return state.with_layers(_without_batch_norm).with_gain(
        {name: np.abs(values) for name, values in gain.items()}
    )


def _gain(layer: TrainedLayer) -> FloatArray:
    """Factor of a layer's batch norm on each channel, `gamma/σ`; 1 without one."""
    norm = layer.batch_norm
    if norm is None:
        return np.ones(layer.shape[0], np.float32)
    gain = np.asarray(norm.gamma / np.sqrt(norm.var + norm.eps), np.float32)
    if gain.shape != (layer.shape[0],) or not np.all(np.isfinite(gain)) or not np.all(gain):
        raise LoweringError(
            f"layer {layer.name}: its batch norm has a gamma of 0 or no variance in channel "
            f"{int(np.argmin(np.abs(np.nan_to_num(gain))))}; such a channel carries no current"
        )
    return gain


def _without_batch_norm(layer: TrainedLayer) -> TrainedLayer:
    norm = layer.batch_norm
    if norm is None:
        return layer
    gain = _gain(layer)
    groups = tuple(
        replace(group, weight=group.weight * _rows(np.sign(gain), group, layer))
        for group in layer.synapses
    )
    bias = layer.bias + norm.beta - gain * norm.mean
    return replace(layer, synapses=groups, bias=bias, batch_norm=None)


def _rows(values: FloatArray, group: TrainedSynapses, layer: TrainedLayer) -> FloatArray:
    """Per-channel `values` shaped to multiply a group's weight, whose first axis is the post."""
    if group.kind == "Pool":
        if np.ptp(values) != 0:
            raise LoweringError(
                f"layer {layer.name}: a pool has one weight for all channels, "
                "so all channels need the same scale and batch norm"
            )
        return np.asarray(values[0])
    repeats = int(np.prod(layer.shape[1:])) if group.kind == "Dense" else 1
    return np.repeat(values, repeats).reshape(-1, *[1] * (group.weight.ndim - 1))


def quantise_weights(state: Lowering) -> Lowering:
    """`clip(round(w / unit))`, the range narrow."""
    warnings: list[str] = []

    def change(layer: TrainedLayer) -> TrainedLayer:
        groups = tuple(_integer_weight(layer, group, warnings) for group in layer.synapses)
        return replace(layer, synapses=groups)

    return state.with_layers(change).with_warnings(warnings)


def _integer_weight(
    layer: TrainedLayer, group: TrainedSynapses, warnings: list[str]
) -> TrainedSynapses:
    where = f"layer {layer.name}: weights from {group.source}"
    if group.bits not in WEIGHT_LIMIT:
        raise LoweringError(f"{where} have {group.bits} bits; give 8, 4 or 2")
    limit = WEIGHT_LIMIT[group.bits]
    rounded = np.rint(group.weight / _rows(weight_unit(layer, group), group, layer))
    beyond = float(np.mean(np.abs(rounded) > limit))
    if beyond > _SATURATED:
        warnings.append(f"{where}: {100 * beyond:.1f} % lie beyond ±{limit} and were clipped")
    integers = np.clip(rounded, -limit, limit)
    if np.any(group.weight) and not np.any(integers):
        raise LoweringError(f"{where} all round to zero; their scale is too coarse")
    flushed = _flushed_rows(group.weight, integers)
    if flushed.size:
        warnings.append(f"{where}: all weights of {_named(flushed)} round to zero")
    return replace(group, weight=integers)


def _flushed_rows(weight: FloatArray, integers: FloatArray) -> IntArray:
    if weight.ndim < 2:
        return np.zeros(0, np.int64)
    axes = tuple(range(1, weight.ndim))
    return np.flatnonzero(np.any(weight, axis=axes) & ~np.any(integers, axis=axes))


def _named(numbers: IntArray) -> str:
    first = ", ".join(map(str, numbers[:5]))
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"neuron{'s' if len(numbers) > 1 else ''} {first}{more}"


def quantise_membranes(state: Lowering) -> Lowering:
    """Bias, threshold and adaptation jump in steps of the membrane: `round(x / lsb)`."""

    def change(layer: TrainedLayer) -> TrainedLayer:
        lsb = state.lsb(layer)
        if not np.all(np.isfinite(lsb)) or lsb.min() <= 0:
            raise LoweringError(f"layer {layer.name}: its scale leaves float32")
        neuron = replace(
            layer.neuron,
            threshold=_steps(layer, "threshold", lsb, 1, 32767),
            adaptation_jump=_steps(layer, "adaptation_jump", lsb, -32768, 32767),
        )
        bias = np.rint(layer.bias / lsb)
        _require_range(layer, "bias", bias, -(2**24) + 1, 2**24 - 1)
        return replace(layer, bias=bias, neuron=neuron)

    return state.with_layers(change)


def _steps(
    layer: TrainedLayer, name: str, lsb: FloatArray, low: int, high: int
) -> FloatArray | None:
    real: FloatArray | None = getattr(layer.neuron, name)
    if real is None:
        return None
    steps = np.asarray(np.rint(real / lsb), np.float32)
    _require_range(layer, name, steps, low, high)
    return steps


def _require_range(layer: TrainedLayer, name: str, values: FloatArray, low: int, high: int) -> None:
    wrong = np.flatnonzero(~((values >= low) & (values <= high)))
    if wrong.size:
        channel, value = int(wrong[0]), float(values[wrong[0]])
        change = "lower" if abs(value) < 1 else "raise"
        raise LoweringError(
            f"layer {layer.name}: {name} of channel {channel} is {value:g} steps of the membrane, "
            f"outside {low} … {high}; {change} the layer's graded_shift or weight scale"
        )


_DECAYS = ("decay", "adaptation_decay", "adaptation_coupling")


def quantise_decays(state: Lowering) -> Lowering:
    """Decays and the adaptation's coupling as fractions of 2^8: `round(256·x)`."""

    def change(layer: TrainedLayer) -> TrainedLayer:
        return replace(layer, neuron=_with_fractions(layer.neuron))

    return state.with_layers(change)


def _with_fractions(neuron: TrainedNeuron) -> TrainedNeuron:
    present = {name: getattr(neuron, name) for name in _DECAYS}
    return replace(
        neuron,
        **{
            name: np.rint(np.float32(NO_DECAY) * values)
            for name, values in present.items()
            if values is not None
        },
    )


#: All of lowering, in order.
PASSES: tuple[Pass, ...] = (
    check_model,
    fold_batch_norm,
    quantise_weights,
    quantise_membranes,
    quantise_decays,
    assemble,
    choose_sparse,
    prove,
)
