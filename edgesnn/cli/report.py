"""The end of a build as a person reads it: figures, rungs, files, what to type next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgesnn.cli.output import console, table

if TYPE_CHECKING:
    from rich.table import Table


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


def print_lowering(record: Mapping[str, Any]) -> None:
    """Print what lowering proved: ranges of each layer, warnings, where the network is."""
    screen = console()
    rows = [
        (
            each["layer"],
            _range(each["current"]),
            _range(each["membrane"]),
            "can clip" if each["saturates"] else "never clips",
            _range(each["adaptation"]),
        )
        for each in record["ranges"]
    ]
    columns = ("layer", "current", "membrane", "16 bits", "adaptation")
    screen.print(table("proven ranges", columns, rows))
    for warning in record["warnings"]:
        screen.print(f"warning: {warning}", markup=False)
    screen.print(f"{record['network']}  sha256 {record['sha256'][:16]}", markup=False)
    screen.print(f"next: {record['next']}", markup=False)


def _range(ends: Sequence[int]) -> str:
    return f"{ends[0]} … {ends[1]}"


def print_code(record: Mapping[str, Any]) -> None:
    """Print the memory plan of generated C, layer by layer, and where the C is."""
    screen = console()
    screen.print(plan_table(record["plan"]))
    screen.print(f"{record['source']}  sha256 {record['sha256'][:16]}", markup=False)


def plan_table(plan: Mapping[str, Any]) -> Table:
    """Flash and RAM by layer."""
    rows = [
        (
            each["name"],
            f"{each['neurons'] or ''}",
            f"{each['synapses']:,}" if each["synapses"] else "",
            f"{each['density']:.3f}" if each["synapses"] else "",
            f"{each['flash_bytes']:,}",
            f"{each['ram_bytes']:,}",
        )
        for each in plan["rows"]
    ]
    rows.append(("all", "", "", "", f"{plan['flash_bytes']:,}", f"{plan['ram_bytes']:,}"))
    columns = ("layer", "neurons", "synapses", "density", "flash bytes", "RAM bytes")
    return table("tables and state", columns, rows)


def print_image(record: Mapping[str, Any]) -> None:
    """Print what an image takes of its board."""
    rows = [
        (name, f"{record[f'{key}_bytes']:,}", f"{record[f'{key}_present']:,}")
        for name, key in (("flash", "flash"), ("RAM, stack included", "ram"))
    ]
    screen = console()
    screen.print(table(f"{record['board']}, {record['core']}", ("", "bytes", "present"), rows))
    screen.print(f"{record['image']}  by {record['compiler']}", markup=False)


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
