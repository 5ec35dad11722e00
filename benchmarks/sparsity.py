"""What each objective does to accuracy and activity: variants by seeds, each trained through.

Trains the teacher once, then every variant of a preset with every seed (finished runs are taken
as they stand, unfinished ones go on), lowers each network, runs the whole test split on the exact
engine and a sample of it in the simulated Cortex-M4, and compares with `baseline`. Writes
results/sparsity.json and docs/sparsity.png, and prints a table.

    python benchmarks/sparsity.py --runs FOLDER [--seeds 0 1 2] [--variants baseline kd …]
        [--preset balanced] [--width N] [--epochs N] [--dataset gsc] [--data-dir FOLDER]
        [--jobs INDEX/COUNT | --finished] [--validation]

Several processes or machines that share FOLDER divide the runs by --jobs 0/4 … 3/4; run it once
more without. With --finished nothing is trained: what is there is measured and compared. With
--validation the test split stays unread: the runs' own counts on validation are compared.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path
from typing import Any

from sparsity_figures import comparison, draw, show
from sparsity_measure import measured

from edgesnn.files import write_atomic
from edgesnn.trainer.changes import changed
from edgesnn.trainer.config import TrainConfig, preset
from edgesnn.trainer.data import open_dataset
from edgesnn.trainer.data.dataset import Dataset
from edgesnn.trainer.outcome import REPORT
from edgesnn.trainer.run import LOG, train

ROOT = Path(__file__).resolve().parent.parent
RESULTS, PLOT = ROOT / "benchmarks" / "results" / "sparsity.json", ROOT / "docs" / "sparsity.png"

NONE = ["loss.energy.weight=0", "loss.silence.weight=0"]


def kd(weight: float, temperature: float) -> list[str]:
    """Changes that add a teacher."""
    return [
        "loss.distillation.teacher={runs}/teacher",
        f"loss.distillation.weight={weight}",
        f"loss.distillation.temperature={temperature}",
        "loss.distillation.steps=0.3",
    ]


def activations(l1: float) -> list[str]:
    """Changes that add a price on firing rates."""
    return [f"loss.activations.l1={l1}"]


def logits(l2: float) -> list[str]:
    """Changes that add a price on scores."""
    return [f"loss.logits.l2={l2}"]


def energy(weight: float, silence: float) -> list[str]:
    """Changes that add prices on microjoules, of all clips and of quiet ones."""
    return [f"loss.energy.weight={weight}", f"loss.silence.weight={silence}"]


KD, ACTIVATIONS, LOGITS, ENERGY = kd(0.5, 2), activations(0.4), logits(5e-3), energy(6e-3, 2e-4)

#: A run goes on from the run of another variant, without its idle neurons.
PRUNED = ["start.run={runs}/energy_kd/seed{seed}", "start.prune=1e-3", "loss.ramp=0"]

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
    "energy, kd, pruned": ENERGY + KD + PRUNED,
}

#: Other strengths of the single methods, from which the ones above were chosen on validation.
STRENGTHS = {
    "kd 0.9 T2": NONE + kd(0.9, 2),
    "kd 0.9 T4": NONE + kd(0.9, 4),
    "activations 0.2": NONE + activations(0.2),
    "activations 1.5": NONE + activations(1.5),
    "logits 1e-3": NONE + logits(1e-3),
    "logits 2e-2": NONE + logits(2e-2),
    "energy 2e-3": energy(2e-3, 2e-4),
}


def folder_of(given: argparse.Namespace, variant: str, seed: int) -> Path:
    """Where a run is kept."""
    runs: Path = given.runs
    return runs / variant.replace(", ", "_").replace(" ", "_") / f"seed{seed}"


def configuration(given: argparse.Namespace, variant: str, seed: int) -> TrainConfig:
    """The preset with the variant's changes, its clips heard one by one from a reset."""
    plain = preset(given.preset)
    changes = ["augment.chain=1", "loss.false_accepts.weight=0"]
    if given.width:
        count = len(plain.model_dump()["model"]["hidden"])
        changes += [f"model.hidden.{layer}.width={given.width}" for layer in range(count)]
    if given.epochs:
        changes.append(f"optimiser.epochs={given.epochs}")
    own = (VARIANTS | STRENGTHS)[variant]
    return changed(plain, changes + [text.format(runs=given.runs, seed=seed) for text in own])


def teach(given: argparse.Namespace, dataset: Dataset) -> None:
    """Train the teacher, hearing through the preset's front-end."""
    folder = given.runs / "teacher"
    if (folder / REPORT).exists():
        return
    config = preset("teacher").model_copy(update={"frontend": preset(given.preset).frontend})
    train(config, dataset, folder, seed=0, test=False)


def train_one(given: argparse.Namespace, dataset: Dataset, variant: str, seed: int) -> None:
    """Train one variant with one seed, if that is not done."""
    folder = folder_of(given, variant, seed)
    if not (folder / REPORT).exists():
        train(configuration(given, variant, seed), dataset, folder, seed=seed, test=False)


def record_of(given: argparse.Namespace, dataset: Dataset, variant: str, seed: int) -> Any:
    """What a finished run gave and cost."""
    folder = folder_of(given, variant, seed)
    report = json.loads((folder / REPORT).read_text())
    history = (folder / LOG).read_text().splitlines()
    return {
        "seed": seed,
        "epochs": len(history),
        "validation": report["validation"]["accuracy"],
        "cpu_s": report["cpu_s"],
        **(_as_validated(report) if given.validation else measured(folder, dataset)),
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
    known = [*VARIANTS, *STRENGTHS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--runs", type=Path, required=True, help="folder of the training runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=known)
    parser.add_argument("--preset", default="balanced")
    parser.add_argument("--width", type=int, help="of each hidden layer, instead of the preset's")
    parser.add_argument("--epochs", type=int, help="instead of the preset's")
    parser.add_argument("--dataset", default="gsc")
    parser.add_argument("--data-dir", type=Path, help="folder of the recordings")
    parser.add_argument("--jobs", metavar="INDEX/COUNT", help="train this part of the runs alone")
    parser.add_argument("--finished", action="store_true", help="train nothing")
    parser.add_argument(
        "--validation", action="store_true", help="compare on validation; read no test split"
    )
    return parser.parse_args()


def main() -> None:
    given = arguments()
    dataset = open_dataset(given.dataset, data_dir=given.data_dir)
    chosen = list(product(given.seeds, given.variants))
    index, count = map(int, given.jobs.split("/")) if given.jobs else (0, 1)
    if not given.finished:
        teach(given, dataset)
        for seed, variant in chosen[index::count]:
            train_one(given, dataset, variant, seed)
    if given.jobs:
        return
    table: dict[str, Any] = {}
    for variant in given.variants:
        done = [s for s in given.seeds if (folder_of(given, variant, s) / REPORT).exists()]
        if done:
            table[variant] = {"runs": [record_of(given, dataset, variant, s) for s in done]}
    for entry in table.values():
        entry["compared"] = comparison(entry["runs"], table["baseline"]["runs"])
    losses = {v: configuration(given, v, 0).model_dump(mode="json")["loss"] for v in table}
    for loss in losses.values():
        loss["distillation"]["teacher"] = Path(loss["distillation"]["teacher"]).name
    facts = {"preset": given.preset, "width": given.width, "epochs": given.epochs}
    facts["split"] = "validation" if given.validation else "testing"
    write_atomic(
        RESULTS, json.dumps(facts | {"losses": losses, "variants": table}, indent=1) + "\n"
    )
    draw(table, PLOT)
    show(table)


if __name__ == "__main__":
    main()
