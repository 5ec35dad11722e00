"""The stages of the line, each a command of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from edgesnn.cli import options
from edgesnn.cli.output import announce, print_json


def train(
    dataset: options.DatasetName = None,
    task: options.Task = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    seed: options.Seed = 0,
    epochs: options.Epochs = None,
    fresh: options.Fresh = False,
    output: options.Output = None,
    json: options.Json = False,
) -> None:
    """Train a spiking network in the integer domain: NAME.trained, checkpoints, curves.

    Needs edgesnn[train]. Goes on where an interrupted run of the same settings stopped.
    """
    from edgesnn.pipeline.datasets import Recordings
    from edgesnn.pipeline.train import Training, train_only

    training = Training(Recordings(dataset, task, data_dir), config, seed, epochs, fresh)
    _tell(train_only(training, output, announce), json)


def lower(
    source: Annotated[
        Path,
        typer.Argument(help="A build folder or a .trained file.", metavar="BUILD|FILE"),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The .esnn file; default: beside the source."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Lower a trained model to the integer network, NAME.esnn; prints what was rounded."""
    from edgesnn.pipeline.lower import lower_file

    _tell(lower_file(source, output), json)


def generate(
    source: options.Source,
    output: options.Output = None,
    json: options.Json = False,
) -> None:
    """Generate C from a network: NAME.c, NAME.h and the runtime, with the memory plan."""
    from edgesnn.pipeline.firmware import generate_from

    _tell(generate_from(source, output), json)


def compile_(
    source: options.Source,
    board: options.Board = options.DEFAULT_BOARD,
    output: options.Output = None,
    json: options.Json = False,
) -> None:
    """Compile the firmware of a network for a board: BOARD.elf, with its flash and RAM."""
    from edgesnn.pipeline.firmware import compile_from

    _tell(compile_from(source, board, output), json)


def _tell(record: dict[str, Any], json: bool) -> None:
    """Print a stage's record: JSON, or one line a value."""
    if json:
        print_json(record)
        return
    from edgesnn.cli.report import print_record

    print_record(record)
