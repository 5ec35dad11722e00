"""Make a trained network one of those that ship: measure it, draw it, save it.

Takes a finished training run whose test split is still unread, or a network file, lowers it under
NAME, and runs validation, the test split, made sounds, and an hour of test words as a stream on
the integer network (the stream on the generated C too). Writes edgesnn/networks/NAME.esnn,
results/shipped_NAME.json, its part of results/listening.json, docs/NAME_confusion.png,
docs/det_NAME.png, and of a run docs/NAME_curves.png.

With --drop, neurons that fire in no more than that share of the steps of the training clips are
left out of the integer network, down to whole tiles of eight.

With --delta the input is sent when it moved by more than that, whatever it was trained with.

With --rest, biases are lowered to where no neuron is held above that share of its threshold in
silence, and nudged so that all come to rest (edgesnn/settle.py).

With --balance the readout's biases of *silence* and *unknown* are chosen anew: those with the best
mean recall of the classes on validation.

    python benchmarks/ship.py NAME RUN|FILE.esnn [--delta N] [--drop SHARE] [--rest SHARE]
        [--balance] [--data-dir FOLDER] [--dry]
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ship_changes import Biases, at_rest, balanced, without_idle

from edgesnn.codegen import memory_plan
from edgesnn.files import write_atomic
from edgesnn.frontend import features
from edgesnn.network import Network, identity, load_network, save_network
from edgesnn.pipeline.datasets import Recordings
from edgesnn.pipeline.stream import draw_det, evaluate_stream, with_detector
from edgesnn.quantize import lower
from edgesnn.sim import SimulationReport, simulate
from edgesnn.sim.engine import Engine
from edgesnn.trained import load_trained
from edgesnn.trainer.config import load_config
from edgesnn.trainer.curves import draw_confusion
from edgesnn.trainer.data import open_dataset
from edgesnn.trainer.data.dataset import Dataset
from edgesnn.trainer.data.pcm import load_pcm
from edgesnn.trainer.outcome import CONFIG, TRAINED
from edgesnn.trainer.run import CURVES, LOG

ROOT = Path(__file__).resolve().parent.parent
LISTENING = ROOT / "benchmarks" / "results" / "listening.json"
REST_SECONDS = 30


def activity_of(report: SimulationReport) -> dict[str, dict[str, Any]]:
    """Means a second of sound, by condition."""
    table = {}
    for condition in report.conditions:
        total = condition.activity.total
        table[condition.name] = {
            "spikes": round(total.spikes, 1),
            "firing_rates": [
                round(layer.firing_rate, 5) for layer in condition.activity.layers if layer.spikes
            ],
            "effective_acs": round(total.effective_acs),
            "effective_macs": round(total.effective_macs),
            "operations": round(total.effective_acs + total.effective_macs),
        }
    return table


def rest(network: Network, seconds: int = REST_SECONDS) -> dict[str, Any]:
    """Seconds of digital silence until nothing fires and no state moves any more, or None."""
    assert network.frontend is not None
    silence = np.zeros((1, seconds * network.frontend.sample_rate), np.int16)
    traces = Engine(network).run(features(silence, network.frontend))
    moving = [
        np.flatnonzero(np.any(np.diff(values[0], axis=0) != 0, axis=1))
        for values in (*traces.v.values(), *traces.a.values())
    ]
    last = max(int(steps[-1]) + 1 if len(steps) else 0 for steps in moving)
    fired = max(
        int(np.flatnonzero(spikes[0].any(axis=1)).max(initial=-1)) + 1
        for spikes in traces.spikes.values()
    )
    steps, step_s = len(traces.v["readout"][0]), network.frontend.hop / network.frontend.sample_rate
    return {
        "last_spike_s": round(fired * step_s, 2) if fired < steps else None,
        "at_rest_after_s": round(last * step_s, 2) if last < steps - 1 else None,
    }


def training_record(run: Path) -> dict[str, Any]:
    """The settings that were trained with, and what it took."""
    history = [json.loads(line) for line in (run / LOG).read_text().splitlines()]
    config = load_config(run / CONFIG)
    settings = config.model_dump(mode="json")
    teachers = [Path(folder).name for folder in config.loss.distillation.teachers]
    settings["loss"]["distillation"]["teacher"] = teachers
    settings["start"]["run"] = Path(config.start.run).name
    return {
        "config": settings,
        "epochs": len(history),
        "cpu_s": round(sum(line["cpu_s"] for line in history), 1),
        "wall_s": round(sum(line["wall_s"] for line in history), 1),
        "load": round(statistics.mean(line["load"] for line in history), 1),
    }


def listen(path: Path, name: str, data_dir: Path | None) -> None:
    """An hour of test words, once, on the engine and on the generated C."""
    result = evaluate_stream(path, Recordings("gsc", None, data_dir), exact=True)
    record = json.loads(LISTENING.read_text())
    record["networks"][name] = result.record()
    write_atomic(LISTENING, json.dumps(record, indent=1) + "\n")
    draw_det(result, ROOT / "docs" / f"det_{name}.png")
    print(json.dumps(result.error.record()))


@dataclass(frozen=True)
class Chosen:
    """The network to ship, what was done to it, and what it reached by split."""

    network: Network
    biases: Biases
    reports: dict[str, SimulationReport]

    @property
    def shares(self) -> dict[str, str]:
        """Accuracies, as the network's notes have them."""
        found = {}
        for split, report in self.reports.items():
            assert report.accuracy is not None
            found[f"{split}_accuracy"] = f"{report.accuracy.share:.4f}"
        return found


def choose(given: argparse.Namespace) -> Chosen:
    """Lower and change the network as asked, choose its detector, and measure it."""
    dataset = open_dataset("gsc", data_dir=given.data_dir)
    network = replace(_lowered(given.run), name=given.name)
    network, notes, biases = _changed(network, dataset, given)
    heard = with_detector(network, dataset)
    print(json.dumps(heard.error.record()))
    reports = {}
    for split in ("validation",) if given.dry else ("validation", "testing"):
        clips = load_pcm(dataset, split)
        reports[split] = simulate(heard.network, clips.pcm, clips.labels)
    found = Chosen(heard.network, biases, reports)
    noted = {**heard.network.notes, **notes, **found.shares}
    return replace(found, network=replace(heard.network, notes=noted))


def _changed(
    network: Network, dataset: Dataset, given: argparse.Namespace
) -> tuple[Network, dict[str, str], Biases]:
    """`network` as the options want it, notes of that, and what was done to the readout."""
    notes, biases = {}, {}
    if given.delta is not None:
        network = replace(network, input=replace(network.input, delta=given.delta))
        notes["delta"] = f"read with {given.delta}"
    if given.drop is not None:
        network = without_idle(network, dataset, given.drop)
        notes["idle"] = f"neurons up to a share of {given.drop} left out"
    if given.rest is not None:
        network, nudged = at_rest(network, given.rest)
        notes["rest"] = f"held to {given.rest} of the thresholds in silence, {nudged} biases nudged"
    if given.balance:
        network, biases = balanced(network, dataset)
    return network, notes, biases


def _lowered(source: Path) -> Network:
    """The network of a training run, or of a file."""
    return lower(load_trained(source / TRAINED)) if source.is_dir() else load_network(source)


def record_of(chosen: Chosen, source: Path) -> dict[str, Any]:
    """What results/shipped_NAME.json says, but for the confusion on the test split."""
    plan = memory_plan(chosen.network)
    return {
        "widths": [layer.size for layer in chosen.network.spiking],
        "sha256": identity(chosen.network),
        **chosen.shares,
        "flash_bytes": plan.flash_bytes,
        "ram_bytes": plan.ram_bytes,
        "biases_changed_by": chosen.biases,
        "silence": rest(chosen.network),
        "activity": {split: activity_of(report) for split, report in chosen.reports.items()},
        "training": training_record(source) if source.is_dir() else None,
    }


def ship(chosen: Chosen, record: dict[str, Any], given: argparse.Namespace) -> None:
    """Write network, record and figures, and listen to an hour of the test split."""
    name, docs = given.name, ROOT / "docs"
    accuracy = chosen.reports["testing"].to_dict()["accuracy"]
    shipped = ROOT / "edgesnn" / "networks" / f"{name}.esnn"
    save_network(chosen.network, shipped)
    results = ROOT / "benchmarks" / "results" / f"shipped_{name}.json"
    write_atomic(results, json.dumps({**record, "test": accuracy}, indent=1) + "\n")
    if given.run.is_dir():
        shutil.copyfile(given.run / CURVES, docs / f"{name}_curves.png")
    title = f"test, integer network: {100 * accuracy['accuracy']:.1f} %"
    path = docs / f"{name}_confusion.png"
    draw_confusion(np.array(accuracy["confusion"]), accuracy["classes"], title, path)
    listen(shipped, name, given.data_dir)


def options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("name", help="what the network will be called")
    parser.add_argument("run", type=Path, help="folder of its training run, or .esnn")
    parser.add_argument("--data-dir", type=Path, help="folder of the recordings")
    parser.add_argument("--delta", type=int, metavar="N", help="read with this threshold")
    parser.add_argument("--drop", type=float, metavar="SHARE", help="leave out idle neurons")
    parser.add_argument("--rest", type=float, metavar="SHARE", help="let neurons rest in silence")
    parser.add_argument("--balance", action="store_true", help="choose the readout's biases")
    parser.add_argument("--dry", action="store_true", help="read validation alone; write nothing")
    return parser.parse_args()


def main() -> None:
    given = options()
    chosen = choose(given)
    record = record_of(chosen, given.run)
    print(json.dumps(record, indent=1))
    if not given.dry:
        ship(chosen, record, given)


if __name__ == "__main__":
    main()
