"""The simulated registers and flags while a region is written: what is known, what is due.

Each register and flag has a slot in memory. Within straight code its value is remembered, so
it is loaded once; `flush` stores what has changed since the last time, before anything that may
leave. A flag is kept as what it was made from: N and V in the top bit of a word, Z as a word that
is zero, C and Q as 0 or 1.
"""

from __future__ import annotations

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks.code import Code

FLAGS = ("N", "Z", "C", "V", "Q", "G")
Slot = int | str


class Words:
    """Values of registers r0..r14 and of FLAGS as IR, within straight code.

    Attributes:
        flag_writes: how often any flag has been set.
    """

    def __init__(self, code: Code) -> None:
        self._code = code
        self._known: dict[Slot, str] = {}
        self._due: set[Slot] = set()
        self._compared: tuple[str, str] | None = None
        self.flag_writes = 0

    def forget(self) -> None:
        """Begin other code, where nothing is known."""
        self._known.clear()
        self._due.clear()
        self._compared = None

    def __getitem__(self, slot: Slot) -> str:
        if slot == op.ZERO:
            return "0"
        if slot not in self._known:
            self._known[slot] = self._code.load("i32", _pointer(slot))
        return self._known[slot]

    def __setitem__(self, slot: Slot, value: str) -> None:
        if slot == op.SINK:
            return
        if slot in FLAGS:
            self._compared = None
            self.flag_writes += 1
        self._known[slot] = value
        self._due.add(slot)

    def flush(self) -> None:
        """Store what has changed."""
        for slot in sorted(self._due, key=str):
            self._code.store("i32", self._known[slot], _pointer(slot))
        self._due.clear()

    def logical(self, value: str) -> None:
        """N and Z of a result."""
        self["N"] = self["Z"] = value

    def subtraction(self, a: str, b: str, value: str) -> None:
        """All four flags of a − b, which is `value`."""
        code = self._code
        self.logical(value)
        self["C"] = code.bit(code.compare("uge", a, b))
        self["V"] = code.both(code.differ(a, b), code.differ(a, value))
        self._compared = (a, b)

    def addition(self, a: str, b: str, value: str) -> None:
        """All four flags of a + b, which is `value`."""
        code = self._code
        self.logical(value)
        self["C"] = code.bit(code.compare("ult", value, a))
        self["V"] = code.both(code.differ(a, value), code.differ(b, value))

    def holds(self, condition: int) -> str:
        """An i1: whether condition 0..13 holds."""
        if self._compared is not None:
            how = ("eq", "ne", "uge", "ult", "", "", "", "", "ugt", "ule", "sge", "slt", "sgt",
                   "sle")[condition]  # fmt: skip
            if how:
                return self._code.compare(how, *self._compared)
        found = self._pair(condition >> 1)
        return self._code.value(f"xor i1 {found}, true") if condition & 1 else found

    def _pair(self, pair: int) -> str:
        code = self._code
        if pair == 0:
            return code.compare("eq", self["Z"], "0")
        if pair == 1:
            return code.compare("ne", self["C"], "0")
        if pair in (2, 3):
            return code.compare("slt", self["N" if pair == 2 else "V"], "0")
        positive = code.compare("ne", self["Z"], "0")
        if pair == 4:
            return code.value(f"and i1 {code.compare('ne', self['C'], '0')}, {positive}")
        same = code.compare("sge", code.differ(self["N"], self["V"]), "0")
        return same if pair == 5 else code.value(f"and i1 {same}, {positive}")


def _pointer(slot: Slot) -> str:
    return f"%r{slot}" if isinstance(slot, int) else f"%f{slot}"
