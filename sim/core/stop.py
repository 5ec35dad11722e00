"""Why a core stops, and where calls from outside return to."""

from __future__ import annotations

from dataclasses import dataclass

from edgesnn.errors import MachineError

RETURN_ADDRESS = 0xEFFF0000  # where `call` returns to: never memory


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the core stopped.

    Attributes:
        reason: exit, returned, breakpoint, instructions, cycles or sleeping.
        address: of the next instruction.
        code: exit status after `exit`.
    """

    reason: str
    address: int
    code: int = 0


class CoreFault(MachineError):  # noqa: N818 - the architecture's word
    """The firmware did what the core cannot do; says where, what and in which function."""

    def __init__(self, message: str, address: int) -> None:
        super().__init__(message)
        self.address = address
