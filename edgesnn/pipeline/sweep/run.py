"""`edgesnn sweep` as a function: trial after trial until there are enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.errors import ConfigError, LoweringError, UsageError
from edgesnn.pipeline.say import Say, silent
from edgesnn.pipeline.sweep.front import RECORD, write_front
from edgesnn.pipeline.sweep.goals import USUAL, chosen_goals
from edgesnn.pipeline.sweep.space import read_space
from edgesnn.pipeline.sweep.study import (
    REFUSED,
    STUDY,
    explained,
    is_running,
    is_settled,
    is_waiting,
    open_study,
    require_optuna,
    sampler,
    storage_url,
)
from edgesnn.pipeline.sweep.trial import Trials
from edgesnn.pipeline.train import Training, prepare, require_spiking
from edgesnn.progress import require_alone

if TYPE_CHECKING:
    from optuna import Study

#: So many impossible points and not one possible: then the space is wrong, not the luck.
HOPELESS = 10


@dataclass(frozen=True)
class Sweep:
    """What to search, as the options of `edgesnn sweep` say it.

    Attributes:
        training: recordings, seed, and the configuration that is varied.
        trials: how many there shall be, those of earlier calls counted.
        vary, space: what is varied; both empty for the usual.
        goals: comma-separated.
        storage: an Optuna storage URL; None for a database in the folder.
        study: its name in the storage; None for the folder's.
        prune: whether to give up hopeless trials.
        output: the folder; None for `sweeps/` and the recordings' name.
    """

    training: Training
    trials: int = 20
    vary: tuple[str, ...] = ()
    space: Path | None = None
    goals: str = USUAL
    storage: str | None = None
    study: str | None = None
    prune: bool = True
    output: Path | None = None

    @property
    def folder(self) -> Path:
        """The sweep's folder."""
        return self.output or Path("sweeps") / self.training.recordings.name


def sweep(request: Sweep, say: Say = silent) -> dict[str, Any]:
    """Run trials until the study has as many as asked; returns the record of `sweep.json`.

    The same call goes on with a sweep that was interrupted; other processes and machines that
    give the same storage share the trials.

    Raises:
        UsageError, ConfigError, DataError: the request cannot be met.
        EdgesnnError: the storage cannot be reached.
        InterruptedTrainingError: Ctrl-C; all is kept.
    """
    require_alone("start the sweep without it, as often as wanted: all share the trials")
    require_optuna()
    goals = chosen_goals(request.goals)
    _claim(request.folder)
    if request.trials == 0 and not request.storage and not (request.folder / STUDY).exists():
        raise UsageError(f"there is no sweep in {request.folder}; give --trials to begin one")
    ready = prepare(request.training, say)
    require_spiking(ready.config)
    space = read_space(request.space, request.vary, ready.config)
    settings = ready.settings() | {"space": space.record(), "goals": request.goals}
    name = request.study or request.folder.resolve().name
    request.folder.mkdir(parents=True, exist_ok=True)
    url = storage_url(request.folder, request.storage)
    study = open_study(url, name, goals, settings)
    trials = Trials(ready, space, goals, request.folder, request.prune, say)
    with explained(url):
        record = _run(request, study, trials)
    return record | {"folder": str(request.folder), "next": _next(request.folder)}


def _claim(folder: Path) -> None:
    """Refuse a path where no sweep can be."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name another folder with --output")
    ours = (RECORD, STUDY)
    used = folder.is_dir() and any(folder.iterdir())
    if used and not any((folder / name).exists() for name in ours):
        raise UsageError(f"{folder} is not empty and holds no sweep; name another --output")


def _run(request: Sweep, study: Study, trials: Trials) -> dict[str, Any]:
    def write() -> dict[str, Any]:
        recordings = request.training.recordings.record()
        return write_front(request.folder, study, trials.goals, recordings)

    record = None
    while (counted := _counted(study)) < request.trials:
        trials.say(f"trial {counted + 1} of {request.trials}")
        drawn = counted + sum(map(is_waiting, study.trials))
        study.sampler = sampler(request.training.seed, drawn)
        try:
            study.optimize(
                trials.run, n_trials=1, catch=(ConfigError, LoweringError), callbacks=[trials.tell]
            )
        finally:
            record = write()
        _require_hope(study)
    return record or write()


def _counted(study: Study) -> int:
    """Trials that count, and those that somebody is at."""
    return sum(is_settled(trial) or is_running(trial) for trial in study.trials)


def _require_hope(study: Study) -> None:
    settled = [trial for trial in study.trials if is_settled(trial)]
    refused = [trial for trial in settled if REFUSED in trial.user_attrs]
    if len(refused) == len(settled) >= HOPELESS:
        raise ConfigError(
            f"{len(refused)} points of the space and none possible; the last: "
            f"{refused[-1].user_attrs[REFUSED]}"
        )


def _next(folder: Path) -> str:
    return f"edgesnn build --from-sweep {folder}"
