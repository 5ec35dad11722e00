"""Comparisons, table and plot of benchmarks/sparsity.py."""

from __future__ import annotations

import statistics
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


def figure(run: Run, name: str) -> float:
    """A figure of a run's record."""
    if name == "quiet_acs":
        return float(run["kinds"]["silence"]["acs"])
    return float(run[name])


def known(runs: list[Run]) -> list[str]:
    """The figures that all records have; without the test split some are missing."""
    return [n for n in FIGURES if n == "quiet_acs" or all(n in run for run in runs)]


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
    """A table in Markdown: mean ± deviation, and the change in per cent against the baseline."""
    names = known([run for record in table.values() for run in record["runs"]])
    heads = [FIGURES[name] for name in names]
    print("| variant | seeds | " + " | ".join(heads) + " | p, seeds | p, clips |")
    print("|---" * (len(names) + 4) + "|")
    for variant, record in table.items():
        compared = record["compared"]
        judged = compared[accuracy_of(record["runs"][0])]
        cells = [_cell(name, compared[name]) for name in names]
        cells += ["" if p is None else f"{p:.2g}" for p in (judged["p"], judged.get("p_clips"))]
        print(f"| {variant} | {len(record['runs'])} | " + " | ".join(cells) + " |")


def _cell(name: str, found: dict[str, float | None]) -> str:
    mean, deviation, change = found["mean"], found["deviation"], found["change"]
    assert mean is not None
    if name in SHARES:
        text = f"{100 * mean:.2f}"
        return text if deviation is None else f"{text} ± {100 * deviation:.2f}"
    text = f"{mean:,.0f}"
    return text if not change else f"{text} ({100 * change:+.0f} %)"


def draw(table: dict[str, dict[str, Any]], path: Path) -> None:
    """Accuracy against synaptic operations a clip, one point a run, a colour a variant."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(8, 5), layout="constrained")
    axes = drawing.subplots()
    for number, (variant, record) in enumerate(table.items()):
        runs = record["runs"]
        marker = "osD^v<>Px*"[number // 10 * 3 + number % 3]
        axes.plot(
            [figure(run, "acs") / 1e3 for run in runs],
            [100 * figure(run, accuracy_of(run)) for run in runs],
            marker,
            color=f"C{number % 10}",
            label=variant,
        )
    split = accuracy_of(next(iter(table.values()))["runs"][0])
    axes.set(xlabel="synaptic operations a clip, thousands", ylabel=f"{split} accuracy (%)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7, ncols=2)
    with atomic_path(path) as temporary:
        drawing.savefig(temporary, format="png", dpi=120)
