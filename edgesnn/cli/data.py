"""`edgesnn data`: what the recordings or images are, and fetching them."""

from __future__ import annotations

from typing import Annotated

import typer

from edgesnn.cli import options
from edgesnn.cli.output import console, print_json, table

app = typer.Typer(
    invoke_without_command=True,
    help="Describe recordings: classes, counts of each split, what was left out.",
)


@app.callback()
def data(
    context: typer.Context,
    dataset: options.DatasetName = None,
    task: options.Task = None,
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Describe recordings: classes, counts of each split, what was left out."""
    if context.invoked_subcommand is not None:
        return
    from edgesnn.pipeline.datasets import Recordings
    from edgesnn.pipeline.describe import describe_recordings

    description = describe_recordings(Recordings(dataset, task, data_dir))
    if json:
        print_json(description)
        return
    totals = description["totals"]
    rows = [(name, *of.values()) for name, of in description["counts"].items()]
    rows.append(("all", *totals.values()))
    title = f"{description['name']}: {description['counted']}"
    console().print(table(title, ("class", *totals), rows))
    for note in description["notes"]:
        console().print(f"note: {note}", markup=False)


@app.command()
def download(
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="gsc (default) or cifar10.", metavar="NAME")
    ] = None,
    version: Annotated[int, typer.Option(help="Version of the archive of gsc.", min=1, max=2)] = 2,
    json: options.Json = False,
) -> None:
    """Fetch Google Speech Commands or CIFAR-10 into the cache; goes on after a cut connection."""
    from edgesnn.pipeline.describe import download_data

    folder = download_data(dataset, version)
    if json:
        print_json({"dataset": dataset or "gsc", "version": version, "folder": str(folder)})
    else:
        print(folder)
