"""What a user can get wrong: each case with its one line, its exit status, and nothing left over.

The table runs the real command line in this process. `CASES` is read by docs/CLI.md's author and
by anyone who wants to know what a message looks like.
"""

from __future__ import annotations

import errno
import hashlib
import re
import shlex
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edgesnn.cli.boundary import run
from edgesnn.frontend import FrontEnd
from edgesnn.machine import Traces
from edgesnn.network import Dense, Input, Layer, Leaky, Network, Readout, Sparse, dumps, save_network

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


@dataclass(frozen=True)
class Case:
    """A command, what its one line must say, its status, and what it finds on disk."""

    name: str
    command: str
    message: str
    status: int
    prepare: Prepare = nothing


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


def two_networks(folder: Path, _patch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        save_network(small_network(name), folder / "b" / f"{name}.esnn")


CONFIG = "[model]\nhidden = [{ width = 8 }]\n"

COMMAND_LINE = [
    Case("unknown command", "biuld", r"No such command 'biuld'. Did you mean 'build'\?", 2),
    Case("unknown option", "build --sead 3", r"No such option.*--sead.*--seed", 2),
    Case("missing argument", "show", r"Missing argument.*edgesnn show --help", 2),
    Case("too many arguments", "show a b", r"unexpected extra argument", 2),
    Case("no number", "build --seed x", r"Invalid value for '--seed'", 2),
    Case("negative seed", "build --seed -1", r"Invalid value for '--seed'", 2),
    Case("no epochs", "build --epochs 0", r"Invalid value for '--epochs'", 2),
    Case("unknown rung", "verify b --rungs host,fpga", r"no rung is called 'fpga'; .*qemu-m33", 2),
    Case("nothing there", "show nothing", r"nothing does not exist; name a folder", 2),
    Case("no network in folder", "simulate b", r"no \.esnn file in b; run edgesnn build -o b", 2,
         files(b_in_readme="")),
    Case("two networks in folder", "verify b", r"holds several networks \(one.esnn, two.esnn\)", 2,
         two_networks),
    Case("output is a file", "build -o out", r"out is a file; name another folder", 2,
         files(out="precious")),
    Case("output is someone else's", "build -o out", r"out is not empty and was not made by", 2,
         files(out_in_thesis__tex="precious")),
    Case("unknown pretrained", "build --pretrained mnist", r"no network called 'mnist' comes", 2),
    Case("pretrained and epochs", "build --pretrained gsc --epochs 3", r"--epochs is for train", 2),
    Case("pretrained and config", "build --pretrained gsc --config gsc", r"--config is for", 2),
]  # fmt: skip

DATA = [
    Case("unknown dataset", "build --dataset gcs", r"no dataset or folder is called gcs; .*gsc", 2),
    Case("task without recordings", "build --task yes,no", r"--task needs recordings", 2),
    Case("data-dir without recordings", "data --data-dir .", r"--data-dir needs recordings", 2),
    Case("data-dir for a folder", "data --dataset . --data-dir .", r"--data-dir is for gsc", 2),
    Case("empty data-dir", "data --dataset gsc --data-dir .", r"no recordings in .* --data-dir", 1),
    Case("empty EDGESNN_DATA", "data --dataset gsc", r"no recordings in .*EDGESNN_DATA", 1,
         environment("EDGESNN_DATA", "nowhere")),
    Case("word without recordings", "data --dataset gsc --data-dir d --task yes,mo",
         r"no recordings of mo in d; .*the words there are no, yes", 1,
         files(d_in_yes_in_a__wav="", d_in_no_in_a__wav="")),
    Case("word named twice", "data --dataset gsc --data-dir d --task yes,yes", r"names yes twice", 2,
         files(d_in_yes_in_a__wav="", d_in_no_in_a__wav="")),
    Case("empty word", "data --dataset gsc --data-dir d --task yes,,no", r"has an empty word", 2,
         files(d_in_yes_in_a__wav="", d_in_no_in_a__wav="")),
    Case("too few keywords", "data --dataset gsc --data-dir d", r"fewer than two of the ten", 1,
         files(d_in_yes_in_a__wav="")),
]  # fmt: skip

CONFIGURATION = [
    Case("missing", "build --config c.toml", r"no configuration file c\.toml", 2),
    Case("unknown preset", "build --config best", r"no preset 'best'; there are: ", 2),
    Case("not TOML", "build --config c.toml", r"c\.toml is not TOML: .*line 1", 2,
         files(c__toml="model = {{")),
    Case("not UTF-8", "build --config c.toml", r"cannot read c\.toml", 2,
         files(c__toml=b"\xff\xfe\x00")),
    Case("unknown key", "build --config c.toml", r"c\.toml: unknown key optimizer", 2,
         files(c__toml=CONFIG + "[optimizer]\n")),
    Case("missing key", "build --config c.toml", r"c\.toml: key model is missing", 2,
         files(c__toml='name = "a"\n')),
    Case("wrong type", "build --config c.toml", r"optimiser\.epochs: .*integer.*'ten'", 2,
         files(c__toml=CONFIG + '[optimiser]\nepochs = "ten"\n')),
    Case("out of range", "build --config c.toml", r"model\.hidden\.0\.width: .*got 0", 2,
         files(c__toml="[model]\nhidden = [{ width = 0 }]\n")),
    Case("impossible bit width", "build --config c.toml", r"hidden\.0\.bits: .*8, 4 or 2.*got 3", 2,
         files(c__toml="[model]\nhidden = [{ width = 8, bits = 3 }]\n")),
    Case("contradiction", "build --config c.toml", r"delta needs encoding = 'delta'", 2,
         files(c__toml=CONFIG + "[model.input]\ndelta = 3\n")),
    Case("all faults at once", "check c.toml", r"2 faults in 1 of 1 files", 1,
         files(c__toml="[model]\nhidden = [{ width = 0, bits = 3 }]\n")),
]  # fmt: skip



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


COMPILER = [
    Case("none for the board", "compile n.esnn", r"no compiler for Cortex-M: pip install 'edge", 1,
         saved(deaf_network(), no_compiler)),
    Case("none for a build", "build --pretrained gsc", r"no compiler for Cortex-M", 1, no_compiler),
    Case("none for the host", "verify n.esnn --rungs host --require host",
         r"host was required but not run: no C compiler for this computer", 1,
         saved(deaf_network(), no_compiler)),
    Case("refuses", "compile n.esnn", r"arm-none-eabi-gcc refuses the generated C: n\.c:1: error", 1,
         saved(deaf_network(), compiler("#!/bin/sh\necho 'n.c:1: error: boom' >&2\nexit 1\n"))),
    Case("is no program", "compile n.esnn", r"cannot run arm-none-eabi-gcc: Exec format error", 1,
         saved(deaf_network(), compiler("\x7fELF"))),
    Case("dies", "compile n.esnn", r"arm-none-eabi-gcc refuses the generated C: no output", 1,
         saved(deaf_network(), compiler("#!/bin/sh\nkill -9 $$\n"))),
    Case("writes nothing", "compile n.esnn", r"made no image|is not an ELF", 1,
         saved(deaf_network(), compiler("#!/bin/sh\nexit 0\n"))),
    Case("disk full", "generate n.esnn -o out", r"cannot write .*No space left on device", 1,
         saved(deaf_network(), full_disk)),
    Case("folder within a file", "generate n.esnn -o n.esnn/c", r"cannot write .*Not a directory",
         1, saved(deaf_network())),
    Case("output is a file", "compile n.esnn -o n.esnn", r"n\.esnn is a file; name another", 1,
         saved(deaf_network())),
    Case("C is not exact", "verify n.esnn --rungs host --clips 4",
         r"host and numba differ: .* clip 2, step 7, layer hidden, neuron 4: v is", 3,
         saved(deaf_network(), wrong_c)),
]  # fmt: skip

BOARD = [
    Case("unknown", "compile n.esnn --board nrf52480-dk",
         r"no board is called 'nrf52480-dk'; did you mean .*nrf52840-dk", 1,
         saved(deaf_network())),
    Case("unknown, in a build", "build --board nucleo", r"no board is called 'nucleo'", 1),
    Case("too little flash", "compile n.esnn --board microbit",
         r"too big for the flash of microbit: it needs at least \d+ bytes and has 262144", 1,
         saved(small_network(hidden=7000))),
    Case("too little RAM", "compile n.esnn --board microbit",
         r"too big for the RAM of microbit: it needs at least \d+ bytes and has 16384", 1,
         saved(deaf_network(hidden=7000))),
]  # fmt: skip

NETWORK_FILE = [
    Case("empty", "show n.esnn", r"n\.esnn is not an intact \.esnn file", 1, files(n__esnn=b"")),
    Case("text", "show n.esnn", r"n\.esnn is not an intact \.esnn file: it cannot be parsed", 1,
         files(n__esnn="hello\n")),
    Case("truncated", "simulate n.esnn", r"not an intact .*copy or build it again", 1,
         network_file(lambda data: data[:-100])),
    Case("one bit flipped", "verify n.esnn", r"not an intact .*checksum", 1, network_file(flipped)),
    Case("later version", "generate n.esnn", r"has format 9\.0, but this edgesnn reads 1\.0", 1,
         network_file(header_changed(r'\"format\": [1, 0]', r'\"format\": [9, 0]'))),
    Case("another kind", "compile n.esnn", r"is a \.trained file; a \.esnn file is needed", 1,
         network_file(header_changed(r'\"what\": \"esnn\"', r'\"what\": \"trained\"'))),
    Case("checked", "check n.esnn", r"1 faults? in 1 of 1 files", 1, network_file(flipped)),
]  # fmt: skip

TABLES = {
    "command line": COMMAND_LINE,
    "data": DATA,
    "configuration": CONFIGURATION,
    "network file": NETWORK_FILE,
    "compiler": COMPILER,
    "board": BOARD,
}


def snapshot(folder: Path) -> dict[str, str]:
    """Every path below `folder` with its content's digest."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else stat.filemode(path.lstat().st_mode)
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and a cache of its own."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("EDGESNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EDGESNN_DATA", raising=False)
    monkeypatch.delenv("EDGESNN_DEBUG", raising=False)
    return folder


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{area}: {case.name}")
        for area, cases in TABLES.items()
        for case in cases
    ],
)
def test_one_line_and_nothing_left_over(
    case: Case,
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case.prepare(workplace, monkeypatch)
    before = snapshot(workplace.parent)
    status = run(shlex.split(case.command))
    error = capsys.readouterr().err
    assert re.search(case.message, error), error
    assert re.fullmatch(r"edgesnn: error: [^\n]+\n", error)
    assert status == case.status
    assert snapshot(workplace.parent) == before
