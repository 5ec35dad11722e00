"""What a sweep is after: accuracy against what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from edgesnn.errors import UsageError

if TYPE_CHECKING:
    from edgesnn.network import Network
    from edgesnn.trainer.config import TrainConfig
    from edgesnn.trainer.data import Dataset, ImageDataset
    from edgesnn.trainer.model_settings import InputSettings, LayerSettings
    from edgesnn.trainer.run import RunResult

#: Key of `table_bytes` beside those of the log.
TABLES = "table_bytes"

#: Microjoules in a picojoule.
_MICRO = 1e-6


class Heard(NamedTuple):
    """A finished run: its configuration, its result, and its integer network."""

    config: TrainConfig
    result: RunResult
    network: Network

    @property
    def kept(self) -> Mapping[str, Any]:
        """The log's line of the epoch whose network was kept."""
        from edgesnn.trainer.kept import kept_line

        line = kept_line(self.config, self.result.history)
        assert line is not None  # a finished run has one: its ramp has ended
        return line


@dataclass(frozen=True)
class Goal:
    """One of the things that a sweep weighs against each other.

    Attributes:
        name: as `--goals` takes it.
        title: with the unit, for tables and plots.
        sign: 1 where more is better, -1 where less is.
        final: the value of a finished run.
        early: the value after an epoch, from the configuration and a line of the log that
            TABLES was added to; what trials are compared by while they run.
    """

    name: str
    title: str
    sign: int
    final: Callable[[Heard], float]
    early: Callable[[TrainConfig, Mapping[str, Any]], float]

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        """The same in Optuna's words."""
        return "maximize" if self.sign > 0 else "minimize"


def _accuracy(_config: TrainConfig, line: Mapping[str, Any]) -> float:
    return float(line["validation_accuracy"])


def _energy(kind: str) -> Callable[[TrainConfig, Mapping[str, Any]], float]:
    def of(config: TrainConfig, line: Mapping[str, Any]) -> float:
        cycles = line["predicted_cycles"]
        return float(cycles.get(kind, cycles["speech"]) * config.costs.picojoules * _MICRO)

    return of


def _operations(_config: TrainConfig, line: Mapping[str, Any]) -> float:
    return float(line["synaptic_operations"] + line["first_layer_macs"])


def _flash(heard: Heard) -> float:
    from edgesnn.codegen import memory_plan

    return float(memory_plan(heard.network).flash_bytes)


def table_bytes(config: TrainConfig, data: Dataset | ImageDataset) -> float:
    """Bytes of most of a network's flash, known before it is trained.

    Of streaming networks the weights of the hidden layers; of networks of convolutions all.
    """
    from edgesnn.trainer.image_settings import ConvolutionalSettings
    from edgesnn.trainer.model_settings import ModelSettings

    model = config.model
    if not isinstance(model, ModelSettings):
        from edgesnn.trainer.convolutional import flash_bytes
        from edgesnn.trainer.senses import shape_of

        assert isinstance(model, ConvolutionalSettings)
        return flash_bytes(model, shape_of(config, data), len(data.classes))
    fed: list[InputSettings | LayerSettings] = [model.input, *model.hidden[1:]]
    sources = [config.frontend.bands, *(layer.width for layer in model.hidden[:-1])]
    rows = zip(sources, model.hidden, fed, strict=True)
    return sum(source * layer.width * len(by.taps) * by.bits for source, layer, by in rows) / 8


def _at_the_end(
    early: Callable[[TrainConfig, Mapping[str, Any]], float],
) -> Callable[[Heard], float]:
    return lambda heard: early(heard.config, heard.kept)


GOALS = {
    goal.name: goal
    for goal in (
        Goal("accuracy", "validation accuracy", 1, _at_the_end(_accuracy), _accuracy),
        Goal(
            "energy",
            "µJ a second of speech (predicted)",
            -1,
            _at_the_end(_energy("speech")),
            _energy("speech"),
        ),
        Goal(
            "silence",
            "µJ a second of silence (predicted)",
            -1,
            _at_the_end(_energy("made quiet")),
            _energy("made quiet"),
        ),
        Goal("operations", "operations a clip", -1, _at_the_end(_operations), _operations),
        Goal("flash", "bytes of flash tables", -1, _flash, lambda _config, line: line[TABLES]),
    )
}
"""By name, in the order in which they are offered."""

USUAL = "accuracy,energy,flash"


def chosen_goals(text: str) -> tuple[Goal, ...]:
    """The goals of a comma-separated list.

    Raises:
        UsageError: one is unknown or there twice, or accuracy is missing.
    """
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in GOALS:
            raise UsageError(f"there is no goal {name!r}; there are: {', '.join(GOALS)}")
    if len(set(names)) < len(names):
        raise UsageError(f"--goals {text} names a goal twice")
    if "accuracy" not in names:
        raise UsageError("--goals must name accuracy: a network that hears nothing is the quietest")
    return tuple(GOALS[name] for name in names)


def dominates(goals: Sequence[Goal], one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether `one` is at least as good as `other` in every goal, and better in one."""
    better = [goal.sign * (a - b) for goal, a, b in zip(goals, one, other, strict=True)]
    return min(better) >= 0 and max(better) > 0
