"""One region of hot code as an LLVM function: straight pieces, their edges, every way out.

A piece begins at a row in a pipeline state, so what each of its instructions costs is a number
from the decode table. Whatever the function does not do itself leaves *before* the instruction,
with the state that the interpreter would have there.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks import access, alu, branches, lanes, products, single
from edgesnn.sim.core.blocks.branches import BRANCHES, KEEPS_IT
from edgesnn.sim.core.blocks.code import Code, word
from edgesnn.sim.core.blocks.frame import frame
from edgesnn.sim.core.blocks.ledger import Ledger, Pass
from edgesnn.sim.core.blocks.place import Place
from edgesnn.sim.core.blocks.row import ALWAYS, Row
from edgesnn.sim.core.blocks.words import Words

EMIT = alu.EMIT | products.EMIT | lanes.EMIT
WORTH_ENTERING = 6  # instructions
NO_WAIT = "0"

Key = tuple[
    int, int, int
]  # row, pipeline state, whether the IT block's condition holds or KEEPS_IT


class Region:
    """Writes one function.

    Args:
        rows: by number, the rows that it may hold.
        heads: rows among them at which pieces begin.
        place: memory and what depends on data.

    Attributes:
        entries: pieces at which the function can be entered.
        returns: rows behind calls.
    """

    def __init__(self, rows: Mapping[int, Row], heads: frozenset[int], place: Place) -> None:
        self._rows, self.heads, self.place = rows, heads, place
        self.windows = place.windows
        self.code = Code()
        self.words = Words(self.code)
        self.ledger = Ledger(self.code, self.words)
        self.entries: list[Key] = []
        self._labels: dict[Key, str] = {}
        self._resumed: set[int] = set()
        self._pending: list[Key] = []
        self._line = -1  # of flash, that is sure to have been entered
        self._wait = NO_WAIT  # an i64: for what the present instruction waits
        self._most = 0  # cycles that it may be
        calls = (row for row in rows.values() if row.op in (op.BL, op.BLX))
        self.returns = sorted(row.after for row in calls if row.after in heads)

    @property
    def passes(self) -> list[Pass]:
        """What the counters mean."""
        return self.ledger.passes

    def write(self) -> str:
        """The function's module as text; `passes` and `entries` are complete then."""
        for head in sorted(self.heads):
            self.label((head, 0, KEEPS_IT))
        cycles = count = 0
        while self._pending:
            first = len(self.passes)
            self._piece(self._pending.pop())
            longest = self.ledger.longest(first)
            cycles, count = cycles + longest[0], count + longest[1]
        wanted = self.heads | self._resumed
        self.entries = [
            key for key in self._labels
            if key[0] in wanted and key[2] == KEEPS_IT and self._is_worth_entering(key[0])
        ]  # fmt: skip
        labels = {key: self._labels[key] for key in self.entries}
        longest = cycles + self.ledger.waits, count
        return frame(self.code.text(), labels, self.ledger, longest, self.place)

    def label(self, key: Key) -> str:
        """The label of a piece, which will be written."""
        if key not in self._labels:
            row, state, known = key
            self._labels[key] = f"p{row}.{state}.{known + 1}"
            self._pending.append(key)
        return self._labels[key]

    def _piece(self, key: Key) -> None:
        """Write straight code from `key` up to where it branches, joins another or leaves."""
        at, state, known = key
        self.code.begin(self._labels[key])
        self.words.forget()
        self.ledger.begin(at, state)
        self._line = -1
        going: int | None = known
        while going is not None:
            going = self._step(going)

    def _step(self, known: int) -> int | None:
        """One instruction; what is known of the IT block's condition then, None at the end."""
        row = self._rows.get(self.ledger.at)
        if row is None or not self._can(row):
            self.ledger.leave()
            self._resume_after(row)
            return None
        if row.condition != ALWAYS and row.op != op.B and known == KEEPS_IT:
            self._split(row)
            return None
        self._fetch(row)
        if row.condition != ALWAYS and row.op != op.B and known == row.condition & 1:
            self.settle_wait(row)
            self.ledger.skip(row)
            return self._go_on(known if row.it & 7 else KEEPS_IT)
        if row.op in BRANCHES:
            branches.write(self, row)
            return None
        before = self.words.flag_writes
        if not self._execute(row):
            self.ledger.leave()
            return None
        if row.op == op.LDM and row.imm & access.RETURN:
            return None
        self.finish(row)
        same = row.it & 7 and self.words.flag_writes == before
        return self._go_on(known if same else KEEPS_IT)

    def _go_on(self, known: int) -> int | None:
        """`known`, or None where the next row is a piece of its own."""
        if self.ledger.at not in self.heads:
            return known
        self.edge(self.ledger.at, self.ledger.state, KEEPS_IT)
        return None

    def _can(self, row: Row) -> bool:
        """Whether the translation knows the row, and all that its time depends on."""
        if row.long_multiply and self.place.long_multiply:
            return False
        if row.op in access.MEMORY:
            return access.can(self.windows, row)
        if row.op in BRANCHES:
            return branches.can(self, row)
        if row.op == op.SYSTEM:
            return single.moves_flags(row, self.place.level)
        writes = {row.rd, row.ra} if row.op in products.EMIT else {row.rd}
        known = (row.op in EMIT or row.op in single.DIVISIONS) and op.SP not in writes
        return known or row.op in single.STACK

    def _execute(self, row: Row) -> bool:
        """The instruction itself; false where nothing was written and it has to be left."""
        if row.op in access.MEMORY:
            if row.writeback == op.SP:
                back = self.code.add(self.words[op.SP], word(row.extra))
                single.guard_stack(self, back)
            return access.write(self, row)
        if not single.write(self, row):
            EMIT[row.op](self.code, self.words, row)
        return True

    def finish(self, row: Row, more: int = 0) -> None:
        """Go past a row that was done."""
        self.settle_wait(row)
        self.ledger.finish(row, more)

    def _split(self, row: Row) -> None:
        """Go on in two pieces, in which it is known whether the IT block's condition holds."""
        at, state, done = self.ledger.at, self.ledger.state, self.ledger.done
        holds = self.words.holds(row.condition & ~1)
        self.words.flush()
        labels = self.code.fresh(), self.code.fresh()
        self.code.branch(holds, *labels)
        for label, known in zip(labels, (1, 0), strict=True):
            self.code.begin(label)
            self.ledger.done = list(done)
            self.edge(at, state, known)

    def edge(self, at: int, state: int, known: int) -> None:
        """Go on at a piece of this region, or leave."""
        source = self.ledger.done[-1][0] if self.ledger.done else at - 1
        self.words.flush()
        self.ledger.account()
        self.ledger.begin(at, state)
        if at not in self._rows:
            self.ledger.leave()
            return
        if at <= source:
            self.ledger.check_budget()
        self.code.jump(self.label((at, state, known)))

    def leave_unless(self, condition: str) -> None:
        """Leave before the present instruction unless an i1 holds."""
        self.ledger.leave_unless(condition)

    def guard_target(self, target: str) -> None:
        """Leave before a branch to anywhere but Thumb code in flash."""
        branches.guard_thumb(self, target)
        branches.guard_target(self, target)

    def go_to(self, row: Row, target: str) -> None:
        """End the piece by a branch to a computed target."""
        branches.go_to(self, row, target)

    # Waits

    def charge(self, row: Row, cycles: str, most: int) -> None:
        """Add an i64 of at most `most` cycles to a row."""
        self.ledger.charge(row.at, cycles, most)

    def settle_wait(self, row: Row) -> None:
        """Charge what the row has waited for; nothing leaves it any more."""
        if self._wait != NO_WAIT:
            self.charge(row, self._wait, self._most)
            self.code.store("i64", "0", "%stalls")
        self._wait, self._most = NO_WAIT, 0

    def read_flash(self, count: int, place: str) -> None:
        """Count reads of flash from flat offset `place`, an i64, on, and wait for them."""
        code, flash = self.code, self.place.flash
        reads = code.place("%state", str(op.S_FLASH_READS), "i64")
        total = code.binary("add", code.load("i64", reads), str(count), "i64")
        code.store("i64", total, reads)
        if flash is None or not flash.data_cost:
            return
        for number in range(count):
            word_place = code.binary("add", place, str(4 * number), "i64")
            wait = code.call("i64", "read", "ptr %state", f"i64 {word_place}")
            waited = code.binary("add", code.load("i64", "%stalls"), wait, "i64")
            code.store("i64", waited, "%stalls")

    def note_read(self, count: int) -> None:
        """The instruction may have waited for constants, in `%stalls`."""
        flash = self.place.flash
        if flash is not None and flash.data_cost:
            self._wait = self.code.load("i64", "%stalls")
            self._most += count * flash.data_cost

    def note_load(self, row: Row, address: str) -> None:
        """Wait where a load meets the bank of the one that is done in the same cycle."""
        if not self.place.pairs:
            return
        if row.bank and row.done(self.ledger.state)[0] == 0:
            code = self.code
            differ = code.right(code.differ(address, self.words["L"]), 2)
            same = code.differ(code.both(differ, "1"), "1")
            self.charge(row, code.convert("zext", same), 1)
        self.words["L"] = address

    def _fetch(self, row: Row) -> None:
        """Enter the line of flash that the row is in."""
        flash = self.place.flash
        if flash is None or (line := row.at >> flash.line_shift) == self._line:
            return
        code = self.code
        if self._line < 0:
            self._fetch_if_other(line)
        else:
            self._fetch_line(line)
        self._line = line
        self._wait, self._most = code.load("i64", "%stalls"), flash.line_cost

    def _fetch_if_other(self, line: int) -> None:
        code, other, same = self.code, self.code.fresh(), self.code.fresh()
        differs = code.compare("ne", code.load("i64", "%line"), str(line), "i64")
        code.branch(differs, other, same)
        code.begin(other)
        self._fetch_line(line)
        code.jump(same)
        code.begin(same)

    def _fetch_line(self, line: int) -> None:
        code = self.code
        now = self.ledger.cycles_now()
        wait = code.call("i64", "fetch", "ptr %state", f"i64 {line}", f"i64 {now}")
        code.store("i64", wait, "%stalls")
        code.store("i64", str(line), "%line")

    def _resume_after(self, row: Row | None) -> None:
        """Make an entry behind an instruction that only the interpreter does."""
        if row is not None and not row.it and self._is_worth_entering(row.after):
            self._resumed.add(row.after)
            self.label((row.after, row.done(self.ledger.state)[1], KEEPS_IT))

    def _is_worth_entering(self, at: int) -> bool:
        """Whether enough can be done from there on to pay for the way in and out."""
        for _ in range(WORTH_ENTERING):
            row = self._rows.get(at)
            if row is None or not self._can(row):
                return False
            if row.op in BRANCHES:
                return True
            at = row.after
        return True
