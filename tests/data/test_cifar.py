"""CIFAR-10 in each of its forms: the same records of all, and one clear line where one is wrong."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from edgesnn.errors import DataError, UsageError
from edgesnn.trainer.data import cifar as module
from edgesnn.trainer.data.cifar import CLASSES, open_cifar10
from edgesnn.trainer.data.describe import describe_images
from edgesnn.trainer.data.members import members

BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
IMAGES = 20
"""Images of a batch of the made-up data set: two of each class."""


def records(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    made = random.integers(0, 256, (IMAGES, module.RECORD), np.uint8)
    made[:, 0] = random.permutation(np.arange(IMAGES) % 10)
    return made


def binary() -> dict[str, bytes]:
    names = (*BATCHES, "test_batch")
    return {f"cifar-10-batches-bin/{n}.bin": records(k).tobytes() for k, n in enumerate(names)}


def pickled(batch: np.ndarray, extra: bytes = b"") -> bytes:
    """A batch as Python 2 pickled them: the opcodes of the official files."""

    def text(value: str) -> bytes:
        return b"U" + struct.pack("<B", len(value)) + value.encode()

    def array(pixels: bytes, shape: tuple[int, int]) -> bytes:
        kind = b"cnumpy\ndtype\n" + text("u1") + b"K\x00K\x01\x87R"
        kind += b"(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text("b")
        made += b"\x87R(K\x01" + b"".join(b"M" + struct.pack("<H", n) for n in shape) + b"\x86"
        return made + kind + b"\x89T" + struct.pack("<I", len(pixels)) + pixels + b"tb"

    labels = b"]q\x05(" + b"".join(b"K" + bytes([label]) for label in batch[:, 0]) + b"e"
    names = b"](" + text("a.png") * len(batch) + b"e"
    body = text("batch_label") + b"q\x02" + text("training batch 1 of 5") + text("labels") + labels
    body += text("data") + array(batch[:, 1:].tobytes(), batch[:, 1:].shape) + extra
    return b"\x80\x02}q\x01(" + body + text("filenames") + names + b"u."


def python() -> dict[str, bytes]:
    names = (*BATCHES, "test_batch")
    files = {f"cifar-10-batches-py/{n}": pickled(records(k)) for k, n in enumerate(names)}
    return files | {"cifar-10-batches-py/batches.meta": b"not read"}


def pictures(suffix: str = "png") -> dict[str, bytes]:
    image = pytest.importorskip("PIL.Image")
    files = {}
    for split in ("train", "test"):
        for name in CLASSES:
            for number in range(10 if split == "train" else 1):
                random = np.random.default_rng((number, CLASSES.index(name)))
                pixels = random.integers(0, 256, (32, 32, 3), np.uint8)
                held = io.BytesIO()
                image.fromarray(pixels).save(held, "PNG" if suffix == "png" else "JPEG")
                files[f"{split}/{name}/{number:04d}.{suffix}"] = held.getvalue()
    return files


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, f"w:{path.suffix[1:]}") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def unpacked(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


EXPECTED = np.concatenate([records(k) for k in range(5)])


@pytest.mark.parametrize("files", [binary, python])
@pytest.mark.parametrize("name", ["cifar.tar.gz", "cifar.tar.xz", "folder"])
def test_official_forms_hold_the_same_images(files, name, tmp_path):
    if name == "folder":
        place = unpacked(tmp_path / name, files())
    else:
        place = packed(tmp_path / name, files())
    dataset = open_cifar10(place)
    assert np.array_equal(dataset.training, EXPECTED)
    assert np.array_equal(dataset.testing, records(5))
    assert dataset.version == files.__name__


def test_splits_are_apart_and_stable(tmp_path):
    dataset = open_cifar10(packed(tmp_path / "cifar.tar.gz", binary()))
    held, kept = dataset.split("validation"), dataset.split("training")
    assert np.array_equal(np.bincount(held.labels), np.ones(10))
    assert len(held) + len(kept) == len(EXPECTED)
    both = np.concatenate([held.pixels, kept.pixels]).reshape(len(EXPECTED), -1)
    assert {row.tobytes() for row in both} == {row[1:].tobytes() for row in EXPECTED}
    first = EXPECTED[EXPECTED[:, 0] == held.labels[0]][9]
    assert np.array_equal(held.pixels[0].ravel(), first[1:])
    with pytest.raises(UsageError, match="no split is called 'holdout'"):
        dataset.split("holdout")


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_pictures(suffix, tmp_path):
    dataset = open_cifar10(packed(tmp_path / "cifar.tar.xz", pictures(suffix)))
    assert (len(dataset.training), len(dataset.testing)) == (100, 10)
    assert "recompressed" in dataset.notes[0]
    image = dataset.split("testing")
    wanted = np.random.default_rng((0, 3)).integers(0, 256, (32, 32, 3), np.uint8)
    found = image.pixels[image.labels == 3][0].transpose(1, 2, 0)
    if suffix == "png":
        assert np.array_equal(found, wanted)
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.3


def test_cached_and_keyed(tmp_path, monkeypatch):
    place = packed(tmp_path / "cifar.tar.gz", binary())
    first = open_cifar10(place)
    monkeypatch.setattr(module, "members", lambda _: pytest.fail("read again"))
    assert open_cifar10(place).fingerprint() == first.fingerprint()
    monkeypatch.undo()
    changed = binary() | {"cifar-10-batches-bin/test_batch.bin": records(9).tobytes()}
    assert open_cifar10(packed(place, changed)).fingerprint() != first.fingerprint()
    assert describe_images(first)["totals"] == {"training": 90, "validation": 10, "testing": 20}


def test_found_where_the_environment_says(tmp_path, monkeypatch):
    packed(tmp_path / "cifar-10-binary.tar.gz", binary())
    packed(tmp_path / "cifar10_jpeg.tar.xz", {"train/cat/0.jpg": b"worse"})
    monkeypatch.setenv("EDGESNN_DATA", str(tmp_path))
    assert open_cifar10().version == "binary"
    with pytest.raises(DataError, match="no CIFAR-10 in"):
        open_cifar10(tmp_path / "elsewhere")


def test_nothing_is_unpickled(tmp_path):
    class Hostile:
        def __reduce__(self):
            return (Path.write_text, (tmp_path / "pwned", "x"))

    files = python() | {"cifar-10-batches-py/data_batch_2": pickle.dumps(Hostile(), 2)}
    with pytest.raises(DataError, match=r"no place in a batch; take cifar-10-binary"):
        open_cifar10(packed(tmp_path / "cifar.tar.gz", files))
    assert not (tmp_path / "pwned").exists()


FIRST_BIN, FIRST_PY = "cifar-10-batches-bin/data_batch_1.bin", "cifar-10-batches-py/data_batch_1"

WRONG = {
    "cut record": (binary, {FIRST_BIN: records(0).tobytes()[:-1]}, "3073-byte records"),
    "empty": (binary, {FIRST_BIN: b""}, "3073-byte records"),
    "label": (binary, {FIRST_BIN: bytes([10]) * module.RECORD}, "labels above 9"),
    "no test": (binary, {"cifar-10-batches-bin/test_batch.bin": None}, "no testing image of air"),
    "two forms": (binary, {FIRST_PY: pickled(records(0))}, "holds binary and python images"),
    "cut pickle": (python, {FIRST_PY: pickled(records(0))[:-500]}, "damaged or no batch"),
    "other pickle": (python, {FIRST_PY: pickle.dumps([1, 2], 2)}, "damaged or no batch"),
    "size": (python, {FIRST_PY: pickled(records(0)[:, :-3072])}, "damaged|another size"),
    "picture": (pictures, {"train/cat/0000.png": b"\x89PNG no"}, "no picture that can be read"),
    "class": (pictures, {"train/cow/0000.png": b""}, "called as a class of CIFAR-10"),
    "nothing": (dict, {"readme.html": b"words"}, "holds no images"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_in_one_line(case, tmp_path):
    files, change, message = WRONG[case]
    changed = {name: data for name, data in (files() | change).items() if data is not None}
    with pytest.raises(DataError, match=message) as caught:
        open_cifar10(packed(tmp_path / "cifar.tar.gz", changed))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["cifar.tar.gz", "cifar.tar.xz"])
def test_damaged_archives(name, tmp_path):
    place = packed(tmp_path / name, binary())
    whole = place.read_bytes()
    place.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"damaged|cut short"):
        open_cifar10(place)
    place.write_bytes(b"no archive at all")
    with pytest.raises(DataError, match="damaged"):
        open_cifar10(place)


def test_links_and_oversize_are_not_followed(tmp_path, monkeypatch):
    link = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "cifar.tar.gz", "w:gz") as tar:
        tar.addfile(link)
    assert list(members(tmp_path / "cifar.tar.gz")) == []
    monkeypatch.setattr("edgesnn.trainer.data.members.LARGEST_FILE", 1000)
    with pytest.raises(DataError, match="too large"):
        open_cifar10(packed(tmp_path / "big.tar.gz", binary()))


def test_shared_images(cifar10_images):
    """The recompressed images, where they are at hand: as many as the official data set has."""
    counts = dict.fromkeys(("train", "test"), 0)
    for path, content in members(cifar10_images):
        if path.suffix == ".jpg":
            counts[path.parts[0]] += 1
            assert content.startswith(b"\xff\xd8")
    assert counts == {"train": 50_000, "test": 10_000}
