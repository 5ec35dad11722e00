"""The serial port through which a board speaks, by pyserial."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from edgesnn.codegen.flash.report import is_complete
from edgesnn.errors import MachineError, MissingExtraError

BAUD = 115_200

#: Any character makes a self-test that has ended run again.
AGAIN = b"\n"

_SILENCE = 5.0
"""Seconds of silence after which the board is asked to run again."""

SILENT = 20.0
"""Seconds without a single byte after which it will not speak: it was asked three times."""


def _pyserial() -> Any:
    try:
        import serial
        import serial.tools.list_ports
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "pyserial is not installed; run: pip install 'edgesnn[flash]'"
        ) from error
    return serial


def serial_ports() -> list[tuple[str, str]]:
    """Serial ports over USB: device and description."""
    found = _pyserial().tools.list_ports.comports()
    return sorted((each.device, each.description) for each in found if each.vid is not None)


def choose_port(named: str | None) -> str:
    """The port that was named, or the only one over USB.

    Raises:
        MachineError: there is none, or several.
    """
    if named is not None:
        return named
    ports = [device for device, _ in serial_ports()]
    if len(ports) == 1:
        return ports[0]
    if not ports:
        raise MachineError(
            "no serial port over USB is there, so the board cannot be heard; connect its debug "
            "port, or an adapter to its pins, and name it with --port"
        )
    raise MachineError(f"{len(ports)} serial ports are there ({', '.join(ports)}); choose --port")


@contextmanager
def open_port(device: str) -> Iterator[Any]:
    """An open port at 115,200 baud, 8N1.

    Raises:
        MachineError: it cannot be opened.
    """
    serial = _pyserial()
    try:
        port = serial.Serial(device, BAUD, timeout=0.2, write_timeout=2.0)
    except (OSError, ValueError) as error:  # SerialException is an OSError
        raise MachineError(
            f"serial port {device}: {error}; is it the board's, free, and yours to open?"
        ) from error
    with port:
        yield port


def read_some(port: Any) -> bytes:
    """What has arrived, or what comes until the port's own timeout; may be empty.

    Raises:
        MachineError: the port is gone.
    """
    with _lost(port):
        found: bytes = port.read(max(1, port.in_waiting))
    return found


def write_all(port: Any, content: bytes) -> None:
    """Send all of it.

    Raises:
        MachineError: the port is gone, or takes nothing.
    """
    with _lost(port):
        port.write(content)


@contextmanager
def _lost(port: Any) -> Iterator[None]:
    """Errors of pyserial, and TypeError, by which it answers on a port closed beneath it."""
    try:
        yield
    except (OSError, TypeError) as error:
        raise MachineError(
            f"serial port {_name(port)} is lost: {error}; plug the board in again, and run this "
            "again"
        ) from error


def _name(port: Any) -> str:
    return str(getattr(port, "port", None) or "of the board")


def hear_selftest(port: Any, patience: float, now: Callable[[], float] = time.monotonic) -> str:
    """What the board says until a self-test has ended.

    A board that has been silent is asked to run again, for it may have spoken before the port was
    open. Returns what was heard, whole or not, after `patience` seconds at most.

    Raises:
        MachineError: nothing came within SILENT seconds, or the port was lost.
    """
    heard = bytearray()
    begin = last = now()
    while (passed := now() - begin) < patience:
        got = read_some(port)
        heard += got
        if got:
            last = now()
        elif not heard and passed > SILENT:
            raise MachineError(_silence(port, passed))
        elif now() - last > _SILENCE:
            write_all(port, AGAIN)
            last = now()
        if is_complete(heard.decode("latin-1")):
            break
    return heard.decode("latin-1")


def _silence(port: Any, seconds: float) -> str:
    return (
        f"no answer from {_name(port)} within {seconds:.0f} s: the image is on the board, but its "
        "port says nothing; check the pins that 'edgesnn boards NAME' gives, or choose --port"
    )
