"""`edgesnn verify`: the exactness ladder as a table."""

from __future__ import annotations

from typing import Annotated

import typer

from edgesnn.cli import options
from edgesnn.cli.output import announce, console, print_json


def verify(
    source: options.Source,
    rungs: options.Rungs = None,
    require: Annotated[
        str | None,
        typer.Option(
            help="Rungs that must run: fail where a tool for one is missing.", metavar="LIST"
        ),
    ] = None,
    clips: options.Clips = 100,
    emulated_clips: options.EmulatedClips = 5,
    dataset: options.DatasetName = None,
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Run the same clips on every implementation and compare each membrane of each step.

    Status 3 where two differ; the first clip, step, layer and neuron that does is named.
    """
    from edgesnn.cli.report import rung_table
    from edgesnn.pipeline.datasets import named_recordings
    from edgesnn.pipeline.ladder import chosen_rungs, require_agreement
    from edgesnn.pipeline.verify import verify_source

    required = chosen_rungs(require) if require else ()
    chosen = (*chosen_rungs(rungs),)
    result = verify_source(
        source,
        tuple(dict.fromkeys((*chosen, *required))) if rungs is None else chosen,
        named_recordings(dataset, data_dir),
        clips,
        emulated_clips,
        announce,
    )
    if json:
        print_json(result.record())
    else:
        console().print(rung_table(result.record()))
    require_agreement(result.rungs, required)
