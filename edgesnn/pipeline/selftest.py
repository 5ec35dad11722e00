"""A self-test image in the simulated core: what the board should say of itself, cycles included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesnn.errors import MachineError
from edgesnn.wiring import wiring_of

if TYPE_CHECKING:
    from edgesnn.boards import Board
    from edgesnn.codegen.flash.report import SelftestReport
    from edgesnn.codegen.image import Firmware
    from edgesnn.sim.core.devices import Device, Uart

LIMIT = 4_000_000_000
"""Instructions after which an image is taken for hung."""


def simulate_selftest(firmware: Firmware, limit: int = LIMIT) -> SelftestReport:
    """Run the very image that goes onto the board, and read its report.

    Clocks become ready at once, and the serial port never makes the core wait.

    Raises:
        MachineError: it crashed, hung, or said nothing.
    """
    from edgesnn.codegen.flash.report import parse_selftest
    from edgesnn.sim.core import board_map, load_elf, make_core

    board = firmware.board
    port, devices = board_devices(board)
    image = load_elf(firmware.elf)
    core = make_core(image, board.core.name, board_map(board), devices=devices)
    stop = core.run(instructions=limit)
    if stop.reason not in ("exit", "sleeping"):
        raise MachineError(f"the self-test of {board.name} hung in the simulated core")
    return parse_selftest(port.output.decode("latin-1"))


def board_devices(board: Board) -> tuple[Uart, tuple[Device, ...]]:
    """The serial port of `board`, and all devices that its images need."""
    from edgesnn.sim.core.devices import UARTS, Ready

    wiring = wiring_of(board)
    port = UARTS[wiring.port.kind](wiring.port.base)
    awaited: dict[int, tuple[int, int]] = {}
    for each in (*wiring.clock.accesses, *wiring.port.accesses):
        if each.waits:
            mask, value = awaited.get(each.address, (0, 0))
            awaited[each.address] = mask | each.mask, value & ~each.mask | each.value
    return port, (port, *(Ready(address, *both) for address, both in awaited.items()))
