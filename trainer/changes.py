"""Changes of a configuration from the command line: `loss.energy.weight=2e-3`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from edgesnn.errors import ConfigError
from edgesnn.trainer.config import TrainConfig, parse_config


def changed(config: TrainConfig, assignments: Sequence[str]) -> TrainConfig:
    """`config` with each of `assignments`, `KEY=VALUE`, in their order.

    Keys are dotted as in the file, list entries by number (`model.hidden.0.width`); a value is
    TOML, or else plain text.

    Raises:
        ConfigError: no `=`, no such key, or the configuration becomes impossible.
    """
    if not assignments:
        return config
    values = config.model_dump()
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set {text}: write KEY=VALUE, such as loss.energy.weight=2e-3")
        _assign(values, key.strip(), _parsed(value.strip()))
    return parse_config(values, "--set")


def _parsed(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _assign(values: Any, key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        values = values[_index(values, part, key)]
    place = _index(values, last, key)
    if isinstance(values[place], float) and type(value) is int:
        value = float(value)
    values[place] = value


def _index(values: Any, part: str, key: str) -> Any:
    """`part` as an index into a table or list that has it."""
    if isinstance(values, dict) and part in values:
        return part
    if isinstance(values, list) and part.isdecimal() and int(part) < len(values):
        return int(part)
    known = "none"
    if isinstance(values, dict):
        known = ", ".join(values)
    elif isinstance(values, list):
        known = f"0 to {len(values) - 1}"
    raise ConfigError(f"--set: there is no key {key}; in place of {part} there are: {known}")
