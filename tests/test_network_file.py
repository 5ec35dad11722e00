"""The `.esnn` file: the same network gives the same bytes, and no damage goes unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from edgesnn.errors import EdgesnnError, FileFormatError, NetworkError
from edgesnn.frontend import FrontEnd
from edgesnn.network import (
    Dense,
    Input,
    Layer,
    Network,
    Readout,
    dumps,
    identity,
    listing,
    load_network,
    loads,
    save_network,
)
from edgesnn.network.codec import _digest
from edgesnn.network.file import FORMAT

from .codegen_networks import tiny_network
from .strategies import networks


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks())
def test_round_trip_of_any_network(network: Network) -> None:
    data = dumps(network)
    again = loads(data)
    assert dumps(again) == data
    assert identity(again) == identity(network)
    assert listing(again) == listing(network)


def _smallest() -> Network:
    out = Layer(
        name="o",
        shape=(2,),
        synapses=(Dense(source="input", weight=[[1], [-2]]),),
        bias=[0, 7],
        neuron=Readout(decay=[9, 256]),
    )
    return Network(name="n", input=Input(shape=(1,)), layers=(out,), classes=("a", "b"))


def test_bytes_do_not_depend_on_the_order_of_notes() -> None:
    fields = {name: getattr(_smallest(), name) for name in ("name", "input", "layers", "classes")}
    one = Network(**fields, notes={"seed": "1", "dataset": "gsc"})
    two = Network(**fields, notes={"dataset": "gsc", "seed": "1"})
    assert dumps(one) == dumps(two)
    assert dumps(one) != dumps(_smallest())


def test_everything_is_kept() -> None:
    fields = {name: getattr(_smallest(), name) for name in ("name", "layers", "classes")}
    network = Network(
        **{**fields, "layers": tiny_network().layers, "classes": tiny_network().classes},
        input=Input(shape=(4,), encoding="delta", delta=3),
        frontend=FrontEnd(bands=4, offset=(1, 2, 3, 4)),
        notes={"µ": "ü"},
    )
    again = loads(dumps(network))
    assert again.frontend == network.frontend
    assert again.input == network.input
    assert again.notes == {"µ": "ü"}
    assert again.layers[0].synapses[0].weight.dtype == np.int8  # type: ignore[union-attr]


def test_every_flipped_bit_is_found() -> None:
    data = dumps(_smallest())
    for position in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(FileFormatError, match="network"):
            loads(bytes(flipped))


def test_every_truncation_and_every_addition_is_found() -> None:
    data = dumps(tiny_network())
    for length in range(0, len(data), 7):
        with pytest.raises(FileFormatError):
            loads(data[:length])
    for more in (b"\0", b" ", data):
        with pytest.raises(FileFormatError):
            loads(data + more)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_noise_is_no_network(data: bytes) -> None:
    with pytest.raises(FileFormatError):
        loads(data)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_overwritten_stretches_are_found(data: st.DataObject) -> None:
    intact = dumps(tiny_network())
    start = data.draw(st.integers(0, len(intact) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=64))
    damaged = (intact[:start] + noise + intact[start + len(noise) :])[: len(intact)]
    if damaged != intact:
        with pytest.raises(FileFormatError):
            loads(damaged)


# Hostile files: well-formed, right checksum, and yet no network ------------------------------


def _forge(change: Callable[[dict[str, Any], dict[str, Any]], None], **head: Any) -> bytes:
    """The smallest network's file with changed content and a checksum that fits it."""
    data = dumps(_smallest())
    tensors = {name: array.copy() for name, array in load(data).items()}
    length = int.from_bytes(data[:8], "little")
    header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["edgesnn"])
    change(header["content"], tensors)
    header["digest"] = _digest(header["content"], tensors)
    return bytes(save(tensors, {"edgesnn": json.dumps({**header, **head}, sort_keys=True)}))


def _set(path: str, value: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    """Set `path` (keys and numbers with dots) of the content."""

    def change(content: Any, tensors: dict[str, Any]) -> None:
        *way, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in way:
            content = content[key]
        content[last] = value

    return change


def _tensor(name: str, array: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(content: Any, tensors: dict[str, Any]) -> None:
        tensors[name] = np.asarray(array)

    return change


def _drop(key: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def change(content: Any, tensors: dict[str, Any]) -> None:
        del content[key]

    return change


WEIGHT = "layers.0.synapses.0.weight"

HOSTILE: dict[str, Callable[[dict[str, Any], dict[str, Any]], None]] = {
    "a class of the standard library": _set("kind", "Popen"),
    "another class of ours": _set("input.kind", "Layer"),
    "not the outermost class": lambda content, _: content.update(content.pop("input")),
    "no class": _drop("kind"),
    "a field missing": _drop("classes"),
    "a field too many": _set("command", "rm"),
    "a number for a name": _set("name", 5),
    "a list for a name": _set("name", ["n"]),
    "text for layers": _set("layers", "all"),
    "numbers for layers": _set("layers", [1, 2]),
    "a fraction": _set("layers.0.graded_shift", 0.5),
    "a whole float": _set("layers.0.graded_shift", 0.0),
    "a truth for a number": _set("layers.0.graded_shift", True),
    "a truth for a delay": _set("layers.0.synapses.0.delay", True),
    "null for a number": _set("layers.0.graded_shift", None),
    "a text for a number": _set("layers.0.graded_shift", "0"),
    "an enormous number": _set("layers.0.graded_shift", 10**400),
    "a number for a truth": _set("layers.0.neuron.decay", 1),
    "an enormous shape": _set("layers.0.shape", [2**60, 2**60]),
    "a negative shape": _set("input.shape", [-1, -1]),
    "a shape of text": _set("input.shape", ["1"]),
    "a shape of fractions": _set("input.shape", [1.0]),
    "notes of numbers": _set("notes", {"seed": 1}),
    "notes as a list": _set("notes", ["seed"]),
    "a front-end of nonsense": _set("frontend", {"fft": "rm"}),
    "a front-end as text": _set("frontend", "mel"),
    "a tensor that is not there": _set(WEIGHT, {"tensor": "elsewhere"}),
    "a tensor under another name": _set(WEIGHT, {"tensor": "layers.0.bias"}),
    "numbers in place of a tensor": _set(WEIGHT, [[1], [-2]]),
    "a tensor nobody names": _tensor("hidden_payload", np.zeros(9, np.int8)),
    "float weights": _tensor(WEIGHT, np.array([[1.0], [-2.0]])),
    "wider weights": _tensor(WEIGHT, np.array([[1], [-2]], np.int32)),
    "NaN": _tensor(WEIGHT, np.array([[np.nan], [0]], np.float32)),
    "a weight of −128": _tensor(WEIGHT, np.array([[1], [-128]], np.int8)),
    "no weights": _tensor(WEIGHT, np.zeros((2, 0), np.int8)),
    "a scalar for weights": _tensor(WEIGHT, np.zeros((), np.int8)),
    "classes of numbers": _set("classes", [1, 2]),
    "classes as text": _set("classes", "ab"),
    "an unknown source": _set("layers.0.synapses.0.source", "../../etc/passwd"),
    "a name for the C code to stumble over": _set("name", 'n"; system("rm")'),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_content_is_refused(case: str) -> None:
    with pytest.raises((FileFormatError, NetworkError)):
        loads(_forge(HOSTILE[case]))


def test_the_forger_forges_well() -> None:
    """Without a change, the forged file is the file: the refusals above are for the change."""
    assert _forge(lambda content, tensors: None) == dumps(_smallest())


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ({"what": "trained"}, r"is a \.trained file; a \.esnn file is needed"),
        ({"format": [FORMAT[0] + 1, 0]}, r"has format 2\.0, but this edgesnn reads 1\.0 to 1\.2"),
        ({"format": [FORMAT[0], FORMAT[1] + 1]}, r"has format 1\.3"),
        ({"format": [FORMAT[0], FORMAT[1]]}, "does not match its checksum"),
        ({"format": [0, 9]}, r"has format 0\.9"),
        ({"format": "1.0"}, "no format version"),
        ({"format": [True, 0]}, "no format version"),
        ({"format": [1]}, "no format version"),
        ({"digest": "0" * 64}, "does not match its checksum"),
        ({"content": 1}, "does not match its checksum"),
        ({"extra": 1}, "does not match its checksum"),
    ],
)
def test_headers(head: dict[str, Any], message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        loads(_forge(lambda content, tensors: None, **head), "some.esnn")


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {"other": "x"}, {"edgesnn": "[" * 100_000}, {"edgesnn": "1"}, {"edgesnn": "{}"}],
)
def test_other_safetensors_files_are_refused(metadata: dict[str, str] | None) -> None:
    data = save({"x": np.zeros(3, np.int8)}, metadata)
    with pytest.raises(FileFormatError):
        loads(bytes(data))


@pytest.mark.parametrize("length", [2**63 - 1, 2**64 - 1, 100_000_001, 0, 1])
def test_lying_header_lengths_are_refused(length: int) -> None:
    data = dumps(_smallest())
    with pytest.raises(FileFormatError):
        loads(length.to_bytes(8, "little") + data[8:])


def test_saving_and_loading(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "net.esnn"
    save_network(tiny_network(), path)
    assert path.read_bytes() == dumps(tiny_network())
    assert identity(load_network(path)) == identity(tiny_network())
    assert [each.name for each in path.parent.iterdir()] == ["net.esnn"]


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"cannot read .*absent\.esnn: No such file"):
        load_network(tmp_path / "absent.esnn")
    with pytest.raises(FileFormatError, match=r"cannot read .*: Is a directory"):
        load_network(tmp_path)
    (tmp_path / "empty.esnn").touch()
    with pytest.raises(FileFormatError, match=r"empty\.esnn is not an intact \.esnn file"):
        load_network(tmp_path / "empty.esnn")


def test_errors_are_one_line() -> None:
    with pytest.raises(EdgesnnError) as caught:
        loads(_forge(_set("name", "a\nb")))
    assert "\n" not in str(caught.value)
