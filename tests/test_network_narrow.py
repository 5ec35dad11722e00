"""Dropping neurons that never fire: the rest goes on as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgesnn.errors import NetworkError
from edgesnn.law import Oracle
from edgesnn.network import (
    AdaptiveLeaky,
    Dense,
    Input,
    Layer,
    Leaky,
    Network,
    Readout,
    narrowed,
    sparse_from_dense,
)
from edgesnn.network.arrays import IntArray

CLIPS = np.random.default_rng(2).integers(-90, 91, (4, 25, 6)).astype(np.int8)


def two_layers(seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)

    def dense(source: str, post: int, pre: int, **more: object) -> Dense:
        weight = rng.integers(-7, 8, (post, pre)).astype(np.int8)
        return Dense(source=source, weight=weight, bits=4, **more)

    def ints(low: int, high: int, size: int) -> IntArray:
        return rng.integers(low, high, size)

    first = AdaptiveLeaky(
        threshold=ints(200, 2500, 10),
        decay=ints(150, 250, 10),
        adaptation_decay=ints(200, 256, 10),
        adaptation_coupling=ints(0, 20, 10),
        adaptation_jump=ints(0, 80, 10),
    )
    second = Leaky(threshold=ints(4, 25, 9), decay=ints(150, 250, 9))
    layers = (
        Layer(
            name="one",
            shape=(10,),
            synapses=(dense("input", 10, 6), dense("one", 10, 10, delay=1)),
            bias=ints(-5, 5, 10),
            neuron=first,
        ),
        Layer(
            name="two",
            shape=(9,),
            synapses=(dense("one", 9, 10), dense("one", 9, 10, delay=ints(0, 4, 10))),
            bias=ints(-3, 3, 9),
            neuron=second,
        ),
        Layer(
            name="out",
            shape=(3,),
            synapses=(dense("two", 3, 9),),
            bias=ints(-3, 3, 3),
            neuron=Readout(decay=np.array([240, 250, 256])),
        ),
    )
    return Network(name="net", input=Input(shape=(6,)), layers=layers, classes=("a", "b", "c"))


@pytest.mark.parametrize("seed", range(5))
def test_what_is_left_goes_on_as_it_was(seed: int) -> None:
    network = two_layers(seed)
    dead = {"one": [2, 7], "two": [0]}
    layers = []
    for layer in network.layers:
        bias = layer.bias.copy()
        bias[dead.get(layer.name, [])] = -20_000
        layers.append(replace(layer, bias=bias))
    network = replace(network, layers=tuple(layers))
    before = Oracle(network).run(CLIPS)
    active = {name: np.flatnonzero(s.any((0, 1))) for name, s in before.spikes.items()}
    assert all(not set(dead[name]) & set(kept) and len(kept) for name, kept in active.items())
    after = Oracle(narrowed(network, active)).run(CLIPS)
    np.testing.assert_array_equal(after.v["out"], before.v["out"])
    for name, kept in active.items():
        np.testing.assert_array_equal(after.v[name], before.v[name][..., kept])
        np.testing.assert_array_equal(after.spikes[name], before.spikes[name][..., kept])
    np.testing.assert_array_equal(after.a["one"], before.a["one"][..., active["one"]])


@pytest.mark.parametrize(
    "kept",
    [{"out": np.arange(2)}, {"three": np.arange(2)}, {"two": np.arange(0)}],
    ids=["readout", "unknown", "empty"],
)
def test_what_cannot_be_narrowed_is_named(kept: dict[str, IntArray]) -> None:
    with pytest.raises(NetworkError, match=f"layer {next(iter(kept))} cannot keep"):
        narrowed(two_layers(), kept)


def test_sparse_synapses_are_refused() -> None:
    network = two_layers()
    one, two, out = network.layers
    groups = tuple(sparse_from_dense(g) if isinstance(g, Dense) else g for g in out.synapses)
    network = replace(network, layers=(one, two, replace(out, synapses=groups)))
    with pytest.raises(NetworkError, match="Sparse synapses from two to out cannot be narrowed"):
        narrowed(network, {"two": np.arange(4)})
