"""The study that the trials of a sweep are kept in: an Optuna storage, here or shared."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.errors import EdgesnnError, MissingExtraError, UsageError
from edgesnn.pipeline.sweep.goals import Goal

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

STUDY = "study.db"
SETTINGS, REFUSED, FOLDER = "sweep", "refused", "folder"
"""Attributes of a study and of its trials."""

#: Seconds between signs of life of a running trial, and until one without them counts as lost.
HEARTBEAT, LOST = 20, 90

#: Trials drawn at random before the sampler begins to learn from them.
RANDOM_TRIALS = 8


#: Packages of the drivers of SQLAlchemy's dialects that are not called as their module is.
PACKAGES = {
    "MySQLdb": "mysqlclient",
    "mysql": "mysql-connector-python",
    "psycopg": "'psycopg[binary]'",
    "psycopg2": "psycopg2-binary",
}


def require_optuna() -> None:
    """Raise MissingExtraError where Optuna is not installed."""
    import importlib.util

    if importlib.util.find_spec("optuna") is None:
        raise MissingExtraError(
            "a sweep needs optuna, which is not installed: pip install 'edgesnn[train]'"
        )


def storage_url(folder: Path, storage: str | None) -> str:
    """`storage`, or an embedded database in the sweep's folder."""
    return storage or f"sqlite:///{(folder / STUDY).resolve()}"


def open_study(url: str, name: str, goals: Sequence[Goal], settings: Mapping[str, Any]) -> Study:
    """The study `name`, made where the storage has none.

    Args:
        url: an Optuna storage URL, which many machines may share.
        name: of the study in its storage.
        goals: in the order of a trial's values.
        settings: plain values that decide what a trial is.

    Raises:
        UsageError: the study was begun with other settings.
        EdgesnnError: the storage cannot be reached.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with explained(url):
        study = optuna.create_study(
            storage=_storage(url),
            study_name=name,
            directions=[goal.direction for goal in goals],
            load_if_exists=True,
        )
        _agree(study, json.loads(json.dumps(settings)))
    return study


def _storage(url: str) -> Any:
    from optuna.storages import RDBStorage, RetryFailedTrialCallback

    # A trial whose process was killed is begun again, by whoever asks next, in its own folder.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return RDBStorage(
            url,
            heartbeat_interval=HEARTBEAT,
            grace_period=LOST,
            heartbeat_stale_trial_callback=RetryFailedTrialCallback(),
        )


def _agree(study: Study, settings: Mapping[str, Any]) -> None:
    found = study.user_attrs.get(SETTINGS)
    if found is None:
        study.set_user_attr(SETTINGS, settings)
        return
    for key in {**found, **settings}:
        if found.get(key) != settings.get(key):
            raise UsageError(
                f"the study {study.study_name} was begun with another {key}; give the command as "
                "it was, or name another --study or --output"
            )


def sampler(seed: int, number: int) -> Any:
    """Optuna's tree-structured Parzen estimator for the trial `number`.

    Its seed depends on `seed` and the trial alone, so that a sweep that was interrupted and goes
    on draws what it would have drawn.
    """
    from optuna.samplers import TPESampler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TPESampler(
            seed=(seed * 100_003 + number) % 2**32,
            n_startup_trials=RANDOM_TRIALS,
            multivariate=True,
        )


def is_settled(trial: FrozenTrial) -> bool:
    """Whether a trial counts: finished, given up, or of an impossible configuration."""
    from optuna.trial import TrialState

    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    return trial.state in ended or REFUSED in trial.user_attrs


def is_running(trial: FrozenTrial) -> bool:
    """Whether somebody is at it."""
    from optuna.trial import TrialState

    return trial.state == TrialState.RUNNING


def is_waiting(trial: FrozenTrial) -> bool:
    """Whether it was interrupted and is to be gone on with."""
    from optuna.trial import TrialState

    return trial.state == TrialState.WAITING


def twin(trial: Trial) -> FrozenTrial | None:
    """A finished trial of the same point: training it again would give the same."""
    from optuna.trial import TrialState

    finished = trial.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return next((other for other in finished if other.params == trial.params), None)


@contextlib.contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn what a storage raises into one line.

    Raises:
        EdgesnnError: the storage cannot be reached, or its driver is not installed.
    """
    from optuna.exceptions import OptunaError
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, OptunaError, ImportError) as error:
        try:
            shown = make_url(url).render_as_string(hide_password=True)
        except SQLAlchemyError:
            shown = url
        if driver := _missing_driver(error):
            package = PACKAGES.get(driver, driver)
            raise MissingExtraError(
                f"the storage {shown} needs {driver}, which is not installed: pip install {package}"
            ) from None
        reason = str(error).splitlines()[0]
        raise EdgesnnError(f"cannot use the storage {shown}: {reason}") from None


def _missing_driver(error: BaseException | None) -> str:
    """The module that could not be found, which Optuna tells in the cause; empty for none."""
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.partition(".")[0]
        error = error.__cause__
    return ""
