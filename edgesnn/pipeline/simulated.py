"""The firmware in the simulated Cortex-M: a rung of the ladder, and cycles step by step."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.boards import CORES, Board, emulated_board, find_board
from edgesnn.errors import MachineError
from edgesnn.machine import Traces
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray

if TYPE_CHECKING:
    from edgesnn.codegen.toolchain import Compiler
    from edgesnn.sim.core import CoreReport, MemoryMap


@dataclass(frozen=True, eq=False)
class Steps:
    """What the test image wrote, step by step, and what the whole run cost.

    Attributes:
        cycles: int64 `(clips, steps)`, from the call of the step function to its return.
        records: structured traces `(clips, steps)`, or None where they were not asked for.
        report: of the run, start-up and the reading of clips included.
    """

    cycles: IntArray
    records: IntArray | None
    report: CoreReport


class Simulated:
    """The test image of a network on any board, executed by `edgesnn.sim.core`.

    It reads the clips and writes the records that QEMU would (`edgesnn.codegen.qemu`); SysTick
    counts the cycles of the board's core, so that the ticks of a step are its cycles.
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
        from edgesnn.sim.core import board_map, load_elf

        self.board = _board(board)
        self.network = network
        self.name = f"simulated {self.board.core.title} ({self.board.name})"
        self._layout = layout or board_map(self.board)
        self._temporary = tempfile.TemporaryDirectory(prefix="edgesnn-")
        place = folder if folder is not None else Path(self._temporary.name)
        self.firmware = compile_firmware(generate(network, place), self.board, compiler=compiler)
        self._image = load_elf(self.firmware.elf)

    def run(self, features: IntArray) -> Traces:
        """Run int8 `features (clips, steps, channels)`; see `Machine.run`.

        Raises:
            MachineError: the image crashed.
        """
        from edgesnn.codegen.host import require_features

        require_features(features, self.network)
        return self._traces(self.execute(features))

    def run_pcm(self, pcm: IntArray) -> Traces:
        """Run int16 `pcm (clips, samples)` through front-end and network, each clip from reset.

        Raises:
            MachineError: the image crashed.
            UsageError: the network has no front-end, or `pcm` has another type or shape.
        """
        from edgesnn.codegen.host import whole_hops

        return self._traces(self.execute(whole_hops(self.network, pcm)))

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

    def execute(self, given: IntArray, *, traces: bool = True) -> Steps:
        """Run the image on `given (clips, steps, …)`: int8 features or int16 samples.

        Raises:
            MachineError: the image crashed, or did not write what was asked for.
        """
        from edgesnn.sim.core import make_core
        from edgesnn.sim.core.report import report

        clips, steps = given.shape[:2]
        job = np.array([clips, steps, given.dtype == np.int16, traces], "<u4").tobytes()
        job += np.ascontiguousarray(given, given.dtype.newbyteorder("<")).tobytes()
        core = make_core(self._image, self.board.core.name, self._layout, files={"clips.bin": job})
        stop = core.run()
        if (stop.reason, stop.code) != ("exit", 0):
            raise MachineError(f"{self.name}: it ended by {stop.reason}, status {stop.code}")
        written = bytes(core.semihosting.written.get("records.bin", b""))
        cycles, records = self._read(written, clips, steps, traces)
        return Steps(cycles, records, report(core, stop))

    def _read(
        self, written: bytes, clips: int, steps: int, traces: bool
    ) -> tuple[IntArray, IntArray | None]:
        from edgesnn.codegen.record import record_dtype

        fields = [("ticks", "<u4"), ("checksum", "<u4")]
        trace = [("trace", record_dtype(self.network))] if traces else []
        whole = np.dtype([*fields, *trace])
        if len(written) != 8 + clips * steps * whole.itemsize:
            raise MachineError(f"{self.name} wrote {len(written)} bytes of records, an odd number")
        _, empty = np.frombuffer(written, "<u4", 2)
        found = np.frombuffer(written, whole, offset=8).reshape(clips, steps)
        cycles = (found["ticks"] - empty).astype(np.int64)
        return cycles, found["trace"] if traces else None

    def _traces(self, steps: Steps) -> Traces:
        from edgesnn.codegen.record import traces_of

        assert steps.records is not None
        return traces_of(self.network, steps.records)


def _board(board: Board | str) -> Board:
    if not isinstance(board, str):
        return board
    return emulated_board(board) if board in CORES else find_board(board)
