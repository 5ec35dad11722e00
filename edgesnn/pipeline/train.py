"""Training as the command line asks for it: configuration, recordings, run folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.errors import MissingExtraError
from edgesnn.pipeline.datasets import GSC, SYNTHETIC, Recordings, open_recordings
from edgesnn.pipeline.folder import BuildFolder, claim
from edgesnn.pipeline.say import Say, silent
from edgesnn.trained import TrainedNetwork, save_trained

if TYPE_CHECKING:
    from edgesnn.trainer.config import TrainConfig
    from edgesnn.trainer.data import Dataset


@dataclass(frozen=True)
class Training:
    """What to train.

    Attributes:
        recordings: to train on.
        config: a preset's name or a TOML file; None for the recordings' own preset.
        seed: of weights, batches and augmentation.
        epochs: instead of the configuration's, or None.
        fresh: drop an unfinished run.
    """

    recordings: Recordings
    config: str | None = None
    seed: int = 0
    epochs: int | None = None
    fresh: bool = False


@dataclass(frozen=True)
class Ready:
    """Training settings that have been read and understood; nothing is written yet."""

    training: Training
    config: TrainConfig
    dataset: Dataset


def prepare(training: Training) -> Ready:
    """Read configuration and recordings.

    Raises:
        ConfigError, UsageError, DataError: they cannot be used.
        MissingExtraError: torch is not installed.
    """
    training.recordings.require_sense()
    config = resolve_config(training)
    require_torch()
    return Ready(training, config, open_recordings(training.recordings))


def resolve_config(training: Training) -> TrainConfig:
    """The configuration of a training, with the command line's changes."""
    from edgesnn.trainer.config import load_config, preset

    recordings, named = training.recordings, training.config
    if named is None:
        config = preset(GSC if recordings.dataset == GSC or recordings.is_folder else SYNTHETIC)
        if recordings.is_folder:
            config = config.model_copy(update={"name": identifier(recordings.name)})
    elif named.endswith(".toml") or "/" in named:
        config = load_config(Path(named))
    else:
        config = preset(named)
    if training.epochs is None:
        return config
    optimiser = config.optimiser.model_copy(update={"epochs": training.epochs})
    return config.model_copy(update={"optimiser": optimiser})


def identifier(text: str) -> str:
    """`text` as a network's name: lower case, letters, digits and `_`, a letter first."""
    name = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:32]
    return name if name[:1].isalpha() else f"net_{name}"[:32].rstrip("_")


def require_torch() -> None:
    """Raise MissingExtraError where a package of the `train` extra is not installed."""
    import importlib.util

    for module in ("torch", "snntorch", "brevitas"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(
                f"training needs {module}, which is not installed: pip install 'edgesnn[train]'; "
                "or start from a trained network: --pretrained"
            )


def train(ready: Ready, folder: Path, say: Say = silent) -> tuple[TrainedNetwork, BuildFolder]:
    """Train in `folder/run` and keep the trained model in `folder`; goes on where it stopped."""
    from edgesnn.trainer import train as train_network

    say(f"train {ready.config.name} on {ready.dataset.name}")
    trained = train_network(
        ready.config,
        ready.dataset,
        folder / "run",
        seed=ready.training.seed,
        resume=not ready.training.fresh,
    )
    places = BuildFolder(folder, trained.name)
    save_trained(trained, places.trained)
    return trained, places


def train_only(training: Training, folder: Path | None, say: Say = silent) -> dict[str, Any]:
    """`edgesnn train` as a function; returns where things are and what was reached."""
    target = folder or Path("build") / training.recordings.name
    claim(target)
    ready = prepare(training)
    trained, places = train(ready, target, say)
    return {
        "name": trained.name,
        "trained": str(places.trained),
        "run": str(places.run),
        **dict(trained.notes),
        "next": f"edgesnn lower {target}",
    }
