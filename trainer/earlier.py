"""Networks of earlier runs: to start from, and to learn from."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from edgesnn.errors import ConfigError
from edgesnn.network import load_network
from edgesnn.trainer import checkpoint
from edgesnn.trainer.config import TrainConfig, load_config
from edgesnn.trainer.dense import DenseSpotter
from edgesnn.trainer.ensemble import Ensemble
from edgesnn.trainer.grow import grow
from edgesnn.trainer.image_settings import ConvolutionalSettings
from edgesnn.trainer.model import KeywordSpotter, Spotter, make_model
from edgesnn.trainer.model_settings import DENSE, AnyModel, ModelSettings
from edgesnn.trainer.outcome import BEST, CONFIG, Job
from edgesnn.trainer.prune import chosen, firing_rates, without
from edgesnn.trainer.recover import recover, widened

#: How the file of an integer network ends.
NETWORK = ".esnn"


def open_teacher(job: Job) -> nn.Module | None:
    """What the job's distillation asks, ready to be asked; None where there is nothing.

    Raises:
        ConfigError: a folder holds no finished run, or one with another front-end.
    """
    wanted = job.config.loss.distillation
    if not wanted.weight:
        return None
    teachers = [_teacher(job, named) for named in wanted.teachers]
    asked = teachers[0] if len(teachers) == 1 else Ensemble(teachers)
    asked = asked.to(job.device).eval().requires_grad_(False)
    if job.device.startswith("cuda"):  # where operations cost by their number
        for teacher in teachers:
            if isinstance(teacher, DenseSpotter):
                teacher.fold()
    return asked


def _teacher(job: Job, named: str) -> Spotter:
    folder, config = _run_at(named, "loss.distillation.teacher")
    if config.frontend != job.config.frontend:
        raise ConfigError(
            f"loss.distillation.teacher: {folder} hears through another front-end; "
            "train it with the same [frontend]"
        )
    if job.config.loss.distillation.steps and not _steps_alike(config.model, job.config.model):
        raise ConfigError(
            f"loss.distillation.steps: {folder} has other steps than this network; set it to 0"
        )
    teacher = make_model(config.model, job.senses.shape, len(job.dataset.classes))
    checkpoint.load_model(teacher, folder / BEST)
    return teacher


def _steps_alike(teacher: AnyModel, pupil: AnyModel) -> bool:
    """Whether the pupil may be told, step by step, what the teacher says; a dense one says once."""
    if isinstance(teacher, ConvolutionalSettings) and isinstance(pupil, ConvolutionalSettings):
        return teacher.steps == pupil.steps
    return teacher.kind in (DENSE, pupil.kind)


def first_model(job: Job) -> Spotter:
    """The network that the job starts with: new, or of an earlier run, perhaps pruned or grown.

    Raises:
        ConfigError: the folder holds no run, pruning leaves nothing of a layer, growing would take
            something away, or the network file is of another architecture or has other classes.
        FileFormatError: its network has another architecture.
    """
    torch.manual_seed(job.seed)
    start, settings = job.config.start, job.config.model
    if not start.run:
        return _new(job, settings)
    if start.run.endswith(NETWORK):
        return _recovered(job, Path(start.run))
    folder, config = _run_at(start.run, "start.run")
    if start.grow:
        return _grown(job, folder, config)
    if start.prune and isinstance(settings, ModelSettings):
        settings = _as_wide_as(settings, config)
    model = _new(job, settings)
    checkpoint.load_model(model, folder / BEST)
    if not start.prune or not isinstance(model, KeywordSpotter):
        return model
    clips = job.senses.training().variant(0)
    return without(model, [chosen(r, start.prune) for r in firing_rates(model, clips)])


def _new(job: Job, settings: AnyModel) -> Spotter:
    """A network with random weights that knows what silence sounds like."""
    model = make_model(settings, job.senses.shape, len(job.dataset.classes))
    if isinstance(model, KeywordSpotter):
        model.know_silence(torch.from_numpy(job.senses.silence()))
    return model


def _recovered(job: Job, path: Path) -> Spotter:
    """The integer network at `path`, made trainable again."""
    settings, network = job.config.model, load_network(path)
    if not isinstance(settings, ModelSettings) or network.classes != job.dataset.classes:
        raise ConfigError(f"start.run: {path} is no network of this model and these classes")
    settings = widened(settings, [layer.size for layer in network.spiking])
    model = _new(job, settings)
    assert isinstance(model, KeywordSpotter)
    training = job.senses.training()
    recover(model, network, training.variant(0), training.labels)
    return model


def _grown(job: Job, folder: Path, config: TrainConfig) -> Spotter:
    """A new network that computes what the one of the run in `folder` does."""
    model, earlier = _new(job, job.config.model), _new(job, config.model)
    if not isinstance(model, KeywordSpotter) or not isinstance(earlier, KeywordSpotter):
        raise ConfigError(f"start.run: {folder} holds another kind of network; it cannot grow")
    checkpoint.load_model(earlier, folder / BEST)
    grow(earlier, model)
    return model


def _as_wide_as(settings: ModelSettings, earlier: TrainConfig) -> ModelSettings:
    """`settings` with the widths of the earlier run's hidden layers, where it has as many."""
    if not isinstance(earlier.model, ModelSettings):
        return settings
    return widened(settings, [layer.width for layer in earlier.model.hidden])


def _run_at(named: str, key: str) -> tuple[Path, TrainConfig]:
    """The run folder that `named` is, or holds as a build folder does, and its configuration."""
    for folder in (Path(named), Path(named) / "run"):
        if (folder / BEST).is_file() and (folder / CONFIG).is_file():
            return folder, load_config(folder / CONFIG)
    raise ConfigError(f"{key}: no training run in {named}; `edgesnn train` makes one")
