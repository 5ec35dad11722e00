"""The firmware in the simulated Cortex-M: a rung of the ladder, and cycles step by step."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from edgesnn.boards import CORES, Board, emulated_board, find_board
from edgesnn.codegen.emit import generate
from edgesnn.codegen.firmware import compile_firmware
from edgesnn.codegen.host import whole_hops
from edgesnn.codegen.qemu import Qemu, Run
from edgesnn.codegen.toolchain import Compiler
from edgesnn.errors import MachineError
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.sim.core import CoreReport, MemoryMap, board_map, load_elf, make_core
from edgesnn.sim.core.report import report


class Simulated(Qemu):
    """The test image of a network on any board, executed by `edgesnn.sim.core`.

    It reads the clips and writes the records that QEMU would; its SysTick counts the cycles of
    the board's core, so that the ticks of a step are its cycles.

    Raises:
        BoardError: unknown board or core, or the network does not fit it.
        CompileError: no compiler, or it refuses the code.
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
        """
        self.board = _board(board)
        self.network = network
        self.name = f"simulated {self.board.core.title} ({self.board.name})"
        self.layout = layout or board_map(self.board)
        self.last: CoreReport | None = None
        self._temporary = tempfile.TemporaryDirectory(prefix="edgesnn-")
        place = folder if folder is not None else Path(self._temporary.name)
        self.firmware = compile_firmware(generate(network, place), self.board, compiler=compiler)

    def execute(self, given: IntArray, *, traces: bool = True, counting: bool = False) -> Run:
        """Run the image on `given (clips, steps, …)`; leaves what it cost in `last`."""
        clips, steps = given.shape[:2]
        job = np.array([clips, steps, given.dtype == np.int16, traces], "<u4")
        little_endian = np.ascontiguousarray(given, given.dtype.newbyteorder("<"))
        core = make_core(
            load_elf(self.firmware.elf), self.board.core.name, self.layout,
            files={"clips.bin": job.tobytes() + little_endian.tobytes()},
        )  # fmt: skip
        stop = core.run()
        if stop.reason != "exit" or stop.code != 0:
            raise MachineError(f"{self.name}: it ended by {stop.reason}, status {stop.code}")
        self.last = report(core, stop)
        with tempfile.TemporaryDirectory(prefix="edgesnn-") as folder:
            records = Path(folder) / "records.bin"
            records.write_bytes(core.semihosting.written.get("records.bin", b""))
            return self._read(records, clips, steps, traces)

    def count_cycles(self, given: IntArray) -> IntArray:
        """Cycles of each step, int64 `(clips, steps)`, of int8 features or int16 PCM.

        From the call of the step function to its return, below 2^24; features are
        `(clips, steps, channels)`, PCM is `(clips, samples)`.

        Raises:
            MachineError: the image crashed.
        """
        pcm = given.dtype == np.int16
        run = self.execute(whole_hops(self.network, given) if pcm else given, traces=False)
        return run.ticks.astype(np.int64)


def _board(board: Board | str) -> Board:
    if not isinstance(board, str):
        return board
    return emulated_board(board) if board in CORES else find_board(board)
