"""A training run: features, epochs, checkpoints, the log, and the choice of the best network."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from edgesnn.errors import EdgesnnError, UsageError
from edgesnn.files import write_atomic
from edgesnn.trainer import checkpoint
from edgesnn.trainer.activity import predicted_cycles
from edgesnn.trainer.allocation import keep_freed_memory
from edgesnn.trainer.average import Average
from edgesnn.trainer.batch import Material
from edgesnn.trainer.config import TrainConfig
from edgesnn.trainer.curves import draw_curves
from edgesnn.trainer.data import Dataset, ImageDataset
from edgesnn.trainer.device import open_gpu
from edgesnn.trainer.earlier import first_model, open_teacher
from edgesnn.trainer.epoch import train_epoch
from edgesnn.trainer.evaluate import evaluate, rest_activity
from edgesnn.trainer.features import FeatureSet
from edgesnn.trainer.kept import kept_line
from edgesnn.trainer.learner import Learner, make_learner
from edgesnn.trainer.model import Spotter
from edgesnn.trainer.objectives import Objective
from edgesnn.trainer.outcome import BEST, CONFIG, Job, RunResult, finish
from edgesnn.trainer.parallel import joined, local_rank
from edgesnn.trainer.revive import is_due, revive
from edgesnn.trainer.schedule import make_optimiser
from edgesnn.trainer.senses import open_senses
from edgesnn.trainer.toml import to_toml

__all__ = ["InterruptedTrainingError", "RunResult", "choose_device", "train"]

Watch = Callable[[Mapping[str, Any]], None]
"""Called with each epoch's line of the log."""

LOG, CURVES = "log.jsonl", "curves.png"

#: Seconds from one picture of the curves to the next: drawing takes as long as a small epoch.
BETWEEN_PICTURES = 60.0


class InterruptedTrainingError(EdgesnnError):
    """Ctrl-C during training; the last whole epoch is on disk."""

    exit_code = 130


def train(
    config: TrainConfig,
    dataset: Dataset | ImageDataset,
    run_dir: Path,
    *,
    seed: int = 0,
    resume: bool = True,
    device: str | None = None,
    test: bool = True,
    notes: Mapping[str, str] | None = None,
    watch: Watch | None = None,
) -> RunResult:
    """Train a network, or go on with what `run_dir` holds of the same run.

    The network kept is the moving average of the weights after the epoch with the best
    validation accuracy, the later of equals, or after the last one (`optimiser.keep`); none from
    before the end of the loss's ramp. The test split is read once, at the end.

    Args:
        config: all settings; echoed into `run_dir`.
        dataset: recordings or images.
        run_dir: made where it does not exist.
        seed: of weights, batches and masks; the same seed gives the same network.
        resume: false starts anew even where there is a checkpoint.
        device: a PyTorch device; None takes a GPU where there is one.
        test: false leaves the test split unread.
        notes: further facts for the trained model's notes.
        watch: told each epoch's line of the log once the epoch is on disk; what it raises ends
            the run, and the same call goes on from there.

    Raises:
        ConfigError: the configuration and the data set do not go together.
        DataError: recordings are missing or corrupt.
        UsageError: there is no such device, or none of its kernels can be made.
        InterruptedTrainingError: Ctrl-C; the same call goes on from the last whole epoch.
    """
    keep_freed_memory()
    place = choose_device(device)
    open_gpu(place, fast=not config.is_float)
    with joined(place) as world:
        with world.first_of_machine():
            senses = open_senses(dataset, config)
        job = Job(config, dataset, senses, run_dir, seed, place, notes or {}, world)
        return _train(job, resume, watch, ("testing",) if test else ())


def _train(job: Job, resume: bool, watch: Watch | None, others: Sequence[str]) -> RunResult:
    """Train `job`; evaluate on validation and the splits `others`."""
    model = first_model(job)
    job = replace(job, config=job.config.model_copy(update={"model": model.settings}))
    write_atomic(job.folder / CONFIG, to_toml(job.config.model_dump()))
    with job.world.first_of_machine():
        lesson = _prepare(job)
    state = _start(job, model)
    if resume:
        checkpoint.restore(state, job.folder)
    job.world.require_same(state.epoch)
    learner = make_learner(state, lesson.objective, job.config, job.device, job.world)
    _run_epochs(job, learner, lesson, watch)
    job.world.wait()
    splits = {"validation": lesson.validation}
    with job.world.first_of_machine():
        splits |= {name: job.senses.split(name) for name in others}
    return finish(job, state, splits)


def choose_device(wanted: str | None) -> str:
    """`wanted`, or a GPU where there is one: of several, each process of torchrun has its own.

    Raises:
        UsageError: PyTorch has no such device here.
    """
    if wanted in (None, "auto"):
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    own = local_rank()
    if wanted == "cuda" and own is not None and torch.cuda.is_available():
        return f"cuda:{own % torch.cuda.device_count()}"
    try:
        torch.empty(1, device=wanted)
    except (RuntimeError, AssertionError):
        raise UsageError(f"no device {wanted!r} here; leave it out to take what there is") from None
    return str(wanted)


@dataclass(frozen=True)
class Lesson:
    """What the epochs of a run share.

    Attributes:
        material: to learn from.
        objective: to score batches by.
        validation: to choose by.
        rest: made quiet clips that no batch has, int8 `(clips, T, channels)`.
    """

    material: Material
    objective: Objective
    validation: FeatureSet
    rest: npt.NDArray[np.int8]


def _prepare(job: Job) -> Lesson:
    """Read and make what the configuration asks for, before anything is trained."""
    config, senses = job.config, job.senses
    material = Material(
        clips=senses.training(),
        classes=len(job.dataset.classes),
        silence=job.silence,
        quiet=senses.quiet(job.seed),
        vary=senses.vary,
    )
    return Lesson(
        material,
        Objective(config.loss, config.costs, job.step_s, open_teacher(job), job.keywords),
        senses.split("validation"),
        senses.rest(),
    )


def _start(job: Job, model: Spotter) -> checkpoint.State:
    model = model.to(job.device)
    facts = {
        "config": job.config.model_dump(exclude_none=True),
        "data": job.dataset.fingerprint(),
        "seed": job.seed,
    }
    return checkpoint.State(
        model=model,
        average=Average(model, job.config.optimiser.average),
        optimiser=make_optimiser(model, job.config.optimiser),
        epoch=0,
        key=checkpoint.run_key(facts),
        history=[],
    )


def _run_epochs(job: Job, learner: Learner, lesson: Lesson, watch: Watch | None) -> None:
    state, epochs = learner.state, job.config.optimiser.epochs
    try:
        while state.epoch < epochs:
            _keep(job, state, _epoch(job, learner, lesson))
            if watch is not None:
                watch(state.history[-1])
    except KeyboardInterrupt:
        raise InterruptedTrainingError(
            f"interrupted in epoch {state.epoch + 1} of {epochs}; epoch {state.epoch} is kept in "
            f"{job.folder}: run the same command again to go on"
        ) from None


def _epoch(job: Job, learner: Learner, lesson: Lesson) -> dict[str, Any]:
    """Train an epoch and validate the average; the epoch's line of the log."""
    wall, cpu = time.perf_counter(), time.process_time()
    state = learner.state
    line: dict[str, Any] = {}
    if is_due(job.config.optimiser, state.epoch):
        clips = lesson.material.clips.variant(0)
        line["revived"] = revive(state, clips, job.seed * 100_003 + state.epoch)
    line |= train_epoch(learner, lesson.material, job.seed)
    model = state.average.model
    result = evaluate(
        model, lesson.validation, silence=job.silence, kind=job.senses.kind, device=job.device
    )
    kinds = dict(result.by_kind)
    if len(lesson.rest):
        kinds["made quiet"] = rest_activity(model, lesson.rest, job.device)
    clocks = {
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "load": round(os.getloadavg()[0], 2),
    }
    head = {"epoch": state.epoch + 1, "validation_accuracy": round(result.accuracy, 5)}
    cycles = {
        kind: round(predicted_cycles(model, activity, job.config.costs, job.step_s))
        for kind, activity in kinds.items()
    }
    return head | line | result.activity.summary() | {"predicted_cycles": cycles} | clocks


def _keep(job: Job, state: checkpoint.State, line: Mapping[str, Any]) -> None:
    """Write an epoch's results; the checkpoint last, since it says that the epoch is done."""
    writes = job.world.writes
    if writes and kept_line(job.config, [*state.history, line]) is line:
        checkpoint.save_model(state.average.model, job.folder / BEST)
    state.epoch += 1
    state.history = [*state.history, dict(line)]
    if not writes:
        return
    log = "".join(json.dumps(past) + "\n" for past in state.history)
    write_atomic(job.folder / LOG, log)
    if _picture_is_due(job, state):
        draw_curves(state.history, job.folder / CURVES)
    checkpoint.save(state, job.folder)


def _picture_is_due(job: Job, state: checkpoint.State) -> bool:
    """At the end; before it where the last picture, or the start of the run, is a while ago."""
    if state.epoch == job.config.optimiser.epochs:
        return True
    written = [job.folder / name for name in (CONFIG, CURVES)]
    last = max(path.stat().st_mtime for path in written if path.is_file())
    return time.time() - last > BETWEEN_PICTURES
