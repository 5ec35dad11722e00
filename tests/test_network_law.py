"""Properties of the step law, of the proven bounds, and of the listing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edgesnn.law import Oracle, input_seen
from edgesnn.machine import Traces, first_divergence
from edgesnn.network import (
    INPUT,
    AdaptiveLeaky,
    Conv1d,
    Conv2d,
    Dense,
    Identity,
    Input,
    IntegrateAndFire,
    Layer,
    Leaky,
    Network,
    Pool,
    Readout,
    Sparse,
    Synapses,
    listing,
    sparse_from_dense,
)
from edgesnn.network.arrays import IntArray
from edgesnn.network.bounds import INT16, INT24, current_bounds, firing, membrane_bounds
from edgesnn.network.geometry import fan_out, weight_matrix

from .codegen_networks import tiny_network
from .strategies import clips, networks

GOLDEN = Path(__file__).parent / "golden" / "tiny.listing.txt"

_SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def _run(network: Network, features: IntArray) -> Traces:
    return Oracle(network).run(features)


def _with_groups(network: Network, change: Any) -> Network:
    layers = tuple(
        replace(layer, synapses=tuple(change(layer, group) for group in layer.synapses))
        for layer in network.layers
    )
    return replace(network, layers=layers)


def _same(network: Network, other: Network, seed: int) -> bool:
    features = clips(network, seed)
    return first_divergence(network, _run(network, features), _run(other, features)) is None


# Two ways to write one network ---------------------------------------------------------------


@_SETTINGS
@given(networks(), st.integers(0, 2**32 - 1))
def test_any_group_is_the_dense_group_of_its_matrix(network: Network, seed: int) -> None:
    def change(layer: Layer, group: Synapses) -> Synapses:
        if isinstance(group, Pool) and group.kind == "max":
            return group
        shape = network.source_shape(group.source)
        matrix = weight_matrix(group, shape, layer.size)
        assume(np.abs(matrix).max(initial=0) <= 127)
        return Dense(source=group.source, delay=group.delay, weight=matrix)

    assert _same(network, _with_groups(network, change), seed)


@_SETTINGS
@given(networks(), st.integers(0, 2**32 - 1))
def test_sparse_groups_give_the_currents_of_dense_ones(network: Network, seed: int) -> None:
    def change(layer: Layer, group: Synapses) -> Synapses:
        return sparse_from_dense(group) if isinstance(group, Dense) else group

    assert _same(network, _with_groups(network, change), seed)


@_SETTINGS
@given(networks(), st.integers(0, 2**32 - 1))
def test_equal_axonal_delays_are_one_delay(network: Network, seed: int) -> None:
    def change(layer: Layer, group: Synapses) -> Synapses:
        if group.source == INPUT or not isinstance(group.delay, int):
            return group
        return replace(group, delay=np.full(network.source_size(group.source), group.delay))

    assert _same(network, _with_groups(network, change), seed)


def _with_neurons(network: Network, change: Any) -> Network:
    layers = [replace(layer, neuron=change(layer.neuron)) for layer in network.spiking]
    return replace(network, layers=(*layers, network.readout))


@_SETTINGS
@given(networks(), st.integers(0, 2**32 - 1))
def test_strict_comparison_is_a_threshold_one_higher(network: Network, seed: int) -> None:
    """Of zero resets, which do not subtract the threshold."""

    def strict(neuron: IntegrateAndFire) -> IntegrateAndFire:
        lower = np.clip(neuron.threshold, 2, None) - 1
        return replace(neuron, threshold=lower, reset="zero", strict=True)

    def loose(neuron: IntegrateAndFire) -> IntegrateAndFire:
        same = np.clip(neuron.threshold, 2, None)
        return replace(neuron, threshold=same, reset="zero", strict=False)

    assert _same(_with_neurons(network, loose), _with_neurons(network, strict), seed)


@_SETTINGS
@given(networks(), st.integers(0, 2**32 - 1))
def test_a_late_reset_to_zero_fires_as_an_immediate_one(network: Network, seed: int) -> None:
    """Without adaptation, which sees the membrane before the next step."""
    plain = [not isinstance(layer.neuron, AdaptiveLeaky) for layer in network.spiking]
    assume(all(plain))
    now = _with_neurons(network, lambda n: replace(n, reset="zero", reset_delay=False))
    late = _with_neurons(network, lambda n: replace(n, reset="zero", reset_delay=True))
    features = clips(network, seed)
    left, right = _run(now, features), _run(late, features)
    for name, spikes in left.spikes.items():
        np.testing.assert_array_equal(spikes, right.spikes[name])
        np.testing.assert_array_equal(left.v[name], np.where(spikes, 0, right.v[name]))
    np.testing.assert_array_equal(left.scores(network), right.scores(network))


@_SETTINGS
@given(networks(), st.integers(0, 2**32 - 1))
def test_simpler_neurons_are_special_cases(network: Network, seed: int) -> None:
    def general(neuron: IntegrateAndFire) -> IntegrateAndFire:
        if isinstance(neuron, AdaptiveLeaky):
            return neuron
        zero = np.zeros(len(neuron.threshold))
        decay = neuron.decay if isinstance(neuron, Leaky) else zero + 256
        shared = {n: getattr(neuron, n) for n in ("threshold", "reset", "reset_delay", "strict")}
        return AdaptiveLeaky(
            **shared,
            decay=decay,
            adaptation_decay=zero + 200,
            adaptation_coupling=zero,
            adaptation_jump=zero,
        )

    assert _same(network, _with_neurons(network, general), seed)


@_SETTINGS
@given(networks(), st.integers(0, 2**32 - 1))
def test_delta_of_zero_loses_nothing(network: Network, seed: int) -> None:
    source = network.input
    direct = replace(network, input=Input(shape=source.shape))
    delta = replace(network, input=Input(shape=source.shape, encoding="delta", delta=0))
    assert _same(direct, delta, seed)


@_SETTINGS
@given(networks(), st.integers(0, 255), st.integers(0, 2**32 - 1))
def test_what_delta_shows_is_near_and_moves_only_beyond_the_threshold(
    network: Network, delta: int, seed: int
) -> None:
    network = replace(
        network, input=Input(shape=network.input.shape, encoding="delta", delta=delta)
    )
    features = clips(network, seed, count=1, steps=40)[0]
    seen = input_seen(network, features)
    assert np.abs(seen - features.astype(int)).max() <= delta
    moves = np.diff(seen, axis=0, prepend=0)
    assert np.all(np.abs(moves[moves != 0]) > delta)
    # What is sent is the value itself: nothing drifts.
    np.testing.assert_array_equal(seen[moves != 0], features[moves != 0])


def test_the_law_by_hand() -> None:
    """docs/SPEC.md §4, every line once; the numbers were worked out with pencil and paper."""
    hidden = Layer(
        name="hidden",
        shape=(1,),
        synapses=(Dense(source=INPUT, weight=[[10]]),),
        bias=[-3],
        neuron=AdaptiveLeaky(
            threshold=[50],
            decay=[128],
            adaptation_decay=[192],
            adaptation_coupling=[64],
            adaptation_jump=[20],
        ),
        graded_shift=1,
    )
    out = Layer(
        name="out",
        shape=(1,),
        synapses=(Dense(source="hidden", weight=[[7]]),),
        bias=[-1],
        neuron=Readout(decay=[128]),
    )
    network = Network(name="n", input=Input(shape=(1,)), layers=(hidden, out), classes=("a",))
    features = np.array([[[11], [3], [-1], [12], [0]]], np.int8)
    traces = _run(network, features)
    # u: 55−3 = 52 ≥ 50; 1+15−3−20 = −7; −4−5−3−13 = −25; −13+60−3−2 = 42; 21+0−3−11 = 7
    # a: 0+0+20 = 20; 15−2 = 13; 9−7 = 2; 1+10 = 11; 8+1 = 9
    assert traces.v["hidden"][0, :, 0].tolist() == [2, -7, -25, 42, 7]
    assert traces.a["hidden"][0, :, 0].tolist() == [20, 13, 2, 11, 9]
    assert traces.spikes["hidden"][0, :, 0].tolist() == [True, False, False, False, False]
    assert traces.v["out"][0, :, 0].tolist() == [6, 2, 0, -1, -2]


# Bounds --------------------------------------------------------------------------------------


@settings(_SETTINGS, max_examples=25)
@given(networks(), st.integers(0, 2**32 - 1))
def test_nothing_leaves_its_proven_range(network: Network, seed: int) -> None:
    extremes = np.random.default_rng(seed).choice([-128, 127], (1, 12, network.input.size))
    for features in (clips(network, seed), extremes.astype(np.int8)):
        traces = _run(network, features)
        for layer in network.layers:
            bounds = membrane_bounds(network, layer)
            v = traces.v[layer.name]
            assert bounds.low - _drop(layer) <= v.min()
            assert v.max() <= bounds.high
            if layer.name in traces.a:
                assert bounds.adaptation_low <= traces.a[layer.name].min()
                assert traces.a[layer.name].max() <= bounds.adaptation_high
            if not layer.is_readout:
                never, always = firing(network, layer)
                spikes = traces.spikes[layer.name]
                assert not spikes[:, :, never].any()
                assert spikes[:, :, always].all()


def _drop(layer: Layer) -> int:
    """The range is that of `u`; a reset can take the membrane below it, never below zero."""
    return 0 if layer.is_readout else int(layer.neuron.threshold.max())  # type: ignore[union-attr]


def _calm(neuron: IntegrateAndFire) -> IntegrateAndFire:
    """The neuron with leaks and adaptation that rarely let it saturate."""
    shared = {
        name: getattr(neuron, name) for name in ("threshold", "reset", "reset_delay", "strict")
    }
    decay = neuron.decay if isinstance(neuron, Leaky) else neuron.threshold
    if not isinstance(neuron, AdaptiveLeaky):
        return Leaky(decay=np.clip(decay, 0, 200), **shared)
    return AdaptiveLeaky(
        decay=np.clip(decay, 0, 200),
        adaptation_decay=np.clip(neuron.adaptation_decay, 0, 200),
        adaptation_coupling=np.clip(neuron.adaptation_coupling, -20, 20),
        adaptation_jump=np.clip(neuron.adaptation_jump, -50, 50),
        **shared,
    )


@_SETTINGS
@given(networks(), st.integers(0, 2**32 - 1))
def test_without_saturation_the_clamps_do_nothing(network: Network, seed: int) -> None:
    """Where the bounds say so, the law with 64-bit membranes gives the same."""
    import edgesnn.law as law

    network = _with_neurons(network, _calm)
    safe = [membrane_bounds(network, layer) for layer in network.layers]
    assume(not any(bounds.saturates or bounds.adaptation_saturates for bounds in safe))
    features = clips(network, seed)
    expected = _run(network, features)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(law, "INT16", (-(2**60), 2**60))
        patch.setattr(law, "INT24", (-(2**60), 2**60))
        assert first_divergence(network, expected, _run(network, features)) is None


def test_bounds_of_a_counter_are_reached() -> None:
    """One channel, weight 3, leak 1/2: u tends to twice the current, from below."""
    out = Layer(
        name="out",
        shape=(1,),
        synapses=(Dense(source=INPUT, weight=[[3]]),),
        bias=[5],
        neuron=Readout(decay=[128]),
    )
    network = Network(name="n", input=Input(shape=(1,)), layers=(out,), classes=("a",))
    bounds = membrane_bounds(network, out)
    for value, end in ((127, bounds.high), (-128, bounds.low)):
        features = np.full((1, 60, 1), value, np.int8)
        assert _run(network, features).scores(network)[0, 0] == end
    assert not bounds.saturates


def test_endless_sums_are_known_to_saturate() -> None:
    out = Layer(
        name="out",
        shape=(1,),
        synapses=(Dense(source=INPUT, weight=[[127]]),),
        bias=[0],
        neuron=Readout(decay=[256]),
    )
    network = Network(name="n", input=Input(shape=(1,)), layers=(out,), classes=("a",))
    bounds = membrane_bounds(network, out)
    assert (bounds.low, bounds.high, bounds.saturates) == (*INT24, True)
    counter = Layer(
        name="hidden",
        shape=(1,),
        synapses=(Dense(source=INPUT, weight=[[127]]),),
        bias=[0],
        neuron=IntegrateAndFire(threshold=[1]),
    )
    assert membrane_bounds(network, counter).low == INT16[0]


# Geometry ------------------------------------------------------------------------------------


@_SETTINGS
@given(networks())
def test_fan_out_counts_the_synapses_of_the_matrix(network: Network) -> None:
    for layer in network.layers:
        for group in layer.synapses:
            shape = network.source_shape(group.source)
            if isinstance(group, Sparse):
                continue
            ones: Synapses = (
                replace(group, weight=1)
                if isinstance(group, Pool)
                else replace(group, weight=np.ones_like(group.weight))
            )
            matrix = weight_matrix(ones, shape, layer.size)
            np.testing.assert_array_equal(fan_out(group, shape, layer.size), matrix.sum(axis=0))


@pytest.mark.parametrize("seed", range(12))
def test_convolutions_are_those_of_pytorch(seed: int) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    groups = int(rng.choice([1, 2]))
    stride, padding = rng.integers(1, 4, 2), rng.integers(0, 3, 2)
    kernel = rng.integers(1, 4, 2)
    x = rng.integers(0, 2, (4, 6, 7))
    weight = rng.integers(-9, 10, (6, 4 // groups, *kernel))
    for axes in (1, 2):
        source = x[:, 0] if axes == 1 else x
        w = weight[..., 0] if axes == 1 else weight
        options = {"stride": stride[-axes:].tolist(), "padding": padding[-axes:].tolist()}
        function = getattr(torch.nn.functional, f"conv{axes}d")
        expected = function(
            torch.tensor(source[None], dtype=torch.float64),
            torch.tensor(w, dtype=torch.float64),
            groups=groups,
            **options,
        )[0].numpy()
        group: Synapses = (
            Conv1d(
                source="a", weight=w, stride=int(stride[1]), padding=int(padding[1]), groups=groups
            )
            if axes == 1
            else Conv2d(
                source="a",
                weight=w,
                stride=(int(stride[0]), int(stride[1])),
                padding=(int(padding[0]), int(padding[1])),
                groups=groups,
            )
        )
        matrix = weight_matrix(group, source.shape, expected.size)
        np.testing.assert_array_equal(matrix @ source.ravel(), expected.ravel())


def test_current_bounds_of_a_dense_group_are_reached() -> None:
    rng = np.random.default_rng(0)
    weight = rng.integers(-127, 128, (5, 9))
    layer = Layer(
        name="out",
        shape=(5,),
        synapses=(Dense(source=INPUT, weight=weight),),
        bias=rng.integers(-99, 99, 5),
        neuron=Readout(decay=[0] * 5),
        graded_shift=3,
    )
    network = Network(name="n", input=Input(shape=(9,)), layers=(layer,), classes=tuple("abcde"))
    bounds = current_bounds(network, layer)
    for row in range(5):
        highest = np.where(weight[row] > 0, 127, -128).astype(np.int8)
        lowest = np.where(weight[row] > 0, -128, 127).astype(np.int8)
        scores = _run(network, np.stack([highest, lowest])[:, None]).scores(network)[:, row]
        assert scores.tolist() == [bounds.high[row], bounds.low[row]]


# Listing -------------------------------------------------------------------------------------


def test_listing(update_golden: bool) -> None:
    text = listing(tiny_network())
    if update_golden:
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text(), "see the difference, then --update-golden"


@_SETTINGS
@given(networks())
def test_any_network_prints(network: Network) -> None:
    text = listing(network)
    assert text.startswith(f"network {network.name}  sha256 ")
    for layer in network.layers:
        assert f"\n  layer {layer.name} " in text
    assert text.count(" → ") == sum(len(layer.synapses) for layer in network.layers)


def test_identity_groups_have_one_synapse_a_neuron() -> None:
    matrix = weight_matrix(Identity(source="a", weight=[2, -3]), (2, 3), 6)
    np.testing.assert_array_equal(matrix, np.diag([2, 2, 2, -3, -3, -3]))
