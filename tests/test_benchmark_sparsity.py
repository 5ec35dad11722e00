"""The comparisons of benchmarks/sparsity.py, against figures worked out by hand."""

from __future__ import annotations

import sys
from math import comb
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")
BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("benchmarks/ is not beside the tests", allow_module_level=True)
sys.path.insert(0, str(BENCHMARKS))

from sparsity_figures import FIGURES, comparison, front, show, sign_test  # noqa: E402
from sparsity_variants import NETWORKS, SHORT, Tried  # noqa: E402


def run(seed: int, right: list[int], **figures: float):
    """A record with all figures 1 but those given, and `right` clips of 16."""
    bits = np.zeros(16, np.uint8)
    bits[right] = 1
    plain = dict.fromkeys(FIGURES, 1.0) | figures
    packed = np.packbits(bits).tobytes().hex()
    return {"seed": seed, "right": packed, "kinds": {"silence": {"acs": 1.0}}, **plain}


def test_the_sign_test_counts_clips_that_one_alone_gets_right():
    pairs = [(run(0, [0, 1, 2, 3, 4]), run(0, [4, 5])), (run(1, [7, 8]), run(1, [8]))]
    # Won 5 (clips 0 to 3, and 7), lost 1 (clip 5): twice the tail of 6 fair coins.
    assert sign_test(pairs) == pytest.approx(2 * (comb(6, 0) + comb(6, 1)) / 2**6)
    assert sign_test([(run(0, [3]), run(0, [3]))]) is None


def test_runs_are_compared_with_the_baseline_of_their_seed():
    base = [run(0, [], spikes=100), run(1, [], spikes=200), run(2, [], spikes=900)]
    ours = [run(1, [], spikes=150), run(0, [], spikes=60)]
    spikes = comparison(ours, base)["spikes"]
    assert spikes["mean"] == 105
    assert spikes["change"] == pytest.approx(105 / 150 - 1)
    # Differences −50 and −40: t = −45 / (√50 / √2) = −9 with one degree of freedom.
    assert spikes["p"] == pytest.approx(2 * (0.5 - np.arctan(9.0) / np.pi))


def test_one_seed_has_no_spread_and_no_p():
    spikes = comparison([run(0, [], spikes=50)], [run(0, [], spikes=100)])["spikes"]
    assert spikes == {"mean": 50, "deviation": None, "change": -0.5, "p": None}


def test_the_table_has_a_row_a_variant(capsys):
    base, ours = [run(0, [1], test=0.9)], [run(0, [2], test=0.8, spikes=3000)]
    table = {
        name: {"runs": r, "compared": comparison(r, base)}
        for name, r in (("baseline", base), ("kd", ours))
    }
    show(table)
    activity, costs = (part.splitlines() for part in capsys.readouterr().out.split("\n\n")[:2])
    for lines in (activity, costs):
        assert len(lines) == 4
        assert len({line.count("|") for line in lines}) == 1
    assert "| 80.00 |" in activity[3]
    assert "3,000 (+299900 %)" in activity[3]
    assert "flash" in costs[0]


def test_the_front_holds_what_nothing_cheaper_beats():
    points = [(3.0, 90.0), (1.0, 80.0), (2.0, 79.0), (3.0, 91.0), (4.0, 91.0)]
    assert front(points) == [(1.0, 80.0), (3.0, 91.0)]


def test_a_variant_is_its_preset_with_the_networks_changes_and_its_own():
    runs = Path("runs")
    base = SHORT.config("baseline", 0, runs, None)
    assert [layer.width for layer in base.model.hidden] == [48, 48, 48]
    assert not base.loss.penalises_spikes
    assert base.optimiser.epochs == SHORT.epochs
    pruned = SHORT.config("energy, kd, pruned", 2, runs, 5)
    assert pruned.start.run == "runs/energy_kd/seed2"
    assert pruned.loss.distillation.teacher == "runs/teacher"
    longer = SHORT.config(SHORT.against["energy, kd, pruned"], 2, runs, 5)
    assert (longer.start.run, longer.start.prune) == ("runs/baseline/seed2", 0.0)
    assert longer.optimiser.epochs == pruned.optimiser.epochs == 5


@pytest.mark.parametrize("tried", NETWORKS.values(), ids=NETWORKS)
def test_every_variant_is_a_configuration_and_has_a_baseline(tried: Tried):
    for variant in [*tried.variants, *tried.strengths]:
        tried.config(variant, 1, Path("runs"), None)
        assert tried.against.get(variant, "baseline") in tried.variants
