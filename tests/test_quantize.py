"""Lowering: the integers of the trained grid, exactly; every fault named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edgesnn.errors import LoweringError, UsageError
from edgesnn.network import (
    INPUT,
    AdaptiveLeaky,
    Conv1d,
    Conv2d,
    Dense,
    Input,
    IntegrateAndFire,
    Layer,
    Leaky,
    Network,
    Pool,
    Readout,
    Sparse,
    Synapses,
    dumps,
)
from edgesnn.network.arrays import IntArray
from edgesnn.network.bounds import firing
from edgesnn.quantize import PASSES, lower, lower_with_report
from edgesnn.trained import (
    BatchNorm,
    FloatArray,
    TrainedLayer,
    TrainedNetwork,
    TrainedNeuron,
    TrainedSynapses,
    load_trained,
    save_trained,
)

from .strategies import networks


class Raiser:
    """Turns an integer network into a trained model that was trained on its grid."""

    def __init__(self, seed: int, normalised: bool) -> None:
        self.rng = np.random.default_rng(seed)
        self.normalised = normalised

    def network(self, network: Network) -> TrainedNetwork:
        layers = tuple(self.layer(layer) for layer in network.layers)
        return TrainedNetwork(
            name=network.name, input=network.input, layers=layers, classes=network.classes
        )

    def layer(self, layer: Layer) -> TrainedLayer:
        channels = layer.shape[0]
        one_scale = layer.is_readout or any(isinstance(g, Pool) for g in layer.synapses)
        scale = np.exp(self.rng.normal(-4, 1, 1 if one_scale else channels)).astype(np.float32)
        scale = np.broadcast_to(scale, channels)
        graded = any(group.source == INPUT for group in layer.synapses)
        unit = scale * np.float32(2.0**layer.graded_shift if graded else 1)
        norm = self._norm(channels) if self.normalised and not one_scale else None
        gain = np.ones(channels, np.float32)
        bias = np.zeros(channels, np.float32)
        if norm is not None:
            gain = norm.gamma / np.sqrt(norm.var + norm.eps)
            bias = norm.beta - gain * norm.mean
        lsb = unit * np.abs(gain)
        return TrainedLayer(
            name=layer.name,
            shape=layer.shape,
            synapses=tuple(self._group(layer, g, scale, unit, gain) for g in layer.synapses),
            scale=scale,
            bias=layer.bias * lsb - bias,
            neuron=_raised_neuron(layer, lsb),
            graded_shift=layer.graded_shift,
            batch_norm=norm,
        )

    def _norm(self, channels: int) -> BatchNorm:
        gamma = self.rng.uniform(0.2, 2, channels) * self.rng.choice((-1, 1), channels)
        return BatchNorm(
            gamma=gamma,
            beta=self.rng.normal(0, 0.01, channels),
            mean=self.rng.normal(0, 0.01, channels),
            var=self.rng.uniform(0.1, 3, channels),
            eps=np.full(channels, 1e-5),
        )

    def _group(
        self, layer: Layer, group: Synapses, scale: FloatArray, unit: FloatArray, gain: FloatArray
    ) -> TrainedSynapses:
        step = (scale if group.source == INPUT else unit) * np.sign(gain)
        common: dict[str, Any] = {
            "source": group.source,
            "delay": group.delay,
            "bits": group.bits,
            "kind": "Dense" if isinstance(group, Sparse) else type(group).__name__,
        }
        if isinstance(group, Pool):
            weight = np.float32(group.weight) * step[0]
            return TrainedSynapses(
                weight=weight, window=group.window, stride=group.stride, pool=group.kind, **common
            )
        if isinstance(group, Conv1d | Conv2d):
            common |= {
                "stride": tuple(np.atleast_1d(group.stride)),
                "padding": tuple(np.atleast_1d(group.padding)),
                "groups": group.groups,
            }
        integers = _dense_weight(layer, group)
        if isinstance(group, Dense | Sparse):
            step = layer.per_neuron(step)
        rows = step.reshape(-1, *[1] * (integers.ndim - 1))
        # Anywhere within the step's reach: training leaves weights off their grid.
        jitter = self.rng.uniform(-0.49, 0.49, integers.shape) * (self.normalised or 0)
        return TrainedSynapses(weight=(integers + jitter) * rows, **common)


def _dense_weight(layer: Layer, group: Synapses) -> IntArray:
    assert not isinstance(group, Pool)
    if not isinstance(group, Sparse):
        return group.weight
    pre = len(group.indptr) - 1
    rows = np.repeat(np.arange(pre), np.diff(group.indptr.astype(np.int64)))
    matrix = np.zeros((layer.size, pre), np.int8)
    matrix[group.index, rows] = group.weight
    return matrix


def _raised_neuron(layer: Layer, lsb: FloatArray) -> TrainedNeuron:
    neuron = layer.neuron
    if isinstance(neuron, Readout):
        return TrainedNeuron(kind="Readout", decay=neuron.decay / 256)
    fields: dict[str, Any] = {
        "threshold": neuron.threshold * lsb,
        "reset": neuron.reset,
        "reset_delay": neuron.reset_delay,
        "strict": neuron.strict,
    }
    if isinstance(neuron, Leaky):
        fields["decay"] = neuron.decay / 256
    if isinstance(neuron, AdaptiveLeaky):
        fields["adaptation_decay"] = neuron.adaptation_decay / 256
        fields["adaptation_coupling"] = neuron.adaptation_coupling / 256
        fields["adaptation_jump"] = neuron.adaptation_jump * lsb
    kind: Any = type(neuron).__name__
    return TrainedNeuron(kind=kind, **fields)


def _as_dense(network: Network) -> Network:
    """The network with its sparse groups dense, as a trained model has them."""
    layers = []
    for layer in network.layers:
        groups: list[Synapses] = [
            Dense(source=g.source, delay=g.delay, bits=g.bits, weight=_dense_weight(layer, g))
            if isinstance(g, Sparse)
            else g
            for g in layer.synapses
        ]
        shift = layer.graded_shift if any(g.source == INPUT for g in groups) else 0
        layers.append(replace(layer, synapses=tuple(groups), graded_shift=shift))
    return replace(network, layers=tuple(layers))


def _lowers(network: Network) -> bool:
    """Whether lowering has no reason to refuse it."""
    weights = [g.weight for x in network.layers for g in x.synapses]
    return all(np.any(w) for w in weights) and not any(
        firing(network, layer)[0].all() for layer in network.spiking
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks(), st.integers(0, 2**32 - 1), st.booleans())
def test_a_model_on_the_grid_of_a_network_lowers_to_that_network(
    network: Network, seed: int, normalised: bool
) -> None:
    network = replace(_as_dense(network), detector=None)  # lowering gives none
    assume(_lowers(network))
    assert dumps(lower(Raiser(seed, normalised).network(network))) == dumps(network)


def _dense(weight: Any, source: str = INPUT, bits: int = 8) -> TrainedSynapses:
    return TrainedSynapses(kind="Dense", source=source, weight=weight, bits=bits)


def _leaky(threshold: Any, **changes: Any) -> TrainedNeuron:
    decay = np.full(len(threshold), 0.9)
    return replace(TrainedNeuron(kind="Leaky", threshold=threshold, decay=decay), **changes)


HIDDEN = TrainedLayer(
    name="hidden",
    shape=(2,),
    synapses=(_dense([[0.5, 0.25, -0.5], [0.1, 0.2, 0.3]]),),
    scale=[0.01, 0.01],
    bias=[0.0, 0.0],
    neuron=_leaky([1.0, 2.0]),
    graded_shift=3,
)
OUT = TrainedLayer(
    name="out",
    shape=(2,),
    synapses=(_dense([[1.0, -1.0], [-1.0, 1.0]], "hidden"),),
    scale=[0.1, 0.1],
    bias=[0.0, 0.0],
    neuron=TrainedNeuron(kind="Readout", decay=[0.9, 0.9]),
)


def _model(hidden: TrainedLayer = HIDDEN, out: TrainedLayer = OUT) -> TrainedNetwork:
    return TrainedNetwork(
        name="small", input=Input(shape=(3,)), layers=(hidden, out), classes=("yes", "no")
    )


def test_small_model_by_hand() -> None:
    hidden, out = lower(_model()).layers
    assert isinstance(hidden.neuron, Leaky)
    np.testing.assert_array_equal(
        hidden.synapses[0].weight,  # type: ignore[union-attr]
        [[50, 25, -50], [10, 20, 30]],
    )
    # One step of the membrane is 0.01·2^3.
    np.testing.assert_array_equal(hidden.neuron.threshold, [12, 25])
    np.testing.assert_array_equal(hidden.neuron.decay, [230, 230])
    assert hidden.graded_shift == 3
    np.testing.assert_array_equal(out.synapses[0].weight, [[10, -10], [-10, 10]])  # type: ignore[union-attr]


def test_weights_round_half_to_even() -> None:
    scaled = replace(HIDDEN, synapses=(_dense([[0.5, 1.5, 2.5], [-0.5, -1.5, 3.5]]),), scale=[1, 1])
    weight = lower(_model(replace(scaled, neuron=_leaky([8, 8])))).layers[0].synapses[0].weight  # type: ignore[union-attr]
    np.testing.assert_array_equal(weight, [[0, 2, 2], [0, -2, 4]])


FAULTS: dict[str, tuple[TrainedNetwork, str]] = {
    "threshold below a step": (
        _model(replace(HIDDEN, neuron=_leaky([0.001, 1.0]))),
        "layer hidden: threshold of channel 0 is 0 steps of the membrane, outside 1 … 32767; lower",
    ),
    "threshold beyond int16": (
        _model(replace(HIDDEN, neuron=_leaky([1.0, 5000.0]))),
        "layer hidden: threshold of channel 1 is 62500 steps .* raise",
    ),
    "negative threshold": (
        _model(replace(HIDDEN, neuron=_leaky([1.0, -1.0]))),
        "layer hidden: threshold of channel 1 is -1, outside",
    ),
    "bias beyond the accumulator": (
        _model(replace(HIDDEN, bias=[0.0, 1e7])),
        "layer hidden: bias of channel 1 is 1.25e[+]08 steps",
    ),
    "decay above one": (
        _model(replace(HIDDEN, neuron=_leaky([1.0, 1.0], decay=[0.5, 1.01]))),
        "layer hidden: decay of channel 1 is 1.01, outside 0 … 1",
    ),
    "no decay": (
        _model(replace(HIDDEN, neuron=_leaky([1.0, 1.0], decay=None))),
        "layer hidden: a neuron of kind Leaky needs decay",
    ),
    "wrong shape": (
        _model(replace(HIDDEN, bias=[0.0])),
        r"layer hidden: bias has shape \(1,\), not \(2,\)",
    ),
    "negative scale": (
        _model(replace(HIDDEN, scale=[0.01, -0.01])),
        "layer hidden: scale of channel 1 is not positive",
    ),
    "two scales in the readout": (
        _model(out=replace(OUT, scale=[0.1, 0.2])),
        "layer out: a readout needs one scale for all classes",
    ),
    "weights flushed to zero": (
        _model(replace(HIDDEN, scale=[100.0, 100.0], neuron=_leaky([1e4, 1e4]))),
        "layer hidden: weights from input all round to zero",
    ),
    "three bits": (
        _model(replace(HIDDEN, synapses=(_dense(np.ones((2, 3)), bits=3),))),
        "layer hidden: weights from input have 3 bits; give 8, 4 or 2",
    ),
    "a layer that can never fire": (
        _model(replace(HIDDEN, neuron=_leaky([2000.0, 2000.0]))),
        "layer hidden can never fire",
    ),
    "a rule of the network": (
        _model(replace(HIDDEN, synapses=(_dense(np.ones((2, 4))),))),
        "network small: layer hidden: synapses 0 .* weights for 4 presynaptic neurons",
    ),
    "a batch norm that blocks a channel": (
        _model(
            replace(
                HIDDEN,
                batch_norm=BatchNorm(
                    gamma=[1, 0], beta=[0, 0], mean=[0, 0], var=[1, 1], eps=[0, 0]
                ),
            )
        ),
        "layer hidden: its batch norm has a gamma of 0 or no variance in channel 1",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named(fault: str) -> None:
    model, message = FAULTS[fault]
    with pytest.raises(LoweringError, match=message):
        lower(model)


def test_nan_is_refused_when_the_model_is_made() -> None:
    with pytest.raises(LoweringError, match="layer hidden: threshold holds NaN or infinity"):
        _model(replace(HIDDEN, neuron=_leaky([1.0, np.nan])))


def test_density_must_be_a_share() -> None:
    with pytest.raises(UsageError, match="sparse_below is 2"):
        lower(_model(), sparse_below=2)


@pytest.mark.parametrize(
    ("hidden", "warning"),
    [
        (
            replace(
                HIDDEN, synapses=(_dense([[0.5, 0.25, -0.5], [1e-4, 2e-4, 3e-4]]),), bias=[0, 9]
            ),
            "layer hidden: weights from input: all weights of neuron 1 round to zero",
        ),
        (
            replace(HIDDEN, synapses=(_dense([[0.5, 0.25, -0.5], [9, 9, 9]]),)),
            "layer hidden: weights from input: 50.0 % lie beyond ±127 and were clipped",
        ),
        (replace(HIDDEN, neuron=_leaky([1.0, 2000.0])), "layer hidden: neuron 1 can never fire"),
        (
            replace(HIDDEN, bias=[0.0, 300.0], neuron=_leaky([1.0, 1.0])),
            "layer hidden: neuron 1 fires in every step",
        ),
    ],
)
def test_warnings_are_collected(hidden: TrainedLayer, warning: str) -> None:
    _, report = lower_with_report(_model(hidden))
    assert warning in report.warnings


def test_sparse_groups_give_the_same_network() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 1, (2, 3)) * np.array([[1, 0, 0], [0, 1, 0]])
    model = _model(replace(HIDDEN, synapses=(_dense(weight),)))
    dense, sparse = lower(model), lower(model, sparse_below=0.5)
    assert isinstance(dense.layers[0].synapses[0], Dense)
    group = sparse.layers[0].synapses[0]
    assert isinstance(group, Sparse)
    assert len(group.weight) == 2
    assert isinstance(sparse.layers[1].synapses[0], Dense)


def test_a_saved_model_lowers_to_the_same_network(tmp_path: Path) -> None:
    model = _model(
        replace(
            HIDDEN,
            batch_norm=BatchNorm(
                gamma=[1, -2], beta=[0, 0.1], mean=[0.1, 0], var=[1, 2], eps=[0, 0]
            ),
        )
    )
    save_trained(model, tmp_path / "model.trained")
    assert dumps(lower(load_trained(tmp_path / "model.trained"))) == dumps(lower(model))


def test_every_pass_can_be_shown() -> None:
    shown: list[tuple[str, str]] = []
    network = lower(_model(), show=lambda name, text: shown.append((name, text)))
    assert [name for name, _ in shown] == [each.__name__ for each in PASSES]
    weights = dict(shown)["quantise_weights"]
    assert "input → Dense int8 -50 … 50" in weights
    assert "threshold 1 … 2" in weights
    assert shown[-1][1].startswith(f"network {network.name}")


def test_ranges_are_proven() -> None:
    network, report = lower_with_report(_model())
    hidden, out = report.ranges
    # 50 + 25 weights at 127 and −50 at −128, shifted down by 3.
    assert hidden.current == ((-128 * 75 - 127 * 50) >> 3, (127 * 75 + 128 * 50) >> 3)
    assert not hidden.saturates
    assert out.layer == "out"
    assert report.to_dict()["sha256"] == report.sha256
    assert isinstance(network.layers[0].neuron, IntegrateAndFire)
