"""What the translation has to know of a machine, apart from its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks.access import Window
from edgesnn.sim.core.cache import C_SETS, C_WAYS, ONE_LINE
from edgesnn.sim.core.timing.m0 import SmallCore
from edgesnn.sim.core.timing.m3 import ThreeStage
from edgesnn.sim.core.timing.m33 import Mainline

if TYPE_CHECKING:
    from edgesnn.sim.core.cpu import Core

SINGLE_ISSUE = (SmallCore, ThreeStage, Mainline)


@dataclass(frozen=True, slots=True)
class CacheShape:
    """A cache in the state vector: its first slot, sets and ways."""

    base: int
    sets: int
    ways: int


@dataclass(frozen=True, slots=True)
class Flash:
    """Lines of flash and the waits for them, as `edgesnn.sim.core.cache` has them.

    Attributes:
        line_shift: log2 of rows a line.
        line_cost: wait for a line of instructions; `data_cost` for one of constants.
        prefetch: the next line is fetched ahead.
        code, data: caches, or None.
        data_shift: log2 of bytes a line.
    """

    line_shift: int
    line_cost: int
    prefetch: bool
    code: CacheShape | None
    data: CacheShape | None
    data_cost: int
    data_shift: int


@dataclass(frozen=True, slots=True)
class Place:
    """Memory and what depends on data.

    Attributes:
        windows: memory, the one that is met most first.
        code: the flash that holds the region.
        divide: cycles beyond one of a division: least, quotient bits a cycle, most.
        long_multiply: long multiplies depend on their operands.
        level: of the architecture.
        flash: its lines; None where it answers at once.
        pairs: two loads can be done in one cycle.
    """

    windows: tuple[Window, ...]
    code: Window
    divide: tuple[int, int, int]
    long_multiply: bool
    level: int
    flash: Flash | None
    pairs: bool


def _cache(core: Core, slot: int) -> CacheShape | None:
    base = int(core.state[slot])
    if not base:
        return None
    return CacheShape(base, int(core.state[base + C_SETS]), int(core.state[base + C_WAYS]))


def flash_of(core: Core) -> Flash | None:
    """How `core` waits for flash, out of its state vector."""
    state = core.state
    if state[op.S_LINE_SHIFT] == ONE_LINE:
        return None
    return Flash(
        int(state[op.S_LINE_SHIFT]), int(state[op.S_LINE_COST]), bool(state[op.S_PREFETCH]),
        _cache(core, op.S_CODE_CACHE), _cache(core, op.S_DATA_CACHE),
        int(state[op.S_FLASH_WAIT]), int(state[op.S_DATA_SHIFT]),
    )  # fmt: skip


def place_of(core: Core) -> Place | None:
    """The place that `core` is; None where it does not execute from flash."""
    memory, dynamic = core.memory, core.timing.dynamic
    windows = [Window(*each) for each in memory.windows()]
    code = next((each for each in windows if each.flash and each.holds(core.pc, 2)), None)
    if code is None:
        return None
    stack = int(core.regs[op.SP]) - 4
    windows.sort(key=lambda each: (each.flash, not each.holds(stack, 4), each is not code))
    return Place(
        tuple(windows), code, (dynamic.divide_base, dynamic.divide_bits, dynamic.divide_most),
        dynamic.long_multiply, core.model.level, flash_of(core),
        not isinstance(core.timing, SINGLE_ISSUE),
    )  # fmt: skip
