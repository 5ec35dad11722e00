"""The official archives of Speech Commands, and unpacking an archive that nobody has to trust."""

from __future__ import annotations

import errno
import gzip
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from edgesnn.errors import DataError
from edgesnn.progress import track
from edgesnn.trainer.data.download import download
from edgesnn.trainer.data.locate import archive_folder, at_or_below

LARGEST_BYTES = 8 << 30
"""Version 2 unpacks to about 3.3 GB; an archive that claims much more is not it."""


@dataclass(frozen=True)
class Archive:
    """Where an official archive lies, and its SHA-256."""

    url: str
    sha256: str


BASE = "https://storage.googleapis.com/download.tensorflow.org/data"

# Both digests as torchaudio states them (torchaudio/datasets/speechcommands.py, _CHECKSUMS);
# version 2's is also in TensorFlow Datasets' speech_commands/checksums.tsv.
ARCHIVES = {
    1: Archive(
        f"{BASE}/speech_commands_v0.01.tar.gz",
        "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
    ),
    2: Archive(
        f"{BASE}/speech_commands_v0.02.tar.gz",
        "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
    ),
}


def fetch_recordings(version: int) -> Path:
    """Download and unpack an official archive into the cache folder; the folder it lies in.

    Recordings that lie there already are left as they are.

    Raises:
        DataError: the download or the unpacking failed; nothing partial stands in the folder. Or
            something else stands where the recordings belong.
    """
    folder = archive_folder(version)
    if (found := at_or_below(folder)) is not None:
        return found
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} holds no recordings, but is not empty; remove it and try again")
    archive = ARCHIVES[version]
    packed = folder.with_name(folder.name + ".tar.gz")
    if not packed.exists():
        download(archive.url, packed, archive.sha256)
    unpack(packed, folder)
    packed.unlink(missing_ok=True)
    return folder


def unpack(packed: Path, folder: Path) -> None:
    """Unpack a .tar.gz of plain files into a new folder, all of it or nothing.

    Raises:
        DataError: a damaged archive; a member with an absolute path, a `..`, or that is a link,
            a device or too large; no space left.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with gzip.open(packed) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            for member in track(_checked(tar, packed), "unpack"):
                tar.extract(member, temporary, filter="data")
            # tarfile takes a damaged header for the end: only gzip's own checksum, which stands
            # behind the last byte, tells that all of it came.
            while stream.read(1 << 20):
                pass
        temporary.chmod(0o755)
        temporary.replace(folder)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{packed} is damaged: {error}; remove it and try again") from error
    except OSError as error:
        raise _disk_error(packed, folder, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _checked(tar: tarfile.TarFile, packed: Path) -> Iterator[tarfile.TarInfo]:
    """Yield the members one by one; stop at the first that a data set has no reason to hold."""
    total = 0
    for member in tar:
        total += member.size
        fault = _fault(member)
        if total > LARGEST_BYTES:
            fault = f"it unpacks to more than {LARGEST_BYTES >> 30} GiB"
        if fault:
            raise DataError(f"refused to unpack {packed}: {member.name!r}: {fault}")
        yield member


def _fault(member: tarfile.TarInfo) -> str | None:
    """What is wrong with a member, if anything."""
    path, windows = PurePosixPath(member.name), PureWindowsPath(member.name)
    if path.is_absolute() or windows.is_absolute() or windows.drive:
        return "an absolute path"
    if ".." in path.parts or ".." in windows.parts:
        return "a path that leads out of the folder"
    if member.issym() or member.islnk():
        return "a link"
    if not (member.isfile() or member.isdir()):
        return "neither a file nor a folder"
    return None


def _disk_error(packed: Path, folder: Path, error: OSError) -> DataError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataError(
            f"no space left in {folder.parent} to unpack {packed.name}; free some, "
            "or set EDGESNN_CACHE to a folder on another disk"
        )
    return DataError(f"cannot unpack {packed} to {folder}: {error.strerror or error}")
