"""Comparisons, table and plot of benchmarks/sparsity.py."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgesnn.files import atomic_path

Run = dict[str, Any]

#: What is compared, and shown in this order: its key in a run's record, and its heading.
FIGURES = {
    "validation": "validation %",
    "test": "test %",
    "firing": "firing %",
    "spikes": "spikes a clip",
    "acs": "Effective_ACs",
    "macs": "Effective_MACs",
    "membrane_updates": "MembraneUpdates",
    "quiet_acs": "ACs in silence",
    "flash": "flash, bytes",
    "cycles": "M4 cycles a second",
    "quiet_cycles": "in silence",
    "microjoules": "µJ a second",
}
SHARES = ("validation", "test", "firing")

#: The figures of each of the two tables.
ACTIVITY = ("validation", "test", "firing", "spikes", "acs", "quiet_acs")
COSTS = ("macs", "membrane_updates", "flash", "cycles", "quiet_cycles", "microjoules")


def figure(run: Run, name: str) -> float:
    """A figure of a run's record."""
    if name == "quiet_acs":
        return float(run["kinds"]["silence"]["acs"])
    return float(run[name])


def known(runs: list[Run]) -> list[str]:
    """The figures that all records have: not all without the test split, or without silence."""
    return [name for name in FIGURES if all(_has(run, name) for run in runs)]


def _has(run: Run, name: str) -> bool:
    return "silence" in run["kinds"] if name == "quiet_acs" else name in run


def accuracy_of(run: Run) -> str:
    """Which accuracy runs are compared by: on test, where that was read."""
    return "test" if "test" in run else "validation"


def comparison(runs: list[Run], baseline: list[Run]) -> dict[str, Any]:
    """Mean and spread of each figure, its change against the same seeds, and the p values."""
    seeds = {run["seed"]: run for run in baseline}
    pairs = [(run, seeds[run["seed"]]) for run in runs if run["seed"] in seeds]
    table = {name: _compared(name, pairs) for name in known([*runs, *baseline])}
    if "test" in table:
        table["test"]["p_clips"] = sign_test(pairs)
    return table


def _compared(name: str, pairs: list[tuple[Run, Run]]) -> dict[str, float | None]:
    """Mean, deviation, relative change, and p of a t test paired by seed."""
    from scipy.stats import ttest_rel

    ours = [figure(run, name) for run, _ in pairs]
    theirs = [figure(base, name) for _, base in pairs]
    mean, before = statistics.mean(ours), statistics.mean(theirs)
    several = len(pairs) > 1 and ours != theirs
    return {
        "mean": mean,
        "deviation": statistics.stdev(ours) if len(ours) > 1 else None,
        "change": mean / before - 1 if before else None,
        "p": float(ttest_rel(ours, theirs).pvalue) if several else None,
    }


def sign_test(pairs: list[tuple[Run, Run]]) -> float | None:
    """p of the exact sign test (McNemar's) on the clips, of all seeds, that one alone got right.

    Tells accuracies of networks apart, not of methods: the spread of training is not in it.
    """
    from scipy.stats import binomtest

    won = lost = 0
    for run, base in pairs:
        ours, theirs = _right(run), _right(base)
        won += int((ours & ~theirs).sum())
        lost += int((theirs & ~ours).sum())
    return float(binomtest(won, won + lost).pvalue) if won + lost else None


def _right(run: Run) -> np.ndarray:
    return np.unpackbits(np.frombuffer(bytes.fromhex(run["right"]), np.uint8)).astype(np.bool_)


def show(table: dict[str, dict[str, Any]]) -> None:
    """Tables in Markdown: accuracy and activity, then costs; mean ± deviation, and the change in
    per cent against the baseline."""
    shown = known([run for record in table.values() for run in record["runs"]])
    for names, tests in ((ACTIVITY, True), (COSTS, False)):
        columns = [name for name in names if name in shown]
        if columns:
            print("\n".join(_rows(table, columns, tests)), end="\n\n")


def _rows(table: dict[str, dict[str, Any]], names: list[str], tests: bool) -> Iterator[str]:
    heads = ["variant", "seeds", *(FIGURES[name] for name in names)]
    heads += ["p, seeds", "p, clips"] if tests else []
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for variant, record in table.items():
        compared = record["compared"]
        cells = [variant, str(len(record["runs"]))]
        cells += [_cell(name, compared[name]) for name in names]
        if tests:
            judged = compared[accuracy_of(record["runs"][0])]
            found = judged["p"], judged.get("p_clips")
            cells += ["" if p is None else f"{p:.2g}" for p in found]
        yield f"| {' | '.join(cells)} |"


def _cell(name: str, found: dict[str, float | None]) -> str:
    mean, deviation, change = found["mean"], found["deviation"], found["change"]
    assert mean is not None
    if name in SHARES:
        text = f"{100 * mean:.2f}"
        return text if deviation is None else f"{text} ± {100 * deviation:.2f}"
    text = f"{mean:,.0f}"
    return text if not change else f"{text} ({100 * change:+.0f} %)"


def draw(table: dict[str, dict[str, Any]], path: Path) -> None:
    """Accuracy against synaptic operations a clip: a point a run, a cross a variant, the front.

    Crosses are means ± standard deviations; the line joins the means that no other beats in both.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(9, 5.5), layout="constrained")
    axes = drawing.subplots()
    split, means = accuracy_of(next(iter(table.values()))["runs"][0]), []
    for number, (variant, record) in enumerate(table.items()):
        colour, marker = colormaps["tab20"](number % 20), "osD^"[number % 4]
        for run in record["runs"]:
            at = figure(run, "acs") / 1e3, 100 * figure(run, split)
            axes.plot(*at, marker, color=colour, alpha=0.35, markersize=4)
        (x, dx), (y, dy) = _spread(record["runs"], "acs"), _spread(record["runs"], split)
        means.append((x / 1e3, 100 * y))
        axes.errorbar(
            *means[-1], 100 * dy, dx / 1e3, marker, color=colour, label=variant, capsize=2
        )
    axes.plot(*zip(*front(means), strict=True), "--", color="0.5", linewidth=1, zorder=0)
    axes.set(xlabel="Effective_ACs a clip, thousands", ylabel=f"{split} accuracy (%)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    with atomic_path(path) as temporary:
        drawing.savefig(temporary, format="png", dpi=120)


def front(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points, by ascending cost, that are more accurate than all cheaper ones."""
    best: list[tuple[float, float]] = []
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if not best or accuracy > best[-1][1]:
            best.append((cost, accuracy))
    return best


def _spread(runs: list[Run], name: str) -> tuple[float, float]:
    """Mean and standard deviation of a figure."""
    values = [figure(run, name) for run in runs]
    return statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0
