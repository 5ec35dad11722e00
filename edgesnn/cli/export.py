"""`edgesnn export`: the network as a library of the user's own project."""

from __future__ import annotations

from typing import Annotated

import typer

from edgesnn.cli import options
from edgesnn.cli.output import console, facts, print_json


def export(
    source: options.Source,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="cmake, arduino, platformio, zephyr, cmsis-pack or single-file.",
            metavar="FORMAT",
        ),
    ],
    core: options.PlannedCore = None,
    board: options.PlannedBoard = None,
    layout: options.Layout = None,
    output: options.Output = None,
    package_version: Annotated[
        str, typer.Option(help="Version of the package, three numbers.", metavar="X.Y.Z")
    ] = "1.0.0",
    url: Annotated[
        str, typer.Option(help="Web address that the package names.", metavar="URL")
    ] = "https://example.org",
    json: options.Json = False,
) -> None:
    """Write the network's C as a library for CMake, Arduino, PlatformIO, Zephyr or a CMSIS pack.

    Into BUILD/export/FORMAT unless --output says otherwise; an earlier export is replaced.
    """
    from edgesnn.pipeline.export import ExportRequest, export_from

    words = tuple(layout or ())
    record = export_from(
        ExportRequest(source, form, core, board, words, output, package_version, url)
    )
    if json:
        print_json(record)
        return
    plan = record["plan"]
    rows = [
        ("folder", record["folder"]),
        ("files", "\n".join(record["files"])),
        ("fast on", f"{record['cores']}; runs on any Cortex-M"),
        ("flash, tables", f"{plan['flash_bytes']:,} bytes"),
        ("RAM, all state", f"{plan['ram_bytes']:,} bytes"),
    ]
    console().print(facts(f"{record['format']} library", rows))
