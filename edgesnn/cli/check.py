"""`edgesnn check`: everything that is wrong with files and folders, by the real parsers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from edgesnn.cli import options
from edgesnn.cli.output import announce, print_json

SHOWN = 50
"""Faults of a file or folder that are printed; `--json` has them all."""


def check(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Networks (.esnn), configurations (.toml), build folders, folders of recordings.",
            metavar="FILE...",
        ),
    ],
    json: options.Json = False,
) -> None:
    """List every fault of networks, configurations and recordings; status 1 if there is any."""
    from edgesnn.pipeline.check import find_faults

    verdicts: list[dict[str, Any]] = []
    for path in files:
        announce(f"checking {path}")
        kind, faults = find_faults(path)
        verdicts.append({"path": str(path), "kind": kind, "faults": faults})
        if not json:
            print("\n".join(_lines(path, kind, faults)))
    if json:
        print_json({"files": verdicts})
    _fail_on_faults([each["faults"] for each in verdicts])


def _lines(path: Path, kind: str, faults: list[str]) -> list[str]:
    """At most SHOWN faults, each with the path said once."""
    if not faults:
        return [f"{path}: {kind}, no fault"]
    lines = [
        fault if fault.startswith(str(path)) else f"{path}: {fault}" for fault in faults[:SHOWN]
    ]
    more = len(faults) - SHOWN
    return [*lines, f"{path}: and {more} more"] if more > 0 else lines


def _fail_on_faults(found: list[list[str]]) -> None:
    from edgesnn.errors import EdgesnnError

    bad = [faults for faults in found if faults]
    if bad:
        count = sum(map(len, bad))
        raise EdgesnnError(f"{count} fault{'s'[: count > 1]} in {len(bad)} of {len(found)} files")
