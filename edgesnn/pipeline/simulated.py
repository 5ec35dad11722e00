"""The firmware in the simulated Cortex-M: a rung of the ladder, and cycles step by step."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.boards import CORES, Board, emulated_board, find_board
from edgesnn.errors import MachineError
from edgesnn.machine import Traces
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.pipeline.parts import CorePool, Part, joined

if TYPE_CHECKING:
    from edgesnn.codegen.toolchain import Compiler
    from edgesnn.sim.core import Core, CoreReport, MemoryMap


@dataclass(frozen=True, eq=False)
class Steps:
    """What the test image wrote, step by step, and what the whole run cost.

    Attributes:
        cycles: int64 `(clips, steps)`, from the call of the step function to its return.
        records: structured traces `(clips, steps)`, or None where they were not asked for.
        report: of all runs, start-up and the reading of clips included.
        spans: cycles of every call of the watched functions, in the order of clips and steps.
    """

    cycles: IntArray
    records: IntArray | None
    report: CoreReport
    spans: dict[str, list[int]]


class Simulated:
    """The test image of a network on any board, executed by `edgesnn.sim.core`.

    It reads the clips and writes the records that QEMU would (`edgesnn.codegen.qemu`); SysTick
    counts the cycles of the board's core, so that the ticks of a step are its cycles. Clips run in
    parallel (`edgesnn.pipeline.parts`).
    """

    def __init__(
        self,
        network: Network,
        board: Board | str,
        *,
        folder: Path | None = None,
        compiler: Compiler | None = None,
        layout: MemoryMap | None = None,
    ) -> None:
        """Compile `network` for `board`, or for the QEMU board of a core such as `m4`.

        `layout` replaces the board's memory map, for instance by one with wait states.

        Raises:
            BoardError: unknown board or core, or the network does not fit it.
            CompileError: no compiler, or it refuses the code.
        """
        from edgesnn.codegen.emit import generate
        from edgesnn.codegen.firmware import compile_firmware
        from edgesnn.codegen.fit import layout_for
        from edgesnn.sim.core import board_map, load_elf

        self.board = _board(board)
        self.network = network
        self.name = f"simulated {self.board.core.title} ({self.board.name})"
        self._layout = layout or board_map(self.board)
        self._temporary = tempfile.TemporaryDirectory(prefix="edgesnn-")
        place = folder if folder is not None else Path(self._temporary.name)
        code = generate(network, place, layout=layout_for(network, self.board))
        self.firmware = compile_firmware(code, self.board, compiler=compiler)
        self._image = load_elf(self.firmware.elf)
        self._pools: dict[tuple[tuple[str, ...], bool], CorePool] = {}

    def run(self, features: IntArray) -> Traces:
        """Run int8 `features (clips, steps, channels)`; see `Machine.run`.

        Raises:
            MachineError: the image crashed.
        """
        from edgesnn.codegen.host import require_features

        require_features(features, self.network)
        return self._only_traces(features)

    def run_pcm(self, pcm: IntArray) -> Traces:
        """Run int16 `pcm (clips, samples)` through front-end and network, each clip from reset.

        Raises:
            MachineError: the image crashed.
            UsageError: the network has no front-end, or `pcm` has another type or shape.
        """
        from edgesnn.codegen.host import whole_hops

        return self._only_traces(whole_hops(self.network, pcm))

    def count_cycles(self, given: IntArray) -> IntArray:
        """Cycles of each step, int64 `(clips, steps)`, of int8 features or int16 PCM.

        From the call of the step function to its return, below 2^24; features are
        `(clips, steps, channels)`, PCM is `(clips, samples)`.

        Raises:
            MachineError: the image crashed.
        """
        from edgesnn.codegen.host import whole_hops

        pcm = given.dtype == np.int16
        steps = whole_hops(self.network, given) if pcm else given
        return self.execute(steps, traces=False).cycles

    def execute(
        self,
        given: IntArray,
        *,
        traces: bool = True,
        watch: Sequence[str] = (),
        trace_calls: bool = False,
    ) -> Steps:
        """Run the image on `given (clips, steps, …)`: int8 features or int16 samples.

        Args:
            given: what every step gets.
            traces: also have all membranes written.
            watch: functions of the image whose calls are timed, for `Steps.spans`.
            trace_calls: follow call stacks, for `Steps.report.stacks`.

        Raises:
            MachineError: the image crashed, or did not write what was asked for.
        """
        from edgesnn.sim.core.merge import merge

        parts = self._pool(tuple(watch), trace_calls).run(given, traces=traces, reported=True)
        cycles, records = self._read(parts, given.shape[1], traces)
        report = merge([part.report for part in parts if part.report is not None])
        return Steps(cycles, records, report, joined(parts))

    def watchable(self, names: Sequence[str]) -> list[str]:
        """Those of `names` that are functions of the image."""
        return [name for name in names if name in self._image.symbols]

    def _pool(self, watch: tuple[str, ...], trace: bool) -> CorePool:
        from edgesnn.sim.core import make_core

        def make() -> Core:
            return make_core(self._image, self.board.core.name, self._layout)

        if (watch, trace) not in self._pools:
            self._pools[watch, trace] = CorePool(make, watch, trace, self.name)
        return self._pools[watch, trace]

    def _read(
        self, parts: Sequence[Part], steps: int, traces: bool
    ) -> tuple[IntArray, IntArray | None]:
        whole = self._record_dtype(traces)
        cycles, found = [], []
        for part in parts:
            if len(part.written) < 8 or (len(part.written) - 8) % (steps * whole.itemsize):
                size = len(part.written)
                raise MachineError(f"{self.name} wrote {size} bytes of records, an odd number")
            _, empty = np.frombuffer(part.written, "<u4", 2)
            records = np.frombuffer(part.written, whole, offset=8).reshape(-1, steps)
            cycles.append((records["ticks"] - empty).astype(np.int64))
            found.append(records)
        return np.concatenate(cycles), np.concatenate(found)["trace"] if traces else None

    def _record_dtype(self, traces: bool) -> np.dtype[np.void]:
        from edgesnn.codegen.record import record_dtype

        fields = [("ticks", "<u4"), ("checksum", "<u4")]
        return np.dtype([*fields, *([("trace", record_dtype(self.network))] if traces else [])])

    def _only_traces(self, given: IntArray) -> Traces:
        from edgesnn.codegen.record import traces_of

        parts = self._pool((), False).run(given, traces=True, reported=False)
        _, records = self._read(parts, given.shape[1], True)
        assert records is not None
        return traces_of(self.network, records)


def _board(board: Board | str) -> Board:
    if not isinstance(board, str):
        return board
    return emulated_board(board) if board in CORES else find_board(board)
