"""How each board is clocked, wired and flashed (docs/BOARDS.md)."""

from __future__ import annotations

from edgesnn.boards import Board
from edgesnn.errors import BoardError
from edgesnn.wiring.model import Access, Clock, Light, Microphone, Port, Tools, Wiring

__all__ = [
    "Access",
    "Clock",
    "Light",
    "Microphone",
    "Port",
    "Tools",
    "Wiring",
    "unverified",
    "wiring_of",
]


def wiring_of(board: Board) -> Wiring:
    """The wiring of `board`.

    Raises:
        BoardError: the table has none.
    """
    from edgesnn.wiring import others, stm32

    if board.emulator is not None:
        return _emulated(board)
    found = (stm32.WIRINGS | others.WIRINGS).get(board.name)
    if found is None:
        raise BoardError(
            f"nothing is known of the clock and the pins of {board.name}; docs/BOARDS.md shows "
            "how to add them"
        )
    return found


def _emulated(board: Board) -> Wiring:
    """QEMU's machines need neither clock nor pins."""
    assert board.uart is not None
    clock = Clock(board.clock_hz, board.clock_hz, source="QEMU 7.2")
    port = Port(
        board.uart.kind, board.uart.base, board.clock_hz, board.clock_hz, "standard output",
        "emulator", source="QEMU 7.2, run",
    )  # fmt: skip
    return Wiring(clock, port, Tools("qemu", source="QEMU 7.2, run"))


def unverified(board: Board) -> tuple[str, ...]:
    """The groups of values of `board` that no document has confirmed."""
    wiring = wiring_of(board)
    groups = {
        "memory map": board.verified,
        "clock": bool(wiring.clock.source) or not wiring.clock.accesses,
        "serial port": bool(wiring.port.source),
        "light": wiring.light is None or bool(wiring.light.source),
        "tools": bool(wiring.tools.source),
    }
    return tuple(name for name, known in groups.items() if not known)
