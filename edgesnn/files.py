"""Writing files so that a crash, a full disk or Ctrl-C never leaves half of one."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edgesnn.errors import EdgesnnError


def _default_mode() -> int:
    """What the umask leaves of read and write for everybody."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


#: Mode of new files; mkstemp's is private. Read once, since reading it means changing it.
_MODE = _default_mode()


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it over `path` if the block succeeds.

    The temporary keeps `path`'s suffix, since some writers choose a format by it. On any
    exception, `KeyboardInterrupt` included, it is removed and `path` is left as it was.

    Raises:
        EdgesnnError: the folder cannot be written or the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent
        )
    except OSError as error:
        raise _write_error(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(_MODE)
        _flush(temporary)
        temporary.replace(path)
    except OSError as error:
        raise _write_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) to `path`, whole or not at all.

    Raises:
        EdgesnnError: the folder cannot be written or the disk is full.
    """
    data = content.encode() if isinstance(content, str) else content
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def _flush(path: Path) -> None:
    """Bring a file's bytes to the disk, so that the rename cannot overtake them."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _write_error(path: Path, error: OSError) -> EdgesnnError:
    reason = error.strerror or str(error)
    return EdgesnnError(f"cannot write {path}: {reason}; choose another folder or free some space")
