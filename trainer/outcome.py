"""The end of a run: the best network evaluated, exported, and reported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgesnn.files import write_atomic
from edgesnn.trained import TrainedNetwork, save_trained
from edgesnn.trainer import checkpoint
from edgesnn.trainer.config import TrainConfig
from edgesnn.trainer.convolutional import ImageClassifier
from edgesnn.trainer.curves import draw_confusion
from edgesnn.trainer.data import SILENCE, UNKNOWN, Dataset, ImageDataset
from edgesnn.trainer.evaluate import Evaluation, evaluate
from edgesnn.trainer.export import export
from edgesnn.trainer.export_images import export_images
from edgesnn.trainer.features import FeatureSet
from edgesnn.trainer.image_settings import ConvolutionalSettings
from edgesnn.trainer.model import Spotter, is_lowered
from edgesnn.trainer.parallel import ALONE, World
from edgesnn.trainer.senses import Senses

BEST, CONFIG = "best.safetensors", "config.toml"
TRAINED, REPORT = "trained.safetensors", "report.json"


@dataclass(frozen=True)
class Job:
    """What is to be trained, on what, and where.

    Attributes:
        config: all settings.
        dataset: recordings or images.
        senses: how they are perceived, the front-end's offsets fitted.
        folder: of the run.
        seed: of weights, batches and masks.
        device: a PyTorch device.
        notes: further facts for the trained model's notes.
        world: the processes that train together.
    """

    config: TrainConfig
    dataset: Dataset | ImageDataset
    senses: Senses
    folder: Path
    seed: int
    device: str
    notes: Mapping[str, str] = field(default_factory=dict)
    world: World = ALONE

    @property
    def silence(self) -> int | None:
        """Label of the silence class, or None."""
        classes = self.dataset.classes
        return classes.index(SILENCE) if SILENCE in classes else None

    @property
    def keywords(self) -> tuple[bool, ...]:
        """Which classes are keywords: all but unknown words and silence."""
        return tuple(name not in (UNKNOWN, SILENCE) for name in self.dataset.classes)

    @property
    def step_s(self) -> float:
        """Seconds of a time step: of a frame, or of one of the times that an image is shown."""
        model = self.config.model
        if isinstance(model, ConvolutionalSettings):
            return self.senses.seconds / model.steps
        return self.senses.step_s


@dataclass(frozen=True)
class RunResult:
    """What a run made.

    Attributes:
        folder: with configuration, log, curves, reports and the trained network.
        name: of the network.
        notes: facts about the training, accuracies among them.
        model: the chosen one, in evaluation mode.
        trained: the same, framework-free; None of a dense or float network.
        evaluations: by split: validation, and testing unless it was not to be read.
        history: the log, one line an epoch.
    """

    folder: Path
    name: str
    notes: Mapping[str, str]
    model: Spotter
    trained: TrainedNetwork | None
    evaluations: dict[str, Evaluation]
    history: list[dict[str, Any]]


def finish(job: Job, state: checkpoint.State, splits: Mapping[str, FeatureSet]) -> RunResult:
    """Evaluate the network that the run keeps on `splits`, export it, and write the reports."""
    model = state.average.model
    checkpoint.load_model(model, job.folder / BEST)
    results = {
        name: evaluate(model, split, silence=job.silence, kind=job.senses.kind, device=job.device)
        for name, split in splits.items()
    }
    notes = {"dataset": job.dataset.name, "seed": str(job.seed), "epochs": str(state.epoch)}
    notes |= job.notes
    notes |= {f"{name}_accuracy": f"{result.accuracy:.4f}" for name, result in results.items()}
    trained = _exported(job, model, notes)
    _report(job, state, results)
    name = job.config.name
    return RunResult(job.folder, name, notes, model, trained, results, state.history)


def _exported(job: Job, model: Spotter, notes: Mapping[str, str]) -> TrainedNetwork | None:
    if not is_lowered(model):
        return None
    facts: dict[str, Any] = {
        "name": job.config.name,
        "classes": job.dataset.classes,
        "frontend": job.senses.frontend,
        "notes": notes,
    }
    if isinstance(model, ImageClassifier):
        trained = export_images(model.cpu(), **facts)
    else:
        trained = export(model.cpu(), **facts)
    save_trained(trained, job.folder / TRAINED)
    return trained


def _report(job: Job, state: checkpoint.State, results: Mapping[str, Evaluation]) -> None:
    for name, result in results.items():
        title = f"{name}: {100 * result.accuracy:.1f} %"
        path = job.folder / f"confusion_{name}.png"
        draw_confusion(result.confusion, job.dataset.classes, title, path)
    facts = {"seed": job.seed, "classes": job.dataset.classes, "epochs": state.epoch}
    cost = {key: round(sum(line[key] for line in state.history), 1) for key in ("wall_s", "cpu_s")}
    report = {name: result.summary() for name, result in results.items()}
    write_atomic(job.folder / REPORT, json.dumps(facts | cost | report, indent=2) + "\n")
