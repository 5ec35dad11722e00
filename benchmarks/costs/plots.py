"""The plots of docs/PERFORMANCE.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from costs.targets import FLOORS, SYNAPSES
from costs.whole import STEPS
from edgesnn.files import atomic_path

Results = dict[str, Any]

TITLES = {
    "m0": "M0", "m0plus": "M0+", "m3": "M3", "m4": "M4", "m7": "M7", "m33": "M33",
}  # fmt: skip
DENSE = {"smlad": "dense, int8 × int16 (SMLAD)", "usada8": "dense, masked bytes (USADA8)"}


def draw_rates(figure: Any, results: Results) -> None:
    """Cycles a step against synaptic operations, measured and fitted."""
    panels = figure.subplots(1, 2)
    drawn = (
        ("gcc", "m4", "8"), ("gcc", "m4", "4"), ("gcc", "m4", "2"), ("clang", "m4", "8"),
    ), (("gcc", "m0plus", "8"), ("gcc", "m0plus", "4"), ("gcc", "m0plus", "2"))  # fmt: skip
    for panel, series in zip(panels, drawn, strict=True):
        for compiler, core, bits in series:
            found = results.get("rates", {}).get(compiler, {}).get(core, {}).get(bits)
            if found is None:
                continue
            x = np.array([row["synaptic_operations"] for row in found["rates"]]) / STEPS
            y = np.array([row["cycles"] for row in found["rates"]]) / STEPS
            label = f"int{bits}, {compiler}: {found['fit']['cycles']['slope']:.2f} an operation"
            (points,) = panel.plot(x, y, "o", label=label)
            fit = found["fit"]["cycles"]
            line = fit["slope"] * x + fit["offset"] / STEPS
            panel.plot(x, line, "-", color=points.get_color(), linewidth=1)
        panel.set_title(f"40-128-128-12, Cortex-{TITLES[series[0][1]]}")
        panel.set_xlabel("synaptic operations a step")
        panel.set_ylabel("cycles a step")
        panel.set_ylim(bottom=0)


def draw_dense(figure: Any, results: Results) -> None:
    """Events against the dense opponent, over the share of synapses that are active."""
    found = results["against"]["gcc"]["m4"]
    for panel, (name, rows) in zip(figure.subplots(1, 2), found.items(), strict=True):
        x = np.array([point["share"] for point in rows["events"]])
        y = np.array([point["cycles"] for point in rows["events"]])
        panel.plot(100 * x, y, "o-", label="event-driven, int8")
        for kernel, row in rows["dense"].items():
            line = panel.axhline(row["cycles"], linewidth=1.5, label=DENSE[kernel])
            line.set_color({"smlad": "tab:red", "usada8": "tab:orange"}[kernel])
            if row["crossover"] <= 1:
                panel.axvline(
                    100 * row["crossover"], color=line.get_color(), linestyle=":", linewidth=1
                )
        panel.set_title(f"{name}, Cortex-M4")
        panel.set_xlabel("synapses active in a step, %")
        panel.set_ylabel("cycles a step")
        panel.set_xlim(0, 100)
        panel.set_ylim(0, 1.5 * max(row["cycles"] for row in rows["dense"].values()))


def draw_synapses(figure: Any, results: Results) -> None:
    """Cycles of one more synaptic operation by core and weight bits."""
    panel = figure.subplots()
    found = results["synapses"]["gcc"]
    width = 0.26
    for number, bits in enumerate(("8", "4", "2")):
        y = [found[core][bits]["saturating"]["cycles"]["at_256"] for core in found]
        x = np.arange(len(y)) + (number - 1) * width
        bars = panel.bar(x, y, width, label=f"int{bits}")
        panel.bar_label(bars, fmt="%.2f", fontsize=8)
        for marks, style, label in ((SYNAPSES, "k_", "target"), (FLOORS, "r_", "floor")):
            known = [(at, marks[core, bits]) for at, core in zip(x, found, strict=True)
                     if (core, bits) in marks]  # fmt: skip
            where = np.array(known).reshape(-1, 2)
            panel.plot(
                *where.T, style, markersize=15, markeredgewidth=2,
                label=label if bits == "8" else None,
            )  # fmt: skip
    panel.set_xticks(range(len(found)), [f"Cortex-{TITLES[core]}" for core in found])
    panel.set_ylabel("cycles a synaptic operation")
    panel.set_title("One more event onto 256 neurons, all of its cost, by operation")


def draw_keywords(figure: Any, results: Results) -> None:
    """A second of audio, stacked by part."""
    found = results["keywords"]["gcc"]["m4"]
    panels = figure.subplots(-(-len(found) // 2), 2, squeeze=False).ravel()
    for panel in panels[len(found) :]:
        panel.remove()
    for panel, (name, row) in zip(panels, found.items(), strict=False):
        sounds = row["sounds"]
        base = np.zeros(len(sounds))
        for part in next(iter(sounds.values()))["parts"]:
            y = np.array([each["parts"][part] for each in sounds.values()]) / 1e6
            panel.bar(range(len(sounds)), y, bottom=base, label=part, width=0.6)
            base += y
        names = [each.replace(", ", "\n").replace("l s", "l\ns") for each in sounds]
        panel.set_xticks(range(len(sounds)), names, fontsize=8)
        panel.set_ylabel("million cycles a second of audio")
        panel.set_title(f"{name}, from samples to decision, Cortex-M4")
        panel.set_ylim(0, 1.2 * panel.get_ylim()[1])


class Drawing(NamedTuple):
    """A file, what draws it, its size in inches, and the columns of its legends."""

    name: str
    draw: Callable[[Any, Results], None]
    size: tuple[float, float]
    columns: int = 1


DRAWINGS = {
    "rates": Drawing("performance_rates.png", draw_rates, (10.4, 4.2)),
    "against": Drawing("performance_dense.png", draw_dense, (10.4, 4.2)),
    "synapses": Drawing("performance_synapses.png", draw_synapses, (9.0, 4.2)),
    "keywords": Drawing("performance_keywords.png", draw_keywords, (10.4, 8.4), 3),
}


def draw_all(results: Results, folder: Path) -> None:
    """Every plot whose section has been measured."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    for section, drawing in DRAWINGS.items():
        if section not in results:
            continue
        figure = pyplot.figure(figsize=drawing.size)
        drawing.draw(figure, results)
        for panel in figure.axes:
            panel.grid(alpha=0.3)
            panel.legend(fontsize=8, ncols=drawing.columns, loc="best")
        figure.tight_layout()
        with atomic_path(folder / drawing.name) as partial:
            figure.savefig(partial, dpi=110)
        pyplot.close(figure)
