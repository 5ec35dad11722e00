"""The keyword spotter on real recordings: several seeds, trained, lowered, measured, drawn.

Trains each seed (or goes on where its run folder stands), lowers it, and runs the test split once
on the integer network. Writes results/gsc.json, and for the seed with the best validation
accuracy docs/gsc_curves.png, docs/gsc_confusion.png and the network that ships: its weights with
delta-coded input, which needs no training of its own.

    python benchmarks/gsc.py --runs FOLDER [--seeds 0 1 2] [--data-dir FOLDER] [--ship DELTA]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edgesnn.codegen.plan import memory_plan
from edgesnn.files import write_atomic
from edgesnn.network import Input, Network, identity, save_network
from edgesnn.quantize import lower
from edgesnn.sim import SimulationReport, simulate
from edgesnn.trained import TrainedNetwork, load_trained
from edgesnn.trainer.config import preset
from edgesnn.trainer.curves import draw_confusion
from edgesnn.trainer.data import open_dataset
from edgesnn.trainer.data.dataset import Dataset
from edgesnn.trainer.data.pcm import load_pcm
from edgesnn.trainer.outcome import TRAINED
from edgesnn.trainer.run import LOG, train

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "gsc.json"
DELTAS = (0, 2, 4, 6, 8, 12, 16)
SHIPPED = ROOT / "edgesnn" / "networks" / "gsc.esnn"


def run_seed(dataset: Dataset, folder: Path, seed: int) -> dict[str, Any]:
    """Train, lower and measure one seed: everything worth knowing of it."""
    run = folder / f"seed{seed}"
    if not (run / TRAINED).exists():  # a finished run is taken as it is
        train(preset("gsc"), dataset, run, seed=seed)
    network = lower(replace(load_trained(run / TRAINED), name="gsc"))
    test = load_pcm(dataset, "testing")
    report = simulate(network, test.pcm, test.labels)
    return {"seed": seed, **training_record(run), **network_record(network, report)}


def delta_coded(trained: TrainedNetwork, delta: int) -> TrainedNetwork:
    """The same weights, fed with the channels alone that moved by more than `delta`."""
    return replace(trained, input=Input(shape=trained.input.shape, encoding="delta", delta=delta))


def by_delta(dataset: Dataset, trained: TrainedNetwork) -> dict[str, dict[str, float]]:
    """Validation accuracy, and the input's work on validation and in silence, for each delta."""
    clips = load_pcm(dataset, "validation")
    choices = {"direct": trained} | {str(d): delta_coded(trained, d) for d in DELTAS}
    table = {}
    for name, choice in choices.items():
        report = simulate(lower(choice), clips.pcm, clips.labels)
        assert report.accuracy is not None
        macs = {kind.name: kind.activity.total.effective_macs for kind in report.conditions}
        table[name] = {
            "validation_accuracy": round(report.accuracy.share, 5),
            "effective_macs": round(macs["all"]),
            "effective_macs_silence": round(macs["silence"]),
        }
    return table


def ship(dataset: Dataset, run: Path, delta: int) -> dict[str, Any]:
    """Measure the network that ships on the test split, save it, and draw its confusion."""
    trained = replace(load_trained(run / TRAINED), name="gsc")
    coded, table = delta_coded(trained, delta), by_delta(dataset, trained)
    test = load_pcm(dataset, "testing")
    report = simulate(lower(coded), test.pcm, test.labels)
    assert report.accuracy is not None
    notes = {
        **trained.notes,
        "validation_accuracy": f"{table[str(delta)]['validation_accuracy']:.4f}",
        "testing_accuracy": f"{report.accuracy.share:.4f}",
        "input": f"trained direct; delta coding with delta {delta} chosen on validation",
    }
    network = lower(replace(coded, notes=notes))
    save_network(network, SHIPPED)
    return {"delta": delta, "by_delta": table, **network_record(network, report)}


def training_record(run: Path) -> dict[str, Any]:
    """How long the training took, and what it reached on validation."""
    history = [json.loads(line) for line in (run / LOG).read_text().splitlines()]
    return {
        "epochs": len(history),
        "wall_s": round(sum(line["wall_s"] for line in history), 1),
        "cpu_s": round(sum(line["cpu_s"] for line in history), 1),
        "load": round(statistics.mean(line["load"] for line in history), 1),
        "validation_accuracy": max(line["validation_accuracy"] for line in history),
    }


def network_record(network: Network, report: SimulationReport) -> dict[str, Any]:
    """Memory, accuracy and activity of the integer network on the test split."""
    plan = memory_plan(network)
    hidden = [layer for layer in report.activity.layers if layer.spikes]
    fired = sum(layer.spikes for layer in hidden)
    return {
        "sha256": identity(network),
        "flash_bytes": plan.flash_bytes,
        "ram_bytes": plan.ram_bytes,
        "hidden_firing_rate": round(fired / sum(layer.neuron_steps for layer in hidden), 5),
        "test": report.to_dict(),
    }


def summary(seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """Mean and spread over the seeds."""
    return {
        what: {
            "mean": round(statistics.mean(values), 5),
            "standard_deviation": round(statistics.stdev(values), 5) if len(values) > 1 else None,
        }
        for what, values in {
            "validation_accuracy": [seed["validation_accuracy"] for seed in seeds],
            "test_accuracy": [seed["test"]["accuracy"]["accuracy"] for seed in seeds],
        }.items()
    }


def draw(run: Path, record: dict[str, Any]) -> None:
    """The run's learning curves and the shipped network's confusion, for the documents."""
    shutil.copyfile(run / "curves.png", ROOT / "docs" / "gsc_curves.png")
    accuracy = record["test"]["accuracy"]
    title = f"test, integer network: {100 * accuracy['accuracy']:.1f} %"
    path = ROOT / "docs" / "gsc_confusion.png"
    draw_confusion(np.array(accuracy["confusion"]), accuracy["classes"], title, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--runs", type=Path, required=True, help="folder of the training runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data-dir", type=Path, help="folder of the recordings")
    parser.add_argument("--ship", type=int, metavar="DELTA", help="replace the network that ships")
    given = parser.parse_args()
    dataset = open_dataset("gsc", data_dir=given.data_dir)
    seeds = [run_seed(dataset, given.runs, seed) for seed in given.seeds]
    chosen = max(seeds, key=lambda record: record["validation_accuracy"])
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    record = {"machine": machine, "chosen_seed": chosen["seed"], **summary(seeds), "seeds": seeds}
    if given.ship is not None:
        run = given.runs / f"seed{chosen['seed']}"
        record["shipped"] = ship(dataset, run, given.ship)
        draw(run, record["shipped"])
    write_atomic(RESULTS, json.dumps(record, indent=1) + "\n")
    print(json.dumps(summary(seeds), indent=1))


if __name__ == "__main__":
    main()
