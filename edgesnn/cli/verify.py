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
    core_clips: Annotated[
        int | None,
        typer.Option(
            help="Test clips for each simulated core; 0 for all; default: as --emulated-clips.",
            min=0,
            metavar="CLIPS",
        ),
    ] = None,
    dataset: options.DatasetName = None,
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Run the same clips on every implementation and compare each membrane of each step.

    A rung that cannot run is left out, but for those that --rungs or --require name: status 1.
    Status 3 where two differ; the first clip, step, layer and neuron that does is named.
    """
    from edgesnn.cli.report import rung_table
    from edgesnn.pipeline.datasets import named_recordings
    from edgesnn.pipeline.ladder import chosen_rungs, require_agreement
    from edgesnn.pipeline.verify import verify_source

    named = [*(chosen_rungs(each) for each in (rungs, require) if each is not None)]
    required = tuple(dict.fromkeys(rung for each in named for rung in each))
    result = verify_source(
        source,
        chosen_rungs(None) if rungs is None else required,
        named_recordings(dataset, data_dir),
        clips,
        emulated_clips,
        core_clips,
        announce,
    )
    if json:
        print_json(result.record())
    else:
        console().print(rung_table(result.record()))
    require_agreement(result.rungs, required)
