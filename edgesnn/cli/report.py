"""The end of a build as a person reads it: figures, rungs, files, what to type next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgesnn.cli.output import console, table


def print_report(report: Mapping[str, Any]) -> None:
    """Print the report of `edgesnn.pipeline.build.build`."""
    screen = console()
    screen.print(table(f"{report['network']['name']}", ("", ""), _figures(report)))
    rows = [
        (rung["name"], rung["status"], rung["clips"] or "", f"{rung['values']:,}", rung["detail"])
        for rung in report["verification"]["rungs"]
    ]
    columns = ("rung", "verdict", "clips", "values compared", "machine or reason")
    screen.print(table("bit-exact against the Numba engine", columns, rows))
    screen.print(table("files", ("", ""), list(report["files"].items())))
    screen.print("next:", markup=False)
    for command in report["next"]:
        screen.print(f"  {command}", markup=False)


def print_record(record: Mapping[str, Any]) -> None:
    """Print a flat record as two columns; a text of several lines under its own heading."""
    screen = console()
    flat = [(key, value) for key, value in record.items() if "\n" not in str(value)]
    screen.print(table("", ("", ""), [(key.replace("_", " "), _plain(v)) for key, v in flat]))
    for key, value in record.items():
        if "\n" in str(value):
            screen.print(f"{key}:\n{value}", markup=False)


def _figures(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key.replace("_", " "), _plain(value)) for key, value in report["figures"].items()]


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
