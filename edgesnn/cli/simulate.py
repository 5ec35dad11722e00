"""`edgesnn simulate`: what the network does on a test set, and what that costs."""

from __future__ import annotations

from typing import Annotated

import typer

from edgesnn.cli import options
from edgesnn.cli.output import announce, print_json


def simulate(
    source: options.Source,
    dataset: options.DatasetName = None,
    data_dir: options.DataDir = None,
    split: Annotated[
        str, typer.Option(help="training, validation or testing.", metavar="SPLIT")
    ] = "testing",
    clips: Annotated[
        int, typer.Option(help="Clips, spread evenly over the split; 0 for all.", min=0)
    ] = 0,
    json: options.Json = False,
) -> None:
    """Run a test set: accuracy, spikes, operations, memory traffic, layer by layer."""
    from edgesnn.cli.activity import print_activity
    from edgesnn.pipeline.datasets import named_recordings
    from edgesnn.pipeline.measure import simulate_source

    recordings = named_recordings(dataset, data_dir)
    report, heard = simulate_source(source, recordings, split, clips, announce)
    if json:
        print_json({"clips_from": heard.origin, **report.to_dict()})
    else:
        print_activity(report.to_dict(), heard.origin)
