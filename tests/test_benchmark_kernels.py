"""benchmarks/kernels.py on networks of a few neurons: its counts, its parts, its opponent."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edgesnn.errors import UsageError, VerifyError

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
STEPS = 6

pytestmark = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed"
)


@pytest.fixture(scope="module")
def costs() -> Iterator[SimpleNamespace]:
    """The modules of benchmarks/costs."""
    if not (BENCHMARKS / "costs").is_dir():
        pytest.skip("benchmarks/ is not beside the tests")
    sys.path.insert(0, str(BENCHMARKS))
    try:
        from costs import against, load, networks, opponent, probe, synapses, tables, targets, whole

        yield SimpleNamespace(
            against=against, load=load, networks=networks, opponent=opponent, probe=probe,
            synapses=synapses, tables=tables, targets=targets, whole=whole,
        )  # fmt: skip
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def small(costs: SimpleNamespace) -> SimpleNamespace:
    """8-16-4 on a Cortex-M4, with and without its parts told apart."""
    network = costs.networks.chain((8, 16, 4))
    train = costs.networks.spikes(0.4, STEPS, 8)
    return SimpleNamespace(
        network=network, train=train, split=costs.probe.Probe(network, "m4"),
        plain=costs.probe.Probe(network, "m4", split=False),
    )  # fmt: skip


def test_counts_are_the_same_every_time(small: SimpleNamespace) -> None:
    first, second, plain = (
        probe.run(small.train) for probe in (small.split, small.split, small.plain)
    )
    for unit in ("instructions", "cycles"):
        assert np.array_equal(getattr(first, unit), getattr(second, unit))
        assert np.array_equal(getattr(first, unit), getattr(plain, unit))
    assert first.parts == second.parts


def test_parts_add_up(small: SimpleNamespace) -> None:
    clip = small.split.run(small.train)
    assert sum(cost.cycles for cost in clip.parts.values()) == clip.cycles.sum()
    assert sum(cost.instructions for cost in clip.parts.values()) == clip.instructions.sum()
    for layer in small.network.layers:
        assert clip.part(layer.name).cycles > STEPS * layer.size


def test_events_cost(costs: SimpleNamespace) -> None:
    found = costs.whole.measure_network(
        costs.networks.chain((8, 16, 4)), "m4", rates=(0.0, 0.2, 0.8)
    )
    operations = [row["synaptic_operations"] for row in found["rates"]]
    assert operations[0] == 0 and operations == sorted(set(operations))
    assert found["fit"]["cycles"]["slope"] > 0


def test_wrong_scores_are_not_measured(small: SimpleNamespace, costs: SimpleNamespace) -> None:
    probe = costs.probe.Probe(costs.networks.chain((8, 16, 4), bits=4), "m4", split=False)
    probe.network = small.network
    with pytest.raises(VerifyError, match="scores differ"):
        costs.load.run_checked(probe, small.train)


@pytest.mark.parametrize("kernel", ["smlad", "usada8"])
def test_the_opponent_is_exact_and_costs_the_same_whatever_fires(
    costs: SimpleNamespace, small: SimpleNamespace, kernel: str
) -> None:
    made = costs.opponent.Opponent(small.network, "m4", kernel)
    trains = [costs.networks.spikes(rate, STEPS, 8) for rate in (0.0, 0.4, 1.0)]
    cycles = [costs.load.run_checked(made, train)[0].cycles for train in trains]
    assert len(np.unique(cycles)) == 1


def test_the_opponent_says_what_it_does_not_compute(costs: SimpleNamespace) -> None:
    with pytest.raises(UsageError, match="hidden1"):
        costs.opponent.dense_layers(costs.networks.recurrent())


def test_coefficients(costs: SimpleNamespace) -> None:
    """Of costs that obey the law exactly."""
    made = {n: [100 + 7 * k + 2 * k * n for k in costs.synapses.EVENTS] for n in (64, 256)}
    found = costs.synapses.coefficients(made)
    assert found["per_operation"] == 2 and found["per_event"] == 7
    assert found["at_64"] == pytest.approx(2 + 7 / 64, abs=1e-4)


def test_tables_are_filled_in(costs: SimpleNamespace, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    marks = [f"<!-- begin {name} -->\nold\n<!-- end {name} -->\n" for name in costs.tables.TABLES]
    page.write_text("".join(marks))
    costs.tables.fill(page, {"compilers": {"gcc": "of today"}})
    assert "| gcc | of today |" in page.read_text()
    assert page.read_text().count("old") == len(marks) - 2
    page.write_text("")
    with pytest.raises(UsageError, match="begin compilers"):
        costs.tables.fill(page, {"compilers": {}})


def test_targets_stand_without_figures(costs: SimpleNamespace) -> None:
    assert all(target.measured is None for target in costs.targets.targets({}))
