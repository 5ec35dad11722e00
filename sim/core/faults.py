"""Which exception a fault is, and what the fault status registers say of it.

Armv7-M manual B1.5.14 and B3.2.15 to B3.2.18; STKOF is Armv8-M's. Armv6-M has only HardFault
and none of the registers.
"""

from __future__ import annotations

from typing import NamedTuple

HARD_FAULT, MEM_MANAGE, BUS_FAULT, USAGE_FAULT = 3, 4, 5, 6
FORCED = 1 << 30  # in HFSR: a configurable fault that could not be taken
CFSR, HFSR, BFAR = 0xED28, 0xED2C, 0xED38


class Fault(NamedTuple):
    """An exception, and the bits that it sets in CFSR."""

    number: int
    status: int


FAULTS = {
    "fetch": Fault(BUS_FAULT, 1 << 8),  # IBUSERR
    "data": Fault(BUS_FAULT, 1 << 9 | 1 << 15),  # PRECISERR, BFARVALID
    "undefined": Fault(USAGE_FAULT, 1 << 16),  # UNDEFINSTR
    "state": Fault(USAGE_FAULT, 1 << 17),  # INVSTATE
    "floating": Fault(USAGE_FAULT, 1 << 19),  # NOCP
    "stack": Fault(USAGE_FAULT, 1 << 20),  # STKOF
    "unaligned": Fault(USAGE_FAULT, 1 << 24),  # UNALIGNED
    "divide": Fault(USAGE_FAULT, 1 << 25),  # DIVBYZERO
    "call": Fault(HARD_FAULT, 0),  # SVC that cannot be taken, semihosting without a host
    "vector": Fault(HARD_FAULT, 0),
}


class FaultStatus:
    """CFSR, HFSR and BFAR."""

    def __init__(self) -> None:
        self._words = {CFSR: 0, HFSR: 0, BFAR: 0}

    def note(self, fault: Fault, address: int, *, forced: bool) -> None:
        """Record a fault that is taken; `address` is that of a data access."""
        self._words[CFSR] |= fault.status
        if fault.status >> 15 & 1:
            self._words[BFAR] = address
        if forced:
            self._words[HFSR] |= FORCED

    def __contains__(self, offset: int) -> bool:
        return offset in self._words

    def read(self, offset: int) -> int:
        """A register."""
        return self._words[offset]

    def write(self, offset: int, value: int) -> None:
        """Clear the bits that are written as 1; BFAR is written as it is."""
        kept = self._words[offset] & ~value
        self._words[offset] = value & 0xFFFFFFFF if offset == BFAR else kept
