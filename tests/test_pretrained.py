"""The networks that ship: intact, small, as accurate as they say, and usable without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgesnn.codegen import memory_plan
from edgesnn.network import Network
from edgesnn.pipeline.datasets import Recordings, clips_of, open_recordings
from edgesnn.pipeline.pretrained import load_pretrained, names
from edgesnn.sim import SimulationReport, simulate


@dataclass(frozen=True)
class Limits:
    """What a shipped network may take.

    `flash` and `ram` in bytes; `spikes` a second of the test split; `operations` a second of
    keywords, multiply-accumulates of the input included, and in the silence class.
    """

    flash: int
    ram: int
    spikes: int
    operations: int
    silent_operations: int


SHIPPED = {
    "accurate": Limits(352 << 10, 10 << 10, 1_600, 1_450_000, 560_000),
    "balanced": Limits(72 << 10, 6 << 10, 1_200, 450_000, 80_000),
    "gsc": Limits(96 << 10, 12 << 10, 1_250, 780_000, 310_000),
    "quiet": Limits(32 << 10, 4 << 10, 650, 125_000, 17_000),
    "tiny": Limits(32 << 10, 4 << 10, 800, 150_000, 30_000),
}


@pytest.fixture(scope="module", params=sorted(SHIPPED))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def network(name: str) -> Network:
    return load_pretrained(name)


@pytest.fixture(scope="module")
def report(network: Network, speech_commands: Path) -> SimulationReport:
    """Its whole test split, on the exact engine."""
    dataset = open_recordings(Recordings("gsc", None, speech_commands), network.classes)
    clips = clips_of(network, dataset, "testing")
    assert clips.labels is not None
    return simulate(network, clips.features, clips.labels)


def test_all_that_ship_are_tested() -> None:
    assert names() == tuple(sorted(SHIPPED))


def test_it_fits_a_small_microcontroller(name: str, network: Network) -> None:
    plan = memory_plan(network)
    assert plan.flash_bytes <= SHIPPED[name].flash
    assert plan.ram_bytes <= SHIPPED[name].ram


def test_it_says_where_it_comes_from(network: Network) -> None:
    assert network.notes["dataset"] == "gsc"
    assert {"seed", "validation_accuracy", "testing_accuracy"} <= set(network.notes)
    assert network.classes[-2:] == ("unknown", "silence")
    assert network.frontend is not None and network.detector is not None


@pytest.mark.data
def test_it_is_as_accurate_as_it_says(network: Network, report: SimulationReport) -> None:
    """Exact arithmetic: the same recordings give the same decisions, to the last clip."""
    assert report.accuracy is not None
    promised = float(network.notes["testing_accuracy"])
    assert report.accuracy.share == pytest.approx(promised, abs=5e-5)


@pytest.mark.data
def test_it_is_quiet(name: str, report: SimulationReport) -> None:
    limits = SHIPPED[name]
    kinds = {kind.name: kind.activity.total for kind in report.conditions}
    assert kinds["all"].spikes <= limits.spikes
    for kind, most in (("keywords", limits.operations), ("silence", limits.silent_operations)):
        assert kinds[kind].effective_acs + kinds[kind].effective_macs <= most


def test_a_build_from_it_trains_nothing_and_needs_no_torch(tmp_path: Path) -> None:
    """In a process that cannot import torch, as after `pip install edgesnn`."""
    program = (
        "import sys; sys.modules['torch'] = sys.modules['snntorch'] = None\n"
        "from edgesnn.cli.boundary import run\n"
        "sys.exit(run(sys.argv[1:]))"
    )
    command = "build --pretrained gsc --rungs numpy,host --clips 4 --emulated-clips 1 --json"
    done = subprocess.run(
        [sys.executable, "-c", program, *command.split(), "--output", str(tmp_path / "gsc")],
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["training"] == {"pretrained": "gsc"}
    assert all(rung["status"] != "differs" for rung in report["verification"]["rungs"])
    assert (tmp_path / "gsc" / "c" / "gsc.h").is_file()
    assert not (tmp_path / "gsc" / "run").exists()
