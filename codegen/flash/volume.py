"""The UF2 back end: a file copied to the drive that a boot loader pretends to be."""

from __future__ import annotations

import errno
import os
import string
import sys
from collections.abc import Iterable
from pathlib import Path

from edgesnn.boards import Board
from edgesnn.codegen.flash.backend import Advance, Flashed, Options, Target, silent
from edgesnn.codegen.flash.content import count_bytes, flash_content
from edgesnn.codegen.flash.uf2 import BLOCK, write_uf2
from edgesnn.errors import BoardError, MachineError
from edgesnn.files import write_atomic
from edgesnn.wiring import wiring_of

INFORMATION = "INFO_UF2.TXT"

#: What happens when the boot loader has all blocks: it restarts, and its drive is gone.
_GONE = (errno.ENOENT, errno.ENODEV, errno.EIO, errno.ENXIO, errno.ENOTCONN)

_CHUNK = 64 * BLOCK

_RESTARTED = "the boot loader took every block and restarted, so that nothing could be read back"


class Uf2Volume:
    """Copies to a mounted volume, in order, so that nothing is lost where it vanishes."""

    name = "uf2"

    def plan(self, target: Target, options: Options) -> list[str]:
        """The file to make and where it goes."""
        family = _family(target.board)
        place = options.probe or f"the volume that holds {INFORMATION}"
        return [
            f"write {target.elf.with_suffix('.uf2')}, {len(_file(target, family)) // BLOCK} blocks "
            f"of family {family:#010x}",
            f"copy it to {place}",
        ]

    def program(self, target: Target, options: Options, advance: Advance = silent) -> Flashed:
        """Copy; the boot loader restarts into the image by itself when it has every block."""
        family = _family(target.board)
        content = _file(target, family)
        write_atomic(target.elf.with_suffix(".uf2"), content)
        volume = find_volume(target.board, options.probe)
        still_there = _copy(content, volume / f"{target.elf.stem}.uf2", advance)
        count = count_bytes(flash_content(target.elf, target.board))
        if still_there and options.verify:
            _verify(content, volume / f"{target.elf.stem}.uf2")
        note = "" if still_there else _RESTARTED
        return Flashed(self.name, str(volume), count, still_there and options.verify, note=note)


def _family(board: Board) -> int:
    tools = wiring_of(board).tools
    if not tools.uf2_family:
        raise BoardError(f"no boot loader of {board.name} takes UF2 files; leave out --backend uf2")
    return tools.uf2_family


def _file(target: Target, family: int) -> bytes:
    return write_uf2(flash_content(target.elf, target.board), family)


def find_volume(
    board: Board, named: str | None = None, places: Iterable[Path] | None = None
) -> Path:
    """The mounted boot loader of `board`.

    Args:
        board: whose `Board-ID` it must have.
        named: a path to take.
        places: where to look; by default where systems mount drives.

    Raises:
        MachineError: there is none, several, or that of another board.
    """
    if named is not None:
        _require_board(Path(named), board)
        return Path(named)
    volumes = [each for each in (places or _mounts()) if (each / INFORMATION).is_file()]
    fitting = [volume for volume in volumes if _is_of(board, volume)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise MachineError(
            f"{len(fitting)} boards wait as drives ({', '.join(map(str, fitting))}); choose one "
            "with --probe PATH"
        )
    if volumes:
        _require_board(volumes[0], board)
    raise MachineError(
        f"no UF2 drive of {board.title} is mounted: hold BOOTSEL while plugging it in (on a XIAO "
        "press reset twice), wait for its drive, and run this again; --probe names another place"
    )


def _require_board(volume: Path, board: Board) -> None:
    if not (volume / INFORMATION).is_file():
        raise MachineError(f"{volume} holds no {INFORMATION}, so it is no boot loader's drive")
    if not _is_of(board, volume):
        raise MachineError(
            f"the drive at {volume} is of board {board_id(volume)}, not of {board.name}; nothing "
            "was written"
        )


def _is_of(board: Board, volume: Path) -> bool:
    return board_id(volume).startswith(wiring_of(board).tools.uf2_board)


def board_id(volume: Path) -> str:
    """`Board-ID` in the drive's INFO_UF2.TXT; empty where there is none."""
    try:
        text = (volume / INFORMATION).read_text("utf-8", "replace")
    except OSError:
        return ""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() == "board-id":
            return value.strip()
    return ""


def volumes() -> list[Path]:
    """All drives of UF2 boot loaders that are mounted."""
    return [each for each in _mounts() if (each / INFORMATION).is_file()]


def _mounts() -> list[Path]:
    """Where drives appear on Linux, macOS and Windows."""
    if sys.platform == "win32":
        return [Path(f"{letter}:/") for letter in string.ascii_uppercase[2:]]
    user = os.environ.get("USER", "")
    parents = [Path("/media") / user, Path("/run/media") / user, Path("/media"), Path("/mnt"),
               Path("/Volumes")]  # fmt: skip
    found: dict[Path, None] = {}
    for parent in parents:
        try:
            found.update(dict.fromkeys(sorted(each for each in parent.iterdir() if each.is_dir())))
        except OSError:
            continue
    return list(found)


def _copy(content: bytes, path: Path, advance: Advance) -> bool:
    """Write in order and flush; True where the file is still there at the end.

    Raises:
        MachineError: the drive vanished before the last block, is full, or takes only a part.
    """
    written = 0
    try:
        with path.open("wb", buffering=0) as file:
            for start in range(0, len(content), _CHUNK):
                chunk = content[start : start + _CHUNK]
                written += file.write(chunk)
                os.fsync(file.fileno())
                if written < start + len(chunk):
                    raise MachineError(_short(path, written, len(content)))
                advance(written / len(content))
    except OSError as error:
        if written == len(content) and error.errno in _GONE:
            return False
        raise MachineError(_half(path, written, len(content), error)) from error
    return path.is_file()


def _short(path: Path, written: int, wanted: int) -> str:
    return (
        f"cannot write {path}: the drive took {written} of {wanted} bytes, so the board holds half "
        "an image and will not start; plug it in as a drive again and run this again"
    )


def _half(path: Path, written: int, wanted: int, error: OSError) -> str:
    if error.errno not in _GONE:
        return f"cannot write {path}: {error.strerror}; the board still waits as a drive"
    return (
        f"the drive at {path.parent} vanished after {written} of {wanted} bytes: the board holds "
        "half an image and will not start; plug it in as a drive again and run this again"
    )


def _verify(content: bytes, copied: Path) -> None:
    if copied.read_bytes() != content:
        raise MachineError(
            f"{copied} holds other bytes than were written; copy again, with another cable or port"
        )
