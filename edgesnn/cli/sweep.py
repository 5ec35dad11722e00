"""`edgesnn sweep`: many training runs, and the best trades between their goals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgesnn.cli import options
from edgesnn.cli.output import announce, console, figure, print_json, table

if TYPE_CHECKING:
    from rich.table import Table


def sweep(
    dataset: options.DatasetName = None,
    task: options.Task = None,
    data_dir: options.DataDir = None,
    config: options.Config = None,
    changes: options.Changes = None,
    trials: Annotated[
        int,
        typer.Option(
            help="Trials in all, those of earlier calls counted; 0 shows what is there.",
            min=0,
            metavar="COUNT",
        ),
    ] = 20,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="What to vary: KEY=LOW:HIGH, with :log or :STEP behind it, or KEY=[A, B, C]; * is "
            "every entry of a list, as in model.hidden.*.width=32:128:16. May be repeated. "
            "Default: widths, the price of energy, the input's threshold.",
            metavar="KEY=VALUES",
        ),
    ] = None,
    space: Annotated[
        Path | None,
        typer.Option(help="TOML file with the keys to vary (docs/SWEEP.md).", metavar="FILE"),
    ] = None,
    goals: Annotated[
        str,
        typer.Option(
            help="What to weigh, comma-separated: accuracy, energy, silence, operations, flash.",
            metavar="LIST",
        ),
    ] = "accuracy,energy,flash",
    storage: Annotated[
        str | None,
        typer.Option(
            help="Optuna storage URL, for many machines to share; default: a file in the folder.",
            metavar="URL",
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(
            help="Name of the study in its storage; default: the folder's.", metavar="NAME"
        ),
    ] = None,
    prune: Annotated[
        bool, typer.Option(help="Give up trials that fall behind in every goal at once.")
    ] = True,
    seed: options.Seed = 0,
    epochs: options.Epochs = None,
    output: options.Output = None,
    json: options.Json = False,
) -> None:
    """Search configurations with Optuna: accuracy against energy, operations and flash.

    The same command goes on where it was interrupted. Choices are made on validation; the test
    split is not read. Build a point of the front with `edgesnn build --from-sweep FOLDER`.
    """
    from edgesnn.pipeline.datasets import Recordings
    from edgesnn.pipeline.sweep.run import Sweep
    from edgesnn.pipeline.sweep.run import sweep as run_sweep
    from edgesnn.pipeline.train import Training

    recordings = Recordings(dataset, task, data_dir)
    training = Training(recordings, config, seed, epochs, False, tuple(changes or ()))
    request = Sweep(
        training, trials, tuple(vary or ()), space, goals, storage, study, prune, output
    )
    record = run_sweep(request, announce)
    if json:
        print_json(record)
    else:
        print_sweep(record)


def print_sweep(record: Mapping[str, Any]) -> None:
    """Print the front, and how the trials ended."""
    screen = console()
    states = [trial["state"] for trial in record["trials"]]
    count = {state: states.count(state) for state in dict.fromkeys(states)}
    told = ", ".join(f"{number} {_WORDS.get(state, state)}" for state, number in count.items())
    screen.print(front_table(record))
    screen.print(f"trials: {told or 'none'}", markup=False)
    screen.print(f"all of them: {record['folder']}/trials.csv, front.png", markup=False)
    if record["front"]:
        screen.print(f"next: {record['next']}", markup=False)


_WORDS = {"complete": "finished", "pruned": "given up", "fail": "interrupted", "waiting": "to do"}


def front_table(record: Mapping[str, Any]) -> Table:
    """The Pareto front, the most accurate first."""
    by_number = {trial["number"]: trial for trial in record["trials"]}
    front = [by_number[number] for number in record["front"]]
    keys = list(dict.fromkeys(key for trial in front for key in trial["point"]))
    rows = []
    for trial in front:
        values = [_shown(name, trial["values"][name]) for name in record["goals"]]
        point = [_short(trial["point"].get(key, "")) for key in keys]
        rows.append((trial["number"], *values, *point))
    names = [_UNITS.get(name, name) for name in record["goals"]]
    title = "Pareto front: no trial is better in one goal without being worse in another"
    return table(title, ("trial", *names, *(key.removeprefix("model.") for key in keys)), rows)


_UNITS = {"energy": "µJ/s", "silence": "µJ/s silent", "flash": "flash B"}


def _shown(name: str, value: float) -> str:
    return f"{100 * value:.2f} %" if name == "accuracy" else figure(value)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
