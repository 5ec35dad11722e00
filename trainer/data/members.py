"""The files of a folder or of a tar archive, one by one in memory: nothing is unpacked to disk."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from edgesnn.errors import DataError

#: Largest file that is read, and the most of all together: CIFAR-10's own are a sixth of these.
LARGEST_FILE, LARGEST_SUM = 256 << 20, 2 << 30

ARCHIVE_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz")

Member = tuple[PurePosixPath, bytes]


def is_archive(path: Path) -> bool:
    """Whether `path` is named like a tar archive and is a file."""
    return path.name.endswith(ARCHIVE_SUFFIXES) and path.is_file()


def members(origin: Path) -> Iterator[Member]:
    """Plain files of a folder or archive, hidden ones left out: path within it, and content.

    Links and devices of an archive are passed over, since nothing is written and nothing followed.

    Raises:
        DataError: `origin` is neither, or damaged, or holds more than any such data set.
    """
    found = _of_archive(origin) if is_archive(origin) else _of_folder(origin)
    total = 0
    try:
        for path, content in found:
            total += len(content)
            if total > LARGEST_SUM:
                raise DataError(f"{origin} holds more than {LARGEST_SUM >> 30} GiB: not CIFAR-10")
            yield path, content
    except (tarfile.TarError, lzma.LZMAError, EOFError, zlib.error) as error:
        raise DataError(f"{origin} is damaged: {error}; fetch it again") from error
    except OSError as error:
        raise DataError(f"cannot read {origin}: {error.strerror or error}") from error


def _of_folder(origin: Path) -> Iterator[Member]:
    if not origin.is_dir():
        raise DataError(f"{origin} is neither a folder nor a tar archive")
    for path in sorted(origin.rglob("*")):
        inside = PurePosixPath(path.relative_to(origin).as_posix())
        if path.is_file() and not _hidden(inside):
            if path.stat().st_size > LARGEST_FILE:
                raise DataError(f"{path} is too large for CIFAR-10; name another folder")
            yield inside, path.read_bytes()


def _of_archive(origin: Path) -> Iterator[Member]:
    with tarfile.open(origin, "r:*") as tar:
        for member in tar:
            inside = PurePosixPath(member.name)
            if not member.isfile() or _hidden(inside):
                continue
            if member.size > LARGEST_FILE:
                raise DataError(f"{origin}: {member.name!r} is too large for CIFAR-10")
            stream = tar.extractfile(member)
            assert stream is not None
            content = stream.read()
            if len(content) != member.size:
                raise DataError(f"{origin} is cut short in {member.name!r}; fetch it again")
            yield inside, content


def _hidden(path: PurePosixPath) -> bool:
    return any(part.startswith(".") for part in path.parts)
