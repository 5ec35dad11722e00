"""The networks that ship: intact, small, as accurate as they say, and usable without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgesnn.codegen import memory_plan
from edgesnn.network import Network
from edgesnn.pipeline.datasets import Recordings, clips_of, open_recordings
from edgesnn.pipeline.pretrained import load_pretrained, names
from edgesnn.sim import Engine, simulate

FLASH, RAM = 112 << 10, 12 << 10
"""What the shipped keyword network may take, bytes."""


@pytest.fixture(scope="module")
def gsc() -> Network:
    return load_pretrained("gsc")


def test_the_keyword_network_ships() -> None:
    assert "gsc" in names()


def test_it_fits_a_small_microcontroller(gsc: Network) -> None:
    plan = memory_plan(gsc)
    assert plan.flash_bytes <= FLASH
    assert plan.ram_bytes <= RAM


def test_it_says_where_it_comes_from(gsc: Network) -> None:
    assert gsc.notes["dataset"] == "gsc"
    assert {"seed", "validation_accuracy", "testing_accuracy"} <= set(gsc.notes)
    assert gsc.classes[-2:] == ("unknown", "silence")
    assert gsc.frontend is not None


@pytest.mark.data
def test_it_is_as_accurate_as_it_says(gsc: Network, speech_commands: Path) -> None:
    """Exact arithmetic: the same recordings give the same decisions, to the last clip."""
    dataset = open_recordings(Recordings("gsc", None, speech_commands), gsc.classes)
    clips = clips_of(gsc, dataset, "testing")
    assert clips.labels is not None
    decisions = Engine(gsc).classify(clips.features).decisions
    accuracy = float(np.mean(decisions == clips.labels))
    assert accuracy == pytest.approx(float(gsc.notes["testing_accuracy"]), abs=5e-5)


@pytest.mark.data
def test_it_is_quiet(gsc: Network, speech_commands: Path) -> None:
    dataset = open_recordings(Recordings("gsc", None, speech_commands), gsc.classes)
    clips = clips_of(gsc, dataset, "testing")
    report = simulate(gsc, clips.features, clips.labels)
    assert report.activity.total.firing_rate <= 0.06


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
