"""Graded input in C: encoding, and lists of what channels send, over widths and changes that
strain them."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgesnn.codegen import HostC, Qemu, cross_compiler
from edgesnn.errors import CompileError
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.network import Input, Layer, Leaky, Network, Readout
from edgesnn.network.arrays import IntArray

from .codegen_networks import random_dense

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is missing"
)


def graded_network(channels: int, neurons: int, delta: int, bits: int, seed: int) -> Network:
    """Dense synapses from now and two steps ago; `delta` below 0 means direct encoding."""
    rng = np.random.default_rng(seed)
    hidden = Layer(
        name="hidden",
        shape=(neurons,),
        synapses=tuple(
            random_dense(rng, "input", neurons, channels, bits, delay) for delay in (0, 2)
        ),
        bias=rng.integers(-9, 10, neurons),
        graded_shift=int(rng.integers(0, 9)),
        neuron=Leaky(threshold=[900] * neurons, decay=rng.integers(0, 257, neurons)),
    )
    readout = Layer(
        name="readout",
        shape=(2,),
        synapses=(random_dense(rng, "hidden", 2, neurons),),
        bias=[0, 0],
        neuron=Readout(decay=[250, 250]),
    )
    encoding = Input(shape=(channels,))
    if delta >= 0:
        encoding = Input(shape=(channels,), encoding="delta", delta=delta)
    return Network(name="graded", input=encoding, layers=(hidden, readout), classes=("a", "b"))


def jumps(channels: int, seed: int, steps: int = 14) -> IntArray:
    """Features that stand, creep, and jump from end to end, int8 `(1, steps, channels)`."""
    rng = np.random.default_rng(seed)
    creeping = np.cumsum(rng.integers(-9, 10, (1, steps, channels)), axis=1)
    ends = rng.choice([-128, 127], (1, steps, channels))
    features = np.where(rng.random((1, steps, 1)) < 0.3, ends, creeping)
    return np.clip(features, -128, 127).astype(np.int8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    channels=st.one_of(st.integers(1, 9), st.sampled_from((31, 32, 33, 64, 70, 97))),
    neurons=st.sampled_from((1, 7, 16, 33)),
    delta=st.sampled_from((-1, 0, 6, 127, 254, 255)),
    bits=st.sampled_from((8, 8, 4, 2)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_width_and_delta(channels: int, neurons: int, delta: int, bits: int, seed: int) -> None:
    network = graded_network(channels, neurons, delta, bits, seed)
    given_features = jumps(channels, seed)
    traces = HostC(network, optimise="-O1").run(given_features)
    assert first_divergence(network, Oracle(network).run(given_features), traces) is None


@needs_qemu
@pytest.mark.parametrize("delta", [-1, 0, 6, 255])
@pytest.mark.parametrize("core", ["m0", "m3", "m4"])
def test_lists_on_the_cores(core: str, delta: int) -> None:
    network = graded_network(70, 37, delta, 8, delta + 1)
    given_features = jumps(70, delta + 1)
    traces = Qemu(network, core).run(given_features)
    assert first_divergence(network, Oracle(network).run(given_features), traces) is None


@needs_qemu
@pytest.mark.parametrize("channels", [3, 4, 31, 32, 36, 64, 97])
def test_whole_and_broken_words_of_channels(channels: int) -> None:
    network = graded_network(channels, 5, 6, 8, channels)
    given_features = jumps(channels, channels)
    traces = Qemu(network, "m4").run(given_features)
    assert first_divergence(network, Oracle(network).run(given_features), traces) is None


@needs_qemu
@pytest.mark.parametrize("core", ["m0", "m3", "m4"])
def test_lists_that_end_for_want_of_room(core: str) -> None:
    """Weights so small that all of 200 channels would fit into 16 bits."""
    network = graded_network(200, 20, 0, 4, 1)
    hidden = network.layers[0]
    groups = tuple(replace(group, bits=8) for group in hidden.synapses)
    network = replace(network, layers=(replace(hidden, synapses=groups), network.readout))
    rng = np.random.default_rng(2)
    given_features = np.cumsum(rng.integers(-3, 4, (1, 14, 200)), axis=1).astype(np.int8)
    traces = Qemu(network, core).run(given_features)
    assert first_divergence(network, Oracle(network).run(given_features), traces) is None


@needs_qemu
@pytest.mark.parametrize("core", ["m0", "m4"])
def test_lists_with_the_other_compiler(core: str) -> None:
    try:
        compiler = cross_compiler("zig")
    except CompileError as error:
        pytest.skip(str(error))
    network = graded_network(41, 37, 3, 8, 5)
    given_features = jumps(41, 5)
    traces = Qemu(network, core, compiler=compiler).run(given_features)
    assert first_divergence(network, Oracle(network).run(given_features), traces) is None
