"""A served network seen from the host: features or samples in, scores, cycles and state out."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from edgesnn.boards import Board
from edgesnn.codegen.flash.link import (
    CYCLES,
    ERROR,
    FEATURES,
    IDENTIFY,
    REPLY,
    RESET,
    SAMPLES,
    SCORES,
    STATE,
    Deframer,
    Packet,
    frame,
)
from edgesnn.codegen.flash.serial_port import read_some, write_all
from edgesnn.errors import MachineError, UsageError
from edgesnn.network.arrays import IntArray

PATIENCE = 2.0
"""Seconds that a reply may take, beyond those of the step."""

TRIES = 4

_ERRORS = {
    1: "the frame was damaged on its way",
    2: "it knows no such request",
    3: "the request has the wrong length: is this the right network?",
    4: "its network has no front-end and hears no samples",
}
_DAMAGED = 1


class Transport(Protocol):
    """Bytes to and from a board."""

    def read(self, patience: float) -> bytes:
        """What has arrived, after `patience` seconds at most; may be empty."""
        ...

    def write(self, content: bytes) -> None:
        """Send all of it."""
        ...


@dataclass(frozen=True)
class Identity:
    """What a board serves."""

    name: str
    sha256: str
    parts: int
    channels: int
    classes: int
    hop: int
    sample_rate: int
    clock_hz: int
    clip_bytes: int


@dataclass(frozen=True)
class Cycles:
    """Since the last reset: steps, cycles of the last and the longest, and by part."""

    steps: int
    last: int
    most: int
    laps: tuple[int, ...]


class Session:
    """Requests one by one, each sent again where its reply does not come.

    But for steps: one that was sent again might be made twice.
    """

    def __init__(self, transport: Transport, patience: float = PATIENCE) -> None:
        self._transport = transport
        self._patience = patience
        self._deframer = Deframer()
        self._arrived: deque[Packet] = deque()
        self._sequence = 0
        self._identity: Identity | None = None

    def identify(self) -> Identity:
        """Who answers.

        Raises:
            MachineError: nobody does, or another protocol.
        """
        body = self._ask(IDENTIFY)
        version, *words = struct.unpack_from("<8I", body)
        if version != 1:
            raise MachineError(f"the board speaks protocol {version}, not 1; flash it again")
        return Identity(body[64:].decode("ascii", "replace"), body[32:64].hex(), *words)

    def reset(self) -> None:
        """Forget all that was heard."""
        self._ask(RESET)

    def step_features(self, features: IntArray) -> int:
        """One step of int8 `(channels,)`; its cycles.

        Raises:
            UsageError: the network takes another number of channels.
            MachineError: it was not answered; whether it was made is not known.
        """
        return self._step(FEATURES, features.astype(np.int8), self._who().channels)

    def step_pcm(self, samples: IntArray) -> int:
        """One step of int16 `(hop,)`; its cycles. Raises as `step_features`."""
        return self._step(SAMPLES, samples.astype("<i2"), self._who().hop)

    def scores(self) -> tuple[int, IntArray]:
        """Decision, and int32 scores `(classes,)`, after the last step."""
        body = self._ask(SCORES)
        return struct.unpack_from("<I", body)[0], np.frombuffer(body, "<i4", offset=4)

    def cycles(self) -> Cycles:
        """What the steps since the last reset took."""
        steps, last, most, *laps = np.frombuffer(self._ask(CYCLES), "<u4").tolist()
        return Cycles(steps, last, most, tuple(laps))

    def state(self) -> bytes:
        """Every membrane, adaptation current and spike, as `edgesnn.codegen.record` packs them."""
        found = bytearray()
        while True:
            body = self._ask(STATE, len(found).to_bytes(4, "little"))
            whole = int.from_bytes(body[:4], "little")
            found += body[4:]
            if len(found) >= whole or len(body) == 4:
                return bytes(found)

    def _who(self) -> Identity:
        if self._identity is None:
            self._identity = self.identify()
        return self._identity

    def _step(self, request: int, given: IntArray, wanted: int) -> int:
        if given.size != wanted:
            raise UsageError(f"the network on the board takes {wanted} values, not {given.size}")
        return int.from_bytes(self._ask(request, given.tobytes(), tries=1), "little")

    def _ask(self, request: int, body: bytes = b"", tries: int = TRIES) -> bytes:
        for _ in range(tries):
            self._sequence = (self._sequence + 1) % 256
            self._transport.write(frame(Packet(request, self._sequence, body)))
            reply = self._reply()
            if reply is None or (reply.type == ERROR and reply.body[:1] == bytes([_DAMAGED])):
                continue
            if reply.type == ERROR:
                why = _ERRORS.get(reply.body[0] if reply.body else 0, "no reason given")
                raise MachineError(f"the board refuses a request: {why}")
            if reply.type == request | REPLY:
                return reply.body
        if request in (FEATURES, SAMPLES):
            raise MachineError("a step was not answered; reset the network and send the clip again")
        raise MachineError(
            "the board does not answer: is the serving image on it, and the port the right one?"
        )

    def _reply(self) -> Packet | None:
        """The reply with the request's number; later and earlier ones are passed over."""
        end = time.monotonic() + self._patience
        while (left := end - time.monotonic()) > 0:
            while self._arrived:
                packet = self._arrived.popleft()
                damaged = packet.type == ERROR and packet.body[:1] == bytes([_DAMAGED])
                if packet.sequence == self._sequence or damaged:
                    return packet
            self._arrived.extend(self._deframer.take(self._transport.read(left)))
        return None


class QemuPort:
    """A serving image in QEMU, whose serial port is a pair of pipes."""

    def __init__(self, board: Board, elf: Path) -> None:
        from edgesnn.codegen.qemu import emulator_command

        self._emulator: subprocess.Popen[bytes] = subprocess.Popen(
            emulator_command(board, elf), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0,
        )  # fmt: skip

    def __enter__(self) -> QemuPort:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._emulator.kill()
        self._emulator.wait()
        for stream in (self._emulator.stdin, self._emulator.stdout):
            if stream is not None:
                stream.close()

    def read(self, patience: float) -> bytes:
        """See `Transport.read`."""
        stream: Any = self._emulator.stdout
        ready, _, _ = select.select([stream], [], [], patience)
        return os.read(stream.fileno(), 4096) if ready else b""

    def write(self, content: bytes) -> None:
        """See `Transport.write`."""
        stream: Any = self._emulator.stdin
        try:
            stream.write(content)
        except BrokenPipeError as error:
            raise MachineError("QEMU has ended; the image crashed") from error


class SerialPort:
    """A board's serial port, from `edgesnn.codegen.flash.serial_port.open_port`."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def read(self, patience: float) -> bytes:
        """See `Transport.read`."""
        self._port.timeout = min(patience, 0.2)
        return read_some(self._port)

    def write(self, content: bytes) -> None:
        """See `Transport.write`."""
        write_all(self._port, content)
