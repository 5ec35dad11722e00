"""The networks that are measured, and the events that they are given.

All have random weights of the whole range from one seed. Where a network is to be fed with spikes
it stands behind a *relay*: neurons that fire where a feature is 1, so that input events are one to
one with features.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from edgesnn.network import (
    AdaptiveLeaky,
    Conv2d,
    Dense,
    Identity,
    Input,
    IntegrateAndFire,
    Layer,
    Leaky,
    Network,
    Readout,
    sparse_from_dense,
)
from edgesnn.network.arrays import IntArray
from edgesnn.network.neurons import Neuron
from edgesnn.network.synapses import WEIGHT_LIMIT, Delay, Synapses

SEED = 2026
RELAY = "relay"
DECAY = 230

#: Threshold per square root of the fan-in at which hidden layers fire about as much as they are
#: fed at an input rate of a tenth, by bit width.
THRESHOLD = {8: 50.0, 4: 2.75, 2: 0.38}

#: A threshold that no membrane of these networks reaches.
NEVER = 32767


def random_dense(source: str, post: int, pre: int, bits: int = 8, delay: Delay = 0) -> Dense:
    """All-to-all synapses; the same sizes and names give the same weights."""
    seed = [SEED, post, pre, bits, sum(source.encode()), int(np.sum(delay))]
    limit = WEIGHT_LIMIT[bits]
    weight = np.random.default_rng(seed).integers(-limit, limit + 1, (post, pre))
    return Dense(source=source, bits=bits, delay=delay, weight=weight)


def layer(
    name: str, shape: Sequence[int], synapses: Sequence[Synapses], neuron: Neuron, bias: int = 0
) -> Layer:
    """A layer with one bias for all channels."""
    return Layer(
        name=name, shape=tuple(shape), synapses=tuple(synapses), bias=[bias] * shape[0],
        neuron=neuron,
    )  # fmt: skip


def leaky(channels: int, threshold: int, decay: int = DECAY) -> Leaky:
    return Leaky(threshold=[threshold] * channels, decay=[decay] * channels)


def adaptive(channels: int, threshold: int) -> AdaptiveLeaky:
    """Adaptive neurons with parameters of their own, as training makes them."""
    rng = np.random.default_rng([SEED, channels])
    return AdaptiveLeaky(
        threshold=rng.integers(threshold, threshold + 9, channels),
        decay=rng.integers(180, 250, channels),
        adaptation_decay=rng.integers(200, 255, channels),
        adaptation_coupling=rng.integers(0, 60, channels),
        adaptation_jump=rng.integers(0, threshold, channels),
    )


def threshold(bits: int, fan_in: float) -> int:
    """See THRESHOLD."""
    return max(1, round(THRESHOLD[bits] * math.sqrt(fan_in)))


def network(name: str, channels: Sequence[int], layers: Sequence[Layer]) -> Network:
    """`layers` behind a relay of shape `channels`; the last of them is the readout."""
    relay = layer(
        RELAY, channels, [Identity(source="input", weight=[1] * channels[0])],
        IntegrateAndFire(threshold=[1] * channels[0], reset="zero"),
    )  # fmt: skip
    classes = tuple(f"class{number}" for number in range(layers[-1].size))
    return Network(
        name=name, input=Input(shape=tuple(channels)), layers=(relay, *layers), classes=classes
    )


def readout(source: str, pre: int, classes: int, bits: int = 8) -> Layer:
    synapses = [random_dense(source, classes, pre, bits)]
    return layer("readout", (classes,), synapses, Readout(decay=[250] * classes))


def chain(sizes: Sequence[int], bits: int = 8, name: str = "chain") -> Network:
    """Fully connected leaky layers: `sizes` are inputs, hidden layers, classes."""
    layers, source = [], RELAY
    for number, (pre, post) in enumerate(pairwise(sizes[:-1]), 1):
        synapses = [random_dense(source, post, pre, bits)]
        neuron = leaky(post, threshold(bits, pre))
        layers.append(layer(f"hidden{number}", (post,), synapses, neuron))
        source = f"hidden{number}"
    layers.append(readout(source, sizes[-2], sizes[-1], bits))
    return network(name, sizes[:1], layers)


def recurrent() -> Network:
    """64 inputs, 96 leaky neurons that also hear themselves a step later, 12 classes."""
    groups = [random_dense(RELAY, 96, 64), random_dense("hidden1", 96, 96, 4, delay=1)]
    hidden = layer("hidden1", (96,), groups, leaky(96, threshold(8, 64)))
    return network("recurrent", (64,), [hidden, readout("hidden1", 96, 12)])


def sparse(density: float = 0.1) -> Network:
    """128-256-12 with a tenth of the synapses left."""
    full = random_dense(RELAY, 256, 128)
    kept = np.random.default_rng(SEED).random((256, 128)) < density
    group = sparse_from_dense(Dense(source=RELAY, weight=full.weight * kept))
    hidden = layer("hidden1", (256,), [group], leaky(256, threshold(8, 128 * density)))
    return network("sparse", (128,), [hidden, readout("hidden1", 256, 12)])


def delayed() -> Network:
    """40-144-10 with four groups of 4-bit synapses at four delays, as the shipped network has."""
    groups = [random_dense(RELAY, 144, 40, 4, delay) for delay in (0, 3, 6, 9)]
    hidden = layer("hidden1", (144,), groups, leaky(144, threshold(4, 160)))
    return network("delayed", (40,), [hidden, readout("hidden1", 144, 10)])


def convolution() -> Network:
    """One 16 by 16 image, eight 3 by 3 filters with stride 2, 10 classes."""
    rng = np.random.default_rng(SEED)
    group = Conv2d(
        source=RELAY, weight=rng.integers(-127, 128, (8, 1, 3, 3)), stride=(2, 2), padding=(1, 1)
    )
    hidden = layer("hidden1", (8, 8, 8), [group], leaky(8, threshold(8, 9)))
    return network("convolution", (1, 16, 16), [hidden, readout("hidden1", 512, 10)])


def adapting() -> Network:
    """40-128-128-12 as `chain`, of adaptive neurons."""
    plain = chain((40, 128, 128, 12), name="adapting")
    hidden = [
        layer(x.name, x.shape, x.synapses, adaptive(128, threshold(8, 128)))
        for x in plain.layers[1:-1]
    ]
    return network("adapting", (40,), [*hidden, plain.readout])


#: Shapes beside the one of the issue, by what they are called in tables.
SHAPES: dict[str, Callable[[], Network]] = {
    "1-1-1": partial(chain, (1, 1, 1)),
    "16-16-4": partial(chain, (16, 16, 4)),
    "37-53-11": partial(chain, (37, 53, 11)),
    "64-32-32-10": partial(chain, (64, 32, 32, 10)),
    "40-256-256-35": partial(chain, (40, 256, 256, 35)),
    "700-128-20": partial(chain, (700, 128, 20)),
    "64-96-12, recurrent": recurrent,
    "128-256-12, a tenth of the synapses": sparse,
    "40-144-10, four delays, int4": delayed,
    "16×16, conv 8×3×3, 10": convolution,
    "40-128-128-12, adaptive": adapting,
}


def spikes(rate: float, steps: int, channels: int) -> IntArray:
    """Features that are 1 at `rate` and else 0, int8 `(steps, channels)`.

    Of two rates the higher one has all events of the lower.
    """
    drawn = np.random.default_rng(SEED).random((steps, channels))
    return (drawn < rate).astype(np.int8)
