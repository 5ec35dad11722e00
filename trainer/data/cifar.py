"""CIFAR-10: the official binary and Python versions, and folders of images.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. A record of the
binary version is 3073 bytes: the label, then 1024 bytes each of red, green and blue, row by row.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from edgesnn.errors import DataError
from edgesnn.trainer.data.archive import Archive
from edgesnn.trainer.data.cache import cache_folder, cached_table
from edgesnn.trainer.data.dataset import TESTING, TRAINING
from edgesnn.trainer.data.download import download
from edgesnn.trainer.data.images import ImageDataset, Records
from edgesnn.trainer.data.members import is_archive, members
from edgesnn.trainer.data.pickled import read_batch
from edgesnn.trainer.data.picture import PICTURES, decode

CIFAR10 = "cifar10"

CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32

#: The digest as TensorFlow Datasets states it (url_checksums/cifar10.txt); 170,052,171 bytes.
ARCHIVE = Archive(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)

#: What CIFAR-10 is called on disk, the originals before recompressed images.
PLACES = (
    "cifar-10-batches-bin", "cifar-10-binary.tar.gz",
    "cifar-10-batches-py", "cifar-10-python.tar.gz",
    "cifar10", "cifar10_jpeg.tar.xz",
)  # fmt: skip

#: Changes when the meaning of cached records does.
CACHE_VERSION = 1

_BATCH = re.compile(r"(data_batch_[1-5]|test_batch)(\.bin)?\Z")


class Part(NamedTuple):
    """Records of a file, the split that they belong to, and the form that they were in."""

    split: str
    records: Records
    form: str


def open_cifar10(data_dir: Path | None = None) -> ImageDataset:
    """CIFAR-10 from `data_dir`, else `$EDGESNN_DATA`, else the cache, else downloaded.

    Args:
        data_dir: an archive of any of the forms, a folder of one, or a folder with such in it.

    Raises:
        DataError: nothing is there, or it is damaged or no CIFAR-10.
    """
    origin = find_cifar10(data_dir) or fetch_cifar10()
    key = _key(origin)
    table = cached_table("images", key, (1 + RECORD,), np.uint8, lambda: _table(origin))
    form, tests = table[:, 0] >> 1, table[:, 0] & 1
    name = FORMS[int(form[0])]
    notes = (LOSSY,) if name == PICTURE else ()
    return ImageDataset(
        CIFAR10, CLASSES, SHAPE, table[tests == 0, 1:], table[tests == 1, 1:], key, notes,
        origin, name,
    )  # fmt: skip


BINARY, PYTHON, PICTURE = "binary", "python", "pictures"
FORMS = (BINARY, PYTHON, PICTURE)

LOSSY = (
    "pictures may have been recompressed: good for comparing methods with each other, "
    "not with published accuracies"
)


def find_cifar10(data_dir: Path | None) -> Path | None:
    """Where CIFAR-10 is on this machine, or None where it must be fetched.

    Raises:
        DataError: `data_dir` names something else.
    """
    if data_dir is not None:
        found = _at_or_below(Path(data_dir))
        if found is None:
            raise DataError(
                f"no CIFAR-10 in {data_dir}: expected one of {', '.join(PLACES)}, "
                "or train/ and test/ with a folder of pictures a class"
            )
        return found
    named = os.environ.get("EDGESNN_DATA")
    places = [Path(named)] if named else []
    return next(filter(None, map(_at_or_below, [*places, cache_folder()])), None)


def fetch_cifar10() -> Path:
    """Download the binary version into the cache folder; the archive is read as it is.

    Raises:
        DataError: the download failed; nothing partial stands in the folder.
    """
    target = cache_folder() / ARCHIVE.url.rpartition("/")[2]
    if not target.exists():
        download(ARCHIVE.url, target, ARCHIVE.sha256)
    return target


def _at_or_below(base: Path) -> Path | None:
    if is_archive(base):
        return base
    if (base / "train").is_dir() or any(base.glob("data_batch_1*")):
        return base
    return next((base / name for name in PLACES if (base / name).exists()), None)


def _key(origin: Path) -> str:
    """Of names, sizes and times of last change, as of recordings (`Dataset.fingerprint`)."""
    digest = hashlib.sha256(repr((CIFAR10, CACHE_VERSION)).encode())
    for path in [origin] if origin.is_file() else sorted(origin.rglob("*")):
        if path.is_file():
            facts = path.stat()
            inside = path.relative_to(origin).as_posix()
            digest.update(f"{inside}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def _table(origin: Path) -> Records:
    """All records, each behind a byte that tells split and form."""
    parts = list(_parts(origin))
    forms = sorted({part.form for part in parts})
    if len(forms) != 1:
        raise DataError(f"{origin} holds {' and '.join(forms) or 'no'} images of CIFAR-10")
    for split in (TRAINING, TESTING):
        labels = [part.records[:, 0] for part in parts if part.split == split]
        found = np.unique(np.concatenate(labels)) if labels else np.zeros(0, np.uint8)
        missing = [name for label, name in enumerate(CLASSES) if label not in found]
        if missing:
            raise DataError(f"{origin} has no {split} image of {', '.join(missing)}")
    return np.concatenate([_tagged(part) for part in parts])


def _tagged(part: Part) -> Records:
    tag = 2 * FORMS.index(part.form) + (part.split == TESTING)
    return np.insert(part.records, 0, np.uint8(tag), axis=1)


def _parts(origin: Path) -> Iterator[Part]:
    """The images of a folder or archive, in the order of the files there."""
    for path, content in members(origin):
        batch = _BATCH.match(path.name)
        if batch is not None:
            split = TESTING if path.name.startswith("test") else TRAINING
            form = BINARY if batch[2] else PYTHON
            yield Part(split, _batch(content, f"{origin}: {path}", form), form)
        elif path.suffix.lower() in PICTURES:
            yield _picture(path, content, origin)


def _batch(content: bytes, name: str, form: str) -> Records:
    if form == PYTHON:
        records = read_batch(content, name)
    elif len(content) % RECORD or not content:
        raise DataError(f"{name} is no whole number of {RECORD}-byte records; fetch it again")
    else:
        records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    if records.shape[1] != RECORD or records[:, 0].max() >= len(CLASSES):
        raise DataError(f"{name} has images of another size, or labels above 9: not CIFAR-10")
    return records


_PICTURE_SPLITS = {"train": TRAINING, "test": TESTING}


def _picture(path: PurePosixPath, content: bytes, origin: Path) -> Part:
    """A picture `train/CLASS/NAME` or `test/CLASS/NAME`."""
    split, word = ("", "", *path.parts)[-3:-1]
    if split not in _PICTURE_SPLITS or word not in CLASSES:
        raise DataError(
            f"{origin}: {path} is not in train/ or test/ and a folder called as a class of CIFAR-10"
        )
    pixels = decode(content, f"{origin}: {path}", SHAPE)
    record = np.insert(pixels.reshape(1, -1), 0, np.uint8(CLASSES.index(word)), axis=1)
    return Part(_PICTURE_SPLITS[split], record, PICTURE)
