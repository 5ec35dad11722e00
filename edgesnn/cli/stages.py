"""The stages of the line, each a command of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    changes: options.Changes = None,
    fresh: options.Fresh = False,
    output: options.Output = None,
    json: options.Json = False,
) -> None:
    """Train a spiking network in the integer domain: model, log, curves, checkpoint.

    Needs edgesnn[train]. Goes on where an interrupted run of the same settings stopped. With
    several GPUs: torchrun --nproc-per-node COUNT -m edgesnn train …
    """
    from edgesnn.cli.report import print_record
    from edgesnn.pipeline.datasets import Recordings
    from edgesnn.pipeline.train import Training, train_only
    from edgesnn.progress import leads

    recordings = Recordings(dataset, task, data_dir)
    training = Training(recordings, config, seed, epochs, fresh, tuple(changes or ()))
    record = train_only(training, output, announce)
    if not leads():
        return  # one of many processes, which the first one speaks for
    if json:
        print_json(record)
    else:
        print_record("trained", record)


def lower(
    source: Annotated[
        Path,
        typer.Argument(help="A build folder, or a trained.safetensors file.", metavar="BUILD|FILE"),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="The .esnn file; default: beside the source.", metavar="FILE"
        ),
    ] = None,
    listings: Annotated[
        bool, typer.Option("--listings", help="Print the listing after every pass.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Lower a trained model to the integer network, NAME.esnn, and prove its ranges."""
    from edgesnn.cli.report import print_lowering
    from edgesnn.pipeline.lower import lower_file

    record = lower_file(source, output, _print_pass if listings and not json else None)
    if json:
        print_json(record)
    else:
        print_lowering(record)


def _print_pass(name: str, listing: str) -> None:
    print(f"after {name}:\n{listing}")


def generate(
    source: options.Source,
    output: options.Output = None,
    layout: options.Layout = None,
    json: options.Json = False,
) -> None:
    """Generate C from a network: NAME.c, NAME.h and the runtime, with the memory plan."""
    from edgesnn.cli.report import print_code
    from edgesnn.pipeline.firmware import generate_from

    record = generate_from(source, output, layout or ())
    if json:
        print_json(record)
    else:
        print_code(record)


def compile_(
    source: options.Source,
    board: options.Board = options.DEFAULT_BOARD,
    output: options.Output = None,
    layout: options.Layout = None,
    json: options.Json = False,
) -> None:
    """Compile a network's firmware for a board: an ELF image, with the flash and RAM it takes."""
    from edgesnn.cli.report import print_image
    from edgesnn.pipeline.firmware import compile_from

    record = compile_from(source, board, output, announce, layout or ())
    if json:
        print_json(record)
    else:
        print_image(record)
