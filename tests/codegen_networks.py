"""Fixed networks that several tests of the generated C share."""

from __future__ import annotations

import numpy as np

from edgesnn.frontend import FrontEnd
from edgesnn.network import (
    AdaptiveLeaky,
    Conv1d,
    Dense,
    Identity,
    Input,
    IntegrateAndFire,
    Layer,
    Leaky,
    Network,
    Pool,
    Readout,
    sparse_from_dense,
)
from edgesnn.network.arrays import IntArray
from edgesnn.network.synapses import WEIGHT_LIMIT, Delay, Synapses


def random_dense(
    rng: np.random.Generator, source: str, post: int, pre: int, bits: int = 8, delay: Delay = 0
) -> Dense:
    """All-to-all synapses with weights of the whole range."""
    limit = WEIGHT_LIMIT[bits]
    weight = rng.integers(-limit, limit + 1, (post, pre))
    return Dense(source=source, bits=bits, delay=delay, weight=weight)


def relay_layer(shape: tuple[int, ...]) -> Layer:
    """One neuron a feature, which fires where it is positive: input events are one to one."""
    return Layer(
        name="relay",
        shape=shape,
        synapses=(Identity(source="input", weight=[1] * shape[0]),),
        bias=[0] * shape[0],
        neuron=IntegrateAndFire(threshold=[1] * shape[0], reset="zero"),
    )


def leaky_layer(
    name: str, shape: tuple[int, ...], synapses: tuple[Synapses, ...], at: int, bias: int = 0
) -> Layer:
    """Neurons that are all alike and fire `at` a threshold."""
    channels = shape[0]
    return Layer(
        name=name,
        shape=shape,
        synapses=synapses,
        bias=[bias] * channels,
        neuron=Leaky(threshold=[at] * channels, decay=[230] * channels),
    )


def readout_layer(synapses: tuple[Synapses, ...], classes: int) -> Layer:
    """Scores that are kept for long."""
    return Layer(
        name="readout",
        shape=(classes,),
        synapses=synapses,
        bias=[0] * classes,
        neuron=Readout(decay=[250] * classes),
    )


def tiny_network(name: str = "tiny", seed: int = 0) -> Network:
    """A few neurons, and one of almost everything that generated code can hold."""
    rng = np.random.default_rng(seed)
    delays = rng.integers(1, 4, 10)
    hidden = Layer(
        name="hidden",
        shape=(10,),
        synapses=(
            random_dense(rng, "input", 10, 4),
            random_dense(rng, "hidden", 10, 10, bits=4, delay=delays),
        ),
        bias=rng.integers(-9, 9, 10),
        graded_shift=4,
        neuron=AdaptiveLeaky(
            threshold=rng.integers(50, 90, 10),
            decay=[230] * 10,
            adaptation_decay=[200] * 10,
            adaptation_coupling=[3] * 10,
            adaptation_jump=[9] * 10,
        ),
    )
    places = Layer(
        name="places",
        shape=(2, 5),
        synapses=(sparse_from_dense(random_dense(rng, "hidden", 10, 10, bits=2, delay=1)),),
        bias=[1, 2],
        neuron=IntegrateAndFire(threshold=[2, 3], reset="zero", reset_delay=True),
    )
    windows = Layer(
        name="windows",
        shape=(2, 3),
        synapses=(
            Conv1d(source="places", weight=rng.integers(-9, 10, (2, 2, 3)), stride=2, padding=1),
            Pool(source="places", kind="max", window=(3,), stride=(1,), weight=5),
            Identity(source="windows", delay=2, weight=[3, -4]),
        ),
        bias=[0, 0],
        neuron=Leaky(threshold=[6, 7], decay=[128, 200], strict=True),
    )
    readout = Layer(
        name="readout",
        shape=(3,),
        synapses=(random_dense(rng, "windows", 3, 6),),
        bias=[0, 1, -1],
        neuron=Readout(decay=[250] * 3),
    )
    return Network(
        name=name,
        input=Input(shape=(4,), encoding="delta", delta=2),
        layers=(hidden, places, windows, readout),
        classes=("yes", "no", "_unknown_"),
    )


def keyword_network(name: str = "keywords", seed: int = 1, frontend: bool = True) -> Network:
    """40-64-64-12 with the default front-end: the shape of a keyword spotter."""
    rng = np.random.default_rng(seed)

    def hidden(layer: str, source: str, pre: int, threshold: int, shift: int) -> Layer:
        return Layer(
            name=layer,
            shape=(64,),
            synapses=(random_dense(rng, source, 64, pre, bits=4),),
            bias=np.zeros(64, int),
            graded_shift=shift,
            neuron=Leaky(threshold=[threshold] * 64, decay=rng.integers(150, 250, 64)),
        )

    readout = readout_layer((random_dense(rng, "second", 12, 64),), 12)
    return Network(
        name=name,
        input=Input(shape=(40,), encoding="delta", delta=3),
        layers=(
            hidden("first", "input", 40, 200, 3),
            hidden("second", "first", 64, 40, 0),
            readout,
        ),
        classes=tuple(f"word{number}" for number in range(12)),
        frontend=FrontEnd() if frontend else None,
    )


def relay_network(bits: int = 8, width: int = 128, threshold: int = 500) -> Network:
    """40-128-128-12 behind a relay, so that a test can set the rate of its events."""
    rng = np.random.default_rng(0)

    def hidden(layer: str, source: str, pre: int) -> Layer:
        synapses = (random_dense(rng, source, width, pre, bits),)
        return leaky_layer(layer, (width,), synapses, threshold)

    readout = readout_layer((random_dense(rng, "second", 12, width, bits),), 12)
    return Network(
        name="relay",
        input=Input(shape=(40,)),
        layers=(
            relay_layer((40,)),
            hidden("first", "relay", 40),
            hidden("second", "first", width),
            readout,
        ),
        classes=tuple(f"class{number}" for number in range(12)),
    )


def burst_network(bits: int) -> Network:
    """150 neurons that all fire whenever the one channel is positive, into extreme weights.

    Neuron 0 of the burst gets only the largest weight, neuron 1 only the smallest, the others
    either: what lanes that hold several sums must bear.
    """
    rng = np.random.default_rng(bits)
    limit = WEIGHT_LIMIT[bits]
    weight = rng.choice((-limit, limit), (37, 150))
    weight[0], weight[1] = limit, -limit
    crowd = Layer(
        name="crowd",
        shape=(150,),
        synapses=(Dense(source="input", weight=np.ones((150, 1), int), bits=2),),
        bias=[0] * 150,
        neuron=IntegrateAndFire(threshold=[1] * 150, reset="zero"),
    )
    readout = Layer(
        name="readout",
        shape=(37,),
        synapses=(Dense(source="crowd", weight=weight, bits=bits),),
        bias=[0] * 37,
        neuron=Readout(decay=[0] * 37),
    )
    classes = tuple(f"class{number}" for number in range(37))
    source = Input(shape=(1,))
    return Network(name="burst", input=source, layers=(crowd, readout), classes=classes)


def sounds(seed: int, count: int, steps: int = 12, hop: int = 320) -> IntArray:
    """Int16 PCM `(count, steps·hop)`: noise and tones with silences and clipping between."""
    rng = np.random.default_rng(seed)
    time = np.arange(steps * hop)
    tone = 9000 * np.sin(time * rng.uniform(0.02, 1.5, (count, 1)))
    loudness = np.repeat(rng.choice((0.0, 0.02, 1.0, 8.0), (count, steps)), hop, axis=1)
    noise = rng.normal(0, 900, (count, steps * hop))
    return np.clip((tone + noise) * loudness, -32768, 32767).astype(np.int16)
