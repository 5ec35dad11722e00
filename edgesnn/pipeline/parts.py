"""Clips in simulated cores side by side: the compiled loop runs without the interpreter's lock.

Clips are cut into parts of a fixed size, each run from reset with empty caches, whatever the
number of processor cores here: so cycles are the same on every machine.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.errors import MachineError
from edgesnn.network.arrays import IntArray

if TYPE_CHECKING:
    from edgesnn.sim.core import Core, CoreReport
    from edgesnn.sim.core.report import Spans

CLIPS = 8
"""Clips of a part."""


LIMIT = 4_000_000_000
"""Instructions after which a part is taken to run for ever."""


@dataclass(frozen=True)
class Part:
    """What one run of the image gave.

    Attributes:
        written: the bytes of records.bin.
        spans: cycles of every call of the watched functions, in the order of the calls.
        report: of the run; None where it was not asked for.
    """

    written: bytes
    spans: dict[str, list[int]]
    report: CoreReport | None


@dataclass
class CorePool:
    """Cores of one image, handed out to threads and kept for the next parts.

    Attributes:
        make: a new core with the image loaded.
        watch: functions whose calls are timed.
        trace: whether call stacks are followed.
        name: of the machine, for messages.
    """

    make: Callable[[], Core]
    watch: tuple[str, ...]
    trace: bool
    name: str
    _free: list[tuple[Core, Spans]] = field(default_factory=list)

    def run(self, given: IntArray, *, traces: bool, reported: bool) -> list[Part]:
        """Run `given (clips, steps, …)` part by part, in its order.

        Raises:
            MachineError: the image crashed.
        """
        parts = [given[start : start + CLIPS] for start in range(0, len(given), CLIPS)]
        if len(parts) == 1:
            return [self._one(parts[0], traces, reported)]
        with ThreadPoolExecutor(min(_processors(), len(parts))) as threads:
            return list(threads.map(lambda part: self._one(part, traces, reported), parts))

    def _one(self, given: IntArray, traces: bool, reported: bool) -> Part:
        from edgesnn.sim.core.report import report

        core, spans = self._idle() or self._fresh()
        core.semihosting.files["clips.bin"] = job(given, traces)
        core.reset()
        spans.clear()
        stop = core.run(instructions=LIMIT)
        if (stop.reason, stop.code) != ("exit", 0):
            raise MachineError(f"{self.name}: it ended by {stop.reason}, status {stop.code}")
        written = bytes(core.semihosting.written.get("records.bin", b""))
        part = Part(written, spans.taken(), report(core, stop) if reported else None)
        self._free.append((core, spans))
        return part

    def _idle(self) -> tuple[Core, Spans] | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _fresh(self) -> tuple[Core, Spans]:
        from edgesnn.sim.core.report import Spans

        core = self.make()
        if self.trace:
            core.trace_calls()
        return core, Spans(core, self.watch)


def job(given: IntArray, traces: bool) -> bytes:
    """clips.bin of the test image: int8 features or int16 samples, `(clips, steps, …)`."""
    head = np.array([*given.shape[:2], given.dtype == np.int16, traces], "<u4")
    return head.tobytes() + np.ascontiguousarray(given, given.dtype.newbyteorder("<")).tobytes()


def joined(parts: Sequence[Part]) -> dict[str, list[int]]:
    """Cycles of all calls of the watched functions, in the order of the clips."""
    return {name: [n for part in parts for n in part.spans[name]] for name in parts[0].spans}


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
