"""A serving image in the simulated core, as if at the other end of a serial port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesnn.pipeline.selftest import board_devices

if TYPE_CHECKING:
    from edgesnn.codegen.image import Firmware

LIMIT = 1_000_000_000
"""Instructions that an answer may take."""


class SimulatedPort:
    """The transport of `edgesnn.codegen.flash.session`: the core runs while somebody listens."""

    def __init__(self, firmware: Firmware) -> None:
        from edgesnn.sim.core import board_map, load_elf, make_core

        board = firmware.board
        self._port, devices = board_devices(board)
        image = load_elf(firmware.elf)
        self.core = make_core(image, board.core.name, board_map(board), devices=devices)

    def read(self, patience: float) -> bytes:
        """What the core says until it sleeps for want of input; `patience` is not needed."""
        self.core.run(instructions=LIMIT)
        said = bytes(self._port.output)
        self._port.output.clear()
        return said

    def write(self, content: bytes) -> None:
        """Let the core find `content` at its port."""
        self._port.incoming += content
