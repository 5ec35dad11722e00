"""Options that several commands share, each with its help text and unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output, nothing else.")
]

DatasetName = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        help="synthetic (embedded), gsc (Google Speech Commands), cifar10 (images), or a folder "
        "with one folder of recordings a word.",
        metavar="NAME|FOLDER",
    ),
]

Task = Annotated[
    str | None,
    typer.Option(
        help="Keywords: a list such as yes,no,stop; 12 for the published task; 35 for all words. "
        "Default: the keywords that the recordings cover.",
        metavar="WORDS",
    ),
]

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="Folder of the recordings or images; else $EDGESNN_DATA, the cache, or a download.",
        metavar="FOLDER",
    ),
]

Config = Annotated[
    str | None,
    typer.Option(
        help="Training configuration: a TOML file, or the name of a preset.",
        metavar="FILE|NAME",
    ),
]

Seed = Annotated[int, typer.Option(help="Seed of weights, batches and augmentation.", min=0)]

Epochs = Annotated[
    int | None,
    typer.Option(help="Passes over the training data, instead of the configuration's.", min=1),
]

Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Set a key of the configuration, such as loss.energy.weight=2e-3; may be repeated.",
        metavar="KEY=VALUE",
    ),
]

Fresh = Annotated[
    bool, typer.Option("--fresh", help="Start training again; drops an unfinished run.")
]

Board = Annotated[
    str,
    typer.Option(help="Board to compile for; `edgesnn boards` lists them.", metavar="NAME"),
]

PlannedCore = Annotated[
    str | None,
    typer.Option(
        help="Core that the code is to be fast on: m0, m0plus, m3, m4, m7 or m33. The code runs, "
        "and gives the same, on every core. Default: m4, m7 and m33 (DSP extension).",
        metavar="NAME",
    ),
]

PlannedBoard = Annotated[
    str | None,
    typer.Option(
        help="Board that it is for, instead of --core: its memories count too. `edgesnn boards` "
        "lists them.",
        metavar="NAME",
    ),
]

Source = Annotated[
    Path,
    typer.Argument(
        help="A folder that `edgesnn build` made, or a .esnn file.", metavar="BUILD|FILE"
    ),
]

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Folder for the results.", metavar="FOLDER"),
]

DEFAULT_BOARD = "nrf52840-dk"

Rungs = Annotated[
    str | None,
    typer.Option(
        help="Comma-separated: numpy, pytorch, host, core (the simulated core, all models), qemu "
        "(all cores), or one of them: core-m4, qemu-m33; models m0, m3, m4, m7, m33; default: all.",
        metavar="LIST",
    ),
]

Clips = Annotated[
    int,
    typer.Option(help="Test clips for PyTorch and host C; 0 for all.", min=0, metavar="CLIPS"),
]

EmulatedClips = Annotated[
    int,
    typer.Option(
        help="Test clips for NumPy and each simulated or emulated core.", min=1, metavar="CLIPS"
    ),
]

Layout = Annotated[
    list[str] | None,
    typer.Option(
        "--layout",
        help="Force the layout of dense weights: rows8, rows4 (8 or 4 bits a weight, added in "
        "lanes), words (bytes, and membranes of 32 bits), currents (32-bit sums), for one layer "
        "LAYER=rows8; a core such as m0plus: plan for it; or compact: small, slow code. May be "
        "repeated.",
        metavar="WORD",
    ),
]
