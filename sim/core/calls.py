"""Call stacks, followed while the firmware runs: who called whom, and what that cost.

The traced variant of the compiled loop calls `follow` after every taken branch. A call pushes a
frame with its return address and stack pointer; a branch to the return address of a frame whose
stack is gone pops it; a branch to another function's start, neither call nor return, is a tail
call and takes its caller's place; one into the middle of a caller is a longjmp. All state lies in
one int64 vector, so that nothing allocates.

Code that moves between stacks of its own (a kernel with threads) is followed only within each
stretch on one stack.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from edgesnn.sim.core.compiled import compiled

if TYPE_CHECKING:
    from edgesnn.sim.core.elf import Image, Symbol
    from edgesnn.sim.core.memory import Memory

Array = npt.NDArray[Any]
DEEPEST, MOST_NODES = 512, 1 << 15
OPEN_END = 4096  # bytes that the last function has where its size is not known
NO_SYMBOL = "(no symbol)"
EXCEPTION = -2  # in place of a return address: the frame ends with the handler

(
    DEPTH,  # frames on the stack
    NODE,  # where cycles are spent now
    NODES,  # nodes in use
    CYCLES,  # up to which they have been credited
    INSTRUCTIONS,
    LOST,  # calls that found no room
    FIRST_ROW,  # of the map of functions
    HEADER,
) = range(8)
# Frames: node, return row, stack pointer. Nodes: parent, function, first child, next sibling,
# calls, cycles, instructions, each a stretch of its own. The map of functions comes last.
FRAMES = HEADER
PARENT = FRAMES + 3 * DEEPEST
FUNCTION = PARENT + MOST_NODES
CHILD = FUNCTION + MOST_NODES
SIBLING = CHILD + MOST_NODES
CALLS = SIBLING + MOST_NODES
SELF_CYCLES = CALLS + MOST_NODES
SELF_INSTRUCTIONS = SELF_CYCLES + MOST_NODES
OWNERS = SELF_INSTRUCTIONS + MOST_NODES


@compiled
def _owner(calls: Array, row: int) -> int:
    """Number of the function that holds a row, 0 for none."""
    place = row - calls[FIRST_ROW]
    if place < 0 or OWNERS + place >= calls.size:
        return 0
    found: int = calls[OWNERS + place]
    return abs(found)


@compiled
def _is_entry(calls: Array, row: int) -> bool:
    """Whether a row is the first one of its function."""
    place = row - calls[FIRST_ROW]
    return bool(0 <= place < calls.size - OWNERS and calls[OWNERS + place] < 0)


@compiled
def _child(calls: Array, parent: int, function: int) -> int:
    """The node of `function` called from `parent`, made where it is the first time."""
    node: int = calls[CHILD + parent]
    while node:
        if calls[FUNCTION + node] == function:
            return node
        node = calls[SIBLING + node]
    node = calls[NODES]
    if node >= MOST_NODES:
        calls[LOST] += 1
        return parent
    calls[NODES] = node + 1
    calls[PARENT + node], calls[FUNCTION + node] = parent, function
    calls[SIBLING + node], calls[CHILD + parent] = calls[CHILD + parent], node
    return node


@compiled
def credit(calls: Array, cycles: int, instructions: int) -> None:
    """Credit what has been spent since the last time to the present node."""
    node = calls[NODE]
    calls[SELF_CYCLES + node] += cycles - calls[CYCLES]
    calls[SELF_INSTRUCTIONS + node] += instructions - calls[INSTRUCTIONS]
    calls[CYCLES], calls[INSTRUCTIONS] = cycles, instructions


@compiled
def push(calls: Array, row: int, back: int, stack: int) -> None:
    """Enter the function at `row`, which returns to row `back`."""
    depth = calls[DEPTH]
    if depth >= DEEPEST:
        calls[LOST] += 1
        return
    node = _child(calls, calls[NODE], _owner(calls, row))
    frame = FRAMES + 3 * depth
    calls[frame], calls[frame + 1], calls[frame + 2] = calls[NODE], back, stack
    calls[DEPTH], calls[NODE] = depth + 1, node
    calls[CALLS + node] += 1


@compiled
def _pop_to(calls: Array, depth: int) -> None:
    calls[DEPTH], calls[NODE] = depth, calls[FRAMES + 3 * depth]


@compiled
def _returned(calls: Array, row: int, stack: int) -> bool:
    """Pop the frames that a branch to `row` leaves; false where it leaves none by returning."""
    depth = calls[DEPTH]
    while depth > 0:
        depth -= 1
        frame = FRAMES + 3 * depth
        if calls[frame + 1] == EXCEPTION:
            return False
        if calls[frame + 1] == row and stack >= calls[frame + 2]:
            _pop_to(calls, depth)
            return True
    return False


@compiled
def _unwind(calls: Array, owner: int, stack: int) -> None:
    """Drop the frames that a jump into the middle of function `owner` leaves: longjmp."""
    depth = calls[DEPTH]
    while depth > 0:
        depth -= 1
        frame = FRAMES + 3 * depth
        if calls[frame + 1] == EXCEPTION or calls[frame + 2] > stack:
            return
        if calls[FUNCTION + calls[frame]] == owner:
            _pop_to(calls, depth)
            return


@compiled
def follow(calls: Array, kind: int, row: int, back: int, stack: int) -> None:
    """Note a taken branch to `row`.

    Args:
        calls: the vector of this module.
        kind: 0 for a jump, 1 for a call, 2 for what may be a return.
        row: of the target; `back` is that of the next instruction.
        back: where a call would return to.
        stack: the stack pointer.
    """
    if kind == 1:
        push(calls, row, back, stack)
        return
    if kind == 2 and _returned(calls, row, stack):
        return
    owner = _owner(calls, row)
    if owner != calls[FUNCTION + calls[NODE]] and not _is_entry(calls, row):
        _unwind(calls, owner, stack)
    node = calls[NODE]
    if owner != calls[FUNCTION + node]:
        calls[NODE] = _child(calls, calls[PARENT + node], owner)
        calls[CALLS + calls[NODE]] += 1


@dataclass(frozen=True, slots=True)
class CallNode:
    """One path of calls from the reset handler.

    Attributes:
        path: names of functions, outermost first.
        calls: how often the last of them was entered on this path.
        cycles, instructions: spent in it, without what it called.
    """

    path: tuple[str, ...]
    calls: int
    cycles: int
    instructions: int


def _rows(function: Symbol, end: int | None) -> int:
    """Rows that a function takes; one of unknown size goes on to the next, which is at `end`."""
    size = function.size or (end or function.address + OPEN_END) - function.address
    return (size + 1) // 2


class CallTree:
    """What the traced loop fills, and what it says."""

    def __init__(self, memory: Memory, image: Image) -> None:
        self._names = (NO_SYMBOL, *(function.name for function in image.functions))
        ends = [function.address for function in image.functions[1:]]
        spans = [
            (memory.flat(function.address) >> 1, _rows(function, end))
            for function, end in zip_longest(image.functions, ends)
        ]
        rows = [(row, count) for row, count in spans if row >= 0]
        first = min((row for row, _ in rows), default=0)
        last = max((row + count for row, count in rows), default=0)
        self.vector = np.zeros(OWNERS + last - first, np.int64)
        self._first = first
        for number, (row, count) in enumerate(spans, start=1):
            if row >= 0:
                place = OWNERS + row - first
                self.vector[place : place + count] = number
                self.vector[place] = -number

    def start(self, row: int) -> None:
        """Forget everything and begin at `row`, the reset handler, at cycle 0."""
        self.vector[:OWNERS] = 0
        self.vector[FIRST_ROW], self.vector[NODES] = self._first, 1
        self.vector[NODE] = _child(self.vector, 0, _owner(self.vector, row))

    def enter_handler(self, row: int, stack: int, cycles: int, instructions: int) -> None:
        """Note that the handler at `row` was entered; `cycles` are those before its entry."""
        credit(self.vector, cycles, instructions)
        push(self.vector, row, EXCEPTION, stack)

    def leave_handler(self, cycles: int, instructions: int) -> None:
        """Note that a handler has returned."""
        credit(self.vector, cycles, instructions)
        vector = self.vector
        for depth in range(int(vector[DEPTH]) - 1, -1, -1):
            if vector[FRAMES + 3 * depth + 1] == EXCEPTION:
                _pop_to(vector, depth)
                break

    @property
    def lost(self) -> int:
        """Calls that were too deep, or on too many paths, to be told apart."""
        return int(self.vector[LOST])

    def nodes(self, cycles: int, instructions: int) -> Iterator[CallNode]:
        """All paths on which something was spent, callers before those they call."""
        vector = self.vector
        credit(vector, cycles, instructions)
        paths: dict[int, tuple[str, ...]] = {0: ()}
        for node in range(1, int(vector[NODES])):
            name = self._names[int(vector[FUNCTION + node])]
            paths[node] = (*paths[int(vector[PARENT + node])], name)
            yield CallNode(
                paths[node], int(vector[CALLS + node]), int(vector[SELF_CYCLES + node]),
                int(vector[SELF_INSTRUCTIONS + node]),
            )  # fmt: skip
