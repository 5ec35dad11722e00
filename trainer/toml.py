"""Writing TOML (the standard library only reads it)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def to_toml(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    """`values` as TOML: plain keys, then tables, then arrays of tables; keys as they come.

    Values may be text, whole numbers, floats, truth values, lists of those, and tables; None is
    left out.
    """
    plain = {
        key: value
        for key, value in values.items()
        if value is not None and not _is_table(value) and not _is_tables(value)
    }
    lines = [f"{key} = {_value(value)}" for key, value in plain.items()]
    text = "".join(line + "\n" for line in lines)
    for key, value in values.items():
        name = ".".join((*path, key))
        if _is_table(value):
            text += f"\n[{name}]\n" + to_toml(value, (*path, key))
        elif _is_tables(value):
            for item in value:
                text += f"\n[[{name}]]\n" + to_toml(item, (*path, key))
    return text


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and _is_table(value[0])


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)
