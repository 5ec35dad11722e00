"""Adaptive layers in lanes whose neurons come to rest by fours (edgesnn_adaptive.h)."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from edgesnn.codegen import HostC, Qemu
from edgesnn.codegen.tiles import form_of
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.network import AdaptiveLeaky, Input, Layer, Network
from edgesnn.network.arrays import IntArray

from .codegen_networks import random_dense, readout_layer, relay_layer


def dozing_network(size: int, graded: bool) -> Network:
    """Adaptive neurons of which some fire for ever by their bias, some never settle, and most come
    to rest, each at its time; a relay or the input itself drives them."""
    rng = np.random.default_rng(size)
    bias = rng.integers(-20, 6, size)
    bias[rng.random(size) < 0.04] = 70
    coupling = np.where(rng.random(size) < 0.05, 200, rng.integers(0, 50, size))
    neuron = AdaptiveLeaky(
        threshold=rng.integers(60, 90, size), decay=rng.integers(20, 250, size),
        adaptation_decay=rng.integers(20, 250, size), adaptation_coupling=coupling,
        adaptation_jump=rng.integers(0, 40, size),
    )  # fmt: skip
    groups = (random_dense(rng, "input", size, 30, 8, 1),)
    if not graded:
        groups = (random_dense(rng, "relay", size, 30, 4), random_dense(rng, "relay", size, 30, 4))
    dozing = Layer(
        name="dozing", shape=(size,), synapses=groups, bias=bias, neuron=neuron,
        graded_shift=6 * graded,
    )  # fmt: skip
    return Network(
        name="dozing",
        input=Input(shape=(30,), encoding="delta", delta=2),
        layers=(
            relay_layer((30,)),
            dozing,
            readout_layer((random_dense(rng, "dozing", 2, size),), 2),
        ),
        classes=("a", "b"),
    )


def bursts_and_silence(seed: int) -> IntArray:
    """Steps in which channels jump, and two silences, of which a short noise breaks the first."""
    rng = np.random.default_rng(seed)
    steps = np.repeat(rng.choice([-9, 0, 40, 127], (24, 30)), 2, axis=0)
    silence = np.zeros((160, 30), np.int64)
    silence[90] = 100
    return np.concatenate([steps, silence, steps[:9]])[None].astype(np.int8)


@pytest.mark.parametrize("core", ["host", "m4"])
@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("size", [1, 37, 128, 130, 260])
def test_neurons_come_to_rest_beside_others_that_do_not(core: str, graded: bool, size: int) -> None:
    if core != "host" and shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is missing")
    network = dozing_network(size, graded)
    assert form_of(network, network.by_name["dozing"]) == "tables"
    features = bursts_and_silence(size)
    expected = Oracle(network).run(features)
    machine = HostC(network) if core == "host" else Qemu(network, core)
    assert first_divergence(network, expected, machine.run(features)) is None
    fired = expected.spikes["dozing"][0, 55:135].any(axis=0)
    assert size < 100 or 0 < fired.sum() < size / 4
    if isinstance(machine, Qemu) and size > 100:
        counted = machine.count_instructions(features)[0]
        assert np.median(counted[120:135]) < 0.7 * np.median(counted[50:55])
