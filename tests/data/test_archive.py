"""Unpacking: a good archive whole, a hostile or damaged one not at all."""

from __future__ import annotations

import errno
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from edgesnn.errors import DataError
from edgesnn.trainer.data import archive as module
from edgesnn.trainer.data import catalog
from edgesnn.trainer.data.archive import ARCHIVES, fetch_recordings, unpack
from edgesnn.trainer.data.locate import archive_folder


def pack(path: Path, *members: tarfile.TarInfo | str) -> Path:
    """An archive of the members; a text stands for a file with that name and a few bytes."""
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if isinstance(member, str):
                info.size = 5
            tar.addfile(info, io.BytesIO(b"bytes") if info.isfile() else None)
    return path


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


HOSTILE = {
    "absolute": "/etc/passwd",
    "upwards": "yes/../../outside.wav",
    "windows drive": "C:\\outside.wav",
    "windows upwards": "yes\\..\\..\\outside.wav",
    "link out": special("yes/link", tarfile.SYMTYPE, "/etc/passwd"),
    "link in": special("yes/link", tarfile.SYMTYPE, "a.wav"),
    "hard link": special("yes/link", tarfile.LNKTYPE, "../outside"),
    "device": special("yes/null", tarfile.CHRTYPE),
    "pipe": special("yes/pipe", tarfile.FIFOTYPE),
}


def test_good_archive_unpacks_whole(tmp_path: Path) -> None:
    packed = pack(tmp_path / "a.tar.gz", "./yes/a_nohash_0.wav", "./testing_list.txt")
    unpack(packed, tmp_path / "out")
    found = sorted(p.relative_to(tmp_path / "out").as_posix() for p in tmp_path.rglob("out/**/*.*"))
    assert found == ["testing_list.txt", "yes/a_nohash_0.wav"]
    assert {p.name for p in tmp_path.iterdir()} == {"a.tar.gz", "out"}


@pytest.mark.parametrize("member", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_member_is_refused(tmp_path: Path, member: tarfile.TarInfo | str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    packed = pack(folder / "a.tar.gz", "yes/good.wav", member)
    with pytest.raises(DataError, match="refused to unpack"):
        unpack(packed, folder / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
    assert [p.name for p in folder.iterdir()] == ["a.tar.gz"]


def test_archive_that_unpacks_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_BYTES", 9)
    packed = pack(tmp_path / "a.tar.gz", "yes/a.wav", "yes/b.wav")
    with pytest.raises(DataError, match="unpacks to more than"):
        unpack(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("keep", [0, 20, -30], ids=["empty", "header", "tail cut"])
def test_damaged_archive_is_refused(tmp_path: Path, keep: int) -> None:
    packed = pack(tmp_path / "a.tar.gz", *(f"yes/{n}.wav" for n in range(50)))
    packed.write_bytes(packed.read_bytes()[:keep])
    with pytest.raises(DataError, match="is damaged"):
        unpack(packed, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


def test_flipped_byte_is_refused(tmp_path: Path) -> None:
    packed = pack(tmp_path / "a.tar.gz", *(f"yes/{n}.wav" for n in range(50)))
    content = bytearray(packed.read_bytes())
    content[len(content) // 2] ^= 0x10
    packed.write_bytes(content)
    with pytest.raises(DataError, match="is damaged"):
        unpack(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    packed = pack(tmp_path / "a.tar.gz", "yes/a.wav")
    monkeypatch.setattr(tarfile.TarFile, "extract", full)
    with pytest.raises(DataError, match="no space left"):
        unpack(packed, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tar.gz"]


def test_fetch_unpacks_into_the_cache_and_drops_the_archive(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def bring(url: str, target: Path, sha256: str) -> None:
        asked.append((url, sha256))
        target.parent.mkdir(parents=True, exist_ok=True)
        pack(target, "yes/a_nohash_0.wav")

    monkeypatch.setattr(module, "download", bring)
    folder = fetch_recordings(1)
    assert asked == [(ARCHIVES[1].url, ARCHIVES[1].sha256)]
    assert (folder / "yes" / "a_nohash_0.wav").is_file()
    assert [p.name for p in own_cache.iterdir()] == [folder.name]
    assert fetch_recordings(1) == folder
    assert len(asked) == 1, "what lies there was fetched again"


def test_fetch_keeps_what_it_does_not_know(own_cache: Path) -> None:
    folder = archive_folder(2)
    folder.mkdir(parents=True)
    (folder / "thesis.tex").write_text("all of it")
    with pytest.raises(DataError, match="holds no recordings, but is not empty"):
        fetch_recordings(2)
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


def test_dataset_without_recordings_asks_for_the_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(url: str, target: Path, sha256: str) -> None:
        raise DataError(f"offline: {url}")

    monkeypatch.setattr(module, "download", refuse)
    with pytest.raises(DataError, match=r"offline: .*v0\.02\.tar\.gz"):
        catalog.open_dataset("gsc")
    with pytest.raises(DataError, match=r"offline: .*v0\.01\.tar\.gz"):
        catalog.open_dataset("gsc", version=1)
