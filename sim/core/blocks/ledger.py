"""What a region keeps account of: passes, cycles, and the ways out with their exact state.

Each edge and each way out has a counter; what passing it once means for the profile of every row
is a `Pass`, and is settled when somebody asks. Cycles that depend on data have counters of their
own.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks.code import Code
from edgesnn.sim.core.blocks.row import Row
from edgesnn.sim.core.blocks.words import Words

CHARGE = -2  # in place of a row to go on at: a counter of cycles


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass of an edge or way out means.

    Attributes:
        rows: instructions that were done, with the cycles of each.
        at, state: where the interpreter goes on, for ways out; CHARGE for cycles of one row.
    """

    rows: tuple[tuple[int, int], ...]
    at: int = -1
    state: int = 0


class Ledger:
    """Accounts of the piece that is being written.

    Attributes:
        passes: by counter.
        ways_out: counter and block of each branch to `leave`.
        done: rows of the piece that have been done and not yet counted, with their cycles.
        at, state: row and pipeline state that have been reached.
        waits: cycles that what depends on data may add to one pass of everything.
    """

    def __init__(self, code: Code, words: Words) -> None:
        self._code, self._words = code, words
        self.passes: list[Pass] = []
        self.ways_out: list[tuple[int, str]] = []
        self.done: list[tuple[int, int]] = []
        self.at = self.state = 0
        self.waits = 0

    def begin(self, at: int, state: int) -> None:
        """Start a piece."""
        self.done, self.at, self.state = [], at, state

    def finish(self, row: Row, more: int = 0) -> None:
        """Go past a row that was done, `more` cycles beyond its own.

        What Python does for the interpreter costs what it does in state 0 (`Core.finish`).
        """
        cycles, state = row.done(self.state)
        cycles = row.done(0)[0] if row.op == op.SYSTEM else cycles
        self.done.append((row.at, cycles + more))
        self.at, self.state = row.after, state

    def skip(self, row: Row) -> None:
        """Go past a row whose condition failed."""
        cycles, state = row.skipped(self.state)
        self.done.append((row.at, cycles))
        self.at, self.state = row.after, state

    def cycles_now(self) -> str:
        """An i64: cycles before the present instruction."""
        spent = sum(cycles for _, cycles in self.done)
        return self._code.binary("add", self._code.load("i64", "%cycles"), str(spent), "i64")

    def charge(self, at: int, cycles: str, most: int) -> None:
        """Add an i64 of at most `most` cycles to row `at`."""
        self.waits += most
        self._add("%cycles", cycles)
        self._add(self._place(self._counter(Pass(((at, 1),), CHARGE))), cycles)

    def account(self) -> None:
        """Count this pass, its instructions and its cycles."""
        if not self.done:
            return
        self._add(self._place(self._counter(Pass(tuple(self.done)))), "1")
        self._add("%cycles", str(sum(cycles for _, cycles in self.done)))
        self._add("%instructions", str(len(self.done)))
        self.done = []

    def leave_unless(self, condition: str) -> None:
        """Leave before the present instruction unless an i1 holds."""
        self._words.flush()
        self._way_out()
        stay = self._code.fresh()
        self._code.branch(condition, stay, "leave", "!0")
        self._code.begin(stay)

    def leave(self) -> None:
        """Leave before the present instruction; ends the block."""
        self._words.flush()
        self._way_out()
        self._code.jump("leave")

    def _way_out(self) -> None:
        number = self._counter(Pass(tuple(self.done), self.at, self.state))
        self.ways_out.append((number, self._code.block))

    def check_budget(self) -> None:
        """Leave where a limit may be near; every cycle of the graph passes here."""
        code = self._code
        cycles, count = code.load("i64", "%cycles"), code.load("i64", "%instructions")
        soon = code.compare("sle", cycles, "%last_cycle", "i64")
        few = code.compare("sle", count, "%last_instruction", "i64")
        self.leave_unless(code.value(f"and i1 {soon}, {few}"))

    def longest(self, first: int) -> tuple[int, int]:
        """The most cycles and instructions that the passes from counter `first` on stand for."""
        made = [each.rows for each in self.passes[first:] if each.at != CHARGE]
        cycles = max((sum(cycles for _, cycles in rows) for rows in made), default=0)
        return cycles, max((len(rows) for rows in made), default=0)

    def _counter(self, found: Pass) -> int:
        self.passes.append(found)
        return len(self.passes) - 1

    def _place(self, number: int) -> str:
        return self._code.place("%counters", str(number), "i64")

    def _add(self, pointer: str, value: str) -> None:
        total = self._code.binary("add", self._code.load("i64", pointer), value, "i64")
        self._code.store("i64", total, pointer)
