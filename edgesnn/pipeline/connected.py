"""What is plugged into this computer that a network could be flashed onto."""

from __future__ import annotations

from dataclasses import dataclass

from edgesnn.boards import BOARDS
from edgesnn.errors import EdgesnnError
from edgesnn.wiring import wiring_of

_FAMILY_LETTERS = 9


@dataclass(frozen=True)
class Connected:
    """A debug probe, a UF2 drive or a serial port.

    Attributes:
        kind: `probe`, `drive` or `serial port`.
        id: what `--probe` or `--port` takes.
        title: what it says it is.
        boards: of the table, that it may be.
    """

    kind: str
    id: str
    title: str
    boards: tuple[str, ...] = ()


def what_is_connected() -> tuple[list[Connected], list[str]]:
    """Everything found, and what could not be looked for, with the reason."""
    from edgesnn.codegen.flash.volume import board_id, volumes

    found = [
        Connected("drive", str(each), board_id(each), _with_drive(board_id(each)))
        for each in volumes()
    ]
    missing = []
    for look in (_probes, _ports):
        try:
            found += look()
        except EdgesnnError as error:
            missing.append(str(error))
    return found, missing


def _probes() -> list[Connected]:
    from edgesnn.codegen.flash.pyocd import connected_probes

    return [
        Connected("probe", each.uid, each.title, _with_target(each.target))
        for each in connected_probes()
    ]


def _ports() -> list[Connected]:
    from edgesnn.codegen.flash.serial_port import serial_ports

    return [Connected("serial port", device, title) for device, title in serial_ports()]


def _with_target(target: str) -> tuple[str, ...]:
    """Boards whose part is of the family that a probe names."""
    family = target[:_FAMILY_LETTERS]
    return tuple(
        name for name, board in BOARDS.items()
        if family and wiring_of(board).tools.pyocd.startswith(family)
    )  # fmt: skip


def _with_drive(found: str) -> tuple[str, ...]:
    return tuple(
        name for name, board in BOARDS.items()
        if any(found.startswith(start) for start in wiring_of(board).tools.uf2_board)
    )  # fmt: skip
