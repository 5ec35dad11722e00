"""Networks of earlier runs: to start from, and to learn from."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from edgesnn.errors import ConfigError
from edgesnn.trainer import checkpoint
from edgesnn.trainer.config import TrainConfig, load_config
from edgesnn.trainer.model import Spotter, make_model
from edgesnn.trainer.outcome import BEST, CONFIG, Job


def open_teacher(job: Job) -> nn.Module | None:
    """The teacher of the job's distillation, ready to be asked; None where there is none.

    Raises:
        ConfigError: the folder holds no finished run, or one with another front-end.
    """
    wanted = job.config.loss.distillation
    if not wanted.weight:
        return None
    folder, config = _run_at(wanted.teacher, "loss.distillation.teacher")
    if config.frontend != job.config.frontend:
        raise ConfigError(
            f"loss.distillation.teacher: {folder} hears through another front-end; "
            "train it with the same [frontend]"
        )
    teacher = make_model(config.model, job.frontend.bands, len(job.dataset.classes))
    checkpoint.load_model(teacher, folder / BEST)
    return teacher.to(job.device).eval().requires_grad_(False)


def start_from(model: Spotter, job: Job) -> None:
    """Give `model` the weights of the run that the job starts from, if there is one.

    Raises:
        ConfigError: the folder holds no run.
        FileFormatError: its network has another architecture.
    """
    if job.config.start.run:
        folder, _ = _run_at(job.config.start.run, "start.run")
        checkpoint.load_model(model, folder / BEST)


def _run_at(named: str, key: str) -> tuple[Path, TrainConfig]:
    """The run folder that `named` is, or holds as a build folder does, and its configuration."""
    for folder in (Path(named), Path(named) / "run"):
        if (folder / BEST).is_file() and (folder / CONFIG).is_file():
            return folder, load_config(folder / CONFIG)
    raise ConfigError(f"{key}: no training run in {named}; `edgesnn train` makes one")
