"""`edgesnn simulate`: what the network does on a test set, and what that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgesnn.cli import options
from edgesnn.cli.firmware import Asked, Target, draw, is_firmware, print_profile, simulate_firmware
from edgesnn.cli.firmware_boards import ALL, compare_boards
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
            help="Run the firmware in this board's simulated core: cycles, energy, battery life; "
            "can be given several times; `all`: every board whose energy is known, or of a "
            "firmware file every board that can hold it.",
            metavar="NAME",
        ),
    ] = None,
    sample: Annotated[
        int, typer.Option(help="With --board: clips to run in the simulated core.", min=1)
    ] = 20,
    battery: Annotated[
        str,
        typer.Option(
            help="With --board: CR2032, CR2477, 2xAAA, 2xAA, LiPo-400, or capacity and voltage.",
            metavar="NAME|MAH@V",
        ),
    ] = "CR2032",
    profile: Annotated[
        bool,
        typer.Option("--profile", help="With --board: also cycles by function and instruction."),
    ] = False,
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
        int | None,
        typer.Option(
            help="Of firmware: instructions to run; 0 for no limit; else it has to end within "
            "1,000,000,000.",
            min=0,
        ),
    ] = None,
    engine: Annotated[
        str,
        typer.Option(
            help="Of firmware: interpreter, translated (machine code of all that runs more than a "
            "few times), or auto: that of hot code in long runs; the counts are the same.",
            metavar="NAME",
        ),
    ] = "auto",
    flame: Annotated[
        Path | None,
        typer.Option(
            help="With --board or firmware: draw call stacks into this file.", metavar="FILE.svg"
        ),
    ] = None,
    stacks: Annotated[
        Path | None,
        typer.Option(
            help="With --board or firmware: write call stacks, one a line.", metavar="FILE.txt"
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Run a test set: accuracy, spikes, operations, memory traffic, layer by layer.

    With --board cycles, energy and battery life instead. SOURCE may also be any firmware file.
    """
    if core is not None or is_firmware(source):
        asked = Asked(limit, tuple(watch or ()), flame, stacks, engine)
        if board and (len(board) > 1 or ALL in board):
            compare_boards(source, board, Target(core, None, zero_wait), asked, as_json=json)
        else:
            chosen = Target(core, board[0] if board else None, zero_wait)
            simulate_firmware(source, chosen, asked, as_json=json)
        return
    _refuse_unused(board, {"--flame": flame, "--stacks": stacks, "--profile": profile},
                   {"--watch": watch, "--limit": limit,
                    "--engine": engine if engine != "auto" else None})  # fmt: skip
    from edgesnn.cli.activity import print_activity
    from edgesnn.cli.energy import print_energy
    from edgesnn.pipeline.datasets import named_recordings
    from edgesnn.pipeline.measure import simulate_source

    recordings = named_recordings(dataset, data_dir)
    report, heard = simulate_source(source, recordings, split, clips, announce)
    if not board:
        if json:
            print_json({"clips_from": heard.origin, **report.to_dict()})
        else:
            print_activity(report.to_dict(), heard.origin)
        return
    from edgesnn.pipeline.energy import Pricing, boards_with_energy, energy_report
    from edgesnn.pipeline.folder import load_source

    pricing = Pricing(sample, zero_wait, battery, trace_calls=bool(flame or stacks))
    network = load_source(source).network
    if pricing.trace_calls and len(boards_with_energy(board)) > 1:
        raise UsageError("one picture shows one board; give --board once with --flame or --stacks")
    found, priced = energy_report(network, board, heard, report, pricing, announce)
    draw(priced[0].stacks, f"{network.name} on {board[0]}", Asked(flame=flame, stacks=stacks))
    if json:
        document = {"clips_from": heard.origin, **report.to_dict()}
        print_json({**document, "energy": found.model_dump(mode="json")})
        return
    print_energy(found)
    if profile:
        for each in found.boards:
            print_profile(each.profile.model_dump())


def _refuse_unused(
    board: list[str] | None, of_boards: dict[str, object], of_firmware: dict[str, object]
) -> None:
    """Raise UsageError for an option that a network's run would ignore."""
    for option, value in of_firmware.items():
        if value not in (None, [], ()):
            raise UsageError(f"{option} is for a firmware file (ELF), not for a network")
    for option, value in of_boards.items():
        if value and not board:
            raise UsageError(f"{option} needs firmware to run: give a --board")
