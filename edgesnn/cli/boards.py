"""`edgesnn boards` and `edgesnn calibrate`: what boards there are, here and in the table."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgesnn.cli import options
from edgesnn.cli.output import console, fitting_table, print_json, table

if TYPE_CHECKING:
    from edgesnn.boards import Board


def boards(
    connected: Annotated[
        bool,
        typer.Option("--connected", help="What is plugged in: probes, UF2 drives, serial ports."),
    ] = False,
    json: options.Json = False,
) -> None:
    """List the boards that firmware is compiled for: core, clock, memory, what is unverified."""
    from edgesnn.boards import BOARDS
    from edgesnn.wiring import unverified, wiring_of

    if connected:
        _print_connected(json)
        return
    if json:
        print_json({"boards": [_board_record(board) for board in BOARDS.values()]})
        return
    rows = [
        (
            board.name,
            board.chip,
            board.core.title,
            f"{board.clock_hz / 1e6:g}",
            board.flash.size >> 10,
            board.ram.size >> 10,
            "" if board.timing is None else board.timing.wait_states,
            wiring_of(board).tools.backend,
            ", ".join(unverified(board)),
        )
        for board in BOARDS.values()
    ]
    columns = ("board", "chip", "core", "MHz", "flash KiB", "RAM KiB", "waits", "flashed by",
               "not verified")  # fmt: skip
    screen = console()
    spare = ("waits", "chip", "flashed by", "flash KiB", "RAM KiB")
    screen.print(fitting_table(screen, "boards", columns, rows, spare))


def _board_record(board: Board) -> dict[str, Any]:
    from edgesnn.sim.core.profiles import KNOWN
    from edgesnn.wiring import unverified, wiring_of

    wiring, energy = wiring_of(board), KNOWN.get(board.name)
    clock, port, light, microphone = wiring.clock, wiring.port, wiring.light, wiring.microphone
    return {
        "name": board.name,
        "title": board.title,
        "chip": board.chip,
        "core": board.core.title,
        "clock_hz": board.clock_hz,
        "flash": {"origin": board.flash.origin, "bytes": board.flash.size},
        "ram": {"origin": board.ram.origin, "bytes": board.ram.size},
        "more_ram": [{"origin": each.origin, "bytes": each.size} for each in board.more_ram],
        "microphone": board.microphone,
        "flashed_by": board.flashed_by,
        "verified": board.verified,
        "emulator": None if board.emulator is None else board.emulator.machine,
        "note": board.note,
        "flash_timing": None if board.timing is None else asdict(board.timing),
        "clock": {"hz": clock.hz, "reset_hz": clock.reset_hz, "source": clock.source},
        "serial": {"kind": port.kind, "pins": port.pins, "through": port.through,
                   "source": port.source},
        "light": None if light is None else {"pin": light.pin, "source": light.source},
        "microphone_driver": None if microphone is None else {
            "file": microphone.driver, "source": microphone.source, "tried": microphone.tried},
        "tools": asdict(wiring.tools),
        "energy": None if energy is None else asdict(energy),
        "unverified": list(unverified(board)),
    }  # fmt: skip


def _print_connected(json: bool) -> None:
    from edgesnn.pipeline.connected import what_is_connected

    found, missing = what_is_connected()
    if json:
        print_json({"connected": [asdict(each) for each in found], "missing": missing})
        return
    screen = console()
    rows = [(each.kind, each.id, each.title, ", ".join(each.boards)) for each in found]
    if rows:
        columns = ("", "--probe or --port", "what it is", "may be")
        screen.print(table("connected", columns, rows))
    else:
        screen.print("nothing is connected: no debug probe, no UF2 drive, no serial port over USB")
    for each in missing:
        screen.print(f"not looked for: {each}", markup=False)


def calibrate(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Records of `edgesnn flash --check`, or build folders with one.",
            metavar="BUILD|FILE…",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Another file, to share.", metavar="FILE"),
    ] = None,
    json: options.Json = False,
) -> None:
    """Keep what a board measured against the simulation, for `edgesnn simulate --board`."""
    from edgesnn.pipeline.calibration import calibrate as keep
    from edgesnn.sim.core.profiles import KNOWN

    made = keep(sources, output)
    if json:
        print_json({**made.record(), "path": made.path})
        return
    screen = console()
    screen.print(f"{made.board}: cycles {made.text}", markup=False)
    use = f"edgesnn simulate --board {made.board} uses it"
    if made.board not in KNOWN:
        use = f"edgesnn simulate prices no {made.board} yet, for want of its energy profile"
    screen.print(f"kept in {made.path}; {use}", markup=False)
