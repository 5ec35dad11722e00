"""Random integer networks over the whole graph space of docs/SPEC.md, for Hypothesis.

Hypothesis draws the structure; the arrays come from a generator seeded by one drawn number, so
that examples stay small to draw and still shrink in structure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from edgesnn.network import (
    INPUT,
    AdaptiveLeaky,
    Conv1d,
    Conv2d,
    Dense,
    Detector,
    Identity,
    Input,
    IntegrateAndFire,
    Layer,
    Leaky,
    Network,
    Neuron,
    Pool,
    Readout,
    Sparse,
    Synapses,
    sparse_from_dense,
)
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import Shape, output_shape
from edgesnn.network.synapses import WEIGHT_LIMIT

Draw = Any
"""Hypothesis' `draw` of a composite strategy."""

_MOST_STEPS_OF_DELAY = 5


@dataclass
class _Source:
    """What a group may read: its name, its shape, and whether it is evaluated earlier."""

    name: str
    shape: Shape
    earlier: bool

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


@st.composite
def shapes(draw: Draw, axes: int | None = None) -> Shape:
    """A population's shape with one, two or three axes."""
    count = draw(st.integers(1, 3)) if axes is None else axes
    if count == 1:
        return (draw(st.integers(1, 40)),)
    return (draw(st.integers(1, 4)), *(draw(st.integers(1, 7)) for _ in range(count - 1)))


def _delay(draw: Draw, rng: np.random.Generator, source: _Source) -> int | IntArray:
    least = 0 if source.earlier else 1
    if source.name != INPUT and draw(st.booleans()):
        return rng.integers(least, _MOST_STEPS_OF_DELAY + 1, source.size)
    return int(draw(st.integers(least, _MOST_STEPS_OF_DELAY)))


def _weight(rng: np.random.Generator, bits: int, shape: Shape) -> IntArray:
    limit = WEIGHT_LIMIT[bits]
    return rng.integers(-limit, limit + 1, shape)


def _all_to_all(draw: Draw, rng: np.random.Generator, source: _Source, post: int) -> Dense | Sparse:
    bits = draw(st.sampled_from((8, 4, 2)))
    weight = _weight(rng, bits, (post, source.size))
    dense = Dense(source=source.name, delay=_delay(draw, rng, source), bits=bits, weight=weight)
    if draw(st.booleans()):
        return dense
    kept = rng.random(weight.shape) < draw(st.sampled_from((0.0, 0.2, 0.7)))
    pruned = Dense(source=source.name, delay=dense.delay, bits=bits, weight=weight * kept)
    return sparse_from_dense(pruned)


def _convolution(draw: Draw, rng: np.random.Generator, source: _Source) -> Conv1d | Conv2d:
    axes = len(source.shape) - 1
    padding = tuple(draw(st.integers(0, 2)) for _ in range(axes))
    kernel = tuple(
        draw(st.integers(1, min(4, length + 2 * pad)))
        for length, pad in zip(source.shape[1:], padding, strict=True)
    )
    stride = tuple(draw(st.integers(1, 3)) for _ in range(axes))
    channels = source.shape[0]
    groups = draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
    bits = draw(st.sampled_from((8, 4, 2)))
    shape = (groups * draw(st.integers(1, 3)), channels // groups, *kernel)
    common: dict[str, Any] = {
        "source": source.name,
        "delay": _delay(draw, rng, source),
        "bits": bits,
        "weight": _weight(rng, bits, shape),
        "groups": groups,
    }
    if axes == 1:
        return Conv1d(stride=stride[0], padding=padding[0], **common)
    return Conv2d(stride=stride, padding=padding, **common)  # type: ignore[arg-type]


def _pool(draw: Draw, rng: np.random.Generator, source: _Source) -> Pool:
    return Pool(
        source=source.name,
        delay=_delay(draw, rng, source),
        kind=draw(st.sampled_from(("sum", "max"))),
        window=tuple(draw(st.integers(1, min(3, length))) for length in source.shape[1:]),
        stride=tuple(draw(st.integers(1, 3)) for _ in source.shape[1:]),
        weight=draw(st.integers(-127, 127)),
    )


def _identity(draw: Draw, rng: np.random.Generator, source: _Source) -> Identity:
    bits = draw(st.sampled_from((8, 4, 2)))
    weight = _weight(rng, bits, source.shape[:1])
    return Identity(source=source.name, delay=_delay(draw, rng, source), bits=bits, weight=weight)


def _first_group(draw: Draw, rng: np.random.Generator, source: _Source) -> tuple[Synapses, Shape]:
    """A group of any kind that `source` allows, and the shape of the layer that it makes."""
    kinds = ["all-to-all", "identity"]
    if len(source.shape) > 1:
        kinds += ["convolution"] * 2 + ["pool"] * 2 * (source.name != INPUT)
    kind = draw(st.sampled_from(kinds))
    if kind == "all-to-all":
        shape: Shape = draw(shapes())
        return _all_to_all(draw, rng, source, int(np.prod(shape))), shape
    make = {"identity": _identity, "convolution": _convolution, "pool": _pool}[kind]
    group: Synapses = make(draw, rng, source)  # type: ignore[operator]
    target = output_shape(group, source.shape)
    assert target is not None
    return group, target


def _neuron(draw: Draw, rng: np.random.Generator, channels: int) -> IntegrateAndFire:
    scale = draw(st.sampled_from((2, 60, 400, 32767)))
    common: dict[str, Any] = {
        "threshold": rng.integers(1, scale + 1, channels if draw(st.booleans()) else 1)
        + np.zeros(channels, int),
        "reset": draw(st.sampled_from(("subtract", "zero"))),
        "reset_delay": draw(st.booleans()),
        "strict": draw(st.booleans()),
    }
    kind = draw(st.sampled_from((IntegrateAndFire, Leaky, AdaptiveLeaky)))
    if kind is IntegrateAndFire:
        return IntegrateAndFire(**common)
    common["decay"] = rng.integers(draw(st.sampled_from((0, 200, 256))), 257, channels)
    if kind is Leaky:
        return Leaky(**common)
    jump = draw(st.sampled_from((0, 50, 32767)))
    return AdaptiveLeaky(
        adaptation_decay=rng.integers(0, 257, channels),
        adaptation_coupling=rng.integers(-256, 257, channels),
        adaptation_jump=rng.integers(-jump // 4, jump + 1, channels),
        **common,
    )


def _layer(
    draw: Draw,
    rng: np.random.Generator,
    name: str,
    shape: Shape,
    groups: list[Synapses],
    neuron: Neuron,
) -> Layer:
    bias = draw(st.sampled_from((0, 30, 40000)))
    graded = any(group.source == INPUT for group in groups)
    return Layer(
        name=name,
        shape=shape,
        synapses=tuple(groups),
        bias=rng.integers(-bias, bias + 1, shape[0]),
        neuron=neuron,
        graded_shift=draw(st.integers(0, 9)) if graded else 0,
    )


def _input(draw: Draw) -> Input:
    encoding = draw(st.sampled_from(("direct", "delta")))
    delta = draw(st.sampled_from((0, 1, 12, 255))) if encoding == "delta" else 0
    return Input(shape=draw(shapes()), encoding=encoding, delta=delta)


def _spiking_structure(
    draw: Draw, rng: np.random.Generator, source: Input, most_layers: int
) -> list[tuple[str, Shape, list[Synapses]]]:
    """Names, shapes and groups: one feed-forward group a layer, then further ones anywhere."""
    sources = [_Source(INPUT, source.shape, True)]
    built: list[tuple[str, Shape, list[Synapses]]] = []
    for number in range(draw(st.integers(1, most_layers))):
        group, shape = _first_group(draw, rng, draw(st.sampled_from(sources[-2:])))
        built.append((f"layer{number}", shape, [group]))
        sources.append(_Source(f"layer{number}", shape, True))
    for number, (_, shape, groups) in enumerate(built):
        for _ in range(draw(st.integers(0, 2))):
            position = draw(st.integers(0, len(sources) - 1))
            other = _Source(sources[position].name, sources[position].shape, position <= number)
            if other.shape == shape and draw(st.booleans()):
                groups.append(_identity(draw, rng, other))
            else:
                groups.append(_all_to_all(draw, rng, other, int(np.prod(shape))))
    return built


@st.composite
def networks(draw: Draw, most_layers: int = 3) -> Network:
    """An integer network of any structure that the specification allows, small in every axis."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    source = _input(draw)
    built = _spiking_structure(draw, rng, source, most_layers)
    layers = [
        _layer(draw, rng, name, shape, groups, _neuron(draw, rng, shape[0]))
        for name, shape, groups in built
    ]
    classes = draw(st.integers(1, 5))
    last = _Source(built[-1][0], built[-1][1], True)
    groups: list[Synapses] = [_all_to_all(draw, rng, last, classes)]
    if draw(st.booleans()):
        groups.append(_all_to_all(draw, rng, _Source(INPUT, source.shape, True), classes))
    readout = Readout(decay=rng.integers(200, 257, classes))
    layers.append(_layer(draw, rng, "readout", (classes,), groups, readout))
    names = tuple(f"class{number}" for number in range(classes))
    detector = draw(detectors(names)) if classes > 1 and draw(st.booleans()) else None
    return Network(name="net", input=source, layers=tuple(layers), classes=names, detector=detector)


@st.composite
def detectors(draw: Draw, classes: tuple[str, ...]) -> Detector:
    """A detector for `classes`, of which at least one is a keyword."""
    return Detector(
        smoothing=draw(st.integers(0, 8)),
        threshold=draw(st.sampled_from((1, 2, 50, 1000))),
        refractory=draw(st.sampled_from((0, 1, 3, 50))),
        rejected=tuple(draw(st.sets(st.sampled_from(classes), max_size=len(classes) - 1))),
    )


def clips(network: Network, seed: int, count: int = 2, steps: int = 12) -> IntArray:
    """Int8 features `(count, steps, channels)`: walks that rest now and then, and bursts."""
    rng = np.random.default_rng(seed)
    shape = (count, steps, network.input.size)
    moves = rng.integers(-30, 31, shape) * (rng.random(shape) < rng.choice((0.1, 0.5, 1.0)))
    walk = np.clip(np.cumsum(moves, axis=1), -128, 127)
    bursts = rng.random((count, steps, 1)) < 0.1
    return np.where(bursts, rng.choice((-128, 127), shape), walk).astype(np.int8)
