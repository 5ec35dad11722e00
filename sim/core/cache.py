"""Flash as the compiled loop sees it: lines, what is at hand, and the wait for what is not.

A cache is a block of the state vector behind its slots: a header, then for each line a tag, and
its age (the time of its last use, with its place below), then for each line of flash the place
where it was last put. So a hit takes one comparison however many ways there are; only a miss looks
for the least age.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.boards import Cache, FlashTiming
from edgesnn.sim.core.compiled import compiled
from edgesnn.sim.core.operations import (
    S_CODE_CACHE,
    S_DATA_CACHE,
    S_DATA_SHIFT,
    S_FLASH_READS,
    S_FLASH_ROWS,
    S_FLASH_WAIT,
    S_LAST_ENTRY,
    S_LAST_LINE,
    S_LINE,
    S_LINE_COST,
    S_LINE_SHIFT,
    S_PREFETCH,
    S_STALLS,
    STATE,
)

Array = npt.NDArray[Any]
C_SETS, C_WAYS, C_CLOCK, HEADER = range(4)
PLACE_BITS = 20  # of an age, below its time: so the least age says which place has it
PLACES = (1 << PLACE_BITS) - 1
ONE_LINE = 62  # a shift that makes all memory one line


def fresh_state(timing: FlashTiming | None, flash_bytes: int) -> npt.NDArray[np.int64]:
    """An int64 state vector, zeros, with room for the caches of `timing`."""
    if timing is None:
        return np.zeros(STATE, np.int64)
    lines = flash_bytes // timing.line_bytes
    caches = (timing.code_cache, timing.data_cache)
    return np.zeros(STATE + sum(_slots(each, lines) for each in caches if each), np.int64)


def _slots(cache: Cache, flash_lines: int) -> int:
    return HEADER + 2 * cache.lines + flash_lines


def prepare_flash(state: Array, timing: FlashTiming | None, flash_bytes: int) -> None:
    """Set the slots of flash and empty the caches, in a state vector that is zero."""
    state[S_FLASH_ROWS] = flash_bytes // 2
    state[S_LINE_SHIFT], state[S_LINE], state[S_LAST_LINE] = ONE_LINE, -1, -1
    if timing is None:
        return
    state[S_LINE_SHIFT] = (timing.line_bytes // 2).bit_length() - 1
    state[S_DATA_SHIFT] = timing.line_bytes.bit_length() - 1
    state[S_LINE_COST], state[S_FLASH_WAIT] = timing.code_wait, timing.data_wait
    state[S_PREFETCH] = timing.prefetch
    base = STATE
    for slot, cache in ((S_CODE_CACHE, timing.code_cache), (S_DATA_CACHE, timing.data_cache)):
        if cache is not None:
            state[slot], state[base + C_SETS], state[base + C_WAYS] = base, cache.sets, cache.ways
            state[base + HEADER : base + HEADER + cache.lines] = -1
            ages = base + HEADER + cache.lines
            state[ages : ages + cache.lines] = range(cache.lines)
            base += _slots(cache, flash_bytes // timing.line_bytes)
    if timing.shared:
        state[S_DATA_CACHE] = state[S_CODE_CACHE]


@compiled
def _holds(state: Array, base: int, line: int) -> bool:
    """Whether a line of flash is in the cache at `base`; if not, it is put there."""
    sets, ways = state[base + C_SETS], state[base + C_WAYS]
    lines = sets * ways
    tags, ages = base + HEADER, base + HEADER + lines
    places = ages + lines
    state[base + C_CLOCK] += 1
    place = state[places + line]
    if state[tags + place] == line:
        state[ages + place] = state[base + C_CLOCK] << PLACE_BITS | place
        return True
    first = (line & (sets - 1)) * ways
    oldest = state[ages + first]
    for other in range(first + 1, first + ways):
        oldest = min(oldest, state[ages + other])
    place = oldest & PLACES
    state[tags + place], state[ages + place] = line, state[base + C_CLOCK] << PLACE_BITS | place
    state[places + line] = place
    return False


@compiled
def fetch_line(state: Array, line: int, now: int) -> int:
    """Wait for a line of flash that execution has just entered, at cycle `now`."""
    if line << state[S_LINE_SHIFT] >= state[S_FLASH_ROWS]:
        return 0
    ahead = state[S_PREFETCH] != 0 and line == state[S_LAST_LINE] + 1
    since = now - state[S_LAST_ENTRY]
    state[S_LAST_LINE], state[S_LAST_ENTRY] = line, now
    if state[S_CODE_CACHE] and _holds(state, state[S_CODE_CACHE], line):
        return 0
    wait: int = state[S_LINE_COST]
    return max(wait - since, 0) if ahead else wait


@compiled
def count_flash(state: Array, offset: int) -> None:
    """Note a read of flash at a flat offset, and wait where its line is not at hand."""
    state[S_FLASH_READS] += 1
    if state[S_FLASH_WAIT] == 0:
        return
    cache = state[S_DATA_CACHE]
    if cache and _holds(state, cache, offset >> state[S_DATA_SHIFT]):
        return
    state[S_STALLS] += state[S_FLASH_WAIT]
