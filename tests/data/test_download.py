"""The download, against a server on this machine that misbehaves in every way real ones do."""

from __future__ import annotations

import errno
import functools
import hashlib
import http.client
import http.server
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgesnn.errors import DataError
from edgesnn.trainer.data import download as module
from edgesnn.trainer.data import open_dataset
from edgesnn.trainer.data.archive import ARCHIVES, Archive
from edgesnn.trainer.data.download import download

from .conftest import WriteTone

CONTENT = np.random.default_rng(1).integers(0, 256, 700_000, np.uint8).tobytes()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Behaviour:
    """What the server does, and what it was asked."""

    content: bytes = CONTENT
    ranges: bool = True
    status: int | None = None
    cut_after: list[int] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)


class Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, behaviour: Behaviour, *arguments: Any) -> None:
        self.behaviour = behaviour
        super().__init__(*arguments)

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.behaviour.asked.append(asked)
        if self.behaviour.status:
            return self.send_error(self.behaviour.status)
        start = 0
        if asked and self.behaviour.ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        size = len(self.behaviour.content)
        if start >= size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.send_header("Content-Length", str(size - start))
        self.end_headers()
        length = self.behaviour.cut_after.pop(0) if self.behaviour.cut_after else size
        self.wfile.write(self.behaviour.content[start : start + length])

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.0)


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour()


@pytest.fixture
def url(behaviour: Behaviour) -> Iterator[str]:
    handler = functools.partial(Handler, behaviour)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/speech.tar.gz"
        server.shutdown()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "speech.tar.gz"


def part_of(target: Path) -> Path:
    return target.with_name(target.name + ".part")


def test_whole_file_arrives_and_no_part_is_left(url: str, target: Path) -> None:
    download(url, target, SHA256)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


def test_cut_connection_goes_on_where_it_was(url: str, target: Path, behaviour: Behaviour) -> None:
    behaviour.cut_after = [300_000, 250_000]
    download(url, target, SHA256)
    assert target.read_bytes() == CONTENT
    assert behaviour.asked == [None, "bytes=300000-", "bytes=550000-"]


def test_next_call_goes_on_from_the_kept_part(url: str, target: Path, behaviour: Behaviour) -> None:
    behaviour.cut_after = [123_456] + [0] * module.ATTEMPTS
    with pytest.raises(DataError, match=r"cut at 0 MiB.*run the command again"):
        download(url, target, SHA256)
    assert not target.exists()
    assert part_of(target).read_bytes() == CONTENT[:123_456]
    behaviour.asked.clear()
    behaviour.cut_after = []
    download(url, target, SHA256)
    assert behaviour.asked == ["bytes=123456-"]
    assert target.read_bytes() == CONTENT


def test_server_without_ranges_starts_over(url: str, target: Path, behaviour: Behaviour) -> None:
    behaviour.ranges = False
    behaviour.cut_after = [400_000]
    download(url, target, SHA256)
    assert target.read_bytes() == CONTENT


def test_whole_part_needs_no_more_bytes(url: str, target: Path) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT)
    download(url, target, SHA256)
    assert target.read_bytes() == CONTENT


def test_part_of_something_longer_is_dropped(url: str, target: Path) -> None:
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT + b"more")
    download(url, target, SHA256)
    assert target.read_bytes() == CONTENT


def test_wrong_hash_leaves_nothing(url: str, target: Path, behaviour: Behaviour) -> None:
    behaviour.content = CONTENT[:-1] + b"?"
    with pytest.raises(DataError, match=r"SHA-256 .* is expected; it was removed"):
        download(url, target, SHA256)
    assert list(target.parent.iterdir()) == []


def test_archive_becomes_a_dataset(
    url: str,
    tmp_path: Path,
    behaviour: Behaviour,
    write_tone: WriteTone,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for word in ("yes", "no", "bed"):
        for n in range(30):
            write_tone(tmp_path / "packed" / word / f"{n:08x}_nohash_0.wav", samples=300)
    packed = tmp_path / "speech.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(tmp_path / "packed", ".")
    behaviour.content = packed.read_bytes()
    behaviour.cut_after = [2_000]
    official = Archive(url, hashlib.sha256(behaviour.content).hexdigest())
    monkeypatch.setitem(ARCHIVES, 2, official)
    dataset = open_dataset("gsc")
    assert dataset.classes == ("yes", "no", "unknown", "silence")
    assert len([clip for clip in dataset.clips if clip.label < 3]) == 90
    asked = len(behaviour.asked)
    assert open_dataset("gsc") == dataset and len(behaviour.asked) == asked


def test_missing_file_names_the_answer(url: str, target: Path, behaviour: Behaviour) -> None:
    behaviour.status = 404
    with pytest.raises(DataError, match=r"answered 404 .*--data-dir"):
        download(url, target, SHA256)
    assert len(behaviour.asked) == 1
    assert list(target.parent.iterdir()) == []


def test_failing_server_is_asked_again(url: str, target: Path, behaviour: Behaviour) -> None:
    behaviour.status = 503
    with pytest.raises(DataError, match=r"503.*run the command again"):
        download(url, target, SHA256)
    assert len(behaviour.asked) == module.ATTEMPTS


def test_no_network(target: Path) -> None:
    with pytest.raises(DataError, match=r"cannot reach .*check the network, .*--data-dir"):
        download("http://127.0.0.1:9/speech.tar.gz", target, SHA256)
    assert list(target.parent.iterdir()) == []


def test_full_disk_keeps_what_came_and_says_so(
    url: str, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_copy", full)
    with pytest.raises(DataError, match=r"no space left in .*EDGESNN_CACHE"):
        download(url, target, SHA256)
    assert not target.exists()
    monkeypatch.undo()
    download(url, target, SHA256)
    assert target.read_bytes() == CONTENT


def test_fault_of_the_network_while_reading_is_not_the_disks(
    url: str, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> bytes:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(http.client.HTTPResponse, "read", broken)
    with pytest.raises(DataError, match=r"was cut at 0 MiB .*Network is unreachable"):
        download(url, target, SHA256)
    monkeypatch.undo()
    download(url, target, SHA256)
    assert target.read_bytes() == CONTENT


def test_folder_that_cannot_be_made(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"cannot write .*EDGESNN_CACHE"):
        download(url, tmp_path / "file" / "speech.tar.gz", SHA256)
