"""`edgesnn build`: the whole line in one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from edgesnn.cli import options
from edgesnn.cli.output import announce, print_json

if TYPE_CHECKING:
    from edgesnn.pipeline.build import Request


def build(
    dataset: options.DatasetName = None,
    task: options.Task = None,
    data_dir: options.DataDir = None,
    pretrained: Annotated[
        str | None,
        typer.Option(help="Start from a shipped network and train nothing.", metavar="NAME"),
    ] = None,
    config: options.Config = None,
    board: options.Board = options.DEFAULT_BOARD,
    output: options.Output = None,
    seed: options.Seed = 0,
    epochs: options.Epochs = None,
    changes: options.Changes = None,
    fresh: options.Fresh = False,
    rungs: options.Rungs = None,
    clips: options.Clips = 100,
    emulated_clips: options.EmulatedClips = 3,
    json: options.Json = False,
) -> None:
    """Train, quantise, generate C, compile, prove every step exact, and report.

    Without options: the embedded dataset, into build/synthetic. A build that was interrupted goes
    on where it stopped when the same command is run again.
    """
    from edgesnn.cli.report import print_report
    from edgesnn.pipeline.build import Request
    from edgesnn.pipeline.build import build as build_all
    from edgesnn.pipeline.datasets import Recordings
    from edgesnn.pipeline.ladder import chosen_rungs
    from edgesnn.pipeline.train import Training

    request = Request(
        Training(
            Recordings(dataset, task, data_dir), config, seed, epochs, fresh, tuple(changes or ())
        ),
        pretrained,
        board,
        output,
        chosen_rungs(rungs),
        clips,
        emulated_clips,
    )
    _refuse_contradictions(request)
    report = build_all(request, announce)
    if json:
        print_json(report)
    else:
        print_report(report)


def _refuse_contradictions(request: Request) -> None:
    from edgesnn.errors import UsageError

    training = request.training
    if request.pretrained is None:
        return
    for name, given in (
        ("--config", training.config),
        ("--epochs", training.epochs),
        ("--seed", training.seed),
        ("--set", training.changes),
        ("--fresh", training.fresh),
        ("--task", training.recordings.task),
    ):
        if given:
            raise UsageError(f"{name} is for training, but --pretrained trains nothing; drop one")
