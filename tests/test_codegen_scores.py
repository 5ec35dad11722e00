"""Readouts whose classes share their decay: scores that are stepped by fours."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from edgesnn.codegen import HostC, Qemu, cross_compiler
from edgesnn.errors import CompileError
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.network import Dense, Input, Layer, Leaky, Network, Readout
from edgesnn.network.arrays import IntArray

PRE = 40


def scoring(classes: int, decay: int, *, bias: int = 0) -> Network:
    """A relay, of which as many neurons fire as its input says, onto `classes` that share their
    decay and bias."""
    relay = Layer(
        name="relay", shape=(PRE,),
        synapses=(Dense(source="input", weight=np.ones((PRE, 1), int), bits=2),),
        bias=-np.arange(PRE), neuron=Leaky(threshold=[1] * PRE, decay=[0] * PRE, reset="zero"),
    )  # fmt: skip
    weight = np.random.default_rng([classes, decay]).integers(-127, 128, (classes, PRE))
    weight[0], weight[-1] = 127, -127
    readout = Layer(
        name="readout", shape=(classes,), synapses=(Dense(source="relay", weight=weight),),
        bias=[bias] * classes, neuron=Readout(decay=[decay] * classes),
    )  # fmt: skip
    names = tuple(f"class{number}" for number in range(classes))
    return Network(name="scoring", input=Input(shape=(1,)), layers=(relay, readout), classes=names)


def counts() -> IntArray:
    """Steps with none, one, a turn's and all of the events, and silence; int8 `(1, steps, 1)`."""
    steps = [0, 1, 2, 4, 5, 8, 9, *[PRE] * 12, *[0] * 9, 3, 7, 0, 39]
    return np.array(steps, np.int8)[None, :, None]


#: By fours: a part of a tile, a tile, more than one; not so: odd numbers, a small decay, a bias,
#: scores that saturate at 24 bits.
CASES = (
    (4, 250, 0), (12, 128, 0), (16, 255, 0), (20, 200, 0), (32, 131, 0),
    (10, 250, 0), (12, 127, 0), (12, 0, 0), (8, 250, 5), (12, 256, 0),
)  # fmt: skip


@pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is missing")
@pytest.mark.parametrize(("classes", "decay", "bias"), CASES)
def test_scores_are_the_laws(classes: int, decay: int, bias: int) -> None:
    network = scoring(classes, decay, bias=bias)
    expected = Oracle(network).run(counts())
    assert (expected.spikes["relay"].sum(axis=-1) == counts()[..., 0]).all()
    scores = expected.v["readout"]
    assert scores.min() < 0 < scores.max()
    assert first_divergence(network, expected, Qemu(network, "m4").run(counts())) is None


@pytest.mark.parametrize("kind", ["gcc", "zig"])
def test_by_any_compiler_and_on_the_host(kind: str) -> None:
    network = scoring(12, 250)
    expected = Oracle(network).run(counts())
    assert first_divergence(network, expected, HostC(network).run(counts())) is None
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is missing")
    try:
        machine = Qemu(network, "m4", compiler=cross_compiler(kind))
    except CompileError as error:
        pytest.skip(str(error))
    assert first_divergence(network, expected, machine.run(counts())) is None
