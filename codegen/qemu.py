"""The firmware in QEMU: the rung that proves the image's bits on each core.

QEMU proves bits, not cycles; with its instruction counter as clock it also counts instructions,
exactly and repeatably.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgesnn.boards import BOARDS, CORES, Board, emulated_board, find_board
from edgesnn.codegen.choose import AUTO, Layout
from edgesnn.codegen.emit import generate
from edgesnn.codegen.firmware import compile_firmware
from edgesnn.codegen.host import require_features, whole_hops
from edgesnn.codegen.image import Firmware
from edgesnn.codegen.record import record_dtype, traces_of
from edgesnn.codegen.toolchain import Compiler
from edgesnn.errors import BoardError, MachineError
from edgesnn.machine import Traces
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray

#: Log2 of the virtual nanoseconds an instruction takes while counting: more than a tick of any
#: board's SysTick, so that ticks tell instructions apart.
COUNTING_SHIFT = 8

#: Seconds after which an emulator is taken for dead: to start, and a step.
_PATIENCE = (60.0, 0.5)

_CRASHED = 99

_NO_QEMU = (
    "qemu-system-arm is not installed: Debian and Ubuntu have it as qemu-system-arm, "
    "Fedora as qemu-system-arm-core, Homebrew as qemu"
)


@dataclass(frozen=True, eq=False)
class Run:
    """What an image wrote.

    Attributes:
        state_bytes: `sizeof(struct NAME_state)` on the target.
        ticks: uint32 `(clips, steps)`, SysTick's, less those of reading it.
        checksums: uint32 `(clips, steps)`, FNV-1a over all traces of the clip so far.
        records: traces `(clips, steps)`, or None where they were not asked for.
    """

    state_bytes: int
    ticks: IntArray
    checksums: IntArray
    records: IntArray | None


class Qemu:
    """A rung of the exactness ladder: the firmware's ELF file in QEMU.

    Raises:
        BoardError: unknown or not emulated, or the network does not fit it.
        CompileError: no compiler, or it refuses the code.
        MachineError: QEMU is not installed.
    """

    def __init__(
        self,
        network: Network,
        board: Board | str,
        *,
        folder: Path | None = None,
        compiler: Compiler | None = None,
        layout: Layout = AUTO,
    ) -> None:
        """Compile `network` for `board`, one of QEMU's machines or the name of a core."""
        self.board = _emulated(board)
        assert self.board.emulator is not None
        self.network = network
        self.name = f"QEMU {self.board.emulator.machine} ({self.board.core.title})"
        find_qemu()
        self._temporary = tempfile.TemporaryDirectory(prefix="edgesnn-")
        place = folder if folder is not None else Path(self._temporary.name)
        code = generate(network, place, layout=layout.on(self.board.core))
        self.firmware = compile_firmware(code, self.board, compiler=compiler)

    def run(self, features: IntArray) -> Traces:
        """Run int8 `features (clips, steps, channels)`; see `Machine.run`.

        Raises:
            MachineError: QEMU failed, or the image crashed.
        """
        require_features(features, self.network)
        return self._traces(self.execute(features))

    def run_pcm(self, pcm: IntArray) -> Traces:
        """Run int16 `pcm (clips, samples)` through front-end and network, each clip from reset.

        Raises:
            MachineError: QEMU failed, or the image crashed.
            UsageError: the network has no front-end, or `pcm` has another type or shape.
        """
        return self._traces(self.execute(whole_hops(self.network, pcm)))

    def count_instructions(self, given: IntArray) -> IntArray:
        """Instructions of each step, int64 `(clips, steps)`, of int8 features or int16 PCM.

        From the call of the step function to its return; features are `(clips, steps, channels)`,
        PCM is `(clips, samples)`.

        Raises:
            MachineError: QEMU failed, or the image crashed.
        """
        assert self.board.emulator is not None
        pcm = given.dtype == np.int16
        run = self.execute(
            whole_hops(self.network, given) if pcm else given, traces=False, counting=True
        )
        nanoseconds = run.ticks.astype(np.int64) * 10**9 / self.board.emulator.systick_hz
        return np.rint(nanoseconds / (1 << COUNTING_SHIFT)).astype(np.int64)

    def execute(self, given: IntArray, *, traces: bool = True, counting: bool = False) -> Run:
        """Run the image on `given (clips, steps, …)`: int8 features or int16 samples."""
        clips, steps = given.shape[:2]
        job = np.array([clips, steps, given.dtype == np.int16, traces], "<u4")
        with tempfile.TemporaryDirectory(prefix="edgesnn-") as folder:
            place = Path(folder)
            little_endian = np.ascontiguousarray(given, given.dtype.newbyteorder("<"))
            (place / "clips.bin").write_bytes(job.tobytes() + little_endian.tobytes())
            clock = ["-icount", f"shift={COUNTING_SHIFT}"] if counting else []
            patience = _PATIENCE[0] + _PATIENCE[1] * clips * steps
            status, told = start(self.firmware, place, patience, clock)
            if status != 0:
                raise MachineError(f"{self.name}: {_why(status, told)}")
            return self._read(place / "records.bin", clips, steps, traces)

    def _read(self, path: Path, clips: int, steps: int, traces: bool) -> Run:
        record = record_dtype(self.network)
        fields = [("ticks", "<u4"), ("checksum", "<u4")]
        whole = np.dtype([*fields, ("trace", record)] if traces else fields)
        data = path.read_bytes()
        if len(data) != 8 + clips * steps * whole.itemsize:
            raise MachineError(f"{self.name} wrote {len(data)} bytes of records, an odd number")
        state_bytes, empty = np.frombuffer(data, "<u4", 2)
        steps_read = np.frombuffer(data, whole, offset=8).reshape(clips, steps)
        return Run(
            int(state_bytes),
            steps_read["ticks"] - empty,
            steps_read["checksum"],
            steps_read["trace"] if traces else None,
        )

    def _traces(self, run: Run) -> Traces:
        assert run.records is not None
        return traces_of(self.network, run.records)


def _emulated(board: Board | str) -> Board:
    if isinstance(board, str):
        board = emulated_board(board) if board in CORES else find_board(board)
    if board.emulator is None:
        names = ", ".join(name for name, each in BOARDS.items() if each.emulator is not None)
        raise BoardError(f"QEMU does not emulate {board.name}; choose from {names}")
    return board


def start(
    firmware: Firmware, folder: Path, patience: float, further: Sequence[str] = ()
) -> tuple[int, str]:
    """Run an image in QEMU with `folder` as its working folder.

    Returns its exit status and what it said over the serial port and QEMU said on top.

    Raises:
        MachineError: QEMU is not installed, cannot be run, or took more than `patience` seconds.
    """
    return run_image(_emulated(firmware.board), firmware.elf, folder, patience, further)


def emulator_command(board: Board, elf: Path, further: Sequence[str] = ()) -> list[str]:
    """The command that runs an image on a board of QEMU's, its serial port on standard output."""
    assert board.emulator is not None
    return [
        find_qemu(), "-machine", board.emulator.machine, "-display", "none", "-monitor", "none",
        "-serial", "stdio", *further, "-semihosting-config", "enable=on,target=native",
        "-kernel", str(elf.resolve()),
    ]  # fmt: skip


def run_image(
    board: Board,
    elf: Path,
    folder: Path | None = None,
    patience: float = _PATIENCE[0],
    further: Sequence[str] = (),
) -> tuple[int, str]:
    """Run the image at `elf`; see `start`. The default folder is the image's own."""
    command = emulator_command(board, elf, further)
    try:
        done = subprocess.run(
            command, cwd=folder or elf.parent, timeout=patience, capture_output=True, text=True,
            check=False, stdin=subprocess.DEVNULL, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        assert board.emulator is not None
        raise MachineError(
            f"{board.emulator.machine} did not finish within {patience:.0f} s"
        ) from error
    except OSError as error:
        raise MachineError(f"cannot run {command[0]}: {error.strerror}") from error
    return done.returncode, done.stdout + done.stderr


def run_selftest(firmware: Firmware) -> str:
    """Run a self-test image in QEMU; what it said over the serial port.

    Raises:
        MachineError: it failed or crashed; carries its last line.
        BoardError: QEMU does not emulate its board.
    """
    status, told = start(firmware, firmware.elf.parent, _PATIENCE[0])
    if status != 0:
        raise MachineError(f"self-test on {firmware.board.name}: {_why(status, told)}")
    return told


def find_qemu() -> str:
    """The path of QEMU for Arm; raises MachineError where it is not installed."""
    found = shutil.which("qemu-system-arm")
    if found is None:
        raise MachineError(_NO_QEMU)
    return found


def _why(status: int, output: str) -> str:
    if status == _CRASHED:
        return "the image crashed (a fault was taken); build it again, or report this network"
    if status < 0:
        return f"it was killed by signal {-status}"
    lines = output.strip().splitlines()
    return f"it ended with status {status}" + (f": {lines[-1]}" if lines else "")
