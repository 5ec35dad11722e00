"""The recorded comparison with cycles published from silicon: complete, and as documented."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from edgesnn.sim.core import CORES

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "timing.json"
if not RESULTS.is_file():
    pytest.skip("benchmarks/ is not beside the tests", allow_module_level=True)
RECORD = json.loads(RESULTS.read_text())
PAGE = (ROOT / "docs" / "TIMING.md").read_text()
MEAN, SINGLE = 0.05, 0.15  # the targets: geometric mean and any one program


def _programs(core: str) -> list[Any]:
    return [program for program in RECORD["programs"] if program["core"] == core]


@pytest.mark.parametrize("core", CORES)
def test_the_summary_follows_from_the_programs(core: str) -> None:
    ratios = [program["simulated"] / program["published"] for program in _programs(core)]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    summary = RECORD["summary"][core]
    assert summary["programs"] == len(ratios)
    assert summary["geometric_mean"] == pytest.approx(mean, abs=5e-4)
    assert abs(mean - 1) < MEAN
    assert max(abs(ratio - 1) for ratio in ratios) < SINGLE


@pytest.mark.parametrize("core", CORES)
def test_the_page_says_what_was_recorded(core: str) -> None:
    name = core.replace("cortex-m0plus", "cortex-m0+").replace("cortex-m", "Cortex-M")
    ratios = [program["ratio"] for program in _programs(core)]
    mean = RECORD["summary"][core]["geometric_mean"]
    row = f"| {name} | {len(ratios)} | {mean:.3f} | {min(ratios):.3f} | {max(ratios):.3f} |"
    assert row in PAGE


def test_every_program_names_its_source() -> None:
    for program in RECORD["programs"] + RECORD["by_another_compiler"]:
        assert program["source"]
        assert program["published"] > 0
        assert program["core"] in CORES
