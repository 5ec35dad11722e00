"""The command line as a program: results on standard output, one line an error, its statuses."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgesnn import __version__
from edgesnn.cli.boundary import run


def edgesnn(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgesnn", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **more)  # type: ignore[call-overload, no-any-return]


def test_version() -> None:
    done = edgesnn("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"edgesnn {__version__}\n", "")


def test_alone_it_explains_itself() -> None:
    done = edgesnn()
    assert done.returncode == 0
    assert done.stdout == edgesnn("--help").stdout


def test_every_option_has_a_help_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Rich draws a box; an option without a text leaves its row empty."""
    from typer.main import get_command

    from edgesnn.cli.app import app

    def walk(command: object, path: str) -> list[str]:
        inner = getattr(command, "commands", {})
        here = [
            f"{path} {parameter.name}"
            for parameter in command.params  # type: ignore[attr-defined]
            if not getattr(parameter, "help", None)
        ]
        texts = [path] if not command.help else []  # type: ignore[attr-defined]
        return here + texts + [x for name, each in inner.items() for x in walk(each, name)]

    assert walk(get_command(app), "edgesnn") == []


def documented_commands() -> list[str]:
    """Every command line in a code block of the README and of the documents."""
    checkout = Path(__file__).resolve().parent.parent
    pages = [*checkout.glob("README.md"), *checkout.glob("docs/*.md")]
    blocks = [
        block for page in pages for block in re.findall(r"```\w*\n(.*?)```", page.read_text(), re.S)
    ]
    found = [line.strip() for block in blocks for line in block.splitlines()]
    return sorted({line.partition("#")[0].strip() for line in found if line.startswith("edgesnn ")})


@pytest.mark.parametrize("line", documented_commands() or ["edgesnn build"])
def test_documented_commands_exist(line: str) -> None:
    from typer.main import get_command

    from edgesnn.cli.app import app

    words = line.split()[1:]
    command = get_command(app).commands.get(words[0])  # type: ignore[attr-defined]
    assert command is not None, line
    known = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("-")} <= known, line


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (KeyboardInterrupt(), 130, "interrupted; what was finished is kept, run the same"),
        (
            OSError(errno.ENOSPC, "No space left on device", "x.esnn"),
            1,
            "No space left on device",
        ),
        (ModuleNotFoundError("No module", name="torch.nn"), 1, "pip install 'edgesnn[train]'"),
        (ModuleNotFoundError("No module", name="ziglang"), 1, "pip install 'edgesnn[compile]'"),
        (MemoryError(), 1, "out of memory"),
        (ZeroDivisionError("division\nby zero"), 70, "this is a bug in edgesnn, please report it"),
    ],
)
def test_whatever_happens_is_one_line(
    error: BaseException,
    status: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_path: Path) -> None:
        raise error

    monkeypatch.delenv("EDGESNN_DEBUG", raising=False)
    monkeypatch.setattr("edgesnn.pipeline.folder.load_source", fail)
    assert run(["show", "anything"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("edgesnn: error: ") and err.count("\n") == 1
    assert line in err


def test_debug_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDGESNN_DEBUG", "1")
    assert run(["show", "/nowhere"]) == 2
    error = capsys.readouterr().err
    assert "Traceback" in error and error.splitlines()[-1].startswith("edgesnn: error: ")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    """As in `edgesnn data --json | head -1`, with a pipe that is closed before anything is read."""
    program = f"{sys.executable} -m edgesnn data --json | true"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stderr == ""


@pytest.mark.parametrize("where", ["> /dev/full", ">&-"])
def test_output_that_cannot_be_written(where: str) -> None:
    """A full disk is an error of one line; a closed output is the caller's wish."""
    program = f"{sys.executable} -m edgesnn boards --json {where}"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=120)
    if where == ">&-":
        assert (done.returncode, done.stderr) == (0, "")
    else:
        assert done.returncode == 1
        assert done.stderr.startswith("edgesnn: error: No space left on device")
        assert done.stderr.count("\n") == 1


def test_boards_as_table_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    from edgesnn.boards import BOARDS
    from edgesnn.cli.options import DEFAULT_BOARD

    assert run(["boards", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["boards"]
    assert [each["name"] for each in listed] == list(BOARDS)
    assert DEFAULT_BOARD in BOARDS
    assert run(["boards"]) == 0
    table = capsys.readouterr().out
    assert all(name in table for name in BOARDS)


def test_data_as_table_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["name"] == "synthetic"
    assert set(document["totals"]) == {"training", "validation", "testing"}
    assert run(["data"]) == 0
    table = capsys.readouterr().out
    for name in document["classes"]:
        assert name in table
    assert str(document["totals"]["testing"]) in table


@pytest.mark.parametrize("width", [70, 80, 100, 120])
def test_activity_fits_the_screen(width: int) -> None:
    """No number and no heading is broken; what is less important goes first."""
    from io import StringIO

    from rich.console import Console

    from edgesnn.cli.activity import confusion_table, layer_table

    keys = ("spikes", "effective_acs", "effective_macs", "dense", "membrane_updates")
    layer = dict.fromkeys((*keys, "weight_bytes"), 1_234_567) | {
        "firing_rate": 0.055,
        "neurons": 144,
    }
    layers = [{**layer, "layer": f"hidden{number}"} for number in (1, 2)]
    classes = ["down", "left", "right", "stop", "yes", "no", "up", "go", "unknown", "silence"]
    accuracy = {"classes": classes, "confusion": [[123] * 10] * 10, "recall": [1.0] * 10}
    screen = Console(file=StringIO(), width=width)
    screen.print(layer_table({"layers": layers, "total": {**layer, "layer": "total"}}, screen))
    screen.print(confusion_table(accuracy, screen))
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert all(len(line) <= width for line in text.splitlines())
    lines = [line.split() for line in text.splitlines() if line.strip()]
    rows = [line for line in lines if line[0] in ("hidden1", "hidden2", "total")]
    assert len(rows) == 3 and all(row[2] == "1,234,567" for row in rows)
    assert "Effective_ACs" in text and ("weight bytes" in text) == (width == 120)
    assert sum(line.count("123") == 10 for line in lines) == 10


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("My Words!", "my_words"),
        ("memory", "memory_words"),
        ("while", "while_words"),
        ("string", "string_words"),
        ("uart_nrf", "net_uart_nrf_words"),
        ("edgesnn_words", "net_edgesnn_words_words"),
        ("3 words", "net_3_words"),
    ],
)
def test_a_folder_names_its_network(folder: str, name: str) -> None:
    from edgesnn.network.validate import name_faults
    from edgesnn.pipeline.naming import identifier, is_taken

    assert identifier(folder) == name
    assert not is_taken(name) and not list(name_faults("network", name))


def test_no_file_of_an_image_is_a_networks() -> None:
    from edgesnn.codegen.toolchain import __file__ as toolchain
    from edgesnn.pipeline.naming import is_taken

    codegen = Path(toolchain).parent
    parts = [codegen / "runtime", codegen / "startup"]
    stems = {path.stem for part in parts for path in part.rglob("*.[ch]")}
    assert {"memory", "edgesnn_base", "uart_nrf", "string"} <= stems
    assert {stem for stem in stems if not is_taken(stem)} == set()


def test_check_says_the_path_once_and_stops_somewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.esnn").write_text("hello")
    assert run(["check", "bad.esnn"]) == 1
    assert capsys.readouterr().out.count("bad.esnn") == 1
    for word in ("yes", "no"):
        (tmp_path / "words" / word).mkdir(parents=True)
        for number in range(40):
            (tmp_path / "words" / word / f"s{number}_nohash_0.wav").touch()
    assert run(["check", "words"]) == 1
    out, error = capsys.readouterr()
    assert len(out.splitlines()) == 51 and out.endswith("words: and 30 more\n")
    assert "80 faults" in error


def test_a_shipped_network_has_a_folder_of_its_own() -> None:
    from edgesnn.pipeline.build import Request
    from edgesnn.pipeline.datasets import Recordings
    from edgesnn.pipeline.train import Training

    trained = Request(Training(Recordings("gsc")))
    assert Request(pretrained="gsc").folder.name == "gsc-pretrained"
    assert trained.folder != Request(pretrained="gsc").folder


def test_named_recordings_take_the_task_of_the_network() -> None:
    """But not where they are others than it learned from, or the task is named too."""
    from dataclasses import replace

    from edgesnn.pipeline.datasets import Recordings, of_task

    from .prepare import small_network

    network = replace(small_network(), notes={"dataset": "gsc", "task": "12"})
    assert of_task(Recordings("gsc"), network) == Recordings("gsc", "12")
    assert of_task(Recordings("gsc", "yes,no"), network) == Recordings("gsc", "yes,no")
    assert of_task(Recordings("words"), network) == Recordings("words")
    assert of_task(Recordings("gsc"), small_network()) == Recordings("gsc")
    assert of_task(None, network) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "--config", "teacher"], "teacher is a dense network, a teacher"),
        (["train", "--set", "loss.energy.wait=1"], "there is no key loss.energy.wait"),
        (["train", "--set", "loss.energy.weight"], "write KEY=VALUE"),
        (["build", "--pretrained", "gsc", "--set", "name=mine"], "--set is for training"),
    ],
)
def test_training_settings_that_cannot_be(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
