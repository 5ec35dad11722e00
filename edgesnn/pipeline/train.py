"""Training as the command line asks for it: configuration, recordings, run folder."""

from __future__ import annotations

import contextlib
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.errors import MissingExtraError, SettingsWarning, UsageError
from edgesnn.pipeline.datasets import (
    CIFAR10,
    GSC,
    SYNTHETIC,
    Recordings,
    must_download,
    open_data,
)
from edgesnn.pipeline.folder import claim, read_json, write_json
from edgesnn.pipeline.naming import identifier, require_free
from edgesnn.pipeline.say import Say, silent

if TYPE_CHECKING:
    from edgesnn.trainer.config import TrainConfig
    from edgesnn.trainer.data import Dataset, ImageDataset
    from edgesnn.trainer.run import RunResult, Watch

RUN, SETTINGS = "run", "settings.json"


@dataclass(frozen=True)
class Training:
    """What to train.

    Attributes:
        recordings: to train on.
        config: a preset's name or a TOML file; None for the recordings' own preset.
        seed: of weights, batches and augmentation.
        epochs: instead of the configuration's, or None.
        fresh: drop an unfinished run.
        changes: `KEY=VALUE`, each sets a key of the configuration.
    """

    recordings: Recordings
    config: str | None = None
    seed: int = 0
    epochs: int | None = None
    fresh: bool = False
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ready:
    """Training settings that have been read and understood; nothing is written yet."""

    training: Training
    config: TrainConfig
    dataset: Dataset | ImageDataset

    def settings(self) -> dict[str, Any]:
        """Everything that decides the result, as plain values; not where the recordings lie."""
        return {
            "seed": self.training.seed,
            "recordings": {
                "dataset": self.dataset.name,
                "classes": list(self.dataset.classes),
                "fingerprint": self.dataset.fingerprint(),
            },
            "config": self.config.model_dump(mode="json"),
        }


def prepare(training: Training, say: Say = silent) -> Ready:
    """Read configuration and data; Speech Commands and CIFAR-10 are fetched where not there.

    Raises:
        ConfigError, UsageError, DataError: they cannot be used.
        MissingExtraError: torch is not installed.
    """
    training.recordings.require_sense()
    config = resolve_config(training)
    require_torch()
    require_free(config.name)
    if must_download(training.recordings):
        images = training.recordings.dataset == CIFAR10
        what = "CIFAR-10, 0.2 GB" if images else "Google Speech Commands, 2.4 GB"
        say(f"fetch {what}, into the cache")
    ready = Ready(training, config, open_data(training.recordings, download=True))
    if idle := _idle_pictures(ready):
        warnings.warn(idle, SettingsWarning, stacklevel=2)
    return ready


def _idle_pictures(ready: Ready) -> str:
    """What is odd about how a network of convolutions is to be shown its data; empty for nothing.

    Either kind of data trains either kind of preset; what varies the data is not what was meant.
    """
    from edgesnn.trainer.data import ImageDataset

    name, data, varied = ready.config.name, ready.dataset, ready.config.pictures is not None
    if isinstance(data, ImageDataset) and not varied:
        return (
            f"{name} does not say how images are varied, and those of {data.name} will not be; "
            "--config vgg11 does, or --set 'pictures={mirror=true}'"
        )
    if varied and not isinstance(data, ImageDataset):
        return (
            f"{name} is meant for images, and {data.name} holds sound: its [pictures] does "
            "nothing; of the presets of convolutions --config resnet8 is the one for sound"
        )
    return ""


def resolve_config(training: Training) -> TrainConfig:
    """The configuration of a training, with the command line's changes."""
    from edgesnn.trainer.changes import changed
    from edgesnn.trainer.config import load_config, preset

    recordings, named = training.recordings, training.config
    if named is None:
        config = preset(_own_preset(recordings))
        if recordings.is_folder:
            config = config.model_copy(update={"name": identifier(recordings.name)})
    elif named.endswith(".toml") or "/" in named:
        config = load_config(Path(named))
    else:
        config = preset(named)
    config = changed(config, training.changes)
    if training.epochs is None:
        return config
    optimiser = config.optimiser.model_copy(update={"epochs": training.epochs})
    return config.model_copy(update={"optimiser": optimiser})


def _own_preset(recordings: Recordings) -> str:
    """The preset for recordings where none is named."""
    if recordings.dataset == CIFAR10:
        return "vgg11"
    return GSC if recordings.dataset == GSC or recordings.is_folder else SYNTHETIC


def require_spiking(config: TrainConfig) -> None:
    """Raise UsageError where the configuration's network cannot be lowered."""
    if config.is_float:
        raise UsageError(
            f"{config.name} is a float network, for comparison, and makes no firmware: "
            "set model.bits to 8, 4 or 2"
        )
    if config.model.kind == "dense":
        raise UsageError(
            f"{config.name} is a dense network, a teacher, and makes no firmware: "
            "train it with `edgesnn train`, and let a spiking network learn from it"
        )


def require_torch() -> None:
    """Raise MissingExtraError where a package of the `train` extra is not installed."""
    import importlib.util

    for module in ("torch", "snntorch", "brevitas"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(
                f"training needs {module}, which is not installed: pip install 'edgesnn[train]'; "
                "or start from a trained network: --pretrained"
            )


def train(
    ready: Ready,
    folder: Path,
    say: Say = silent,
    *,
    watch: Watch | None = None,
    test: bool = True,
) -> RunResult:
    """Train in `folder/run`; goes on where an interrupted run of the same settings stopped.

    `watch` is told each epoch's line of the log; without `test` the test split is left unread.

    Raises:
        UsageError: the folder holds a run of other settings.
    """
    from edgesnn.trainer.run import train as train_network

    run = folder / RUN
    settings = ready.settings()
    if not ready.training.fresh:
        _refuse_other_settings(run, settings)
    say(f"train {ready.config.name} on {ready.dataset.name}")
    with _kept_if_begun(folder, run):
        write_json(run / SETTINGS, settings)
        return train_network(
            ready.config,
            ready.dataset,
            run,
            seed=ready.training.seed,
            resume=not ready.training.fresh,
            notes={"task": task} if (task := ready.training.recordings.task) else None,
            watch=watch,
            test=test,
        )


def _refuse_other_settings(run: Path, settings: Mapping[str, Any]) -> None:
    found = read_json(run / SETTINGS)
    if not found:
        return
    old, new = dict(_flat(found)), dict(_flat(settings))
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    if changed:
        key = changed[0]
        raise UsageError(
            f"{run} was trained with {key} = {old.get(key)}, not {new.get(key)}; "
            "--fresh trains it again, --output names another folder"
        )


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of nested mappings, with dotted keys."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@contextlib.contextmanager
def _kept_if_begun(folder: Path, run: Path) -> Iterator[None]:
    """Remove a run folder that was made here, if the block fails before the first checkpoint."""
    new = [each for each in (run, folder, *folder.parents) if not each.exists()]
    try:
        yield
    except BaseException:
        if run in new and not any(run.glob("checkpoint*")):
            shutil.rmtree(run, ignore_errors=True)
            for each in new[1:]:
                with contextlib.suppress(OSError):
                    each.rmdir()
        raise


def train_only(training: Training, folder: Path | None, say: Say = silent) -> dict[str, Any]:
    """`edgesnn train` as a function; returns where things are and what was reached."""
    target = folder or Path("build") / training.recordings.name
    claim(target)
    result = train(prepare(training, say), target, say)
    return {
        "name": result.name,
        "run": str(result.folder),
        **dict(result.notes),
        "next": _next_of(result, target),
    }


def _next_of(result: RunResult, target: Path) -> str:
    if result.trained is not None:
        return f"edgesnn lower {target}"
    return (
        f"edgesnn train --set loss.distillation.teacher={target} --set loss.distillation.weight=0.5"
    )
