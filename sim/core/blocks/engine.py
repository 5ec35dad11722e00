"""A core's translated regions: made, entered by marks in the decode table, settled, dropped."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks.access import Window
from edgesnn.sim.core.blocks.jit import compile_region
from edgesnn.sim.core.blocks.place import Place, place_of
from edgesnn.sim.core.blocks.plan import Share, regions
from edgesnn.sim.core.blocks.region import Region
from edgesnn.sim.core.blocks.row import Row
from edgesnn.sim.core.blocks.tally import Tally

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core


@dataclass(frozen=True, eq=False)
class Translated:
    """Machine code for some rows, for any core on which these rows are the same.

    Attributes:
        rows: as they were when it was made.
        entries: rows at which it can be entered.
        address: of the machine code.
        tally: what its counters mean.
    """

    rows: dict[int, Row]
    entries: tuple[int, ...]
    address: int
    tally: Tally


@dataclass(eq=False)
class Placed:
    """Translated code in use by one core, with its counters."""

    code: Translated
    counters: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.counters = np.zeros(self.code.tally.counters, np.int64)


_LOCK = threading.Lock()
_MADE: dict[Place, list[Translated]] = defaultdict(list)


def translate(share: Share, place: Place) -> Translated | None:
    """Write and compile one region; None where there is nothing in it that can be translated."""
    region = Region(share.rows, share.heads, place)
    text = region.write()
    if not region.entries:
        return None
    entries = tuple(sorted({at for at, _, _ in region.entries}))
    return Translated(dict(share.rows), entries, compile_region(text), Tally(region.passes))


class Blocks:
    """The regions of one core.

    Args:
        core: what they run on.
        worth: executions of a row that pay for its compilation.

    Attributes:
        done: instructions of this run that the regions did, as far as they are settled.
    """

    def __init__(self, core: Core, worth: int) -> None:
        self._core, self._worth = core, worth
        self._counts: Counter[int] = Counter()  # what the interpreter did before the last reset
        self._placed: list[Placed] = []
        self._marks: dict[int, int] = {}  # row: operation
        self._forbidden = {core.memory.flat(address) >> 1 for address in core.translator.breaks}
        self._place: Place | None = None
        self.done = 0
        core.memory.on_code = core.translator.on_rows = self.changed

    def look(self) -> None:
        """Translate what has become hot since the last time."""
        self._place = place = self._place or place_of(self._core)
        if place is None:
            return
        with _LOCK:
            counts = self._interpreted()
            rows = {at: self._row(at) for at in counts if self._is_free(at, place)}
            for made in _MADE[place]:
                self._adopt(made, rows)
            for share in regions(rows, counts, self._worth, place.code):
                translated = translate(share, place)
                if translated is None:
                    self._forbidden.update(share.rows)
                    continue
                _MADE[place].append(translated)
                self._placed.append(Placed(translated))
        self._mark()

    def _row(self, at: int) -> Row:
        return Row.read(self._core.memory.table, at)

    def _is_free(self, at: int, place: Place) -> bool:
        first = place.code.flat >> 1
        inside = first <= at < first + (place.code.size >> 1)
        return inside and at not in self._forbidden and not self._covered(at)

    def _covered(self, at: int) -> bool:
        return any(at in placed.code.rows for placed in self._placed)

    def _interpreted(self) -> Counter[int]:
        """By row, what the interpreter has done over all runs."""
        memory, counts = self._core.memory, Counter(self._counts)
        rows = np.array([memory.flat(a) >> 1 for a in self._core.translator.instructions], np.int64)
        done = self._core.executed[rows, 0]
        counts.update(dict(zip(rows[done > 0].tolist(), done[done > 0].tolist(), strict=True)))
        return counts

    def _adopt(self, made: Translated, rows: dict[int, Row]) -> None:
        """Use what another core has had compiled, where it is the same code here, and free."""
        if all(rows.get(at) == row for at, row in made.rows.items()):
            self._placed.append(Placed(made))
            for at in made.rows:
                del rows[at]

    def _mark(self) -> None:
        """Write the vector of entries, and a mark into every row at which one begins."""
        table, entries = self._core.memory.table, []
        for placed in self._placed:
            for at in placed.code.entries:
                operation = placed.code.rows[at].words[op.R_OP]
                self._marks[at] = operation
                entries += [placed.code.address, placed.counters.ctypes.data, operation, 0]
                table[at * op.ROW] = -(len(entries) >> op.ENTRY_SHIFT) << op.MARK_SHIFT
        self._core.use_entries(np.array(entries, np.int64))

    def _unmark(self, rows: Iterable[int]) -> None:
        table = self._core.memory.table
        for at in rows:
            operation = self._marks.pop(at)
            if table[at * op.ROW] < 0:
                table[at * op.ROW] = operation

    def changed(self, first: int, last: int) -> None:
        """Rows from `first` to `last` have been written anew: drop what is no longer so."""
        if 2 * last >= self._core.memory.flash_bytes:
            self._code_in_ram()
            return
        hit = [p for p in self._placed if any(first <= at <= last for at in p.code.rows)]
        for placed in hit:
            if not self._is_current(placed, first, last):
                self._drop(placed)
        if hit:
            self._mark()

    def _code_in_ram(self) -> None:
        """From the first instruction in RAM on, stores to it have to look for what they change."""
        known = {Window(*each) for each in self._core.memory.windows()}
        if self._place is not None and not known.issuperset(self._place.windows):
            self.drop_all()
            self._place = None

    def _is_current(self, placed: Placed, first: int, last: int) -> bool:
        """Whether the rows that were written are what the code was made from."""
        return all(
            self._row(at).words[1:] == row.words[1:]
            and int(self._core.memory.table[at * op.ROW]) in (row.words[0], self._mark_of(at))
            for at, row in placed.code.rows.items()
            if first <= at <= last
        )

    def _mark_of(self, at: int) -> int:
        table = self._core.memory.table
        return int(table[at * op.ROW]) if table[at * op.ROW] < 0 else -1

    def _drop(self, placed: Placed) -> None:
        self._settle(placed)
        self._placed.remove(placed)
        self._unmark(placed.code.entries)

    def forbid(self, address: int) -> None:
        """Leave the instruction at `address` to the interpreter for good."""
        row = self._core.memory.flat(address) >> 1
        self._forbidden.add(row)
        hit = [placed for placed in self._placed if row in placed.code.rows]
        for placed in hit:
            self._drop(placed)
        if hit:
            self._mark()

    def drop_all(self) -> None:
        """Interpret everything again."""
        for placed in list(self._placed):
            self._drop(placed)
        self._mark()

    def restart(self) -> None:
        """The profile is about to be cleared."""
        self.done = 0
        self._counts = self._interpreted()
        for placed in self._placed:
            placed.counters[:] = 0

    def settle(self) -> None:
        """Add to the profile what the regions have done."""
        for placed in self._placed:
            self._settle(placed)

    def _settle(self, placed: Placed) -> None:
        if placed.counters.any():
            self.done += placed.code.tally.add(placed.counters, self._core.executed)
            placed.counters[:] = 0
