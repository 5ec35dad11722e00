"""Which rows go into which region: hot ones, joined along the edges that run most often.

A region is worth its compilation when its rows have been interpreted so often that compiling them
would have cost no more. A region is kept small, since LLVM takes more than twice as long for
twice as much.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks.access import RETURN, Window
from edgesnn.sim.core.blocks.code import MASK
from edgesnn.sim.core.blocks.row import ALWAYS, Row

LARGEST = 300  # rows of a region
COOLER = 8  # rows this many times below what pays go along with hot ones
DIRECT = frozenset({op.B, op.BL, op.CBZ, op.CBNZ})
LEAVES = frozenset({op.B, op.BX, op.JUMP, op.TBB, op.TBH, op.LDR_PC})
CALLS = frozenset({op.BL, op.BLX})


@dataclass(frozen=True)
class Share:
    """Rows of one region, and those among them at which its pieces begin."""

    rows: Mapping[int, Row]
    heads: frozenset[int]


def target_of(row: Row, code: Window) -> int | None:
    """The row that a branch with a constant target goes to; None outside `code`."""
    if row.op not in DIRECT:
        return None
    return code.row_of(row.imm & MASK)


def falls_through(row: Row) -> bool:
    """Whether the row after it may be next, without a branch."""
    leaves = row.op in LEAVES or (row.op == op.LDM and bool(row.imm & RETURN))
    return not leaves or row.condition != ALWAYS


def _edges(rows: Mapping[int, Row], code: Window) -> Iterator[tuple[int, int]]:
    for row in rows.values():
        for target in {target_of(row, code), row.after if falls_through(row) else None}:
            if target is not None and target in rows:
                yield row.at, target


def heads_of(rows: Mapping[int, Row], code: Window) -> frozenset[int]:
    """Targets of branches, places to return to, and what no row of the region falls into."""
    targets = {target_of(row, code) for row in rows.values()}
    returns = {row.after for row in rows.values() if row.op in CALLS}
    fallen_into = {row.after for row in rows.values() if falls_through(row)}
    return frozenset(at for at in rows if at in targets | returns or at not in fallen_into)


class _Groups:
    """Disjoint sets of rows that grow together up to LARGEST."""

    def __init__(self, rows: Mapping[int, Row]) -> None:
        self._parent = {at: at for at in rows}
        self._size = dict.fromkeys(rows, 1)

    def root(self, at: int) -> int:
        while self._parent[at] != at:
            self._parent[at] = self._parent[self._parent[at]]
            at = self._parent[at]
        return at

    def join(self, one: int, other: int) -> None:
        one, other = self.root(one), self.root(other)
        if one != other and self._size[one] + self._size[other] <= LARGEST:
            self._parent[one] = other
            self._size[other] += self._size[one]


def regions(
    rows: Mapping[int, Row], counts: Mapping[int, int], worth: int, code: Window
) -> list[Share]:
    """Regions that pay, hottest first.

    Args:
        rows: candidates, by number.
        counts: how often the interpreter has done each.
        worth: executions of each row that its compilation costs.
        code: flash that the rows lie in.
    """
    warm = {at: row for at, row in rows.items() if counts[at] * COOLER >= worth}
    groups = _Groups(warm)
    edges = sorted(_edges(warm, code), key=lambda e: (-min(counts[e[0]], counts[e[1]]), e))
    for edge in edges:
        groups.join(*edge)
    found: dict[int, dict[int, Row]] = defaultdict(dict)
    for at in sorted(warm):
        found[groups.root(at)][at] = warm[at]
    sums = [(sum(counts[at] for at in group), group) for group in found.values()]
    paying = [each for each in sums if each[0] >= worth * len(each[1])]
    paying.sort(key=lambda each: -each[0])
    return [Share(group, heads_of(group, code)) for _, group in paying]
