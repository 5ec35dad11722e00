"""When a core looks for hot code, and what that costs a short run: nothing.

`auto` translates a row when interpreting it has taken as long as compiling it would, so no run
takes much more than twice as long as if that had been known before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesnn.errors import UsageError

if TYPE_CHECKING:
    from edgesnn.sim.core.blocks.engine import Blocks
    from edgesnn.sim.core.cpu import Core

FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Engine:
    """How a core executes; all give the same state, cycles and counts.

    Attributes:
        name: for messages.
        first: instructions after which it looks for hot code the first time, then after twice as
            many, and so on; 0: never.
        worth: executions of a row that its compilation is worth.
    """

    name: str
    first: int
    worth: int


# A row takes the interpreter 7 ns and the compiler 0.6 ms (docs/TRANSLATION.md).
ENGINES = {
    engine.name: engine
    for engine in (
        Engine("interpreter", 0, 0),
        Engine("auto", 30_000_000, 30_000),
        Engine("translated", 1_000_000, 100),
    )
}


def find_engine(name: str) -> Engine:
    """The engine called `name`.

    Raises:
        UsageError: there is none.
    """
    if name not in ENGINES:
        raise UsageError(f"no engine is called {name!r}; there are {', '.join(ENGINES)}")
    return ENGINES[name]


class Pace:
    """Counts what a core has done over all its runs, and says when to look.

    Attributes:
        pause: instruction of the present run at which to look next.
    """

    def __init__(self, core: Core, engine: Engine) -> None:
        self._core, self._engine = core, engine
        self._blocks: Blocks | None = None
        self._before = 0  # instructions of the runs before the last reset
        self._next = engine.first or FOREVER
        self.pause = self._next

    def look(self) -> None:
        """Translate what has become hot."""
        if self._blocks is None:
            from edgesnn.sim.core.blocks.engine import Blocks  # LLVM: only for long runs

            self._blocks = Blocks(self._core, self._engine.worth)
        self._blocks.look()
        done = self._before + self._core.instructions
        self._next = max(2 * done, self._engine.first or FOREVER)
        self.pause = self._next - self._before

    def restart(self) -> None:
        """The core is about to be reset: keep what is known of hot code."""
        self._before += self._core.instructions
        self.pause = max(self._next - self._before, 1)
        if self._blocks is not None:
            self._blocks.restart()

    def settle(self) -> int:
        """Bring the core's profile up to date; returns the instructions that were translated."""
        if self._blocks is None:
            return 0
        self._blocks.settle()
        return self._blocks.done

    def forbid(self, address: int) -> None:
        """Never execute the instruction at `address` in translated code: somebody watches it."""
        if self._blocks is not None:
            self._blocks.forbid(address)

    def stop(self) -> None:
        """Interpret from now on."""
        self._next = self.pause = FOREVER
        if self._blocks is not None:
            self.settle()
            self._blocks.drop_all()
