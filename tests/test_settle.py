"""Neurons that circle, or are stuck above their threshold, come to rest by a nudge of the bias."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgesnn.network import AdaptiveLeaky, Input, Layer, Network
from edgesnn.settle import hushed, settled
from edgesnn.sim.engine import Engine

from .codegen_networks import random_dense, readout_layer

CHANNELS, SIZE = 5, 24
SILENCE = np.array([-60, -71, -52, -80, -66], np.int8)

#: Steps until all is at rest, and after.
SETTLED, STEPS = 1500, 1700


def a_network(seed: int) -> Network:
    """Adaptive neurons that turn more than they decay, of which few fire."""
    rng = np.random.default_rng(seed)
    neuron = AdaptiveLeaky(
        threshold=rng.integers(40, 400, SIZE), decay=rng.integers(190, 255, SIZE),
        adaptation_decay=rng.integers(200, 250, SIZE),
        adaptation_coupling=rng.integers(0, 60, SIZE),
        adaptation_jump=rng.integers(0, 9, SIZE),
    )  # fmt: skip
    hidden = Layer(
        name="hidden", shape=(SIZE,), synapses=(random_dense(rng, "input", SIZE, CHANNELS, 4),),
        bias=rng.integers(-300, 4, SIZE), neuron=neuron,
    )  # fmt: skip
    readout = readout_layer((random_dense(rng, "hidden", 2, SIZE),), 2)
    return Network(
        name="circling", input=Input(shape=(CHANNELS,)), layers=(hidden, readout),
        classes=("a", "b"),
    )  # fmt: skip


def moving(network: Network) -> int:
    """Neurons that move or fire in the end, in a long silence."""
    traces = Engine(network, 1).run(SILENCE[None, None].repeat(STEPS, axis=1))
    v, a = traces.v["hidden"][0, SETTLED:], traces.a["hidden"][0, SETTLED:]
    changes = np.any(np.diff(v, axis=0) != 0, axis=0) | np.any(np.diff(a, axis=0) != 0, axis=0)
    return int((changes | traces.spikes["hidden"][0, SETTLED:].any(axis=0)).sum())


@pytest.mark.parametrize("seed", range(3))
def test_what_is_settled_rests(seed: int) -> None:
    network = a_network(seed)
    assert moving(network), "nothing moves: the test would show nothing"
    after, changed = settled(network, SILENCE)
    assert changed
    assert moving(after) < moving(network)
    assert settled(after, SILENCE)[1] == 0


def test_what_fires_from_power_on_is_left() -> None:
    network = a_network(3)
    lively = np.array(network.layers[0].bias)
    lively[:4] = 3000
    layers = (replace(network.layers[0], bias=lively), *network.layers[1:])
    after, _ = settled(replace(network, layers=layers), SILENCE)
    assert np.array_equal(after.layers[0].bias[:4], lively[:4])


def test_what_is_hushed_and_settled_is_silent() -> None:
    network = a_network(5)
    lively = np.array(network.layers[0].bias) + 200
    network = replace(network, layers=(replace(network.layers[0], bias=lively), network.readout))
    assert moving(network) > SIZE / 4
    after, _ = settled(hushed(network, SILENCE), SILENCE)
    assert moving(after) <= 1
    assert np.all(after.layers[0].bias <= lively + 8)
