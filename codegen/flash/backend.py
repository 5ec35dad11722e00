"""One interface over all ways to put an image on a board."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgesnn.boards import Board
from edgesnn.errors import UsageError
from edgesnn.wiring import wiring_of

#: Told how much of the whole, 0 to 1, is done.
Advance = Callable[[float], None]


def silent(_share: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Options:
    """How to flash.

    Attributes:
        probe: the probe's unique identifier or the beginning of it; the volume's path for UF2;
            None to find the only one.
        verify: read flash back and compare.
        erase: the whole chip first, not only the sectors that the image needs.
    """

    probe: str | None = None
    verify: bool = True
    erase: bool = False


@dataclass(frozen=True)
class Target:
    """An image for a board.

    Attributes:
        elf: the image.
        board: what it was linked for.
        ends: whether it ends by itself where the board can tell: a self-test in QEMU.
    """

    elf: Path
    board: Board
    ends: bool = True


@dataclass(frozen=True)
class Flashed:
    """What was done.

    Attributes:
        backend: its name.
        where: the probe or volume.
        count: bytes written.
        verified: whether they were read back and found right.
        output: what the image said, where the back end also runs it.
        note: what there is to say beside that.
    """

    backend: str
    where: str
    count: int
    verified: bool
    output: str = ""
    note: str = ""


class Backend(Protocol):
    """A way to flash."""

    name: str

    def plan(self, target: Target, options: Options) -> list[str]:
        """What `program` would do, in words or commands, without touching a board.

        Raises:
            BoardError: it cannot flash that board; says which back end can.
        """
        ...

    def program(self, target: Target, options: Options, advance: Advance = silent) -> Flashed:
        """Write the image, verify it where asked, and start it.

        Raises:
            MachineError: no board, several, a locked chip, an unplugged cable …; where flash may
                be half written it says so.
            BoardError: it cannot flash that board.
        """
        ...


def choose_backend(board: Board, name: str | None = None) -> Backend:
    """The back end called `name`, or the one that suits `board` best.

    Raises:
        UsageError: there is none of that name.
    """
    from edgesnn.codegen.flash.openocd import OpenOcd
    from edgesnn.codegen.flash.pyocd import PyOcd
    from edgesnn.codegen.flash.run_qemu import QemuBoard
    from edgesnn.codegen.flash.volume import Uf2Volume

    makers: dict[str, Callable[[], Backend]] = {
        "pyocd": PyOcd, "uf2": Uf2Volume, "openocd": OpenOcd, "qemu": QemuBoard,
    }  # fmt: skip
    chosen = name or wiring_of(board).tools.backend
    if chosen not in makers:
        raise UsageError(f"no back end is called {chosen!r}; choose from {', '.join(makers)}")
    return makers[chosen]()
