"""What benchmarks/sparsity.py measures of one trained network, all of it on the integer network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from edgesnn.codegen import memory_plan
from edgesnn.files import write_atomic
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.pipeline.datasets import Recordings
from edgesnn.pipeline.simulated import Simulated
from edgesnn.pipeline.verify import stimulus
from edgesnn.quantize import lower
from edgesnn.sim import SimulationReport, simulate
from edgesnn.sim.core.profiles import power_profile
from edgesnn.sim.engine import Engine
from edgesnn.trained import TrainedLayer, load_trained
from edgesnn.trainer.data import SILENCE
from edgesnn.trainer.outcome import TRAINED

BOARD = "nucleo-l4r5zi"
MEASURED = "measured.json"

#: Test clips that run in the simulated core, evenly taken from the split; those of silence apart.
SAMPLE, QUIET = 40, 20

#: Sounds that are counted apart, by the names of `edgesnn.sim.report`.
KINDS = ("all", "keywords", "unknown", "silence", "digital silence")


def measured(folder: Path, recordings: Recordings) -> dict[str, Any]:
    """Accuracy, activity, memory and cycles of the run in `folder`, kept there once known."""
    path = folder / MEASURED
    if not path.exists():
        write_atomic(path, json.dumps(_measure(folder, recordings)) + "\n")
    record: dict[str, Any] = json.loads(path.read_text())
    return record


def _measure(folder: Path, recordings: Recordings) -> dict[str, Any]:
    trained = load_trained(folder / TRAINED)
    network = lower(trained)
    test = stimulus(network, recordings, {}, 0)
    assert test.labels is not None
    report = simulate(network, test.features, test.labels)
    result = Engine(network).classify(test.features)
    right = result.decisions == test.labels
    silent = network.classes.index(SILENCE) if SILENCE in network.classes else -1
    return {
        "test": round(float(right.mean()), 5),
        "right": np.packbits(right).tobytes().hex(),
        "clips": len(right),
        "widths": [layer.size for layer in network.spiking],
        "flash": memory_plan(network).flash_bytes,
        **_scores(trained.layers[-1], result.scores),
        **_activity(report),
        **_cycles(network, test.features, test.labels == silent),
    }


def _scores(readout: TrainedLayer, scores: IntArray) -> dict[str, float]:
    """What regularisation of logits works on: the mean over clips of ‖z_T‖², as the loss has it,
    and the root mean square of the readout's weights, a spike's effect on a logit."""
    logits = scores * readout.scale
    weights = np.concatenate([group.weight.ravel() for group in readout.synapses])
    return {
        "squared_logit": round(float((logits**2).sum(axis=1).mean()), 4),
        "readout_weight": round(float(np.sqrt(np.mean(weights**2))), 5),
    }


def _activity(report: SimulationReport) -> dict[str, Any]:
    """Counts of a clip of speech (keywords and unknown words), of silence and of everything."""
    found = {kind.name: kind.activity for kind in report.conditions}
    every, total = found["all"], found["all"].total
    kinds = {
        name: {
            "spikes": round(found[name].total.spikes, 1),
            "acs": round(found[name].total.effective_acs),
            "macs": round(found[name].total.effective_macs),
            "firing": round(found[name].total.firing_rate, 5),
        }
        for name in KINDS
        if name in found
    }
    return {
        "kinds": kinds,
        "spikes": round(total.spikes, 1),
        "acs": round(total.effective_acs),
        "macs": round(total.effective_macs),
        "firing": round(1 - every.activation_sparsity, 5),
        "membrane_updates": round(total.membrane_updates),
    }


def _cycles(network: Network, heard: IntArray, quiet: IntArray) -> dict[str, Any]:
    """Cycles a second of the network without its front-end, and their energy, microjoules.

    A clip is a second, whether it is heard frame by frame or shown as one image.
    """
    machine, profile = Simulated(network, BOARD), power_profile(BOARD)
    figures = {}
    for name, chosen, count in (("cycles", ~quiet, SAMPLE), ("quiet_cycles", quiet, QUIET)):
        clips = np.flatnonzero(chosen)
        if not len(clips):
            continue
        picked = clips[np.linspace(0, len(clips) - 1, count).astype(np.int64)]
        spent = machine.count_cycles(np.ascontiguousarray(heard[picked]))
        figures[name] = round(float(spent.sum(axis=1).mean()))
    figures["microjoules"] = round(figures["cycles"] * profile.picojoules * 1e-6, 1)
    return figures
