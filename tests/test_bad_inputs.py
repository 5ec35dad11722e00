"""What a user can get wrong: each case with its one line, its exit status, and nothing left over.

The table runs the real command line in this process.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgesnn.cli.boundary import run
from edgesnn.network import dumps

from .prepare import (
    CONFIG,
    Prepare,
    both,
    compiler,
    deaf_network,
    environment,
    files,
    flipped,
    full_disk,
    header_changed,
    in_folder,
    invalid_network,
    network_file,
    no_compiler,
    no_torch,
    nothing,
    saved,
    small_network,
    two_networks,
    words,
    wrong_c,
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A command, what its one line must say, its status, and what it finds on disk."""

    name: str
    command: str
    message: str
    status: int
    prepare: Prepare = nothing


COMMAND_LINE = [
    Case("unknown command", "biuld", r"No such command 'biuld'. Did you mean 'build'\?", 2),
    Case("unknown option", "build --sead 3", r"No such option.*--sead.*--seed", 2),
    Case("missing argument", "show", r"Missing argument.*edgesnn show --help", 2),
    Case("too many arguments", "show a b", r"unexpected extra argument", 2),
    Case("no number", "build --seed x", r"Invalid value for '--seed'", 2),
    Case("negative seed", "build --seed -1", r"Invalid value for '--seed'", 2),
    Case("no epochs", "build --epochs 0", r"Invalid value for '--epochs'", 2),
    Case("unknown rung", "verify b --rungs host,fpga", r"no rung is called 'fpga'; .*qemu-m33", 2),
    Case("nothing there", "show nothing", r"there is no network at nothing; name", 2),
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
    Case("a run of nothing", "verify n.esnn --rungs pytorch",
         r"pytorch was required but not run: there is no training run", 1, saved(deaf_network())),
    Case("required beside others", "verify n.esnn --rungs numpy --require pytorch --clips 2",
         r"pytorch was required but not run", 1, saved(deaf_network())),
    Case("recordings for the deaf", "simulate n.esnn --dataset synthetic",
         r"has no front-end, so it cannot hear recordings; leave out --dataset", 2,
         saved(deaf_network())),
    Case("unknown split for the deaf", "simulate n.esnn --split test",
         r"no split is called 'test'", 2, saved(deaf_network())),
    Case("pretrained and config", "build --pretrained gsc --config gsc", r"--config is for", 2),
]  # fmt: skip

DATA = [
    Case("unknown dataset", "build --dataset gcs", r"no dataset or folder is called gcs; .*gsc", 2),
    Case("task without recordings", "build --task yes,no", r"--task needs recordings", 2),
    Case("data-dir without recordings", "data --data-dir .", r"--data-dir needs recordings", 2),
    Case("data-dir for a folder", "data --dataset . --data-dir .", r"--data-dir is for gsc", 2),
    Case("empty data-dir", "data --dataset gsc --data-dir .", r"no recordings in .* --data-dir", 1),
    Case("no download to describe", "data --dataset gsc",
         r"no recordings of Speech Commands here; edgesnn data download", 1),
    Case("no download to simulate", "simulate n.esnn --dataset gsc",
         r"no recordings of Speech Commands here; edgesnn data download", 1, network_file()),
    Case("no download for pretrained", "build --pretrained gsc --dataset gsc",
         r"no recordings of Speech Commands here; edgesnn data download", 1),
    Case("empty EDGESNN_DATA", "data --dataset gsc", r"no recordings in .*EDGESNN_DATA", 1,
         environment("EDGESNN_DATA", "nowhere")),
    Case("word without recordings", "data --dataset gsc --data-dir d --task yes,mo",
         r"no recordings of mo in d; .*the words there are no, yes", 1,
         files(d_in_yes_in_a__wav="", d_in_no_in_a__wav="")),
    Case("word named twice", "data --dataset gsc --data-dir d --task yes,yes", r"names yes twi", 2,
         files(d_in_yes_in_a__wav="", d_in_no_in_a__wav="")),
    Case("empty word", "data --dataset gsc --data-dir d --task yes,,no", r"has an empty word", 2,
         files(d_in_yes_in_a__wav="", d_in_no_in_a__wav="")),
    Case("folder with one word", "data --dataset d", r"holds 1 folder\(s\) of words where", 1,
         files(d_in_yes_in_a__wav="")),
    Case("folder with too few files", "data --dataset d", r"d/no holds 1 sound file", 1,
         files(d_in_yes_in_a__wav="", d_in_no_in_a__wav="")),
    Case("folder with another file", "data --dataset d", r"notes\.txt is no sound file", 1,
         words(notes="mine")),
    Case("broken recording", "check d", r"20 faults in 1 of 1 files", 1, words()),
    Case("unknown split", "simulate n.esnn --split test",
         r"no split is called 'test'; the splits are training, validation, testing", 2,
         network_file()),
    Case("words that are not there", "simulate n.esnn --dataset d", r"no recordings of yes, no", 1,
         both(network_file(), words(("on", "off")))),
    Case("cache is a file", "simulate n.esnn", r"cannot write .*EDGESNN_CACHE names another", 1,
         environment("EDGESNN_CACHE", "n.esnn", network_file())),
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
    Case("name of a file of the firmware", "build --config c.toml",
         r"cannot be called startup: startup\.c", 2,
         files(c__toml='name = "startup"\n' + CONFIG)),
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
    Case("a folder", "build --config ./", r"cannot read \.|no configuration file", 2),
    Case("no torch", "build --config c.toml", r"torch, which is not installed: pip install",
         1, no_torch),
    Case("all faults at once", "check c.toml", r"2 faults in 1 of 1 files", 1,
         files(c__toml="[model]\nhidden = [{ width = 0, bits = 3 }]\n")),
]  # fmt: skip

COMPILER = [
    Case("none for the board", "compile n.esnn", r"no compiler for Cortex-M: pip install 'edge", 1,
         saved(deaf_network(), no_compiler)),
    Case("none for a build", "build --pretrained gsc", r"no compiler for Cortex-M", 1, no_compiler),
    Case("none for the host", "verify n.esnn --rungs host --require host",
         r"host was required but not run: no C compiler for this computer", 1,
         saved(deaf_network(), no_compiler)),
    Case("speaks no UTF-8", "compile n.esnn", r"arm-none-eabi-gcc refuses the generated C: n\.c", 1,
         saved(deaf_network(),
               compiler("#!/bin/sh\nprintf 'n.c: error: \\377\\n' >&2\nexit 1\n"))),
    Case("name of a file of the firmware", "compile n.esnn", r"cannot be called memory: memory\.c",
         2, network_file(lambda _: dumps(small_network("memory")))),
    Case("name of a standard header", "generate n.esnn", r"cannot be called string: string\.c", 2,
         network_file(lambda _: dumps(small_network("string")))),
    Case("refuses", "compile n.esnn", r"arm-none-eabi-gcc refuses the generated C: n\.c:1: er", 1,
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
    Case("report of other recordings", "simulate b", r"b/report\.json: recordings is no object", 1,
         both(files(b_in_report__json='{"recordings": 3}'), in_folder("b"))),
    Case("report of another dataset", "verify b", r"b/report\.json: dataset is no text", 1,
         both(files(b_in_report__json='{"recordings": {"dataset": 5}}'), in_folder("b"))),
    Case("report of no place", "simulate b/small.esnn", r"report\.json: data_dir is no text", 1,
         both(files(b_in_report__json='{"recordings": {"data_dir": 7}}'), in_folder("b"))),
    Case("another kind", "compile n.esnn", r"is a \.trained file; a \.esnn file is needed", 1,
         network_file(header_changed(r'\"what\": \"esnn\"', r'\"what\": \"trained\"'))),
    Case("intact, but no network", "show n.esnn", r"3 class names for 2 readout neurons", 1,
         files(n__esnn=invalid_network())),
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
