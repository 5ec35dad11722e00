"""What each objective does to accuracy and activity: variants by seeds, each trained through.

Trains the teacher once, then every variant of a preset with every seed (finished runs are taken
as they stand, unfinished ones go on), and compares each with `baseline`, seed by seed: a paired
t test of validation and test accuracy, and the change of spikes, operations and cycles. Writes
results/sparsity.json and prints a table.

    python benchmarks/sparsity.py --runs FOLDER [--seeds 0 1 2] [--variants baseline kd …]
        [--preset balanced] [--dataset gsc] [--data-dir FOLDER] [--epochs N] [--jobs INDEX/COUNT]

Several machines that share FOLDER divide the runs by --jobs 0/4 … 3/4; run it once more without.
"""

from __future__ import annotations

import argparse
import json
import statistics
from itertools import product
from pathlib import Path
from typing import Any

from edgesnn.files import write_atomic
from edgesnn.trainer.changes import changed
from edgesnn.trainer.config import TrainConfig, preset
from edgesnn.trainer.data import open_dataset
from edgesnn.trainer.data.dataset import Dataset
from edgesnn.trainer.outcome import REPORT
from edgesnn.trainer.run import LOG, train

RESULTS = Path(__file__).resolve().parent / "results" / "sparsity.json"

NONE = ["loss.energy.weight=0", "loss.silence.weight=0"]
KD = ["loss.distillation.teacher={teacher}", "loss.distillation.weight=0.5"]
KD += ["loss.distillation.steps=0.3"]
ACTIVATIONS, LOGITS = ["loss.activations.l1=1.5"], ["loss.logits.l2=3e-3"]
ENERGY = ["loss.energy.weight=2e-3", "loss.silence.weight=4e-3"]

#: What each variant changes of the preset. Made quiet clips are in all of them.
VARIANTS = {
    "baseline": NONE,
    "kd": NONE + KD,
    "activations": NONE + ACTIVATIONS,
    "logits": NONE + LOGITS,
    "kd, activations": NONE + KD + ACTIVATIONS,
    "kd, logits": NONE + KD + LOGITS,
    "activations, logits": NONE + ACTIVATIONS + LOGITS,
    "all three": NONE + KD + ACTIVATIONS + LOGITS,
    "energy": ENERGY,
    "energy, kd": ENERGY + KD,
}

#: What is compared, by its path in a run's record.
FIGURES = ("validation", "test", "spikes", "operations", "macs", "cycles", "silence_cycles")


def configuration(given: argparse.Namespace, variant: str) -> TrainConfig:
    """The preset with the variant's changes."""
    changes = [text.format(teacher=given.runs / "teacher") for text in VARIANTS[variant]]
    if given.epochs:
        changes.append(f"optimiser.epochs={given.epochs}")
    return changed(preset(given.preset), changes)


def teach(given: argparse.Namespace, dataset: Dataset) -> None:
    """Train the teacher, hearing through the preset's front-end."""
    folder = given.runs / "teacher"
    if (folder / REPORT).exists():
        return
    frontend = preset(given.preset).frontend
    config = preset("teacher").model_copy(update={"frontend": frontend})
    changes = [f"optimiser.epochs={given.epochs}"] if given.epochs else []
    train(changed(config, changes), dataset, folder, seed=0, test=False)


def run_of(given: argparse.Namespace, dataset: Dataset, variant: str, seed: int) -> dict[str, Any]:
    """Train one variant with one seed, or read what it gave."""
    folder = given.runs / variant.replace(", ", "_").replace(" ", "_") / f"seed{seed}"
    if not (folder / REPORT).exists():
        train(configuration(given, variant), dataset, folder, seed=seed)
    report = json.loads((folder / REPORT).read_text())
    history = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    # The network kept is the last with the best validation accuracy.
    kept = max(history, key=lambda line: (line["validation_accuracy"], line["epoch"]))
    speech = report["testing"]["by_kind"].get("speech", report["testing"]["activity"])
    return {
        "seed": seed,
        "validation": report["validation"]["accuracy"],
        "test": report["testing"]["accuracy"],
        "firing_rates": speech["firing_rates"],
        "spikes": speech["spikes"],
        "operations": speech["synaptic_operations"],
        "macs": speech["first_layer_macs"],
        "cycles": kept["predicted_cycles"]["speech"],
        "silence_cycles": kept["predicted_cycles"]["made quiet"],
        "cpu_s": report["cpu_s"],
    }


def comparison(runs: list[dict[str, Any]], baseline: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and spread of each figure, its change, and the p value of a paired t test."""
    from scipy.stats import ttest_rel

    table = {}
    for name in FIGURES:
        ours, theirs = [run[name] for run in runs], [run[name] for run in baseline]
        spread = statistics.stdev(ours) if len(ours) > 1 else None
        mean, before = statistics.mean(ours), statistics.mean(theirs)
        paired = ours != theirs and len(ours) == len(theirs) > 1
        p = float(ttest_rel(ours, theirs).pvalue) if paired else None
        change = mean / before - 1 if before else None
        table[name] = {"mean": mean, "deviation": spread, "change": change, "p": p}
    return table


def show(table: dict[str, dict[str, Any]]) -> None:
    """A table in Markdown: mean, and the change in per cent against the baseline."""
    print("| variant | " + " | ".join(FIGURES) + " |")
    print("|---" * (len(FIGURES) + 1) + "|")
    for variant, record in table.items():
        cells = []
        for name in FIGURES:
            figure = record["compared"][name]
            mean, change = figure["mean"], figure["change"]
            shown = f"{100 * mean:.2f}" if name in ("validation", "test") else f"{mean:,.0f}"
            cells.append(shown if change is None else f"{shown} ({100 * change:+.1f} %)")
        print(f"| {variant} | " + " | ".join(cells) + " |")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--runs", type=Path, required=True, help="folder of the training runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--dataset", default="gsc")
    parser.add_argument("--data-dir", type=Path, help="folder of the recordings")
    parser.add_argument("--epochs", type=int, help="instead of the presets'")
    parser.add_argument("--jobs", metavar="INDEX/COUNT", help="do this part of the runs alone")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    dataset = open_dataset(given.dataset, data_dir=given.data_dir)
    teach(given, dataset)
    chosen = list(product(given.variants, given.seeds))
    if given.jobs:
        index, count = map(int, given.jobs.split("/"))
        for variant, seed in chosen[index::count]:
            run_of(given, dataset, variant, seed)
        return
    runs = {v: [run_of(given, dataset, v, seed) for seed in given.seeds] for v in given.variants}
    baseline = runs.get("baseline", next(iter(runs.values())))
    table = {
        variant: {"compared": comparison(made, baseline), "runs": made}
        for variant, made in runs.items()
    }
    settings = {v: configuration(given, v).model_dump(mode="json")["loss"] for v in table}
    record = {"preset": given.preset, "seeds": given.seeds, "losses": settings, "variants": table}
    write_atomic(RESULTS, json.dumps(record, indent=1) + "\n")
    show(table)


if __name__ == "__main__":
    main()
