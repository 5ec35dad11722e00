"""What each objective does to accuracy and activity: variants by seeds, each trained through.

Trains the teacher once, then every variant of a network (`sparsity_variants`) with every seed:
finished runs are taken as they stand, unfinished ones go on. Lowers each trained network, runs the
whole test split on the exact engine and a sample of it in the simulated Cortex-M4, and compares
with the baseline. Writes results/sparsity_NETWORK.json and docs/sparsity_NETWORK.png, and prints a
table.

    python benchmarks/sparsity.py --runs FOLDER [--network streaming|short|resnet8|vgg11]
        [--seeds 0 1 2] [--variants baseline kd …] [--epochs N] [--dataset NAME] [--data-dir FOLDER]
        [--jobs INDEX/COUNT | --finished] [--validation]

A folder holds the runs of one network. Several processes or machines that share it divide the runs
by --jobs 0/4 … 3/4; run it once more without. With --finished nothing is trained: what is there,
other strengths too, is measured and compared. With --validation the test split stays unread: the
runs' own counts on validation are compared.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path
from typing import Any

from sparsity_figures import comparison, draw, show
from sparsity_measure import measured
from sparsity_variants import NETWORKS

from edgesnn.files import write_atomic
from edgesnn.pipeline.datasets import Recordings, open_data
from edgesnn.trainer.config import TrainConfig
from edgesnn.trainer.data import Dataset, ImageDataset
from edgesnn.trainer.outcome import REPORT
from edgesnn.trainer.run import LOG, train

ROOT = Path(__file__).resolve().parent.parent
RESULTS, PLOTS = ROOT / "benchmarks" / "results", ROOT / "docs"


def folder_of(given: argparse.Namespace, variant: str, seed: int) -> Path:
    """Where a run is kept."""
    runs: Path = given.runs
    return runs / variant.replace(", ", "_").replace(" ", "_") / f"seed{seed}"


def configuration(given: argparse.Namespace, variant: str, seed: int) -> TrainConfig:
    """The configuration of a run."""
    return NETWORKS[given.network].config(variant, seed, given.runs, given.epochs)


def teach(given: argparse.Namespace, dataset: Dataset | ImageDataset) -> None:
    """Train the teacher, if a variant asks for it."""
    folder = given.runs / "teacher"
    losses = [configuration(given, variant, 0).loss for variant in given.variants]
    if not (folder / REPORT).exists() and any(loss.distillation.weight for loss in losses):
        config = NETWORKS[given.network].teacher_config()
        train(config, dataset, folder, seed=0, test=False)


def train_one(
    given: argparse.Namespace, dataset: Dataset | ImageDataset, variant: str, seed: int
) -> None:
    """Train one variant with one seed, if that is not done.

    A part of the jobs leaves out what goes on from a run that another part has still to finish.
    """
    folder, config = folder_of(given, variant, seed), configuration(given, variant, seed)
    if (folder / REPORT).exists():
        return
    if given.jobs and config.start.run and not (Path(config.start.run) / REPORT).exists():
        print(f"left for later: {folder}, which goes on from {config.start.run}")
        return
    train(config, dataset, folder, seed=seed, test=False)


def record_of(given: argparse.Namespace, variant: str, seed: int) -> Any:
    """What a finished run gave and cost."""
    folder = folder_of(given, variant, seed)
    report = json.loads((folder / REPORT).read_text())
    history = (folder / LOG).read_text().splitlines()
    return {
        "seed": seed,
        "epochs": len(history),
        "validation": report["validation"]["accuracy"],
        "cpu_s": report["cpu_s"],
        **(_as_validated(report) if given.validation else measured(folder, recordings(given))),
    }


def _as_validated(report: dict[str, Any]) -> dict[str, Any]:
    """What the run itself counted on validation; synapses as stored, zero weights among them."""
    names = {"acs": "synaptic_operations", "spikes": "spikes", "firing": "mean_firing_rate"}
    counted = {**report["validation"]["by_kind"], "all": report["validation"]["activity"]}
    kinds = {
        kind: {ours: found[theirs] for ours, theirs in names.items()}
        for kind, found in counted.items()
    }
    return {"kinds": kinds, **kinds["all"]}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True, help="folder of the training runs")
    parser.add_argument("--network", choices=NETWORKS, default="streaming")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--variants", nargs="+", help="instead of all of the network's")
    parser.add_argument("--epochs", type=int, help="instead of the network's own")
    parser.add_argument("--dataset", help="instead of the network's own")
    parser.add_argument("--data-dir", type=Path, help="folder of the recordings or images")
    parser.add_argument("--jobs", metavar="INDEX/COUNT", help="train this part of the runs alone")
    parser.add_argument("--finished", action="store_true", help="train nothing")
    parser.add_argument(
        "--validation", action="store_true", help="compare on validation; read no test split"
    )
    given = parser.parse_args()
    tried = NETWORKS[given.network]
    known = [*tried.variants, *tried.strengths]
    given.variants = given.variants or (known if given.finished else list(tried.variants))
    for unknown in set(given.variants) - set(known):
        parser.error(f"{given.network} has no variant {unknown!r}; there are: {', '.join(known)}")
    if not given.jobs and "baseline" not in given.variants:
        parser.error("--variants must hold baseline, which the others are compared with")
    return given


def recordings(given: argparse.Namespace) -> Recordings:
    """What the network learns from, and is measured on."""
    dataset = given.dataset or NETWORKS[given.network].dataset
    return Recordings(dataset, data_dir=given.data_dir)


def records(given: argparse.Namespace) -> dict[str, Any]:
    """All finished runs by variant, compared with their baselines."""
    table: dict[str, Any] = {}
    for variant in given.variants:
        done = [s for s in given.seeds if (folder_of(given, variant, s) / REPORT).exists()]
        if done:
            table[variant] = {"runs": [record_of(given, variant, s) for s in done]}
    against = NETWORKS[given.network].against
    for variant, entry in table.items():
        entry["against"] = baseline_of(table, variant, against.get(variant, "baseline"))
        entry["compared"] = comparison(entry["runs"], table[entry["against"]]["runs"])
    return table


def baseline_of(table: dict[str, Any], variant: str, wanted: str) -> str:
    """The baseline `wanted`; the plain one where that has not been run with all of the seeds."""
    seeds = {run["seed"] for run in table[variant]["runs"]}
    has = {run["seed"] for run in table.get(wanted, {"runs": []})["runs"]}
    return wanted if seeds <= has else "baseline"


def keep(given: argparse.Namespace, table: dict[str, Any]) -> None:
    """Write the records with the settings that made them, and the plot."""
    losses = {v: configuration(given, v, 0).model_dump(mode="json")["loss"] for v in table}
    for loss in losses.values():
        loss["distillation"]["teacher"] = Path(loss["distillation"]["teacher"]).name
    facts = {
        "network": given.network,
        "epochs": given.epochs or NETWORKS[given.network].epochs,
        "split": "validation" if given.validation else "testing",
    }
    text = json.dumps(facts | {"losses": losses, "variants": table}, indent=1)
    write_atomic(RESULTS / f"sparsity_{given.network}.json", text + "\n")
    draw(table, PLOTS / f"sparsity_{given.network}.png")


def main() -> None:
    given = arguments()
    chosen = list(product(given.seeds, given.variants))
    index, count = map(int, given.jobs.split("/")) if given.jobs else (0, 1)
    if not given.finished:
        dataset = open_data(recordings(given))
        teach(given, dataset)
        for seed, variant in chosen[index::count]:
            train_one(given, dataset, variant, seed)
    if not given.jobs:
        table = records(given)
        keep(given, table)
        show(table)


if __name__ == "__main__":
    main()
