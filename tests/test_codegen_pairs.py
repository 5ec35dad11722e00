"""Adaptive layers pair by pair (edgesnn_adaptive_pairs.h): parameters and sums at their ends,
spikes on either side and at either place of a turn, and layers that end within a tile."""

from __future__ import annotations

import numpy as np
import pytest

from edgesnn.codegen.tiles import form_of, table_fields
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.network import AdaptiveLeaky, Dense, Input, Layer, Network
from edgesnn.pipeline.simulated import Simulated

from .codegen_networks import random_dense, readout_layer

STEPS = 40


def extreme_network(size: int, strict: bool, reset: str) -> Network:
    """Neurons whose parameters are ends of their ranges as often as not, driven by eight channels;
    every third is silent unless it is driven, the others fire often."""
    rng = np.random.default_rng(size + strict)

    def either(ends: tuple[int, ...], low: int, high: int) -> list[int]:
        drawn = rng.integers(low, high, size)
        return [*np.where(rng.random(size) < 0.4, rng.choice(ends, size), drawn)]

    neuron = AdaptiveLeaky(
        threshold=either((1, 32767), 1, 3000), decay=either((0, 256), 0, 257),
        adaptation_decay=either((0, 256), 0, 257), adaptation_coupling=either((-256, 256), -99, 99),
        adaptation_jump=either((-32768, 32767), -900, 900), strict=strict, reset=reset,
    )  # fmt: skip
    bias = either((70000, -70000), -2000, 2000)
    pairs = Layer(
        name="pairs", shape=(size,), synapses=(random_dense(rng, "input", size, 8),),
        bias=np.where(np.arange(size) % 3, bias, -9), neuron=neuron, graded_shift=3,
    )  # fmt: skip
    return Network(
        name="extreme", input=Input(shape=(8,), encoding="delta", delta=1),
        layers=(pairs, readout_layer((random_dense(rng, "pairs", 2, size),), 2)),
        classes=("a", "b"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("core", "size", "strict", "reset"),
    [
        ("m4", 1, False, "zero"),
        ("m4", 5, True, "subtract"),
        ("m4", 56, False, "subtract"),
        *((core, 73, True, "zero") for core in ("m0", "m3", "m4", "m7", "m33")),
    ],
)
def test_extremes_keep_the_law(core: str, size: int, strict: bool, reset: str) -> None:
    network = extreme_network(size, strict, reset)
    assert form_of(network, network.by_name["pairs"]) == "tables"
    rng = np.random.default_rng(size)
    features = rng.choice([-128, -128, 0, 3, 90, 127], (2, STEPS, 8)).astype(np.int8)
    features[:, 9:14] = features[:, 8:9]  # nothing moves
    expected = Oracle(network).run(features)
    assert size < 50 or expected.v["pairs"].min() == -32768
    assert size < 50 or expected.v["pairs"].max() > 32000
    traces = Simulated(network, core).run(features)
    assert first_divergence(network, expected, traces) is None


def test_every_place_of_a_spike() -> None:
    """In every step the neurons of one channel fire, one in eight, and none beside them."""
    base = extreme_network(24, False, "subtract")
    place = np.arange(24) % 8
    neuron = AdaptiveLeaky(
        threshold=[1000] * 24, decay=[100] * 24, adaptation_decay=[100] * 24,
        adaptation_coupling=[9] * 24, adaptation_jump=range(24),
    )  # fmt: skip
    synapses = Dense(source="input", weight=100 * (place[:, None] == np.arange(8)))
    pairs = Layer(
        name="pairs", shape=(24,), synapses=(synapses,), bias=[-20] * 24, neuron=neuron,
        graded_shift=3,
    )  # fmt: skip
    network = Network(
        name="places", input=base.input, layers=(pairs, base.readout), classes=base.classes
    )
    order = np.random.default_rng(0).permutation(8)
    features = 127 * np.eye(8, dtype=np.int8)[None, order]
    expected = Oracle(network).run(features)
    assert (expected.spikes["pairs"][0] == (place == order[:, None])).all()
    assert first_divergence(network, expected, Simulated(network, "m4").run(features)) is None


@pytest.mark.parametrize(("size", "pairs"), [(1, 2), (4, 2), (5, 4), (56, 28), (64, 32)])
def test_tables_end_with_the_last_quad(size: int, pairs: int) -> None:
    fields, (table,) = table_fields(extreme_network(size, False, "zero").layers[0], "name")
    assert dict(fields)["pairs"] == str(pairs)
    assert len(table.values) == 7 * pairs
