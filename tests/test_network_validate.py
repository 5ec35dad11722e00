"""Every rule of docs/SPEC.md has a network that breaks it, and a message that says where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edgesnn.errors import NetworkError
from edgesnn.frontend import FrontEnd
from edgesnn.network import (
    INPUT,
    AdaptiveLeaky,
    Conv1d,
    Conv2d,
    Dense,
    Identity,
    Input,
    IntegrateAndFire,
    InvalidNetworkError,
    Layer,
    Leaky,
    Network,
    Pool,
    Readout,
    Sparse,
    Synapses,
)

HIDDEN = Layer(
    name="hidden",
    shape=(3,),
    synapses=(Dense(source=INPUT, weight=np.ones((3, 4))),),
    bias=[0, 0, 0],
    neuron=Leaky(threshold=[5, 5, 5], decay=[200, 200, 200]),
)
OUT = Layer(
    name="out",
    shape=(2,),
    synapses=(Dense(source="hidden", weight=np.ones((2, 3))),),
    bias=[0, 0],
    neuron=Readout(decay=[256, 256]),
)
GOOD = Network(name="net", input=Input(shape=(4,)), layers=(HIDDEN, OUT), classes=("yes", "no"))


def _network(**changes: Any) -> Network:
    return replace(GOOD, **changes)


def _hidden(**changes: Any) -> Network:
    return _network(layers=(replace(HIDDEN, **changes), OUT))


def _out(**changes: Any) -> Network:
    return _network(layers=(HIDDEN, replace(OUT, **changes)))


def _group(**changes: Any) -> Network:
    return _hidden(synapses=(replace(HIDDEN.synapses[0], **changes),))


def _fed_by(group: Synapses, shape: tuple[int, ...] = (4,), layer: Any = (3,)) -> Network:
    """A network with one odd group from an input or a layer `first` of `shape`."""
    channels = layer[0]
    changes: dict[str, Any] = {
        "shape": layer,
        "synapses": (group,),
        "bias": [0] * channels,
        "neuron": IntegrateAndFire(threshold=[5] * channels),
    }
    if group.source == INPUT:
        return _network(input=Input(shape=shape), layers=(replace(HIDDEN, **changes), OUT))
    first = replace(
        HIDDEN,
        name="first",
        shape=shape,
        synapses=(Dense(source=INPUT, weight=np.ones((int(np.prod(shape)), 4))),),
        bias=[0] * shape[0],
        neuron=IntegrateAndFire(threshold=[5] * shape[0]),
    )
    return _network(layers=(first, replace(HIDDEN, **changes), OUT))


def _sparse(**changes: Any) -> Network:
    fields: dict[str, Any] = {"indptr": [0, 2, 2, 3, 3], "index": [0, 2, 1], "weight": [1, 2, 3]}
    return _fed_by(Sparse(source=INPUT, **{**fields, **changes}))


def _conv1(**changes: Any) -> Network:
    fields: dict[str, Any] = {"weight": np.ones((2, 2, 3)), "padding": 1}
    return _fed_by(Conv1d(source=INPUT, **{**fields, **changes}), (2, 5), (2, 5))


def _pool(source: str = "first", **changes: Any) -> Network:
    fields: dict[str, Any] = {"kind": "max", "window": (2,), "stride": (2,)}
    return _fed_by(Pool(source=source, **{**fields, **changes}), (2, 6), (2, 3))


def _adaptive(**changes: Any) -> Network:
    fields: dict[str, Any] = {
        "threshold": [5, 5, 5],
        "decay": [200, 200, 200],
        "adaptation_decay": [200, 200, 200],
        "adaptation_coupling": [9, -9, 0],
        "adaptation_jump": [1, 1, 1],
    }
    return _hidden(neuron=AdaptiveLeaky(**{**fields, **changes}))


#: What is wrong, how to make it, and what must be said.
FAULTS: dict[str, tuple[Callable[[], Network], str]] = {
    "network name": (lambda: _network(name="7th"), "network name '7th' is not a C identifier"),
    "reserved name": (lambda: _network(name="int"), "network name 'int' is not a C identifier"),
    "long name": (lambda: _network(name="x" * 64), "is not a C identifier"),
    "name with a newline": (lambda: _network(name="net\n"), "is not a C identifier"),
    "layer name": (lambda: _hidden(name="a-b"), "layer name 'a-b' is not a C identifier"),
    "no layers": (lambda: _network(layers=()), "no layers; a network needs at least a readout"),
    "two layers of one name": (lambda: _hidden(name="out"), "must differ from each other"),
    "a layer called input": (lambda: _hidden(name=INPUT), "and from 'input'"),
    "input of no axes": (lambda: _network(input=Input(shape=())), r"input shape \(\)"),
    "input of four axes": (lambda: _network(input=Input(shape=(1, 1, 1, 4))), "input shape"),
    "input without channels": (lambda: _network(input=Input(shape=(0,))), "input shape"),
    "unknown encoding": (
        lambda: _network(input=Input(shape=(4,), encoding="rate")),  # type: ignore[arg-type]
        "'rate' is neither 'direct' nor 'delta'",
    ),
    "delta too large": (
        lambda: _network(input=Input(shape=(4,), encoding="delta", delta=256)),
        "input delta 256 must be 0 … 255",
    ),
    "delta for direct": (
        lambda: _network(input=Input(shape=(4,), delta=1)),
        "input delta 1 must be 0 … 255, and 0 for direct",
    ),
    "bands and channels differ": (
        lambda: _network(frontend=FrontEnd(bands=8)),
        "front-end gives 8 bands, but the input has 4",
    ),
    "no readout": (lambda: _network(layers=(HIDDEN,)), "the last layer, and no other"),
    "two readouts": (
        lambda: _hidden(neuron=Readout(decay=[0, 0, 0])),
        "the last layer, and no other, must be the readout",
    ),
    "class names missing": (lambda: _network(classes=("yes",)), "1 class names for 2 readout"),
    "class names equal": (lambda: _network(classes=("a", "a")), "class names must be different"),
    "class name empty": (lambda: _network(classes=("a", "")), "class names must be different"),
    "layer shape": (lambda: _hidden(shape=(3, 0)), r"layer hidden: shape \(3, 0\) is not"),
    "too many neurons": (lambda: _hidden(shape=(65536,)), "65536 neurons; the most is 65535"),
    "no synapses": (lambda: _hidden(synapses=()), "layer hidden: no synapses feed it"),
    "graded shift": (lambda: _hidden(graded_shift=17), "graded_shift 17 is outside 0 … 16"),
    "bias of another length": (lambda: _hidden(bias=[0]), r"bias has shape \(1,\), not \(3,\)"),
    "threshold of another length": (
        lambda: _hidden(neuron=Leaky(threshold=[5], decay=[0, 0, 0])),
        r"layer hidden: threshold has shape \(1,\), not \(3,\)",
    ),
    "threshold of zero": (
        lambda: _hidden(neuron=Leaky(threshold=[5, 0, 5], decay=[0, 0, 0])),
        "threshold of channel 1 is 0, outside 1 … 32767",
    ),
    "decay above one": (
        lambda: _hidden(neuron=Leaky(threshold=[5, 5, 5], decay=[0, 0, 257])),
        "decay of channel 2 is 257, outside 0 … 256",
    ),
    "readout decay": (lambda: _out(neuron=Readout(decay=[-1, 0])), "layer out: decay of channel 0"),
    "adaptation decay": (
        lambda: _adaptive(adaptation_decay=[0, 300, 0]),
        "adaptation_decay of channel 1 is 300, outside 0 … 256",
    ),
    "coupling": (
        lambda: _adaptive(adaptation_coupling=[0, 0, -257]),
        "adaptation_coupling of channel 2 is -257, outside -256 … 256",
    ),
    "jump of another length": (lambda: _adaptive(adaptation_jump=[1]), "adaptation_jump has shape"),
    "unknown reset": (
        lambda: _hidden(neuron=IntegrateAndFire(threshold=[5, 5, 5], reset="half")),  # type: ignore[arg-type]
        "reset 'half' is neither 'subtract' nor 'zero'",
    ),
    "unknown source": (
        lambda: _group(source="nowhere"),
        r"layer hidden: synapses 0 \(Dense from nowhere\): there is no layer 'nowhere'",
    ),
    "readout as source": (lambda: _group(source="out", delay=1), "the readout is nobody's source"),
    "delay too long": (lambda: _group(delay=256), "delay 256 is outside 0 … 255"),
    "negative delay": (lambda: _group(delay=-1), "delay -1 is outside 0 … 255"),
    "itself without delay": (
        lambda: _group(source="hidden", weight=np.ones((3, 3))),
        "a source that is not earlier in the network needs a delay of at least 1",
    ),
    "one axon of a loop without delay": (
        lambda: _group(source="hidden", weight=np.ones((3, 3)), delay=[1, 0, 1]),
        "needs a delay of at least 1",
    ),
    "axonal delays of the input": (
        lambda: _group(delay=[0, 1, 2, 3]),
        "axonal delays need a binary source",
    ),
    "too few axonal delays": (
        lambda: _out(synapses=(replace(OUT.synapses[0], delay=[1, 2]),)),
        r"layer out: .*\(2,\) delays for 3 neurons",
    ),
    "bit width": (lambda: _group(bits=3), "bit width 3 is not 8, 4 or 2"),
    "weight beyond int8": (
        lambda: _group(weight=np.full((3, 4), -128)),
        "a weight of magnitude 128 does not fit 8 bits",
    ),
    "weight beyond int4": (
        lambda: _group(bits=4, weight=np.full((3, 4), 8)),
        r"a weight of magnitude 8 does not fit 4 bits \(±7\)",
    ),
    "weight beyond ternary": (lambda: _group(bits=2, weight=np.full((3, 4), 2)), "not fit 2 bits"),
    "too few columns": (
        lambda: _group(weight=np.ones((3, 5))),
        "weights for 5 presynaptic neurons, but the source has 4",
    ),
    "too few rows": (lambda: _group(weight=np.ones((2, 4))), "weight has 2 rows, not 3"),
    "weight of one axis": (lambda: _group(weight=np.ones(4)), "weight has 1 axes, not 2"),
    "identity of other channels": (
        lambda: _fed_by(Identity(source="first", weight=[1, 1]), (4,), (4,)),
        "weight has 2 rows, not 4",
    ),
    "identity of another shape": (
        lambda: _fed_by(Identity(source="first", weight=[1, 1, 1, 1]), (4,), (3,)),
        r"gives shape \(4,\), but the layer has \(3,\)",
    ),
    "sparse ends too early": (lambda: _sparse(indptr=[0, 2, 2, 2, 2]), "indptr must rise from 0"),
    "sparse starts late": (lambda: _sparse(indptr=[1, 2, 2, 3, 3]), "indptr must rise from 0"),
    "sparse falls": (lambda: _sparse(indptr=[0, 3, 2, 3, 3]), "indptr must rise from 0"),
    "sparse for other sources": (
        lambda: _sparse(indptr=[0, 2, 3]),
        "weights for 2 presynaptic neurons, but the source has 4",
    ),
    "sparse without rows": (lambda: _sparse(indptr=[]), "the source has 4"),
    "sparse index": (lambda: _sparse(index=[0, 3, 1]), "index 3 is outside the layer's 3 neurons"),
    "sparse order": (lambda: _sparse(index=[2, 0, 1]), "must be strictly increasing"),
    "sparse twice": (lambda: _sparse(index=[2, 2, 1]), "must be strictly increasing"),
    "sparse weights missing": (lambda: _sparse(weight=[1, 2]), "3 indices for 2 weights"),
    "conv over a vector": (
        lambda: _fed_by(Conv1d(source=INPUT, weight=np.ones((2, 2, 3))), (4,), (2, 2)),
        r"a Conv1d over 1 axes, but the source has shape \(4,\)",
    ),
    "conv of other channels": (
        lambda: _conv1(weight=np.ones((2, 3, 3))),
        "weights for 3 channels in 1 groups, but the source has 2",
    ),
    "conv groups": (
        lambda: _conv1(weight=np.ones((3, 1, 3)), groups=2),
        "3 output channels do not divide into 2",
    ),
    "conv stride": (lambda: _conv1(stride=0), "stride and groups must be at least 1"),
    "conv padding": (lambda: _conv1(padding=-1), "padding at least 0"),
    "conv without groups": (lambda: _conv1(groups=0), "stride and groups must be at least 1"),
    "conv of another size": (
        lambda: _conv1(padding=0),
        r"gives shape \(2, 3\), but the layer has \(2, 5\)",
    ),
    "conv wider than its source": (
        lambda: _conv1(weight=np.ones((2, 2, 9))),
        r"a window of \(9,\) does not fit a source of shape \(2, 5\)",
    ),
    "conv weight of three axes": (
        lambda: _fed_by(
            Conv2d(source=INPUT, weight=np.ones((2, 1, 3))), (1, 5, 5), (2, 3, 3)
        ),
        "weight has 3 axes, not 4",
    ),
    "conv stride of one axis": (
        lambda: _fed_by(
            Conv2d(source=INPUT, weight=np.ones((2, 1, 3, 3)), stride=(1,)), (1, 5, 5), (2, 3, 3)
        ),
        "stride and padding need 2 entries each",
    ),
    "pool of the input": (lambda: _pool(INPUT), "pools need a binary source"),
    "pool kind": (lambda: _pool(kind="mean"), "pool kind 'mean' is neither 'sum' nor 'max'"),
    "pool without axes": (lambda: _pool(window=(), stride=()), "window and stride need one entry"),
    "pool weight beyond int64": (lambda: _pool(weight=10**20), "does not fit 8 bits"),
    "pool window": (lambda: _pool(window=(0,)), "window and stride need one entry of at least 1"),
    "pool stride": (lambda: _pool(stride=()), "window and stride need one entry"),
    "pool weight": (lambda: _pool(weight=128), "a weight of magnitude 128 does not fit 8 bits"),
    "graded current": (
        lambda: _fed_by(Dense(source=INPUT, weight=np.full((3, 1100), 127)), (1100,)),
        "layer hidden: graded current may reach 17881600; it must stay below 2\\^24",
    ),
    "accumulator": (lambda: _hidden(bias=[0, 2**24, 0]), "accumulator may reach"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_named(fault: str) -> None:
    make, message = FAULTS[fault]
    with pytest.raises(NetworkError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(source=INPUT, weight=[[0.5]]), "weight holds values that are not whole"),
        (lambda: Dense(source=INPUT, weight=[[np.nan]]), "NaN or fractions"),
        (lambda: Dense(source=INPUT, weight=[[300]]), "weight holds 300, outside -128 … 127"),
        (lambda: Dense(source=INPUT, weight=[["1"]]), "not whole numbers"),
        (lambda: Leaky(threshold=[40000], decay=[0]), "threshold holds 40000, outside"),
        (lambda: Dense(source="a", delay=[256], weight=[[1]]), "delay holds 256"),
        (lambda: Dense(source="a", delay=1.5, weight=[[1]]), "delay is 1.5; give a number"),  # type: ignore[arg-type]
        (lambda: replace(HIDDEN, bias=[2**31, 0, 0]), "layer hidden: bias holds 2147483648"),
    ],
)
def test_arrays_refuse_what_they_cannot_hold(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        make()


def test_all_faults_are_found_at_once() -> None:
    with pytest.raises(InvalidNetworkError, match=r"\(and 2 more; `edgesnn check` lists") as caught:
        _hidden(graded_shift=-1, bias=[0], neuron=Leaky(threshold=[0, 5, 5], decay=[0, 0, 0]))
    assert caught.value.faults == [
        "layer hidden: graded_shift -1 is outside 0 … 16",
        "layer hidden: bias has shape (1,), not (3,)",
        "layer hidden: threshold of channel 0 is 0, outside 1 … 32767",
    ]


def test_a_network_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        GOOD.layers[0].bias[0] = 1
    with pytest.raises(AttributeError):
        GOOD.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        GOOD.notes["a"] = "b"  # type: ignore[index]


def test_arrays_are_copied() -> None:
    mine = np.ones((3, 4), np.int8)
    group = Dense(source=INPUT, weight=mine)
    mine[:] = 7
    assert group.weight.max() == 1


@pytest.mark.parametrize("limit", [127, -127])
def test_the_largest_of_everything_is_no_fault(limit: int) -> None:
    _group(weight=np.full((3, 4), limit), delay=255)
    _hidden(graded_shift=16, neuron=Leaky(threshold=[1, 32767, 1], decay=[0, 256, 0]))
    _hidden(bias=[2**24 - 4 * 128 - 1, 0, 0])
