"""`edgesnn simulate`: what the network does on a test set, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgesnn.cli import options
from edgesnn.cli.firmware import Asked, Target, is_firmware, simulate_firmware
from edgesnn.cli.output import announce, print_json
from edgesnn.errors import UsageError


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
    board: Annotated[
        list[str] | None,
        typer.Option(
            help="Also run the firmware in a simulated core, and price it on this board; "
            "can be given several times.",
            metavar="NAME",
        ),
    ] = None,
    sample: Annotated[int, typer.Option(help="Clips to run in the simulated core.", min=1)] = 10,
    zero_wait: Annotated[
        bool, typer.Option("--zero-wait", help="With --board: let its flash answer at once.")
    ] = False,
    core: Annotated[
        str | None,
        typer.Option(
            help="Run any firmware file (ELF) on this core, such as cortex-m4, or cortex-m4+nofp "
            "without its floating point unit.",
            metavar="NAME",
        ),
    ] = None,
    watch: Annotated[
        list[str] | None,
        typer.Option(help="Of firmware: time every call of this function.", metavar="FUNCTION"),
    ] = None,
    limit: Annotated[
        int, typer.Option(help="Of firmware: instructions to run at most; 0 for all.", min=0)
    ] = 1_000_000_000,
    flame: Annotated[
        Path | None,
        typer.Option(help="Of firmware: draw its call stacks into this file.", metavar="FILE.svg"),
    ] = None,
    stacks: Annotated[
        Path | None,
        typer.Option(help="Of firmware: write its call stacks, one a line.", metavar="FILE.txt"),
    ] = None,
    json: options.Json = False,
) -> None:
    """Run a test set: accuracy, spikes, operations, memory traffic, layer by layer.

    With --board also cycles, energy and battery life; with --core any firmware file.
    """
    if core is not None or is_firmware(source):
        chosen = Target(core, _one_board(board), zero_wait)
        asked = Asked(limit, tuple(watch or ()), flame, stacks)
        simulate_firmware(source, chosen, asked, as_json=json)
        return
    from edgesnn.cli.activity import print_activity
    from edgesnn.pipeline.datasets import named_recordings
    from edgesnn.pipeline.measure import simulate_source

    recordings = named_recordings(dataset, data_dir)
    report, heard = simulate_source(source, recordings, split, clips, announce)
    costs = []
    if board:
        from edgesnn.pipeline.energy import board_cost
        from edgesnn.pipeline.folder import load_source

        network = load_source(source).network
        costs = [
            board_cost(network, name, heard, sample, announce, zero_wait=zero_wait)
            for name in board
        ]
    if json:
        boards = {"boards": [cost.record() for cost in costs]} if costs else {}
        print_json({"clips_from": heard.origin, **report.to_dict(), **boards})
        return
    print_activity(report.to_dict(), heard.origin)
    if costs:
        from edgesnn.cli.firmware import print_cost

        for cost in costs:
            print_cost(cost)


def _one_board(names: list[str] | None) -> str | None:
    if names and len(names) > 1:
        raise UsageError("firmware is linked for one board; give --board once")
    return names[0] if names else None
