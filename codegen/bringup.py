"""What an image needs to start on a board: its register lists, drivers and macros."""

from __future__ import annotations

from dataclasses import dataclass

from edgesnn.boards import Board
from edgesnn.codegen.text import environment
from edgesnn.wiring import Wiring, wiring_of

_COMMON = (
    "platform.h", "uart.h", "edgesnn_board.h", "edgesnn_counter.h", "edgesnn_laps.h",
    "edgesnn_say.h", "startup.c", "memory.c", "edgesnn_board.c", "edgesnn_say.c",
)  # fmt: skip

#: Files with what a chip needs before its clock is set.
_BEFORE_CLOCK = ("watchdog_", "caches_")


@dataclass(frozen=True)
class BringUp:
    """Files and macros of an image.

    Attributes:
        texts: generated files by name.
        startup: files of `codegen/startup/`.
        defines: macros, `NAME=VALUE`.
    """

    texts: dict[str, str]
    startup: tuple[str, ...]
    defines: tuple[str, ...]


def bring_up(board: Board) -> BringUp:
    """What starts `board`, counts its cycles, speaks on its serial port and ends a program.

    Raises:
        BoardError: nothing is known of the board's clock and pins.
    """
    wiring = wiring_of(board)
    ending = ("edgesnn_exit.c",) if board.emulator is None else ("semihosting.c",)
    defines = [
        f"EDGESNN_UART=0x{wiring.port.base:08x}u",
        f"EDGESNN_UART_SCALE={wiring.port.scale}u",
    ]
    if counts_systick(board):
        defines.append("EDGESNN_COUNTS_SYSTICK")
    if board.emulator is not None:
        defines.append("EDGESNN_ENDS")
    startup = (*_COMMON, *ending, f"uart_{wiring.port.kind}.c", *wiring.startup)
    return BringUp({"edgesnn_wiring.h": _wiring_text(board, wiring)}, startup, tuple(defines))


def counts_systick(board: Board) -> bool:
    """Whether the board's core has no DWT cycle counter."""
    return board.core.architecture == "armv6-m"


def _wiring_text(board: Board, wiring: Wiring) -> str:
    light, microphone = wiring.light, wiring.microphone
    lists = (
        ("clock_accesses", wiring.clock.accesses),
        ("pin_accesses", wiring.port.accesses),
        ("microphone_accesses", microphone.accesses if microphone else ()),
        ("light_on_accesses", light.on if light else ()),
        ("light_off_accesses", light.off if light else ()),
    )
    return (
        environment()
        .get_template("wiring.h.j2")
        .render(
            board=board,
            wiring=wiring,
            before_clock=any(each.startswith(_BEFORE_CLOCK) for each in wiring.startup),
            interrupt_groups=1 if counts_systick(board) else 8,
            lists=lists,
        )
    )
