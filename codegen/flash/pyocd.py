"""The pyOCD back end: CMSIS-DAP, ST-Link, J-Link and Picoprobe, through pyOCD's own interface."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edgesnn.boards import Board
from edgesnn.codegen.flash.backend import Advance, Flashed, Options, Target, silent
from edgesnn.codegen.flash.content import Block, count_bytes, flash_content
from edgesnn.errors import BoardError, EdgesnnError, MachineError, MissingExtraError
from edgesnn.wiring import wiring_of

_CHUNK = 4096

#: Letters of a part's name that tell families apart: `stm32l4r5`.
_FAMILY_LETTERS = 9

_HALF = "the board holds half an image and will not start; run this again"
_UNTOUCHED = "nothing was written"
_LOST = ("disconnect", "no such device", "usb", "pipe", "timed out", "timeout", "errno")


@dataclass(frozen=True)
class Probe:
    """A debug probe that is plugged in.

    Attributes:
        uid: its unique identifier.
        title: what it is.
        target: the part on its board, where it knows that; else empty.
    """

    uid: str
    title: str
    target: str


class PyOcd:
    """Erases the sectors that the image needs, programs, reads back, resets."""

    name = "pyocd"

    def plan(self, target: Target, options: Options) -> list[str]:
        """The commands of pyOCD's own tool that would do the same."""
        part = _part(target.board)
        probe = f" --uid {options.probe}" if options.probe else ""
        pack = wiring_of(target.board).tools.pack
        erase = "chip" if options.erase else "sector"
        return [
            *([f"pyocd pack install {pack}"] if pack else []),
            f"pyocd load --no-wait --target {part}{probe} --erase {erase} {target.elf}",
            *(["read flash back and compare"] if options.verify else []),
            f"pyocd reset --no-wait --target {part}{probe}",
        ]

    def program(self, target: Target, options: Options, advance: Advance = silent) -> Flashed:
        """Do it; never waits for a probe to be plugged in."""
        part = _part(target.board)
        blocks = flash_content(target.elf, target.board)
        probe = _choose(options.probe, target.board)
        with _session(probe, part, target.board, options) as session:
            _program(session, blocks, options, advance)
            if options.verify:
                _verify(session, blocks)
            with _told(f"{target.board.name} was programmed but could not be started", "reset it"):
                session.target.reset()
        return Flashed(self.name, probe.unique_id, count_bytes(blocks), options.verify)


def _part(board: Board) -> str:
    part = wiring_of(board).tools.pyocd
    if not part:
        raise BoardError(f"pyOCD cannot flash {board.name}; leave out --backend pyocd")
    return part


def require_pyocd() -> None:
    """Raise MissingExtraError where pyOCD is not installed; says what to install."""
    try:
        import pyocd  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "pyOCD is not installed; run: pip install 'edgesnn[flash]'"
        ) from error


def connected_probes() -> list[Probe]:
    """All debug probes that are plugged in.

    Raises:
        MissingExtraError: pyOCD is not installed.
        MachineError: the computer's USB cannot be asked.
    """
    return [Probe(each.unique_id, each.description, _target_of(each)) for each in _find(None)]


def _find(uid: str | None) -> Sequence[Any]:
    require_pyocd()
    from pyocd.core.helpers import ConnectHelper

    with _told("the debug probes cannot be listed", "unplug them, plug them in again"):
        found: Sequence[Any] = ConnectHelper.get_all_connected_probes(blocking=False, unique_id=uid)
    return found


def _target_of(probe: Any) -> str:
    information = getattr(probe, "associated_board_info", None)
    return str(getattr(information, "target", None) or "").lower()


def _choose(uid: str | None, board: Board) -> Any:
    """The only probe, or the one that `uid` names, if it sits on the right board."""
    probes = _find(uid)
    if not probes:
        which = f"no debug probe {uid!r} is plugged in" if uid else "no debug probe is plugged in"
        raise MachineError(
            f"{which}; connect {board.title} by its debug port (edgesnn boards --connected lists "
            "what is there)"
        )
    if len(probes) > 1:
        names = ", ".join(each.unique_id for each in probes)
        raise MachineError(f"{len(probes)} debug probes are plugged in ({names}); choose --probe")
    _require_board(probes[0], board)
    return probes[0]


def _require_board(probe: Any, board: Board) -> None:
    """Refuse a probe that knows its board, where that has another part."""
    there, wanted = _target_of(probe), _part(board).lower()
    if there and there != "cortex_m" and there[:_FAMILY_LETTERS] != wanted[:_FAMILY_LETTERS]:
        raise MachineError(
            f"the probe {probe.unique_id} is on a board with {there}, but {board.name} has "
            f"{wanted}; {_UNTOUCHED}"
        )


@contextlib.contextmanager
def _session(probe: Any, part: str, board: Board, options: Options) -> Iterator[Any]:
    """An open session; a locked chip is only cleared where the user asked to erase."""
    from pyocd.core import exceptions
    from pyocd.core.session import Session

    settings = {
        "target_override": part,
        "auto_unlock": options.erase,
        "hide_programming_progress": True,
        "connect_mode": "under-reset" if options.erase else "halt",
    }
    try:
        session = Session(probe, options=settings)
    except exceptions.TargetSupportError as error:
        raise MachineError(_no_support(part, board)) from error
    try:
        session.open()
    except (exceptions.Error, OSError) as error:
        raise MachineError(_not_opened(error, board)) from error
    try:
        yield session
    finally:
        with contextlib.suppress(exceptions.Error, OSError):
            session.close()


def _no_support(part: str, board: Board) -> str:
    pack = wiring_of(board).tools.pack
    if pack:
        return f"pyOCD needs a pack for {part}; run: pyocd pack install {pack}"
    return f"this pyOCD does not know {part}; run: pip install -U 'edgesnn[flash]'"


def _not_opened(error: Exception, board: Board) -> str:
    from pyocd.core import exceptions

    said = str(error) or type(error).__name__
    lowered = said.lower()
    if any(sign in lowered for sign in ("lock", "protect", "secur")):
        return f"the chip of {board.name} is locked ({said}); --erase clears it whole; {_UNTOUCHED}"
    if isinstance(error, exceptions.TransferError | exceptions.TargetError):
        return (
            f"the probe does not reach the chip of {board.name} ({said}): check power and cable; a "
            f"locked chip needs --erase; {_UNTOUCHED}"
        )
    return f"the probe cannot be opened ({said}): is another program using it? {_UNTOUCHED}"


def _program(session: Any, blocks: Sequence[Block], options: Options, advance: Advance) -> None:
    from pyocd.core import exceptions
    from pyocd.flash.loader import FlashLoader

    loader = FlashLoader(
        session, progress=advance, chip_erase="chip" if options.erase else "sector"
    )
    try:
        for block in blocks:
            loader.add_data(block.address, block.content)
        loader.commit()
    except (exceptions.Error, OSError, ValueError) as error:
        raise MachineError(_interrupted(error)) from error


def _interrupted(error: Exception) -> str:
    said = str(error) or type(error).__name__
    if isinstance(error, OSError) or any(sign in said.lower() for sign in _LOST):
        return f"the probe was lost while it programmed ({said}): {_HALF} with the cable in place"
    return f"programming failed ({said}): {_HALF}, with --erase if it fails again"


def _verify(session: Any, blocks: Sequence[Block]) -> None:
    with _told("flash could not be read back", _HALF):
        for block in blocks:
            for start in range(0, len(block.content), _CHUNK):
                wanted = block.content[start : start + _CHUNK]
                found = session.target.read_memory_block8(block.address + start, len(wanted))
                _require_same(block.address + start, bytes(found), wanted)


def _require_same(address: int, found: bytes, wanted: bytes) -> None:
    for at, (one, other) in enumerate(zip(found, wanted, strict=True)):
        if one != other:
            raise MachineError(
                f"flash at {address + at:#010x} holds {one:#04x} and not {other:#04x}: {_HALF}"
            )


@contextlib.contextmanager
def _told(what: str, remedy: str) -> Iterator[None]:
    """Any error of pyOCD or of the USB as one line."""
    from pyocd.core import exceptions

    try:
        yield
    except EdgesnnError:
        raise
    except (exceptions.Error, OSError) as error:
        raise MachineError(f"{what} ({error}); {remedy}") from error
