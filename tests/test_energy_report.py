"""Cycles and energy of a network on boards: the report, its schema, its screens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from edgesnn.cli.boundary import run
from edgesnn.errors import BoardError
from edgesnn.frontend import features
from edgesnn.network import save_network
from edgesnn.pipeline.datasets import Clips
from edgesnn.pipeline.energy import Pricing, boards_with_energy, energy_report
from edgesnn.pipeline.energy_report import EnergyReport, schema_text
from edgesnn.pipeline.measure import measure
from edgesnn.pipeline.simulated import Simulated
from edgesnn.pipeline.timed import JOIN, time_parts
from edgesnn.sim.core.profiles import PROFILES

from .codegen_networks import keyword_network
from .core.machines import needs_gcc

pytestmark = needs_gcc
SCHEMA = Path(__file__).parents[1] / "docs" / "energy.schema.json"


@pytest.fixture(scope="module")
def clips() -> Clips:
    network = keyword_network()
    assert network.frontend is not None
    pcm = np.random.default_rng(4).integers(-9000, 9000, (6, 6400), dtype=np.int16)
    pcm[:2] //= 400
    names = tuple("abcdef")
    return Clips(features(pcm, network.frontend), None, names, pcm, "noise")


@pytest.fixture(scope="module")
def report(clips: Clips) -> EnergyReport:
    """All boards whose energy is known, from five clips."""
    network = keyword_network()
    activity = measure(network, clips)
    found, _ = energy_report(network, ["all"], clips, activity, Pricing(sample=5))
    return found


def test_all_boards_are_those_with_a_profile(report: EnergyReport) -> None:
    assert [each.board.name for each in report.boards] == list(PROFILES)
    assert boards_with_energy(["PICO", "pico"]) == ["pico"]
    with pytest.raises(BoardError, match="no board is called 'toaster'"):
        boards_with_energy(["toaster"])


@pytest.mark.parametrize("board", PROFILES)
def test_a_report_adds_up(report: EnergyReport, clips: Clips, board: str) -> None:
    energy = next(each for each in report.boards if each.board.name == board)
    lines = {line.name: line for line in energy.lines}
    assert next(iter(lines)) == "front-end" and list(lines)[-2:] == ["wake-up", "sleep"]
    assert energy.clips_simulated == 5 and energy.steps_per_decision == clips.features.shape[1]
    for end in ("low", "likely", "high"):
        total = sum(getattr(line.microjoules, end) for line in energy.lines)
        assert getattr(energy.step_uj, end) == pytest.approx(total)
    working = sum(line.cycles for line in energy.lines)
    assert energy.latency_ms == pytest.approx(1e3 * working / energy.board.clock_hz)
    picojoules = energy.board.awake.picojoules_per_cycle.likely
    assert energy.active_uj.likely == pytest.approx(working * picojoules * 1e-6)
    decision = energy.step_uj.likely * energy.steps_per_decision
    assert energy.decision_uj.likely == pytest.approx(decision)
    assert energy.cycles.least <= energy.cycles.mean <= energy.cycles.most
    assert sum(f.cycles for f in energy.profile.functions) == energy.profile.cycles
    assert energy.fit is not None and energy.fit.clips_priced == 6
    if energy.fit.poor:  # then the lines are the simulated means
        assert working == pytest.approx(energy.cycles.mean)
    else:
        assert working == pytest.approx(energy.fit.mean)


def test_layers_are_told_apart_and_fill_the_step(clips: Clips) -> None:
    network = keyword_network()
    timed = time_parts(Simulated(network, "nucleo-l4r5zi"), network, clips)
    told = [name for each in timed.layers for name in each.split(JOIN)]
    assert sorted(told) == sorted(layer.name for layer in network.layers)
    places = [[x.name for x in network.layers].index(e.split(JOIN)[0]) for e in timed.layers]
    assert places == sorted(places)
    assert (timed.front_end > 0).all() and (timed.rest >= 0).all()
    inner = sum(timed.layers.values())
    assert np.array_equal(timed.front_end + inner + timed.rest, timed.whole)


def test_waits_for_flash_cost_cycles(clips: Clips) -> None:
    network = keyword_network()
    activity = measure(network, clips)
    cycles = {}
    for zero in (False, True):
        pricing = Pricing(sample=1, zero_wait=zero)
        (energy,) = energy_report(network, ["pico"], clips, activity, pricing)[0].boards
        assert (energy.board.flash is None) == zero and energy.fit is None
        cycles[zero] = energy.cycles.mean
    assert cycles[False] > cycles[True]


def test_the_published_schema_is_that_of_the_models() -> None:
    """After a change of the models: edgesnn schema > docs/energy.schema.json."""
    assert SCHEMA.read_text("utf-8") == schema_text()


def test_reports_satisfy_the_published_schema(report: EnergyReport) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    document = json.loads(report.model_dump_json())
    validator.validate(document)
    assert EnergyReport.model_validate(document) == report
    for spoil in (_without_unit, _with_another_key, _with_text):
        spoiled = json.loads(report.model_dump_json())
        spoil(spoiled)
        assert not validator.is_valid(spoiled), spoil.__name__


def _without_unit(document: dict[str, Any]) -> None:
    del document["boards"][0]["step_uj"]


def _with_another_key(document: dict[str, Any]) -> None:
    document["boards"][0]["lines"][0]["joules"] = 1


def _with_text(document: dict[str, Any]) -> None:
    document["boards"][0]["duty"] = "much"


def test_the_commands_print_one_board_several_or_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "n.esnn"
    save_network(keyword_network(frontend=False), path)
    picture = tmp_path / "flame.svg"
    command = ["simulate", str(path), "--clips", "6", "--sample", "4", "--battery", "600@3.7"]
    assert run([*command, "--board", "pico", "--flame", str(picture), "--profile"]) == 0
    screen = capsys.readouterr().out
    for part in ("wake-up", "sleep", "all", "600 mAh", "45 nm", "by function", "by class"):
        assert part in screen
    assert len(screen.split("by function")[0].splitlines()) <= 30
    assert "step_features" in picture.read_text()
    assert run([*command, "--board", "pico", "--board", "nrf52840-dk"]) == 0
    screen = capsys.readouterr().out
    assert "pico" in screen and "nrf52840-dk" in screen and "µJ of a step by part" in screen
    assert run([*command, "--board", "pico", "--board", "nrf52840-dk", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(found["energy"])
    assert run(["schema"]) == 0
    assert capsys.readouterr().out == SCHEMA.read_text("utf-8")
    for wrong, message in (
        (["--board", "all", "--flame", str(picture)], "give --board once"),
        (["--flame", str(picture)], "--flame needs firmware to run: give a --board"),
        (["--engine", "translated"], "--engine is for a firmware file (ELF), not for a network"),
        (["--board", "pico", "--watch", "main"], "--watch is for a firmware file"),
        (["--board", "mps2-an386"], "no energy profile of 'mps2-an386'"),
        (["--board", "pico", "--battery", "car"], "no battery is called 'car'"),
    ):
        assert run([*command, *wrong]) != 0
        assert message in capsys.readouterr().err
