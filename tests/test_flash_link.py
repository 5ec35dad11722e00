"""The serial protocol, both ends: the C on this computer against the Python, and hostile input."""

from __future__ import annotations

import ctypes
import struct
import zlib
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesnn.codegen import host_compiler
from edgesnn.codegen.flash.link import (
    ERROR,
    FEATURES,
    IDENTIFY,
    REPLY,
    SAMPLES,
    SCORES,
    STATE,
    Deframer,
    Packet,
    frame,
    stuff,
    unframe,
    unstuff,
)
from edgesnn.codegen.flash.session import Session
from edgesnn.codegen.image import STARTUP
from edgesnn.codegen.toolchain import WARNINGS, Compiler, compile_c
from edgesnn.errors import MachineError

MOST_SAID = 1 << 20
packets = st.builds(Packet, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=700))


class Device:
    """The protocol's C, fed with bytes."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._said = ctypes.create_string_buffer(MOST_SAID)
        library.host_start(self._said)

    def take(self, content: bytes) -> bytes:
        count = self._library.host_take(content, len(content))
        assert count >= 0, "a buffer was overrun"
        return self._said.raw[:count]

    def send(self, packet: Packet) -> bytes:
        self._library.host_send(packet.type, packet.sequence, packet.body, len(packet.body))
        return self._said.raw[: self._library.host_said()]

    def ask(self, packet: Packet) -> Packet:
        (reply,) = Deframer().take(self.take(frame(packet)))
        return reply


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Compiled with every warning an error; undefined behaviour traps where the compiler can."""
    folder: Path = tmp_path_factory.mktemp("link")
    compiler = host_compiler()
    sources = [str(STARTUP / f"edgesnn_{name}.c") for name in ("link", "serve", "benchmark")]
    flags = [*WARNINGS, *_traps(compiler), "-O1", f"-I{STARTUP}", "-shared", "-fPIC"]
    here = Path(__file__).parent / "flash_host.c"
    compile_c(compiler, [*flags, "-o", "link.so", str(here), *sources], folder)
    return ctypes.CDLL(str(folder / "link.so"))


def _traps(compiler: Compiler) -> list[str]:
    if compiler.kind == "zig":
        return []
    return ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]


@pytest.fixture
def device(library: ctypes.CDLL) -> Device:
    return Device(library)


@pytest.mark.parametrize(
    ("plain", "stuffed"),
    [
        ("", "01"),
        ("00", "01 01"),
        ("00 00", "01 01 01"),
        ("11 22 00 33", "03 11 22 02 33"),
        ("11 22 33 44", "05 11 22 33 44"),
        ("11 00 00 00", "02 11 01 01 01"),
    ],
)
def test_stuffing_is_that_of_the_paper(plain: str, stuffed: str) -> None:
    assert stuff(bytes.fromhex(plain)) == bytes.fromhex(stuffed)
    assert unstuff(bytes.fromhex(stuffed)) == bytes.fromhex(plain)


def test_long_runs_are_stuffed_as_the_paper_has_them() -> None:
    run = bytes(range(1, 256))
    assert stuff(run[:254]) == b"\xff" + run[:254]
    assert stuff(run) == b"\xff" + run[:254] + b"\x02\xff"
    assert stuff(b"\0" + run[:254]) == b"\x01\xff" + run[:254]
    assert stuff(run[:254] + b"\0") == b"\xff" + run[:254] + b"\x01\x01"


@given(st.binary(max_size=900))
def test_stuffing_is_undone(content: bytes) -> None:
    assert 0 not in stuff(content) and unstuff(stuff(content)) == content
    assert len(stuff(content)) <= len(content) + len(content) // 254 + 1


@given(packets)
def test_packets_survive_their_frames(packet: Packet) -> None:
    assert list(Deframer().take(frame(packet))) == [packet]


@given(packet=packets)
def test_what_the_device_sends_is_what_the_host_would(library: ctypes.CDLL, packet: Packet) -> None:
    assert Device(library).send(packet) == frame(packet)


@given(st.binary(max_size=60))
def test_the_checksum_is_zlibs(library: ctypes.CDLL, content: bytes) -> None:
    library.edgesnn_crc32.restype = ctypes.c_uint32
    assert library.edgesnn_crc32(0, content, len(content)) == zlib.crc32(content)


def test_requests_are_answered(device: Device) -> None:
    identity = device.ask(Packet(IDENTIFY, 9))
    assert (identity.type, identity.sequence) == (IDENTIFY | REPLY, 9)
    assert struct.unpack_from("<8I", identity.body) == (1, 2, 4, 3, 8, 16000, 1000, 40)
    assert identity.body[32:35] == bytes((1, 2, 3)) and identity.body[64:] == b"nothing"
    step = device.ask(Packet(FEATURES, 10, bytes((5, 0, 0, 256 - 3))))
    assert step == Packet(FEATURES | REPLY, 10, struct.pack("<I", 7))
    scores = device.ask(Packet(SCORES, 11))
    assert scores.body == struct.pack("<I3i", 1, 5, 3, 0)
    device.ask(Packet(SAMPLES, 12, struct.pack("<8h", *range(-7, 1))))
    first = device.ask(Packet(STATE, 13, struct.pack("<I", 0))).body
    last = device.ask(Packet(STATE, 14, struct.pack("<I", 300))).body
    assert (first[:4], len(first), last) == (struct.pack("<I", 312), 132, first[:4] + bytes(12))
    assert device.ask(Packet(STATE, 15, b"\xff" * 4)).body == first[:4]


@pytest.mark.parametrize(
    ("packet", "error"),
    [
        (Packet(0, 1), 2),
        (Packet(8, 1), 2),
        (Packet(0x81, 1), 2),
        (Packet(FEATURES, 1, bytes(3)), 3),
        (Packet(SAMPLES, 1, bytes(15)), 3),
        (Packet(IDENTIFY, 1, b"x"), 3),
    ],
)
def test_requests_that_make_no_sense_are_refused(
    device: Device, packet: Packet, error: int
) -> None:
    assert device.ask(packet) == Packet(ERROR, 1, bytes((error, packet.type)))


@given(data=st.data())
def test_one_damaged_byte_is_never_a_packet(library: ctypes.CDLL, data: st.DataObject) -> None:
    """A CRC-32 finds every burst of up to 32 bits; the damage may also break the stuffing."""
    whole = bytearray(frame(Packet(FEATURES, 3, data.draw(st.binary(min_size=4, max_size=4)))))
    at = data.draw(st.integers(1, len(whole) - 2))
    whole[at] ^= data.draw(st.integers(1, 255))
    said = Device(library).take(bytes(whole))
    for reply in Deframer().take(said):
        assert reply.type == ERROR
    assert unframe(bytes(whole[1:-1])) is None


@given(where=st.integers(0, 90), code=st.integers(2, 255))
def test_stuffing_that_points_behind_the_end_is_refused(
    library: ctypes.CDLL, where: int, code: int
) -> None:
    content = bytearray(b"\x01" * 92)
    content[where] = code
    device = Device(library)
    replies = list(Deframer().take(device.take(b"\0" + bytes(content) + b"\0")))
    assert replies == [Packet(ERROR, 0, b"\x01\0")]


def _damaged(draw: st.DrawFn, content: bytes) -> bytes:
    kind = draw(st.sampled_from(("whole", "cut", "flipped", "doubled", "zeros")))
    at = draw(st.integers(0, len(content) - 1))
    if kind == "cut":
        return content[:at]
    if kind == "flipped":
        return content[:at] + bytes([content[at] ^ draw(st.integers(1, 255))]) + content[at + 1 :]
    if kind == "doubled":
        return content + content[at:]
    return content + bytes(at % 4) if kind == "zeros" else content


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Frames and lines, whole and damaged, in any order, with noise between them."""
    requests = st.builds(
        Packet, st.integers(0, 9), st.integers(0, 255),
        st.one_of(st.binary(max_size=20), st.binary(min_size=90, max_size=300)),
    ).map(frame)  # fmt: skip
    words = st.sampled_from(
        ["name", "db load 40", "db load 99999999999", "db print", "infer 3 2", "infer -1 -1",
         "infer 99999999", "results", "help", "profile", "timestamp", "db 00ff10zz", "db", "db 0",
         "db " + "7f" * 38, "x" * 200, " ", "%s%n"]
    ).map(lambda text: text.encode() + b"%")  # fmt: skip
    parts = draw(st.lists(st.one_of(requests, words, st.binary(min_size=1, max_size=40))))
    return b"".join(_damaged(draw, part) for part in parts)


@settings(max_examples=300, deadline=None)
@given(stream=streams(), sequence=st.integers(0, 255))
def test_whatever_came_before_the_device_is_itself_again(
    library: ctypes.CDLL, stream: bytes, sequence: int
) -> None:
    """No crash, no overrun, no endless answer; the second of two frames is answered."""
    device = Device(library)
    device.take(stream)
    device.take(frame(Packet(IDENTIFY, sequence)))
    last = list(Deframer().take(device.take(frame(Packet(IDENTIFY, sequence)))))
    assert [(reply.type, reply.sequence) for reply in last] == [(IDENTIFY | REPLY, sequence)]
    assert device.take(b"name%").endswith(b"m-name-dut-[edgesnn nothing]\r\nm-ready\r\n")


@settings(max_examples=200, deadline=None)
@given(stream=streams(), packet=packets)
def test_whatever_came_before_the_host_finds_the_next_frame(stream: bytes, packet: Packet) -> None:
    deframer = Deframer()
    for octet in stream:
        list(deframer.take(bytes([octet])))
    found = list(deframer.take(frame(packet)))
    assert found[-1:] == [packet]


class Scripted:
    """A transport that answers as it is told to."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._pending: deque[bytes] = deque()
        self.requests = 0

    def write(self, content: bytes) -> None:
        self.requests += 1
        self._pending.append(self._answer(content))

    def read(self, patience: float) -> bytes:
        return self._pending.popleft() if self._pending else b""


@settings(max_examples=60, deadline=None)
@given(noise=st.lists(st.binary(max_size=80), max_size=6))
def test_a_hostile_board_ends_in_one_error(noise: list[bytes]) -> None:
    answers = iter(noise)
    session = Session(Scripted(lambda _: next(answers, b"")), patience=0.001)
    for ask in (session.identify, session.reset, session.scores, session.cycles, session.state):
        with pytest.raises(MachineError, match="does not answer"):
            ask()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_bad_line_costs_tries_and_no_truth(library: ctypes.CDLL, data: st.DataObject) -> None:
    """Requests and replies damaged at random: an answer is right, or there is none."""
    device = Device(library)

    def through(content: bytes) -> bytes:
        return data.draw(st.composite(lambda draw: _damaged(draw, content))())

    def answer(request: bytes) -> bytes:
        said = device.take(through(request))
        return through(said) if said else said

    session = Session(Scripted(answer), patience=0.001)
    try:
        found = session.identify()
    except MachineError as error:
        assert "does not answer" in str(error)
    else:
        assert (found.name, found.channels, found.clip_bytes) == ("nothing", 4, 40)


def test_an_answer_to_another_request_is_passed_over(device: Device) -> None:
    late = frame(Packet(IDENTIFY | REPLY, 200, bytes(70)))
    session = Session(Scripted(lambda request: late + device.take(request)))
    assert session.identify().name == "nothing"


def test_a_step_is_not_sent_twice(device: Device) -> None:
    asked: list[int] = []

    def answer(request: bytes) -> bytes:
        (packet,) = Deframer().take(request)
        asked.append(packet.type)
        return device.take(request) if packet.type == IDENTIFY else b""

    with pytest.raises(MachineError, match="reset the network and send the clip again"):
        Session(Scripted(answer), patience=0.001).step_features(np.zeros(4, np.int8))
    assert asked == [IDENTIFY, FEATURES]


def _says(device: Device, line: str) -> list[str]:
    *lines, ready = device.take(line.encode() + b"%").decode().split("\r\n")[:-1]
    assert ready == "m-ready"
    return lines


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("db", ["e-[Command 'db' requires a subcommand]"]),
        ("db load", ["e-[Command 'db load' requires the # of bytes]"]),
        ("db load 0", ["e-[Command 'db load' must be >0 bytes]"]),
        ("db load 41", ["e-[Supplied buffer size exceeds maximum of 40]"]),
        ("db load 4", ["m-[Expecting 4 bytes]"]),
        ("db 0", ["e-[Insufficent number of hex digits]"]),
        ("db 0g", ["e-[Invalid hex digit 'g']"]),
        ("db 00", []),
        ("infer", ["e-[Input must be a multiple of 4 bytes]"]),
        ("infer 0", ["e-[Inference iterations must be >0]"]),
        ("infer 1 -1", ["e-[Inference warmup must be >=0]"]),
        ("infer 10001", ["e-[At most 10000 inferences]"]),
        ("hello there", ["e-[Unknown command: hello]"]),
        ("", ["e-[Unknown command: ]"]),
        ("x" * 300, ["e-[Command too long]"]),
        ("timestamp", ["m-lap-us-0"]),
    ],
)
def test_lines_that_ask_for_nothing_good(device: Device, line: str, said: list[str]) -> None:
    assert _says(device, line) == said


def test_bytes_are_loaded_printed_and_inferred_from(device: Device) -> None:
    assert _says(device, "db load 12") == ["m-[Expecting 12 bytes]"]
    assert _says(device, "db 0a0B0c0d01020304") == []
    assert _says(device, "db 11121380ffff") == ["m-load-done"]
    assert _says(device, "db ff") == []
    assert _says(device, "db print") == ["m-buffer-0a-0b-0c-0d-01-02-03-04", "m-buffer-11-12-13-80"]
    assert _says(device, "infer 2 1") == [
        "m-warmup-start-1", "m-warmup-done", "m-infer-start-2", "m-lap-us-3", "m-lap-us-3",
        "m-infer-done", "m-results-[28.0,111.0,0.0]",
    ]  # fmt: skip
