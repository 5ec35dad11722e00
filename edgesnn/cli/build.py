"""`edgesnn build`: the whole line in one command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgesnn.cli import options
from edgesnn.cli.output import announce, print_json

if TYPE_CHECKING:
    from edgesnn.pipeline.train import Training


def build(
    dataset: options.DatasetName = None,
    task: options.Task = None,
    data_dir: options.DataDir = None,
    pretrained: Annotated[
        str | None,
        typer.Option(help="Start from a shipped network and train nothing.", metavar="NAME"),
    ] = None,
    from_sweep: Annotated[
        Path | None,
        typer.Option(
            help="Build a trial of the sweep in FOLDER: --trial, or the knee of its front.",
            metavar="FOLDER",
        ),
    ] = None,
    trial: Annotated[
        int | None, typer.Option(help="Number of the trial for --from-sweep.", min=0)
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
    layout: options.Layout = None,
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

    training = Training(
        Recordings(dataset, task, data_dir), config, seed, epochs, fresh, tuple(changes or ())
    )
    _refuse_contradictions(training, pretrained, from_sweep, trial)
    point = None
    if from_sweep:
        from edgesnn.pipeline.sweep.point import take_point

        point = take_point(from_sweep, trial, data_dir)
    request = Request(
        point.training if point else training,
        pretrained,
        point,
        board,
        output,
        chosen_rungs(rungs),
        clips,
        emulated_clips,
        tuple(layout or ()),
    )
    report = build_all(request, announce)
    if json:
        print_json(report)
    else:
        print_report(report)


def _refuse_contradictions(
    training: Training, pretrained: str | None, from_sweep: Path | None, trial: int | None
) -> None:
    from edgesnn.errors import UsageError

    if pretrained and from_sweep:
        raise UsageError("--pretrained and --from-sweep exclude each other; drop one")
    if trial is not None and not from_sweep:
        raise UsageError("--trial is a trial of a sweep; add --from-sweep FOLDER")
    given = {
        "--config": training.config,
        "--epochs": training.epochs,
        "--seed": training.seed,
        "--set": training.changes,
        "--fresh": training.fresh,
        "--task": training.recordings.task,
    }
    named = [name for name, value in given.items() if value]
    if pretrained and named:
        raise UsageError(f"{named[0]} is for training, but --pretrained trains nothing; drop one")
    if from_sweep and training.recordings.dataset:
        named.append("--dataset")
    if from_sweep and named:
        raise UsageError(f"{named[0]} is in the sweep's trial already; drop it")
