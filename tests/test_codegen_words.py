"""Layers in words on the cores that they are for: the assembly of every form of sums, reset and
parameters, over odd sizes, bursts in which all spikes come at once, and sums that saturate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgesnn.boards import CORES
from edgesnn.codegen.choose import AUTO, choose
from edgesnn.codegen.margins import byte_rows
from edgesnn.codegen.tiles import calm_events
from edgesnn.law import Oracle
from edgesnn.machine import Traces, first_divergence
from edgesnn.network import (
    Dense,
    Input,
    IntegrateAndFire,
    Layer,
    Leaky,
    Network,
    Readout,
)
from edgesnn.network.bounds import membrane_bounds
from edgesnn.pipeline.simulated import Simulated

from .codegen_networks import random_dense
from .core.machines import needs_gcc
from .test_codegen_layouts import bursts

pytestmark = needs_gcc

SIZES = (1, 3, 8, 9, 16, 31, 33, 48, 64, 100)


def words_network(seed: int) -> Network:
    """Layers of several kinds and sizes behind a relay, of which some hear themselves as well."""
    rng = np.random.default_rng(seed)
    pre = int(rng.choice([1, 20, 90, 300]))
    layers = [_relay(rng, pre)]
    for number in range(5):
        size = int(rng.choice(SIZES))
        bits = int(rng.choice([8, 4, 2]))
        groups = [random_dense(rng, layers[-1].name, size, layers[-1].size, bits)]
        if rng.integers(3) == 0:
            delay = int(rng.integers(1, 3))
            groups.append(random_dense(rng, f"layer{number}", size, size, bits, delay=delay))
        layers.append(_layer(rng, f"layer{number}", size, groups))
    last = layers[-1]
    classes = int(rng.choice([1, 2, 12]))
    readout = Layer(
        name="readout",
        shape=(classes,),
        synapses=(random_dense(rng, last.name, classes, last.size, int(rng.choice([8, 4]))),),
        bias=rng.integers(-9, 9, classes),
        neuron=Readout(decay=rng.integers(200, 256, classes) if seed % 2 else [230] * classes),
    )
    names = tuple(f"class{number}" for number in range(classes))
    return Network(name="words", input=Input(shape=(1,)), layers=(*layers, readout), classes=names)


def _relay(rng: np.random.Generator, size: int) -> Layer:
    """As many neurons as fire as the feature says."""
    return Layer(
        name="relay",
        shape=(size,),
        synapses=(Dense(source="input", weight=np.ones((size, 1), int), bits=2),),
        bias=-rng.integers(0, 100, size),
        neuron=IntegrateAndFire(threshold=[1] * size, reset="zero"),
    )


def _layer(rng: np.random.Generator, name: str, size: int, groups: list[Dense]) -> Layer:
    """Neurons that are alike, or each its own; small thresholds, and some that saturate."""
    own, leaks = bool(rng.integers(2)), bool(rng.integers(4))
    scale = int(rng.choice([1, 40, 700, 14000])) if groups[0].bits == 8 else int(rng.choice([1, 9]))
    threshold = rng.integers(scale, 2 * scale + 1, size) if own else np.full(size, scale)
    decay = (
        rng.integers(0, 257, size) if own else np.full(size, int(rng.choice([0, 128, 230, 256])))
    )
    plain = IntegrateAndFire(
        threshold=threshold,
        strict=bool(rng.integers(2)),
        reset=("zero", "subtract")[rng.integers(2)],
    )
    neuron: IntegrateAndFire = plain
    if leaks:
        neuron = Leaky(threshold=threshold, strict=plain.strict, reset=plain.reset, decay=decay)
    bias = rng.integers(-scale // 2, scale // 2 + 1, size) if own else [scale // 4] * size
    return Layer(name=name, shape=(size,), synapses=tuple(groups), bias=bias, neuron=neuron)


def forms_of(network: Network, traces: Traces, layer: Layer) -> set[tuple[str, bool, bool, str]]:
    """How the steps of `layer` were computed: reset, own parameters, clamped, form of sums."""
    assert isinstance(layer.neuron, IntegrateAndFire)
    rows = byte_rows([x for x in layer.synapses if isinstance(x, Dense)], "rows")
    events = np.zeros(traces.v[layer.name].shape[1], int)
    for group in layer.synapses:
        assert isinstance(group.delay, int)
        fired = traces.spikes[group.source][0].sum(axis=-1)
        events[group.delay :] += fired[: len(fired) - group.delay]
    chunk = 1 + 17 * rows.groups
    saturates = membrane_bounds(network, layer).saturates
    calm = calm_events(network, layer, lanes=False) if saturates else len(events) * 999
    own = any(
        len({*np.ravel(x).tolist()}) > 1
        for x in (layer.bias, layer.neuron.threshold, getattr(layer.neuron, "decay", 0))
    )
    return {
        (
            layer.neuron.reset,
            own,
            bool(count > calm),
            "nothing" if count == 0 else "bytes" if rows.groups and count <= chunk
            else "lanes" if rows.groups or count <= 257 else "words",
        )
        for count in events.tolist()
    }  # fmt: skip


@pytest.mark.parametrize("core", ["m0", "m3"])
def test_words_keep_the_law(core: str) -> None:
    forms: set[tuple[str, bool, bool, str]] = set()
    for seed in range(8):
        network = words_network(seed)
        layout = AUTO.on(CORES[core])
        features = bursts(seed, steps=36)
        expected = Oracle(network).run(features)
        found = Simulated(network, core).run(features)
        assert first_divergence(network, expected, found) is None, seed
        for layer in network.spiking[1:]:
            if choose(network, layer, layout).kernel == "words":
                forms |= forms_of(network, expected, layer)
    assert {form[:2] for form in forms} == {(r, o) for r in ("zero", "subtract") for o in (0, 1)}
    assert {form[2:] for form in forms} >= {(c, s) for c in (0, 1) for s in ("bytes", "lanes")}


EDGES = (1, 2, 17, 18, 19, 35, 36, 37, 120, 121, 144, 145, 146, 162, 163, 257, 258, 288, 289, 480,
         959, 960, 961)  # fmt: skip

#: 14 · 4681 is the largest sum of biased 4-bit weights that a lane of 16 bits holds.
BEYOND_LANES = (961, 4681, 4682, 4700)


@pytest.mark.parametrize(
    ("core", "bits", "counts"),
    [
        *((core, bits, EDGES) for core in ("m0", "m3") for bits in (8, 4, 2)),
        # The M0's board has no memory for so many.
        ("m3", 4, BEYOND_LANES),
    ],
)
def test_words_at_the_edges_of_chunks(core: str, bits: int, counts: tuple[int, ...]) -> None:
    """As many events as fill a group, a chunk, a fold, lanes, and one more or fewer; with extreme
    weights alone, so that each sum is the greatest that the proofs allow."""
    rng = np.random.default_rng(bits)
    edges = np.array(counts)
    pre = int(edges.max()) + 7
    relay = _relay(rng, pre)
    forgetful = Leaky(threshold=[1] * pre, decay=[0] * pre, reset="zero")
    bias = -np.searchsorted(edges, np.arange(pre), side="right")
    relay = replace(relay, bias=bias, neuron=forgetful)
    limit = {8: 127, 4: 7, 2: 1}[bits]
    weight = rng.choice([-limit, limit], (45, pre))
    weight[:9] = np.array([limit, -limit, limit])[np.arange(9) % 3, None]
    hidden = Layer(
        name="hidden",
        shape=(45,),
        synapses=(Dense(source="relay", bits=bits, weight=weight),),
        bias=[0] * 45,
        neuron=Leaky(threshold=[limit * 3] * 45, decay=[200] * 45),
    )
    readout = Layer(
        name="readout", shape=(1,), synapses=(random_dense(rng, "hidden", 1, 45, bits),),
        bias=[0], neuron=Readout(decay=[250]),
    )  # fmt: skip
    network = Network(
        name="edges", input=Input(shape=(1,)), layers=(relay, hidden, readout), classes=("a",)
    )
    assert choose(network, hidden, AUTO.on(CORES[core])).kernel == "words"
    features = np.arange(len(edges) + 2).astype(np.int8)[None, :, None]
    expected = Oracle(network).run(features)
    assert {*expected.spikes["relay"].sum(axis=-1)[0].tolist()} >= {*edges.tolist()}
    found = Simulated(network, core).run(features)
    assert first_divergence(network, expected, found) is None
