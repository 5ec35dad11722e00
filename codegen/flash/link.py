"""The host's end of the line: packets in frames, out of any stream of bytes.

The format is that of `startup/edgesnn_link.h`; both ends are held against each other by tests.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

REPLY, ERROR = 0x80, 0xFF
IDENTIFY, RESET, FEATURES, SAMPLES, SCORES, CYCLES, STATE = range(1, 8)

_RUN = 254
_CRC_BYTES = 4
_HEAD_BYTES = 2


@dataclass(frozen=True)
class Packet:
    """What a frame carries.

    Attributes:
        type: a request, or a reply to it with REPLY set, or ERROR.
        sequence: 0 to 255, the request's own in a reply.
        body: what it says.
    """

    type: int
    sequence: int
    body: bytes = b""


def stuff(content: bytes) -> bytes:
    """Consistent Overhead Byte Stuffing: the same without zero bytes, and longer by 1 in 254."""
    made = bytearray()
    pieces = content.split(b"\0")
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        at = 0
        while len(piece) - at >= _RUN:
            made.append(_RUN + 1)
            made += piece[at : at + _RUN]
            at += _RUN
        if last and at and at == len(piece):
            break
        made.append(len(piece) - at + 1)
        made += piece[at:]
    return bytes(made)


def unstuff(content: bytes) -> bytes | None:
    """The inverse of `stuff`; None where it is none."""
    made = bytearray()
    at = 0
    while at < len(content):
        run = content[at] - 1
        piece = content[at + 1 : at + 1 + run]
        if run < 0 or len(piece) < run or 0 in piece:
            return None
        made += piece
        at += 1 + run
        if run < _RUN and at < len(content):
            made.append(0)
    return bytes(made)


def frame(packet: Packet) -> bytes:
    """The bytes that carry a packet."""
    content = bytes((packet.type, packet.sequence)) + packet.body
    return b"\0" + stuff(content + zlib.crc32(content).to_bytes(_CRC_BYTES, "little")) + b"\0"


def unframe(stuffed: bytes) -> Packet | None:
    """The packet between two zero bytes; None for anything else."""
    content = unstuff(stuffed)
    if content is None or len(content) < _HEAD_BYTES + _CRC_BYTES:
        return None
    head, crc = content[:-_CRC_BYTES], content[-_CRC_BYTES:]
    if zlib.crc32(head) != int.from_bytes(crc, "little"):
        return None
    return Packet(head[0], head[1], head[2:])


class Deframer:
    """Packets out of a stream that may begin, break and be damaged anywhere.

    The host cannot know whether a zero byte begins or ends a frame, and need not: it tries whatever
    lies between two of them. Text between frames never has the CRC of a packet.
    """

    def __init__(self, longest: int = 1 << 16) -> None:
        self._pending = bytearray()
        self._longest = longest

    def take(self, received: bytes) -> Iterator[Packet]:
        """The good packets that `received` completes."""
        self._pending += received
        *pieces, rest = self._pending.split(b"\0")
        self._pending = rest[-self._longest :]
        for piece in pieces:
            packet = unframe(bytes(piece))
            if packet is not None:
                yield packet
