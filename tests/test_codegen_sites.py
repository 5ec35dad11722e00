"""Layers of several sites in C: convolutions onto whole words of channels, with what may join
them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgesnn.codegen import HostC, Qemu, cross_compiler
from edgesnn.codegen.choose import parse_layout
from edgesnn.codegen.compose import build_program
from edgesnn.errors import CompileError
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.network import (
    Conv1d,
    Conv2d,
    Dense,
    Identity,
    Input,
    Network,
    Pool,
    Sparse,
    sparse_from_dense,
)
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import output_shape
from edgesnn.network.synapses import WEIGHT_LIMIT

from .codegen_networks import leaky_layer, random_dense, readout_layer, relay_layer

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is missing"
)


def convolving(
    rng: np.random.Generator, shape: tuple[int, ...], fours: int, groups: int, bits: int,
    stride: int, padding: int,
) -> Network:  # fmt: skip
    """A convolution, another with a residual and a recurrent dense group, and a pool beside one."""
    kernel = tuple(min(3, length + 2 * padding) for length in shape[1:])
    channels = 4 * fours * groups
    conv, limit = (Conv1d, Conv2d)[len(shape) - 2], WEIGHT_LIMIT[bits]

    def group(source: str, fed: int, step: int, pad: int, size: tuple[int, ...]) -> Conv1d | Conv2d:
        weight = rng.integers(-limit, limit + 1, (channels, fed // groups, *size))
        axes = len(size)
        steps, pads = (step, pad) if axes == 1 else ((step,) * axes, (pad,) * axes)
        return conv(
            source=source, weight=weight, bits=bits, groups=groups, stride=steps, padding=pads
        )

    first = group("relay", shape[0], stride, padding, kernel)
    middle = output_shape(first, shape)
    assert middle is not None
    again = group("first", channels, 1, 0, (1,) * (len(shape) - 1))
    size = int(np.prod(middle))
    window = tuple(min(2, length) for length in middle[1:])
    pool = Pool(source="second", kind="max", window=window, stride=(1,) * len(window), weight=90)
    last = output_shape(pool, middle)
    assert last is not None
    narrow = group("second", channels, 1, 0, window)
    layers = (
        relay_layer(shape),
        leaky_layer("first", middle, (first,), limit, bias=3),
        leaky_layer(
            "second", middle,
            (
                again,
                Identity(source="first", weight=rng.integers(-99, 99, channels)),
                random_dense(rng, "second", size, size, 4, 1),
            ),
            limit,
            bias=3,
        ),
        leaky_layer("third", last, (narrow, pool), limit, bias=3),
    )  # fmt: skip
    end = int(np.prod(last))
    synapses = (Dense(source="third", weight=rng.integers(-9, 10, (2, end))),)
    return Network(
        name="sites",
        input=Input(shape=shape),
        layers=(*layers, readout_layer(synapses, 2)),
        classes=("a", "b"),
    )


def stored(pre: int, post: int, density: float, seed: int) -> Network:
    """Two groups of stored synapses of extreme weights onto one layer, one of them its own."""
    rng = np.random.default_rng(seed)

    def group(source: str, columns: int, delay: int) -> Sparse:
        weight = rng.choice([-127, 127, 1, -1], (post, columns))
        kept = weight * (rng.random((post, columns)) < density)
        return sparse_from_dense(Dense(source=source, weight=kept, delay=delay))

    groups = (group("relay", pre, 0), group("hidden", post, 1))
    layers = (
        relay_layer((pre,)),
        leaky_layer("hidden", (post,), groups, 90, bias=3),
        readout_layer((random_dense(rng, "hidden", 2, post),), 2),
    )
    return Network(name="stored", input=Input(shape=(pre,)), layers=layers, classes=("a", "b"))


def spikes(shape: tuple[int, ...], seed: int, steps: int = 8) -> IntArray:
    """Silence, few and many spikes, int8 `(1, steps, size)`."""
    rng = np.random.default_rng(seed)
    rate = rng.choice([0.0, 0.1, 0.6, 1.0], (1, steps, 1))
    return (rng.random((1, steps, int(np.prod(shape)))) < rate).astype(np.int8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    length=st.lists(st.integers(2, 7), min_size=1, max_size=2),
    fours=st.integers(1, 3),
    groups=st.sampled_from((1, 2)),
    bits=st.sampled_from((8, 4, 2)),
    stride=st.integers(1, 2),
    padding=st.integers(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_geometry(length: list[int], groups: int, seed: int, **how: int) -> None:
    shape = (2 * groups, *length)
    network = convolving(np.random.default_rng(seed), shape, groups=groups, **how)
    given_features = spikes(shape, seed)
    traces = HostC(network, optimise="-O1").run(given_features)
    assert first_divergence(network, Oracle(network).run(given_features), traces) is None


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    pre=st.integers(1, 40),
    post=st.one_of(st.integers(1, 20), st.sampled_from((255, 256, 257))),
    density=st.sampled_from((0.0, 0.1, 0.6, 1.0)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_stored_synapses(pre: int, post: int, density: float, seed: int) -> None:
    network = stored(pre, post, density, seed)
    given_features = spikes((pre,), seed)
    traces = HostC(network, optimise="-O1").run(given_features)
    assert first_divergence(network, Oracle(network).run(given_features), traces) is None


@needs_qemu
@pytest.mark.parametrize("compiler", ["gcc", "zig"])
@pytest.mark.parametrize("core", ["m0", "m3", "m4"])
def test_stored_synapses_on_the_cores(core: str, compiler: str) -> None:
    try:
        chosen = cross_compiler(compiler)
    except CompileError as error:
        pytest.skip(str(error))
    network = stored(30, 75, 0.3, 1)
    layout = parse_layout(["rows8"])
    assert build_program(network, layout).layers[1].sited
    given_features = spikes((30,), 1)
    expected = Oracle(network).run(given_features)
    assert expected.spikes["hidden"].any()
    traces = Qemu(network, core, compiler=chosen, layout=layout).run(given_features)
    assert first_divergence(network, expected, traces) is None


@needs_qemu
@pytest.mark.parametrize("layout", ["rows8", "currents", "compact"])
@pytest.mark.parametrize("core", ["m0", "m3", "m4", "m7"])
def test_sites_on_the_cores(core: str, layout: str) -> None:
    shape = (4, 6, 5)
    for fours, groups in ((4, 1), (1, 2)):
        rng = np.random.default_rng(fours)
        network = convolving(rng, shape, fours, groups, 8, stride=1, padding=1)
        program = build_program(network, parse_layout([layout]))
        assert [code.sited for code in program.layers[1:4]] == [layout != "currents"] * 3
        given_features = spikes(shape, fours)
        expected = Oracle(network).run(given_features)
        assert expected.spikes["third"].any()
        traces = Qemu(network, core, layout=parse_layout([layout])).run(given_features)
        assert first_divergence(network, expected, traces) is None


@needs_qemu
def test_sites_with_the_other_compiler() -> None:
    try:
        compiler = cross_compiler("zig")
    except CompileError as error:
        pytest.skip(str(error))
    network = convolving(np.random.default_rng(1), (4, 6, 5), 4, 1, 8, stride=1, padding=1)
    given_features = spikes((4, 6, 5), 4)
    traces = Qemu(network, "m4", compiler=compiler).run(given_features)
    assert first_divergence(network, Oracle(network).run(given_features), traces) is None
