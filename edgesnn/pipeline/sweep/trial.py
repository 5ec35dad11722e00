"""One trial of a sweep: a point of the space, trained, lowered and valued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.errors import ConfigError, LoweringError
from edgesnn.files import write_atomic
from edgesnn.pipeline.say import Say
from edgesnn.pipeline.sweep.goals import TABLES, Goal, Heard, dominates, table_bytes
from edgesnn.pipeline.sweep.space import Space, apply
from edgesnn.pipeline.sweep.study import FOLDER, REFUSED, twin
from edgesnn.pipeline.train import Ready, train

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

    from edgesnn.trainer.config import TrainConfig

TRIALS, CONFIG = "trials", "config.toml"
EARLY, SECONDS = "after epoch", "seconds"

#: A trial may be given up after this share of its epochs,
PATIENCE = 0.2
#: where this many others were better in every goal after the same epoch,
BETTER = 3
#: in accuracy by more than this; about two standard errors of a thousand validation clips.
MARGIN = 0.015


class GivenUpError(Exception):
    """A trial that cannot reach the front any more."""


@dataclass(frozen=True)
class Trials:
    """What the trials of a sweep share.

    Attributes:
        ready: recordings and the configuration that is varied.
        space: what is varied.
        goals: in the order of a trial's values.
        folder: of the sweep.
        prune: whether to give up hopeless trials.
        say: told what begins.
    """

    ready: Ready
    space: Space
    goals: tuple[Goal, ...]
    folder: Path
    prune: bool
    say: Say

    def run(self, trial: Trial) -> tuple[float, ...]:
        """Optuna's objective; a point that was drawn before is not trained again.

        Raises:
            TrialPruned: it was given up.
            ConfigError, LoweringError: the point is impossible; noted in the trial.
            InterruptedTrainingError: Ctrl-C; the folder holds the last whole epoch.
        """
        from optuna import TrialPruned

        from edgesnn.trainer.run import InterruptedTrainingError

        point = self.space.suggest(trial)
        if (same := twin(trial)) is not None:
            trial.set_user_attr(FOLDER, same.user_attrs[FOLDER])
            return tuple(same.values)
        try:
            heard = self._train(trial, apply(self.ready.config, point))
        except GivenUpError as reason:
            raise TrialPruned(str(reason)) from None
        except (ConfigError, LoweringError) as error:
            trial.set_user_attr(REFUSED, str(error))
            raise
        except (KeyboardInterrupt, InterruptedTrainingError):
            _hand_on(trial)
            raise
        trial.set_user_attr(SECONDS, sum(line["wall_s"] for line in heard.result.history))
        return tuple(goal.final(heard) for goal in self.goals)

    def tell(self, _study: Study, trial: FrozenTrial) -> None:
        """Say how a trial ended."""
        if trial.values:
            pairs = zip(self.goals, trial.values, strict=True)
            self.say("  ".join(f"{goal.name} {value:.4g}" for goal, value in pairs))
        elif REFUSED in trial.user_attrs:
            self.say(f"impossible: {trial.user_attrs[REFUSED]}")
        else:
            self.say("given up")

    def place(self, trial: Trial) -> Path:
        """The trial's folder; that of the trial which it goes on with, where it does."""
        name = trial.user_attrs.get(FOLDER)
        if name is None:
            name = f"{TRIALS}/{trial.number:04d}"
            trial.set_user_attr(FOLDER, name)
        return self.folder / name

    def _train(self, trial: Trial, config: TrainConfig) -> Heard:
        from edgesnn.pipeline.lower import lower
        from edgesnn.trainer.toml import to_toml

        folder = self.place(trial)
        write_atomic(folder / CONFIG, to_toml(config.model_dump()))
        ready = replace(self.ready, config=config)
        watch = _Watch(self, trial, config, table_bytes(config, ready.dataset))
        result = train(ready, folder, self.say, watch=watch, test=False)
        assert result.trained is not None
        network, _ = lower(result.trained)
        return Heard(config, result, network)


def _hand_on(trial: Trial) -> None:
    """Let whoever asks next go on with an interrupted trial, from its checkpoint."""
    folder = trial.user_attrs.get(FOLDER)
    trial.study.enqueue_trial(trial.params, user_attrs={FOLDER: folder} if folder else None)


@dataclass(frozen=True)
class _Watch:
    """Notes how a trial does after each epoch, and gives it up where others did better."""

    trials: Trials
    trial: Trial
    config: TrainConfig
    table_bytes: float

    def __call__(self, line: Mapping[str, Any]) -> None:
        """Take a line of the log."""
        epoch = int(line["epoch"])
        known = {**line, TABLES: self.table_bytes}
        values = [goal.early(self.config, known) for goal in self.trials.goals]
        self.trial.set_user_attr(f"{EARLY} {epoch}", values)
        epochs = self.config.optimiser.epochs
        if not self.trials.prune or epoch < max(2, PATIENCE * epochs) or epoch == epochs:
            return
        better = better_trials(self.trials.goals, values, self.trial.study.trials, epoch)
        if len(better) >= BETTER:
            raise GivenUpError(f"after epoch {epoch}, {len(better)} trials were better in all")


def better_trials(
    goals: Sequence[Goal], values: Sequence[float], others: Sequence[FrozenTrial], epoch: int
) -> list[int]:
    """Numbers of the trials that were better than `values` in every goal after `epoch`.

    Trials that were themselves given up count too: they were no worse at that epoch.
    """
    held = [
        value + MARGIN if goal.name == "accuracy" else value
        for goal, value in zip(goals, values, strict=True)
    ]
    found = []
    for other in others:
        then = other.user_attrs.get(f"{EARLY} {epoch}")
        if then is not None and dominates(goals, then, held):
            found.append(other.number)
    return found
