"""What the cases of test_bad_inputs.py find on disk and in their environment."""

from __future__ import annotations

import errno
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from edgesnn.frontend import FrontEnd
from edgesnn.machine import Traces
from edgesnn.network import (
    Dense,
    Input,
    Layer,
    Leaky,
    Network,
    Readout,
    Sparse,
    dumps,
    save_network,
)

Prepare = Callable[[Path, pytest.MonkeyPatch], None]


def nothing(_folder: Path, _patch: pytest.MonkeyPatch) -> None:
    """Prepare nothing."""


def small_network(name: str = "small", hidden: int = 8, threshold: int = 64) -> Network:
    """A network that hears, with two classes."""
    random = np.random.default_rng(0)
    first = Dense(source="input", weight=random.integers(-9, 10, (hidden, 40)))
    last = Dense(source="hidden", weight=random.integers(-9, 10, (2, hidden)))
    neuron = Leaky(threshold=np.full(hidden, threshold), decay=np.full(hidden, 230))
    readout = Readout(decay=np.full(2, 250))
    layers = (
        Layer(name="hidden", shape=(hidden,), synapses=(first,), bias=np.zeros(hidden),
              neuron=neuron, graded_shift=4),
        Layer(name="out", shape=(2,), synapses=(last,), bias=np.zeros(2), neuron=readout),
    )  # fmt: skip
    return Network(
        name=name, input=Input(shape=(40,)), layers=layers, classes=("yes", "no"),
        frontend=FrontEnd(),
    )  # fmt: skip


def files(**content: bytes | str) -> Prepare:
    """Write files; `__` in a name stands for a dot, `_in_` for a slash."""

    def write(folder: Path, _patch: pytest.MonkeyPatch) -> None:
        for name, data in content.items():
            path = folder / name.replace("_in_", "/").replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.encode() if isinstance(data, str) else data)

    return write


def network_file(change: Callable[[bytes], bytes] = lambda data: data) -> Prepare:
    return files(n__esnn=change(dumps(small_network())))


def flipped(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 16]) + data[-4:]


def header_changed(old: str, new: str) -> Callable[[bytes], bytes]:
    """Replace text in the file's header, which is then of another length."""

    def change(data: bytes) -> bytes:
        length = int.from_bytes(data[:8], "little")
        header = data[8 : 8 + length].decode().rstrip()
        assert old in header, header[:400]
        header = header.replace(old, new)
        header += " " * (-len(header.encode()) % 8)
        return len(header.encode()).to_bytes(8, "little") + header.encode() + data[8 + length :]

    return change


def environment(name: str, value: str, then: Prepare = nothing) -> Prepare:
    def prepare(folder: Path, patch: pytest.MonkeyPatch) -> None:
        patch.setenv(name, value)
        then(folder, patch)

    return prepare


def both(first: Prepare, second: Prepare) -> Prepare:
    def prepare(folder: Path, patch: pytest.MonkeyPatch) -> None:
        first(folder, patch)
        second(folder, patch)

    return prepare


def two_networks(folder: Path, _patch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        save_network(small_network(name), folder / "b" / f"{name}.esnn")


def in_folder(name: str) -> Prepare:
    """The small network in a folder."""

    def prepare(folder: Path, _patch: pytest.MonkeyPatch) -> None:
        save_network(small_network(), folder / name / "small.esnn")

    return prepare


CONFIG = "[model]\nhidden = [{ width = 8 }]\n"


def words(names: Sequence[str] = ("yes", "no"), **more: str) -> Prepare:
    """A folder `d` of words with ten empty files each, and other files in the first."""

    def prepare(folder: Path, _patch: pytest.MonkeyPatch) -> None:
        for name in names:
            (folder / "d" / name).mkdir(parents=True)
            for number in range(10):
                (folder / "d" / name / f"s{number}_nohash_0.wav").touch()
        for stem, text in more.items():
            (folder / "d" / names[0] / f"{stem}.txt").write_text(text)

    return prepare


def no_torch(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """A base install, and a configuration that is right."""
    true = importlib.util.find_spec
    files(c__toml=CONFIG)(folder, patch)
    patch.setattr("importlib.util.find_spec", lambda name: None if name == "torch" else true(name))


def invalid_network() -> bytes:
    """The file of a network that was changed behind the back of its validation."""
    network = small_network()
    object.__setattr__(network, "classes", ("yes", "no", "perhaps"))
    return dumps(network)


def deaf_network(name: str = "deaf", hidden: int = 8) -> Network:
    """A network without a front-end, of many neurons and few synapses."""
    first = Sparse(source="input", indptr=[0, 4], index=[0, 1, 2, 3], weight=[60, 60, 60, 60])
    last = Sparse(source="hidden", indptr=[0, *[2] * hidden], index=[0, 1], weight=[9, -9])
    neuron = Leaky(threshold=np.full(hidden, 64), decay=np.full(hidden, 230))
    layers = (
        Layer(name="hidden", shape=(hidden,), synapses=(first,), bias=np.zeros(hidden),
              neuron=neuron),
        Layer(name="out", shape=(2,), synapses=(last,), bias=np.zeros(2),
              neuron=Readout(decay=np.full(2, 250))),
    )  # fmt: skip
    return Network(name=name, input=Input(shape=(1,)), layers=layers, classes=("yes", "no"))


def saved(network: Network, then: Prepare = nothing) -> Prepare:
    def prepare(folder: Path, patch: pytest.MonkeyPatch) -> None:
        save_network(network, folder / "n.esnn")
        then(folder, patch)

    return prepare


def no_compiler(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Neither gcc nor zig."""
    patch.setenv("PATH", str(folder / "nowhere"))
    patch.delenv("CC", raising=False)
    patch.setattr("edgesnn.codegen.toolchain._has_zig", lambda: False)


def compiler(script: str) -> Prepare:
    """A cross compiler that does what `script` says, in front of all others."""

    def prepare(folder: Path, patch: pytest.MonkeyPatch) -> None:
        path = folder / "bin" / "arm-none-eabi-gcc"
        path.parent.mkdir()
        path.write_text(script)
        path.chmod(0o755)
        patch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")

    return prepare


def full_disk(_folder: Path, patch: pytest.MonkeyPatch) -> None:
    def write_bytes(path: Path, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    patch.setattr(Path, "write_bytes", write_bytes)


def wrong_c(_folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Host C whose last membrane is off by one."""
    from edgesnn.law import Oracle

    class OffByOne(Oracle):
        def run(self, features: np.ndarray) -> Traces:
            traces = super().run(features)
            traces.v["hidden"][2, 7, 4] += 1
            return traces

    patch.setattr("edgesnn.codegen.host.HostC", OffByOne)
