"""`edgesnn check`: everything that is wrong with files and folders, by the real parsers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from edgesnn.cli import options
from edgesnn.cli.output import announce, print_json


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
            lines = [f"{path}: {fault}" for fault in faults] or [f"{path}: {kind}, no fault"]
            print("\n".join(lines))
    if json:
        print_json({"files": verdicts})
    _fail_on_faults([each["faults"] for each in verdicts])


def _fail_on_faults(found: list[list[str]]) -> None:
    from edgesnn.errors import EdgesnnError

    bad = [faults for faults in found if faults]
    if bad:
        count = sum(map(len, bad))
        raise EdgesnnError(f"{count} fault{'s'[: count > 1]} in {len(bad)} of {len(found)} files")
