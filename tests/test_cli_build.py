"""The whole line through the command line, on a small folder of made-up words."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edgesnn.cli.boundary import run
from edgesnn.network import Network, dumps, load_network, save_network
from edgesnn.pipeline.datasets import Recordings, recordings_at_hand

from .made_up_words import write_words

pytest.importorskip("torch", reason="training needs edgesnn[train]")

CONFIG = """
name = "beeps"

[model]
hidden = [{ width = 16 }, { width = 12, neuron = "leaky", taps = [0, 2] }]

[augment]
variants = 0

[optimiser]
epochs = 2
batch = 8
"""


@dataclass(frozen=True)
class Built:
    """What one build gave."""

    place: Path
    report: dict
    error: str

    @property
    def folder(self) -> Path:
        return self.place / "out"

    @property
    def network(self) -> Network:
        return load_network(self.folder / "beeps.esnn")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    place = tmp_path_factory.mktemp("build")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("EDGESNN_CACHE", str(place / "cache"))
        patch.delenv("EDGESNN_DATA", raising=False)
        write_words(place / "words")
        (place / "beeps.toml").write_text(CONFIG)
        out, error = place / "stdout", place / "stderr"
        with out.open("w") as stdout, error.open("w") as stderr:
            patch.setattr(sys, "stdout", stdout)
            patch.setattr(sys, "stderr", stderr)
            status = run(command("words", "out", *MORE))
        patch.undo()
        patch.chdir(place)
        patch.setenv("EDGESNN_CACHE", str(place / "cache"))
        assert status == 0, error.read_text()
        yield Built(place, json.loads(out.read_text()), error.read_text())


MORE = ["--rungs", "numpy,pytorch,host", "--clips", "8", "--json"]


def command(words: str, output: str, *more: str) -> list[str]:
    return ["build", "--dataset", words, "--config", "beeps.toml", "--output", output, *more]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_an_8_khz_network_is_the_same_on_every_rung(
    built: Built, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow = "[frontend]\nsample_rate = 8000\nfft = 256\nwindow = 256\nhop = 160\nhigh = 3800\n"
    (built.place / "narrow.toml").write_text(CONFIG + narrow)
    config = ["--config", "narrow.toml", "--output", str(tmp_path / "narrow")]
    assert run(["build", "--dataset", "words", *config, *MORE]) == 0, capsys.readouterr().err
    report = json.loads(capsys.readouterr().out)
    statuses = [rung["status"] for rung in report["verification"]["rungs"]]
    assert set(statuses) <= {"agrees", "not run"}
    assert statuses.count("agrees") >= 2
    network = load_network(tmp_path / "narrow" / "beeps.esnn")
    assert network.frontend is not None and network.frontend.sample_rate == 8000


def test_the_report_is_one_document_and_lies_in_the_folder(built: Built) -> None:
    assert json.loads((built.folder / "report.json").read_text()) == built.report
    assert built.report["network"]["name"] == "beeps"
    assert set(built.report["network"]["classes"]) == {"down", "up", "silence"}
    for path in built.report["files"].values():
        assert (built.place / path).exists(), path
    assert not list(built.folder.rglob(".*")), "a temporary file was left over"


def test_every_rung_agrees_on_every_value(built: Built) -> None:
    from edgesnn.pipeline.ladder import NOT_RUN

    verdicts = {each["name"]: each for each in built.report["verification"]["rungs"]}
    assert list(verdicts) == ["numpy", "pytorch", "host"]
    for rung in verdicts.values():
        assert rung["status"] in ("agrees", NOT_RUN), rung
    # Two clips of each of three classes are for testing; membranes, adaptation, spikes.
    steps = 50
    values = steps * ((16 + 12 + 3) + 16 + (16 + 12))
    assert verdicts["pytorch"]["values"] == verdicts["pytorch"]["clips"] * values
    assert json.loads((built.folder / "verify.json").read_text()) == built.report["verification"]


def test_the_firmware_is_within_the_plan(built: Built) -> None:
    firmware = built.report["firmware"]
    assert (built.place / firmware["image"]).read_bytes()[:4] == b"\x7fELF"
    plan = firmware["plan"]
    assert plan["flash_bytes"] < firmware["flash_bytes"] < firmware["flash_present"]
    assert plan["ram_bytes"] < firmware["ram_bytes"] < firmware["ram_present"]
    assert sum(row["ram_bytes"] for row in plan["rows"]) == plan["ram_bytes"]


def test_pytorch_and_the_integer_network_decide_alike(built: Built) -> None:
    stated = float(built.report["network"]["notes"]["testing_accuracy"])
    assert built.report["activity"]["accuracy"]["accuracy"] == pytest.approx(stated, abs=5e-5)


def test_the_same_command_again_changes_nothing(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    before = digests(built.folder)
    assert run(command("words", "out", *MORE)) == 0
    capsys.readouterr()
    after = digests(built.folder)
    timed = {"report.json", "verify.json", "run/report.json", "run/log.jsonl"}
    assert {k: v for k, v in after.items() if k not in timed} == {
        k: v for k, v in before.items() if k not in timed
    }


def test_other_settings_are_refused_and_the_setting_is_named(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    before = digests(built.folder)
    assert run(command("words", "out", "--epochs", "3")) == 2
    assert "was trained with config.optimiser.epochs = 2, not 3; --fresh" in capsys.readouterr().err
    assert digests(built.folder) == before


def test_another_network_does_not_join_the_first(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    (built.place / "other.toml").write_text(CONFIG.replace("beeps", "boops"))
    assert run(["build", "--dataset", "words", "--config", "other.toml", "-o", "out"]) == 2
    assert "out holds beeps.esnn already; name another --output" in capsys.readouterr().err


def test_simulate_repeats_the_build(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "out", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == built.report["activity"]
    assert run(["simulate", "out"]) == 0
    text = capsys.readouterr().out
    assert "Effective_ACs" in text and "hidden1" in text and "digital silence" in text


def test_lower_gives_the_same_network(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lower", "out", "-o", "again.esnn", "--listings"]) == 0
    text = capsys.readouterr().out
    assert text.count("after ") >= 5 and "proven ranges" in text
    again = load_network(built.place / "again.esnn")
    assert built.network.detector is not None and again.detector is None
    assert dumps(again) == dumps(replace(built.network, detector=None))


def test_generate_gives_the_same_code(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "out", "-o", "c", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["plan"] == built.report["firmware"]["plan"]
    for name in record["files"]:
        assert (built.place / "c" / name).read_bytes() == (built.folder / "c" / name).read_bytes()


def test_code_does_not_know_where_it_was_made(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compile", "out/beeps.esnn", "--board", "mps2-an505", "-o", "elsewhere"]) == 0
    assert run(["generate", str(built.folder / "beeps.esnn"), "-o", "code"]) == 0
    capsys.readouterr()
    for name in ("beeps.c", "beeps.h"):
        text = (built.place / "code" / name).read_bytes()
        assert text == (built.place / "elsewhere/c" / name).read_bytes()
        assert b"edgesnn generate beeps.esnn" in text and b"out" not in text.splitlines()[0]


def test_the_file_in_a_build_folder_stands_for_the_folder(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", "out/beeps.esnn", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == built.report["activity"]
    assert run(["verify", "out/beeps.esnn", "--rungs", "pytorch", "--clips", "2"]) == 0
    assert "agrees" in capsys.readouterr().out


def test_a_run_of_another_network_is_no_rung(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the name nor the notes tell networks apart: their arithmetic does."""
    place = built.place / "mixed"
    shutil.copytree(built.folder, place)
    network = built.network
    save_network(replace(network, name="bops", notes={}), place / "beeps.esnn")
    assert run(["verify", "mixed", "--rungs", "pytorch", "--clips", "2"]) == 0
    last = network.layers[-1]
    other = replace(last, bias=last.bias + 1)
    layers = (*network.layers[:-1], other)
    save_network(replace(network, layers=layers), place / "beeps.esnn")
    capsys.readouterr()
    assert run(["verify", "mixed", "--rungs", "pytorch", "--clips", "2"]) == 1
    assert "not run: the run beside it is of another network" in capsys.readouterr().err
    few = ["--clips", "2", "--emulated-clips", "1"]
    assert run(["verify", "mixed", "--rungs", "numpy", *few]) == 0


def test_compile_tells_what_a_board_still_needs(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compile", "out", "--board", "pico", "-o", "pico"]) == 0
    text = capsys.readouterr().out
    assert "second-stage boot loader" in text and "map not verified" not in text
    assert run(["compile", "out", "--board", "nano-33-ble-sense", "-o", "nano"]) == 0
    assert "map not verified" in capsys.readouterr().out


def test_the_task_goes_with_the_network(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "--dataset", "words", "--config", "beeps.toml", "--task", "up,down"]
    assert run([*command, "-o", "tasked"]) == 0
    assert run(["lower", "tasked"]) == 0
    capsys.readouterr()
    network = load_network(built.place / "tasked" / "beeps.esnn")
    assert network.notes["task"] == "up,down"
    words = str(built.place / "words")
    assert recordings_at_hand(network, {"dataset": words}) == Recordings(words, "up,down")


def test_compile_for_another_board(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compile", "out", "--board", "microbit", "-o", "small"]) == 0
    assert "Cortex-M0" in capsys.readouterr().out
    assert (built.place / "small/firmware/microbit/beeps.elf").is_file()


def test_check_finds_nothing(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "out", "words", "beeps.toml", "out/beeps.esnn"]) == 0
    assert capsys.readouterr().out.count("no fault") == 4


def test_check_finds_every_fault(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    broken = built.place / "broken"
    write_words(broken)
    (broken / "up" / "s03_nohash_0.wav").write_bytes(b"RIFF")
    (broken / "down" / "s04_nohash_0.wav").write_bytes(b"")
    assert run(["check", "broken", "--json"]) == 1
    out, error = capsys.readouterr()
    (verdict,) = json.loads(out)["files"]
    assert len(verdict["faults"]) == 2
    assert any("up/s03" in fault for fault in verdict["faults"])
    assert any("down/s04" in fault for fault in verdict["faults"])
    assert error == "edgesnn: error: 2 faults in 1 of 1 files\n"


def test_a_broken_recording_stops_the_build_and_leaves_nothing(
    built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = built.place / "torn"
    write_words(broken)
    (broken / "up" / "s03_nohash_0.wav").write_bytes(b"RIFF")
    assert run(command("torn", "new")) == 1
    assert "up/s03_nohash_0.wav" in capsys.readouterr().err
    assert not (built.place / "new").exists()


def test_an_interrupted_build_goes_on_to_the_same_network(
    built: Built, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgesnn.trainer import run as trainer_run

    true, calls = trainer_run.train_epoch, []

    def interrupted(*arguments: object) -> dict:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return true(*arguments)

    monkeypatch.setattr(trainer_run, "train_epoch", interrupted)
    assert run(command("words", "cut", *MORE)) == 130
    assert "run the same command again" in capsys.readouterr().err
    monkeypatch.undo()
    monkeypatch.chdir(built.place)
    monkeypatch.setenv("EDGESNN_CACHE", str(built.place / "cache"))
    assert run(command("words", "cut", *MORE)) == 0
    assert (built.place / "cut" / "beeps.esnn").read_bytes() == (
        built.folder / "beeps.esnn"
    ).read_bytes()
