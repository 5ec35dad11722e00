"""A training run: features, epochs, checkpoints, the log, the choice of the best, reports."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from edgesnn.errors import EdgesnnError, UsageError
from edgesnn.files import write_atomic
from edgesnn.frontend import FrontEnd
from edgesnn.trained import TrainedNetwork, save_trained
from edgesnn.trainer import checkpoint
from edgesnn.trainer.allocation import keep_freed_memory
from edgesnn.trainer.average import Average
from edgesnn.trainer.config import TrainConfig
from edgesnn.trainer.curves import draw_confusion, draw_curves
from edgesnn.trainer.data import SILENCE, Dataset
from edgesnn.trainer.epoch import train_epoch
from edgesnn.trainer.evaluate import Evaluation, evaluate
from edgesnn.trainer.export import export
from edgesnn.trainer.features import (
    FeatureSet,
    fit_front_end,
    split_features,
    training_features,
)
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.schedule import make_optimiser
from edgesnn.trainer.toml import to_toml

CONFIG, LOG, REPORT = "config.toml", "log.jsonl", "report.json"
TRAINED, BEST = "trained.safetensors", "best.safetensors"


class InterruptedTrainingError(EdgesnnError):
    """Ctrl-C during training; the last whole epoch is on disk."""

    exit_code = 130


@dataclass(frozen=True)
class RunResult:
    """What a run made.

    Attributes:
        folder: with configuration, log, curves, reports and the trained network.
        model: the chosen one, in evaluation mode.
        trained: the same, framework-free.
        evaluations: by split: validation, and testing unless it was not to be read.
        history: the log, one line an epoch.
    """

    folder: Path
    model: KeywordSpotter
    trained: TrainedNetwork
    evaluations: dict[str, Evaluation]
    history: list[dict[str, Any]]


def train(
    config: TrainConfig,
    dataset: Dataset,
    run_dir: Path,
    *,
    seed: int = 0,
    resume: bool = True,
    device: str | None = None,
    test: bool = True,
) -> RunResult:
    """Train a keyword spotter, or go on with what `run_dir` holds of the same run.

    The network kept is the moving average of the weights after the epoch with the best
    validation accuracy, the later of equals. The test split is read once, at the end.

    Args:
        config: all settings; echoed into `run_dir`.
        dataset: recordings.
        run_dir: made where it does not exist.
        seed: of weights, batches and masks; the same seed gives the same network.
        resume: false starts anew even where there is a checkpoint.
        device: a PyTorch device; None takes a GPU where there is one.
        test: false leaves the test split unread.

    Raises:
        DataError: recordings are missing or corrupt.
        UsageError: there is no such device.
        InterruptedTrainingError: Ctrl-C; the same call goes on from the last whole epoch.
    """
    keep_freed_memory()
    place = choose_device(device)
    write_atomic(run_dir / CONFIG, to_toml(config.model_dump()))
    frontend = fit_front_end(dataset, config)
    training = training_features(dataset, frontend, config.augment)
    validation = split_features(dataset, "validation", frontend)
    state = _start(config, dataset, frontend, seed, place)
    if resume:
        checkpoint.restore(state, run_dir)
    try:
        while state.epoch < config.optimiser.epochs:
            _run_epoch(state, training, validation, config, dataset, run_dir, seed, place)
    except KeyboardInterrupt:
        raise InterruptedTrainingError(
            f"interrupted in epoch {state.epoch + 1} of {config.optimiser.epochs}; epoch "
            f"{state.epoch} is kept in {run_dir}: run the same command again to go on"
        ) from None
    return _finish(state, config, dataset, frontend, run_dir, seed, place, validation, test)


def choose_device(wanted: str | None) -> str:
    """`wanted`, or a GPU where there is one.

    Raises:
        UsageError: PyTorch has no such device here.
    """
    if wanted in (None, "auto"):
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError):
        raise UsageError(f"no device {wanted!r} here; leave it out to take what there is") from None
    return str(wanted)


def _start(
    config: TrainConfig, dataset: Dataset, frontend: FrontEnd, seed: int, device: str
) -> checkpoint.State:
    torch.manual_seed(seed)
    model = KeywordSpotter(config.model, frontend.bands, len(dataset.classes)).to(device)
    facts = {"config": config.model_dump(), "data": dataset.fingerprint(), "seed": seed}
    return checkpoint.State(
        model=model,
        average=Average(model, config.optimiser.average),
        optimiser=make_optimiser(model, config.optimiser),
        epoch=0,
        key=checkpoint.run_key(facts),
        history=[],
    )


def _run_epoch(
    state: checkpoint.State,
    training: FeatureSet,
    validation: FeatureSet,
    config: TrainConfig,
    dataset: Dataset,
    run_dir: Path,
    seed: int,
    device: str,
) -> None:
    """Train and validate an epoch; write log, curves, the best network and the checkpoint."""
    wall, cpu = time.perf_counter(), time.process_time()
    line = train_epoch(state, training, config, seed, device)
    result = evaluate(
        state.average.model, validation, silence=silence_label(dataset), device=device
    )
    state.epoch += 1
    line = {"epoch": state.epoch, "validation_accuracy": round(result.accuracy, 5)} | line
    line |= result.activity.summary()
    line |= {"wall_s": round(time.perf_counter() - wall, 2)}
    line |= {"cpu_s": round(time.process_time() - cpu, 2), "load": round(os.getloadavg()[0], 2)}
    best = max((past["validation_accuracy"] for past in state.history), default=-1.0)
    state.history = [*state.history, line]
    if line["validation_accuracy"] >= best:
        checkpoint.save_model(state.average.model, run_dir / BEST)
    write_atomic(run_dir / LOG, "".join(json.dumps(past) + "\n" for past in state.history))
    draw_curves(state.history, run_dir / "curves.png")
    checkpoint.save(state, run_dir)


def _finish(
    state: checkpoint.State,
    config: TrainConfig,
    dataset: Dataset,
    frontend: FrontEnd,
    run_dir: Path,
    seed: int,
    device: str,
    validation: FeatureSet,
    test: bool,
) -> RunResult:
    """Evaluate the best network, export it, and write the reports."""
    model = state.average.model
    checkpoint.load_model(model, run_dir / BEST)
    splits = {"validation": validation}
    if test:
        splits["testing"] = split_features(dataset, "testing", frontend)
    silence = silence_label(dataset)
    results = {
        name: evaluate(model, split, silence=silence, device=device)
        for name, split in splits.items()
    }
    notes = {"dataset": dataset.name, "seed": str(seed), "epochs": str(state.epoch)}
    notes |= {f"{name}_accuracy": f"{r.accuracy:.4f}" for name, r in results.items()}
    trained = export(
        model.cpu(), name=config.name, classes=dataset.classes, frontend=frontend, notes=notes
    )
    save_trained(trained, run_dir / TRAINED)
    for name, result in results.items():
        title = f"{name}: {100 * result.accuracy:.1f} %"
        path = run_dir / f"confusion_{name}.png"
        draw_confusion(result.confusion, dataset.classes, title, path)
    report = {name: result.summary() for name, result in results.items()}
    cost = {key: round(sum(line[key] for line in state.history), 1) for key in ("wall_s", "cpu_s")}
    facts = {"seed": seed, "classes": dataset.classes, "epochs": state.epoch} | cost
    write_atomic(run_dir / REPORT, json.dumps(facts | report, indent=2) + "\n")
    return RunResult(run_dir, model, trained, results, state.history)


def silence_label(dataset: Dataset) -> int | None:
    """Index of the silence class, or None."""
    return dataset.classes.index(SILENCE) if SILENCE in dataset.classes else None
