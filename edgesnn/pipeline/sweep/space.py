"""What a sweep varies: keys of the training configuration and the values they may take."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edgesnn.errors import ConfigError

if TYPE_CHECKING:
    from optuna import Trial

    from edgesnn.trainer.config import TrainConfig


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Strict):
    """One of `choices`, values of any kind that TOML has."""

    choices: Annotated[list[Any], Field(min_length=2)]

    def suggest(self, trial: Trial, key: str) -> Any:
        """A value for `key`."""
        # Optuna's storages keep plain values only, so lists travel as JSON.
        text = trial.suggest_categorical(key, [json.dumps(value) for value in self.choices])
        return json.loads(str(text))

    def ends(self) -> list[Any]:
        """Values that all have to make a possible configuration."""
        return list(self.choices)


class Range(_Strict):
    """Numbers from `low` to `high`, both included; `log` draws their logarithm evenly.

    Whole numbers where both ends are; `step` leaves out what lies between.
    """

    low: int | float
    high: int | float
    log: bool = False
    step: Annotated[int | float | None, Field(gt=0)] = None

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.log and self.step is not None:
            raise ValueError("log and step exclude each other")
        if self.log and self.low <= 0:
            raise ValueError("a logarithmic range begins above 0")
        if self.whole and isinstance(self.step, float):
            raise ValueError("the step between whole numbers must be whole")
        return self

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def suggest(self, trial: Trial, key: str) -> int | float:
        """A value for `key`."""
        if self.whole:
            low, high, step = int(self.low), int(self.high), int(self.step or 1)
            return trial.suggest_int(key, low, high, step=step, log=self.log)
        return trial.suggest_float(key, self.low, self.high, step=self.step, log=self.log)

    def ends(self) -> list[Any]:
        """Values that all have to make a possible configuration."""
        return [self.low, self.high]


@dataclass(frozen=True)
class Space:
    """Keys as `--set` takes them, with `*` for every entry of a list, and what they may be."""

    keys: Mapping[str, Choice | Range] = field(default_factory=dict)

    def suggest(self, trial: Trial) -> dict[str, Any]:
        """A value for each key."""
        return {key: values.suggest(trial, key) for key, values in self.keys.items()}

    def record(self) -> dict[str, Any]:
        """Plain values that tell one space from another."""
        return {key: values.model_dump(exclude_defaults=True) for key, values in self.keys.items()}

    def require_possible(self, config: TrainConfig) -> None:
        """Raise ConfigError where a key does not exist or one of its ends is impossible alone."""
        for key, values in self.keys.items():
            for value in values.ends():
                apply(config, {key: value})


def apply(config: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    """`config` with the values of a point of the space.

    Raises:
        ConfigError: a key does not exist, or the configuration becomes impossible.
    """
    from edgesnn.trainer.changes import changed

    return changed(config, list(_assignments(config, values)))


def _assignments(config: TrainConfig, values: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        for each in _expanded(config.model_dump(), key.split("."), ()):
            yield f"{each}={json.dumps(value)}"


def _expanded(values: Any, parts: Sequence[str], before: tuple[str, ...]) -> Iterator[str]:
    """The keys that `parts` mean: each `*` stands for all entries of a list."""
    if not parts:
        yield ".".join(before)
        return
    first, rest = parts[0], parts[1:]
    if first == "*" and isinstance(values, list):
        for index, entry in enumerate(values):
            yield from _expanded(entry, rest, (*before, str(index)))
        return
    inside = values.get(first) if isinstance(values, dict) else None
    yield from _expanded(inside, rest, (*before, first))


def read_space(path: Path | None, vary: Sequence[str], config: TrainConfig) -> Space:
    """The space of a TOML file and of `--vary` options, which win; the usual one without any.

    Raises:
        ConfigError: the file or an option cannot be read, or a key cannot take its values.
    """
    keys = _from_file(path) if path else {}
    for text in vary:
        key, values = _parse(text)
        keys[key] = values
    space = Space(keys) if keys else usual_space(config)
    space.require_possible(config)
    return space


def usual_space(config: TrainConfig) -> Space:
    """Widths of all layers, the price of energy, and the threshold of a delta-coded input.

    Raises:
        ConfigError: the configuration's network is dense.
    """
    from edgesnn.trainer.model_settings import ModelSettings

    if not isinstance(config.model, ModelSettings):
        raise ConfigError(f"{config.name} has no usual space to sweep; say what with --vary")
    keys: dict[str, Choice | Range] = {
        f"model.hidden.{index}.width": Range(low=32, high=160, step=16)
        for index in range(len(config.model.hidden))
    }
    keys["loss.energy.weight"] = Range(low=1e-4, high=1e-2, log=True)
    if config.model.input.encoding == "delta":
        keys["model.input.delta"] = Range(low=4, high=16, step=2)
    return Space(keys)


def _from_file(path: Path) -> dict[str, Choice | Range]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"no file {path} with a search space") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read the search space {path}: {error}") from None
    return {key: _checked(table, f"{path}: {key}") for key, table in tables.items()}


def _parse(text: str) -> tuple[str, Choice | Range]:
    """`KEY=LOW:HIGH`, with `:log` or `:STEP` behind it, or `KEY=[VALUE, VALUE, …]`."""
    key, equals, values = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--vary {text}: write KEY=LOW:HIGH or KEY=[VALUE, VALUE]")
    origin = f"--vary {text}"
    if values.strip().startswith("["):
        return key.strip(), _checked({"choices": _number(values, origin)}, origin)
    low, *others = values.split(":")
    if len(others) not in (1, 2):
        raise ConfigError(f"{origin}: write KEY=LOW:HIGH, with :log or :STEP, or KEY=[VALUE, …]")
    table: dict[str, Any] = {"low": _number(low, origin), "high": _number(others[0], origin)}
    if others[1:] == ["log"]:
        table["log"] = True
    elif others[1:]:
        table["step"] = _number(others[1], origin)
    return key.strip(), _checked(table, origin)


def _number(text: str, origin: str) -> Any:
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        raise ConfigError(f"{origin}: {text.strip()} is no number or list of TOML") from None


def _checked(table: Any, origin: str) -> Choice | Range:
    kind = Choice if isinstance(table, Mapping) and "choices" in table else Range
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"][:1])
        message = fault["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{origin}: {where + ': ' if where else ''}{message}") from None
