"""Fetching a large file: resumed where it was cut, checked before it is believed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import http.client
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO, Protocol

from edgesnn.errors import DataError
from edgesnn.progress import Advance, progress

BLOCK = 1 << 18
TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as cut."""

ATTEMPTS = 5
"""Connections in a row that may be cut before giving up; each goes on where the last one was."""

PAUSE = 2.0
"""Seconds to wait before the next connection, times the connections that failed in a row."""

INSTEAD = "or put the recordings into a folder and name it by --data-dir"


class CutError(Exception):
    """A connection that ended early; what has come is kept."""


def download(url: str, target: Path, sha256: str) -> None:
    """Fetch `url` to `target`, with a progress bar.

    What has come stays in `NAME.part` beside the target when the connection is cut or the disk
    is full, so that the next call goes on from there. `target` appears only whole and checked.

    Raises:
        DataError: no network, no such file, cut for good, another SHA-256, no space left.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part)
        _check(url, part, sha256)
        part.replace(target)
    except OSError as error:
        raise _disk_error(target, error) from error


def _fetch(url: str, part: Path) -> None:
    """Append to `part` until the server has no more; retry while connections bring bytes."""
    failures = 0
    while failures < ATTEMPTS:
        before = _size(part)
        try:
            return _continue(url, part)
        except CutError as cut:
            failures = 1 if _size(part) > before else failures + 1
            reason = cut
        time.sleep(PAUSE * failures)
    raise DataError(
        f"the download of {url} was cut at {_size(part) >> 20} MiB ({reason}); "
        "run the command again to go on from there"
    )


def _continue(url: str, part: Path) -> None:
    """One connection; CutError where it ends early, DataError where trying again is no use."""
    start = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            return _accept_or_restart(part, error)
        if error.code >= 500:
            raise CutError(f"the server answered {error.code} {error.reason}") from error
        raise DataError(f"{url} answered {error.code} {error.reason}; {INSTEAD}") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise CutError(str(error) or type(error).__name__) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ConnectionResetError | TimeoutError):
            raise CutError(str(error.reason)) from error
        raise DataError(
            f"cannot reach {url}: {error.reason}; check the network, {INSTEAD}"
        ) from error
    with contextlib.closing(response):
        resumed = start if _resumes_at(response, start) else 0
        with part.open("ab" if resumed else "wb") as file:
            _receive(response, file, resumed)


def _accept_or_restart(part: Path, error: urllib.error.HTTPError) -> None:
    """416: nothing lies beyond what is there. It is either whole or too long to be right."""
    total = error.headers.get("Content-Range", "").rpartition("/")[2]
    if total.isdigit() and int(total) != _size(part):
        part.unlink()
        raise CutError("the kept part was too long") from error


class _Response(Protocol):
    """What of http.client.HTTPResponse is used."""

    status: int
    headers: http.client.HTTPMessage

    def read(self, amount: int, /) -> bytes: ...


def _resumes_at(response: _Response, start: int) -> bool:
    """Whether the server sends the rest; one that knows no Range sends all from the start."""
    sent_range = response.headers.get("Content-Range", "")
    return response.status == 206 and sent_range.startswith(f"bytes {start}-")


def _receive(response: _Response, file: BinaryIO, start: int) -> None:
    length = response.headers.get("Content-Length")
    expected = int(length) if length and length.isdigit() else None
    total = None if expected is None else start + expected
    with progress("download", total) as advance:
        advance(start)
        received = _copy(response, file, advance)
    if expected is not None and received < expected:
        raise CutError(f"{received} of {expected} bytes came")


def _copy(response: _Response, file: BinaryIO, advance: Advance) -> int:
    received = 0
    while True:
        try:
            block = response.read(BLOCK)
        except (http.client.HTTPException, OSError) as error:
            # Reading is the network's fault whatever its kind (TLS, no route); writing the disk's.
            raise CutError(str(error) or type(error).__name__) from error
        if not block:
            return received
        file.write(block)
        received += len(block)
        advance(len(block))


def _check(url: str, part: Path, sha256: str) -> None:
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        part.unlink()
        raise DataError(
            f"{url} brought a file with SHA-256 {found[:16]}… where {sha256[:16]}… is expected; "
            "it was removed: try again, or from another network"
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _disk_error(target: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"no space left in {target.parent}; free some and run the command again, "
            "or set EDGESNN_CACHE to a folder on another disk"
        )
    return DataError(
        f"cannot write {target}: {error.strerror or error}; "
        "set EDGESNN_CACHE to a folder that can be written"
    )
