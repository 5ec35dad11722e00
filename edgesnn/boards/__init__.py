"""Cores and boards: what a compiler, a linker and the simulated core need to know of them.

Maps with `verified=False` are from memory, not read from a vendor's table: check them against the
data sheet before flashing.
"""

from __future__ import annotations

import difflib
from types import MappingProxyType

from edgesnn.boards.board import Board, Emulator, FixedWords, Region, Uart
from edgesnn.boards.cores import CORES, Core
from edgesnn.boards.emulated import EMULATED
from edgesnn.boards.flash import Cache, FlashTiming
from edgesnn.boards.others import OTHERS
from edgesnn.boards.stm32 import STM32
from edgesnn.errors import BoardError, UsageError

__all__ = [
    "BOARDS",
    "CORES",
    "EMULATED_CORES",
    "Board",
    "Cache",
    "Core",
    "Emulator",
    "FixedWords",
    "FlashTiming",
    "Region",
    "Uart",
    "emulated_board",
    "find_board",
    "find_core",
]

BOARDS = MappingProxyType({board.name: board for board in (*EMULATED, *STM32, *OTHERS)})

#: QEMU's machine for each core that it emulates.
EMULATED_CORES = MappingProxyType(
    {
        "m0": "microbit",
        "m3": "mps2-an385",
        "m4": "mps2-an386",
        "m7": "mps2-an500",
        "m33": "mps2-an505",
    }
)


def find_board(name: str) -> Board:
    """The board called `name`, in any case.

    Raises:
        BoardError: there is none; lists the nearest names.
    """
    board = BOARDS.get(name.lower())
    if board is not None:
        return board
    near = difflib.get_close_matches(name.lower(), BOARDS, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(BOARDS)}"
    raise BoardError(f"no board is called {name!r}; {hint}")


def find_core(name: str) -> Core:
    """The core called `name`: short (`m0plus`), or as GCC's -mcpu has it (`cortex-m0plus`).

    Raises:
        UsageError: there is none; lists all.
    """
    core = CORES.get(name.lower().removeprefix("cortex-"))
    if core is None:
        raise UsageError(f"no core is called {name!r}; choose from {', '.join(CORES)}")
    return core


def emulated_board(core: str) -> Board:
    """QEMU's machine with the core called `core`.

    Raises:
        BoardError: QEMU has none; lists the cores that it has.
    """
    if core not in EMULATED_CORES:
        raise BoardError(
            f"QEMU emulates no board with core {core!r}; choose from {', '.join(EMULATED_CORES)}"
        )
    return BOARDS[EMULATED_CORES[core]]
