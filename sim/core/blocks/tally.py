"""From a region's counters to executions and cycles of every row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgesnn.sim.core.blocks.ledger import CHARGE, Pass

Counts = npt.NDArray[np.int64]


class Tally:
    """What the counters of a region mean.

    Attributes:
        counters: how many there are.
    """

    def __init__(self, passes: Sequence[Pass]) -> None:
        self.counters = len(passes)
        whole = [
            (number, row, int(each.at != CHARGE), cycles)
            for number, each in enumerate(passes)
            for row, cycles in each.rows
        ]
        self._number, self._row, self._times, self._cycles = (
            np.array(whole, np.int64).reshape(-1, 4).T
        )

    def add(self, counters: Counts, profile: Counts) -> int:
        """Add to `profile (rows, 2)`, executions and cycles, what `counters` have counted.

        Returns the number of instructions.
        """
        passed = counters[self._number]
        np.add.at(profile[:, 0], self._row, passed * self._times)
        np.add.at(profile[:, 1], self._row, passed * self._cycles)
        return int(passed @ self._times)
