"""Layers in lanes: every layout of the weights in turn, over shapes and sums that strain them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgesnn.boards import CORES, EMULATED_CORES
from edgesnn.codegen import (
    HostC,
    Qemu,
    cross_compiler,
    generate,
    memory_plan,
)
from edgesnn.codegen.choose import parse_layout
from edgesnn.codegen.tiles import MOST_DRIVE, calm_events, form_of
from edgesnn.codegen.toolchain import WARNINGS, compile_c, core_flags
from edgesnn.errors import CompileError
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.network import (
    AdaptiveLeaky,
    Dense,
    Input,
    IntegrateAndFire,
    Layer,
    Leaky,
    Network,
    Readout,
    sparse_from_dense,
)
from edgesnn.network.arrays import IntArray
from edgesnn.network.bounds import lane_ranges

from .codegen_networks import random_dense, relay_network, tiny_network

LAYOUTS = ("rows8", "rows4", "words", "currents", "compact")


def _neuron(kind: str, rng: np.random.Generator, count: int, scale: int) -> IntegrateAndFire:
    """Neurons of one kind; `own` parameters differ from neuron to neuron."""
    threshold = rng.integers(scale, 2 * scale + 1, count)
    if kind == "uniform":
        return Leaky(threshold=[scale] * count, decay=[230] * count)
    if kind == "strict zero":
        return Leaky(threshold=[scale] * count, decay=[128] * count, strict=True, reset="zero")
    if kind == "own":
        return Leaky(threshold=threshold, decay=rng.integers(0, 257, count))
    if kind == "integrator":
        return IntegrateAndFire(threshold=threshold)
    coupling = rng.integers(-256, 257, count) * (kind == "coupled")
    return AdaptiveLeaky(
        threshold=threshold,
        decay=rng.integers(150, 257, count),
        adaptation_decay=rng.integers(100, 257, count),
        adaptation_coupling=coupling,
        adaptation_jump=rng.integers(-scale, min(4 * scale, 32767), count),
    )


KINDS = ("uniform", "strict zero", "own", "integrator", "adaptive", "coupled")


def lanes_network(
    kind: str, pre: int, post: int, bits: int, seed: int, *, recurrent: bool, scale: int
) -> Network:
    """A relay of `pre` onto `post` neurons, which may feed themselves; extremes among weights."""
    rng = np.random.default_rng(seed)
    relay = Layer(
        name="relay",
        shape=(pre,),
        synapses=(Dense(source="input", weight=np.ones((pre, 1), int), bits=2),),
        bias=-rng.integers(0, 100, pre),
        neuron=IntegrateAndFire(threshold=[1] * pre, reset="zero"),
    )
    groups = [random_dense(rng, "relay", post, pre, bits)]
    if recurrent:
        groups.append(random_dense(rng, "hidden", post, post, bits, delay=1))
    extreme = groups[0].weight.copy()
    extreme[0] = extreme.max()
    extreme[-1] = -extreme.max()
    groups[0] = Dense(source="relay", bits=bits, weight=extreme)
    hidden = Layer(
        name="hidden",
        shape=(post,),
        synapses=tuple(groups),
        bias=rng.integers(-scale, scale + 1, post),
        neuron=_neuron(kind, rng, post, scale),
    )
    readout = Layer(
        name="readout",
        shape=(2,),
        synapses=(random_dense(rng, "hidden", 2, post, bits),),
        bias=[0, 0],
        neuron=Readout(decay=[250, 250]),
    )
    layers = (relay, hidden, readout)
    return Network(name="lanes", input=Input(shape=(1,)), layers=layers, classes=("a", "b"))


def bursts(seed: int, steps: int = 24) -> IntArray:
    """Silence, single spikes, and steps in which the whole relay fires; int8 `(1, steps, 1)`."""
    rng = np.random.default_rng(seed)
    return rng.choice([0, 0, 3, 40, 100, 127], (1, steps, 1)).astype(np.int8)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(KINDS),
    pre=st.one_of(st.integers(1, 40), st.sampled_from((64, 300))),
    post=st.one_of(st.integers(1, 50), st.sampled_from((1, 16, 17, 128))),
    bits=st.sampled_from((8, 4, 2)),
    layout=st.sampled_from(LAYOUTS),
    recurrent=st.booleans(),
    scale=st.sampled_from((1, 60, 900, 14000)),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_layout_keeps_the_law(layout: str, seed: int, **shape: Any) -> None:
    network = lanes_network(seed=seed, **shape)
    given_features = bursts(seed)
    machine = HostC(network, optimise="-O1", layout=parse_layout([layout]))
    traces = machine.run(given_features)
    assert first_divergence(network, Oracle(network).run(given_features), traces) is None
    assert machine.state_bytes == memory_plan(network, parse_layout([layout])).ram_bytes


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is missing")
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "core",
    [
        pytest.param(core, marks=[] if core == "m4" else [pytest.mark.slow])
        for core in EMULATED_CORES
    ],
)
def test_every_layout_on_the_cores(core: str, layout: str) -> None:
    for number, kind in enumerate(KINDS):
        network = lanes_network(
            kind, 70, 37, (8, 4)[number % 2], number, recurrent=True, scale=(60, 900)[number // 3]
        )
        features = bursts(number, steps=30)
        expected = Oracle(network).run(features)
        assert expected.spikes["hidden"].any()
        traces = Qemu(network, core, layout=parse_layout([layout])).run(features)
        assert first_divergence(network, expected, traces) is None


def counting_network(pre: int, bits: int) -> Network:
    """A relay in which as many neurons fire as its input says, two layers with taps on it, and a
    readout; all neurons of the first adapt."""
    rng = np.random.default_rng(pre)
    relay = Layer(
        name="relay", shape=(pre,),
        synapses=(Dense(source="input", weight=np.ones((pre, 1), int)),),
        bias=-np.arange(pre),
        neuron=Leaky(threshold=[1] * pre, decay=[0] * pre, reset="zero"),
    )  # fmt: skip
    taps = [random_dense(rng, "relay", 21, pre, bits, delay=delay) for delay in (0, 1, 4)]
    again = random_dense(rng, "first", 21, 21, bits, delay=2)

    def hidden(name: str, kind: str, *groups: Dense) -> Layer:
        neuron = _neuron(kind, rng, 21, 400)
        return Layer(name=name, shape=(21,), synapses=groups, bias=[0] * 21, neuron=neuron)

    layers = (
        relay,
        hidden("first", "coupled", *taps, again),
        hidden("second", "own", taps[1], again),
        Layer(
            name="readout", shape=(2,), synapses=(random_dense(rng, "second", 2, 21),),
            bias=[0, 0], neuron=Readout(decay=[250, 250]),
        ),
    )  # fmt: skip
    return Network(name="counting", input=Input(shape=(1,)), layers=layers, classes=("a", "b"))


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is missing")
@pytest.mark.parametrize("pre", [32, 70])
@pytest.mark.parametrize("layout", ["rows8", "rows4"])
def test_lists_of_every_length(layout: str, pre: int) -> None:
    """Also those that just fill a chunk, or whole words of spikes."""
    network = counting_network(pre, 4)
    counts = np.concatenate([np.arange(pre + 1), [0] * 5, [pre] * 6])
    features = counts.astype(np.int8)[None, :, None]
    expected = Oracle(network).run(features)
    fired = expected.spikes["relay"][0].sum(axis=1)
    assert set(range(pre + 1)) <= set(fired.tolist())
    traces = Qemu(network, "m4", layout=parse_layout([layout])).run(features)
    assert first_divergence(network, expected, traces) is None


def sharing_network(seed: int) -> Network:
    """Neurons that share all parameters, in layers of many sizes one behind the other: with rows
    alone, with other synapses besides, and behind an input whose currents are kept or not."""
    rng = np.random.default_rng(seed)
    sizes = [int(rng.choice([1, 15, 16, 31, 40, 64])) for _ in range(5)]
    layers = [_sharing(rng, "relay", 40, (Dense(source="input", weight=np.ones((40, 1), int)),), 3)]
    pre = 40
    for number, (size, scale) in enumerate(zip(sizes, (60, 500, 6000, 300, 30), strict=True)):
        source, bits = layers[-1].name, (8, 4)[number % 2]
        dense = random_dense(rng, source, size, pre, bits)
        again = random_dense(rng, f"layer{number}", size, size, 8, delay=int(rng.integers(1, 3)))
        kinds = ((dense,), (dense, again), (dense, sparse_from_dense(again)))
        layers.append(_sharing(rng, f"layer{number}", size, kinds[rng.integers(3)], scale))
        pre = size
    readout = Layer(
        name="readout", shape=(2,), synapses=(random_dense(rng, layers[-1].name, 2, pre),),
        bias=[0, 0], neuron=Readout(decay=[250, 250]),
    )  # fmt: skip
    layers.append(readout)
    source = Input(shape=(1,), encoding="delta", delta=2) if seed % 4 < 2 else Input(shape=(1,))
    return Network(name="sharing", input=source, layers=tuple(layers), classes=("a", "b"))


def _sharing(
    rng: np.random.Generator, name: str, size: int, synapses: tuple[Any, ...], scale: int
) -> Layer:
    decay = int(rng.choice([0, 128, 200, 230, 250, 256]))
    neuron = Leaky(
        threshold=[scale] * size,
        decay=[decay] * size,
        strict=bool(rng.integers(2)),
        reset=("zero", "subtract")[rng.integers(2)],
    )
    bias = int(rng.integers(-scale // 2, scale // 2 + 1)) * (size % 16 == 0)
    return Layer(name=name, shape=(size,), synapses=synapses, bias=[bias] * size, neuron=neuron)


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is missing")
@pytest.mark.parametrize(
    "core",
    [
        pytest.param(core, marks=[] if core == "m4" else [pytest.mark.slow])
        for core in EMULATED_CORES
    ],
)
def test_layers_that_share_parameters_on_the_cores(core: str) -> None:
    forms = set()
    for seed in range(8):
        network = sharing_network(seed)
        features = bursts(seed, steps=40)
        expected = Oracle(network).run(features)
        traces = Qemu(network, core, layout=parse_layout([LAYOUTS[seed % 2]])).run(features)
        assert first_divergence(network, expected, traces) is None
        for layer in network.spiking:
            saturates = form_of(network, layer) == "saturates"
            forms.add(calm_events(network, layer) if saturates else None)
    assert None in forms and -1 in forms and len(forms) > 4


def test_events_that_cannot_saturate_are_counted() -> None:
    """All weights are 100: as many fit above the greatest membrane that may be left."""
    weight = np.full((1, 300), 100)
    layers = (
        _plain("relay", 300, Dense(source="input", weight=np.ones((300, 1), int)), 1, 0),
        _plain("hidden", 1, Dense(source="relay", weight=weight), 200, 230),
    )
    readout = Layer(
        name="readout", shape=(1,), synapses=(Dense(source="hidden", weight=[[1]]),), bias=[0],
        neuron=Readout(decay=[0]),
    )  # fmt: skip
    network = Network(
        name="calm", input=Input(shape=(1,)), layers=(*layers, readout), classes=("a",)
    )
    hidden = network.by_name["hidden"]
    assert form_of(network, hidden) == "saturates"
    kept = int(lane_ranges(network, hidden).kept[1][0])
    assert calm_events(network, hidden) == (32767 - kept) // 100


def _plain(name: str, size: int, group: Dense, threshold: int, decay: int) -> Layer:
    neuron = Leaky(threshold=[threshold] * size, decay=[decay] * size)
    return Layer(name=name, shape=(size,), synapses=(group,), bias=[0] * size, neuron=neuron)


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is missing")
@pytest.mark.parametrize("layout", ["rows8", "rows4"])
def test_the_other_compiler_takes_layers_in_lanes(layout: str) -> None:
    try:
        compiler = cross_compiler("zig")
    except CompileError as error:
        pytest.skip(str(error))
    network = relay_network(bits=4, threshold=30)
    features = (np.random.default_rng(1).random((1, 12, 40)) < 0.2).astype(np.int8)
    machine = Qemu(network, "m4", compiler=compiler, layout=parse_layout([layout]))
    expected = Oracle(network).run(features)
    assert first_divergence(network, expected, machine.run(features)) is None


@pytest.mark.parametrize("kind", ["gcc", "zig"])
@pytest.mark.parametrize("flags", [["-O0"], ["-O2", "-fno-omit-frame-pointer"]])
def test_kernels_need_no_flags(tmp_path: Path, flags: list[str], kind: str) -> None:
    """Assembly that leaves the compiler no registers must not ask any of it."""
    try:
        compiler = cross_compiler(kind)
    except CompileError as error:
        pytest.skip(str(error))
    generate(relay_network(bits=4, threshold=30), tmp_path, layout=parse_layout(["first=rows8"]))
    asked = [*core_flags(compiler, CORES["m4"]), *WARNINGS, *flags]
    compile_c(compiler, [*asked, "-c", "relay.c", "-o", "relay.o"], tmp_path)
    assert (tmp_path / "relay.o").stat().st_size > 0


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is missing")
@pytest.mark.parametrize(
    ("core", "kind", "layout"),
    [
        ("m4", "strict zero", ["rows8", "hidden=rows8"]),
        ("m4", "strict zero", ["compact", "hidden=rows8"]),
        ("m3", "strict zero", ["hidden=rows8"]),
        ("m4", "coupled", ["hidden=rows8"]),
        ("m4", "coupled", ["hidden=rows4"]),
        ("m4", "coupled", ["compact", "hidden=rows8"]),
        ("m4", "coupled", ["compact", "hidden=rows4"]),
        ("m3", "coupled", ["compact", "hidden=rows4"]),
        ("m3", "coupled", ["hidden=rows4"]),
    ],
)
def test_hundreds_of_events_at_once(core: str, kind: str, layout: list[str]) -> None:
    """More than any chunk takes, of the largest biased weights; all of them in one step."""
    network = lanes_network(kind, 600, 20, 2, 5, recurrent=False, scale=900)
    features = np.array([[[127], [0], [60], [9], [127]]], np.int8)
    expected = Oracle(network).run(features)
    assert expected.spikes["relay"][0, 0].sum() == 600
    traces = Qemu(network, core, layout=parse_layout(layout)).run(features)
    assert first_divergence(network, expected, traces) is None


def counting(network: Network, counts: tuple[int, ...]) -> tuple[Network, IntArray]:
    """`network` with a relay that fires as often as one of `counts` says, the last being its size,
    and features that make it do so for each of them."""
    relay = network.layers[0]
    bias = -np.searchsorted(counts, np.arange(relay.size), side="right")
    forgetful = Leaky(threshold=[1] * relay.size, decay=[0] * relay.size, reset="zero")
    relay = replace(relay, bias=bias, neuron=forgetful)
    features = np.concatenate([np.arange(1, len(counts) + 2), [0, len(counts)]]).astype(np.int8)
    return replace(network, layers=(relay, *network.layers[1:])), features[None, :, None]


@pytest.mark.parametrize(
    ("core", "kind"),
    [
        *(("m4", kind) for kind in ("strict zero", "uniform", "integrator", "own", "coupled")),
        ("m4 compact", "uniform"),
        ("host", "uniform"),
        ("host", "own"),
    ],
)
def test_four_bits_take_any_number_of_events(core: str, kind: str) -> None:
    """About as many as a pair, a chunk or a call takes, of the greatest and least weights: by all
    functions that add them, and onto tiles that are not whole."""
    if core != "host" and shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is missing")
    edges = {17 * chunks + more for chunks in (1, 2, 3, 14, 15, 30) for more in (-1, 0, 1, 2)}
    counts = tuple(sorted({1, 2, 3, 9, 10, 11, 12, 20, 21, *edges, 600}))
    base = lanes_network(kind, 600, 45, 4, 5, recurrent=False, scale=900)
    if kind in ("uniform", "strict zero"):  # swept
        hidden = replace(base.layers[1], bias=np.zeros(45, int))
        base = replace(base, layers=(base.layers[0], hidden, base.layers[2]))
    network, features = counting(base, counts)
    expected = Oracle(network).run(features)
    assert {*expected.spikes["relay"].sum(axis=-1)[0]} >= {*counts}
    core, *words = core.split()
    layout = parse_layout(["rows4", *words])
    host = core == "host"
    machine = HostC(network, layout=layout) if host else Qemu(network, core, layout=layout)
    assert first_divergence(network, expected, machine.run(features)) is None


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is missing")
@pytest.mark.parametrize("core", ["m0", "m3"])
@pytest.mark.parametrize("bits", [8, 4, 2])
def test_words_take_hundreds_of_events_at_once(core: str, bits: int) -> None:
    """600 events in one step: more than lanes, a chunk or a fold take, and one more or fewer than
    each of them in steps between; onto tiles that are not whole."""
    edges = (1, 2, 17, 18, 19, 20, 126, 127, 144, 145, 257, 258, 288, 289, 600)
    network = lanes_network("strict zero", 600, 45, bits, 5, recurrent=False, scale=900)
    network, features = counting(network, edges)
    expected = Oracle(network).run(features)
    assert {*expected.spikes["relay"].sum(axis=-1)[0]} >= {*edges}
    traces = Qemu(network, core, layout=parse_layout(["words"])).run(features)
    assert first_divergence(network, expected, traces) is None


def test_membranes_at_the_ends_of_16_bits() -> None:
    """A drive that holds membranes at both clamps, in lanes and, for what lies ahead, out of
    them."""
    for kind, seed in (("uniform", 0), ("coupled", 1), ("coupled", 2)):
        network = lanes_network(kind, 100, 20, 8, seed, recurrent=False, scale=100)
        features = np.full((1, 40, 1), 127, np.int8)
        expected = Oracle(network).run(features)
        assert expected.v["hidden"].min() == -32768
        assert form_of(network, network.by_name["hidden"]) in ("saturates", "tables")
        assert first_divergence(network, expected, HostC(network).run(features)) is None


@pytest.mark.parametrize("core", ["host", "m0", "m4"])
def test_biases_beyond_lanes(core: str) -> None:
    """Adaptive neurons whose bias alone leaves 16 bits, beside ones that fire."""
    if core != "host" and shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is missing")
    base = lanes_network("coupled", 40, 20, 4, 3, recurrent=True, scale=60)
    relay, hidden, readout = base.layers
    bias = hidden.bias.copy()
    bias[:4] = -139948, 70000, MOST_DRIVE - 900, 900 - MOST_DRIVE
    network = replace(base, layers=(relay, replace(hidden, bias=bias), readout))
    assert form_of(network, network.by_name["hidden"]) == "tables"
    machine = HostC(network) if core == "host" else Qemu(network, core)
    expected = Oracle(network).run(bursts(4))
    assert expected.spikes["hidden"].sum(axis=1).astype(bool).sum() > 4
    assert first_divergence(network, expected, machine.run(bursts(4))) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [8, 4])
def test_the_bias_of_hundreds_of_events_leaves_16_bits(kind: str, bits: int) -> None:
    """Small weights, so that membranes are proven to fit lanes; 600 events, whose bias is not."""
    base = lanes_network(kind, 600, 20, bits, 7, recurrent=False, scale=900)
    relay, hidden, readout = base.layers
    rng = np.random.default_rng(8)
    few = Dense(source="relay", bits=bits, weight=rng.integers(-6, 7, (20, 600)))
    network = replace(base, layers=(relay, replace(hidden, synapses=(few,)), readout))
    assert form_of(network, network.by_name["hidden"]) in ("plain", "saturates", "tables")
    features = np.array([[[127], [0], [127], [127], [40], [0], [127]]], np.int8)
    expected = Oracle(network).run(features)
    assert expected.spikes["relay"].sum(axis=-1).max() == 600
    assert first_divergence(network, expected, HostC(network).run(features)) is None


def test_forms_follow_the_bounds() -> None:
    def form(kind: str, pre: int, scale: int, bits: int = 8) -> str | None:
        network = lanes_network(kind, pre, 16, bits, 0, recurrent=False, scale=scale)
        return form_of(network, network.by_name["hidden"])

    assert form("strict zero", 10, 900) == "plain"
    assert form("integrator", 40, 60) == "saturates"
    assert form("coupled", 40, 60) == "tables"
    assert form("uniform", 300, 900) is None


@pytest.mark.parametrize("words", [["currents"], ["words"], ["m0"]])
def test_layers_rest_in_long_silence_and_wake(words: list[str]) -> None:
    """Quiet steps enough to come to rest, and events again; input that lasts included."""
    layout = parse_layout(words)
    silence = np.zeros((1, 60, 1), np.int8)
    for number, kind in enumerate(KINDS):
        network = lanes_network(kind, 30, 21, (8, 4)[number % 2], 3, recurrent=True, scale=60)
        features = np.concatenate([silence, bursts(number), silence, bursts(9)], axis=1)
        expected = Oracle(network).run(features)
        assert (
            first_divergence(network, expected, HostC(network, layout=layout).run(features)) is None
        )
    for heard in (Input(shape=(4,)), Input(shape=(4,), encoding="delta", delta=2)):
        network = replace(tiny_network(), input=heard)
        features = np.concatenate([silence, 99 + silence, bursts(1), silence], axis=1)
        features = np.tile(features, (1, 1, 4)).astype(np.int8)
        expected = Oracle(network).run(features)
        assert (
            first_divergence(network, expected, HostC(network, layout=layout).run(features)) is None
        )
