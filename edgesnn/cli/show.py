"""`edgesnn show` and `edgesnn boards`: what there is, as text."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from edgesnn.cli import options
from edgesnn.cli.output import console, print_json, table

if TYPE_CHECKING:
    from edgesnn.boards import Board


def show(source: options.Source, json: options.Json = False) -> None:
    """Print a network: layers, synapses, parameters and the proven ranges of every membrane."""
    from edgesnn.network import identity, listing
    from edgesnn.network.bounds import membrane_bounds
    from edgesnn.pipeline.folder import load_source

    network = load_source(source).network
    if not json:
        print(listing(network), end="")
        return
    layers = [
        {
            "name": layer.name,
            "shape": list(layer.shape),
            "neuron": type(layer.neuron).__name__,
            "sources": [group.source for group in layer.synapses],
            "bits": [group.bits for group in layer.synapses],
            "low": bounds.low,
            "high": bounds.high,
            "saturates": bounds.saturates,
        }
        for layer in network.layers
        for bounds in [membrane_bounds(network, layer)]
    ]
    print_json(
        {
            "name": network.name,
            "sha256": identity(network),
            "classes": list(network.classes),
            "notes": dict(network.notes),
            "layers": layers,
        }
    )


def boards(json: options.Json = False) -> None:
    """List the boards that firmware is compiled for: core, clock, memory, microphone."""
    from edgesnn.boards import BOARDS

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
            "yes" if board.verified else "no",
        )
        for board in BOARDS.values()
    ]
    columns = ("board", "chip", "core", "MHz", "flash KiB", "RAM KiB", "waits", "map verified")
    console().print(table("boards", columns, rows))


def _board_record(board: Board) -> dict[str, Any]:
    return {
        "name": board.name,
        "title": board.title,
        "chip": board.chip,
        "core": board.core.title,
        "clock_hz": board.clock_hz,
        "flash": {"origin": board.flash.origin, "bytes": board.flash.size},
        "ram": {"origin": board.ram.origin, "bytes": board.ram.size},
        "microphone": board.microphone,
        "flashed_by": board.flashed_by,
        "verified": board.verified,
        "emulator": None if board.emulator is None else board.emulator.machine,
        "note": board.note,
        "flash_timing": None if board.timing is None else asdict(board.timing),
    }
