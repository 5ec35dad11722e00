"""The generated C on this computer: the rung between the Numba engine and the firmware."""

from __future__ import annotations

import ctypes
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edgesnn.codegen.choose import AUTO, Layout
from edgesnn.codegen.compose import build_program
from edgesnn.codegen.emit import generate
from edgesnn.codegen.record import record_dtype, traces_of
from edgesnn.codegen.text import render
from edgesnn.codegen.toolchain import WARNINGS, Compiler, compile_c, host_compiler
from edgesnn.errors import MachineError, UsageError
from edgesnn.files import write_atomic
from edgesnn.machine import Traces
from edgesnn.network import Network, identity
from edgesnn.network.arrays import IntArray


class HostC:
    """A rung of the exactness ladder: generated C, compiled and loaded as a shared library.

    Raises:
        CompileError: no compiler, or it refuses the code.
    """

    name = "host C"

    def __init__(
        self,
        network: Network,
        *,
        folder: Path | None = None,
        compiler: Compiler | None = None,
        optimise: str = "-O2",
        layout: Layout = AUTO,
    ) -> None:
        """Generate and compile `network` in `folder` (a temporary one by default)."""
        self.network = network
        self._dtype = record_dtype(network)
        self._temporary = tempfile.TemporaryDirectory(prefix="edgesnn-")
        place = folder if folder is not None else Path(self._temporary.name)
        self._library = ctypes.CDLL(
            str(build_library(network, place, compiler or host_compiler(), optimise, layout))
        )

    @property
    def state_bytes(self) -> int:
        """`sizeof(struct NAME_state)` as the host's compiler has it."""
        return int(self._library.edgesnn_state_size())

    def run(self, features: IntArray) -> Traces:
        """Run int8 `features (clips, steps, channels)`; see `Machine.run`.

        Raises:
            UsageError: `features` have another type or shape.
        """
        require_features(features, self.network)
        return self._run(self._library.edgesnn_run_features, features)

    def run_pcm(self, pcm: IntArray) -> Traces:
        """Run int16 `pcm (clips, samples)` through front-end and network, each clip from reset.

        Samples behind the last whole hop are not heard.

        Raises:
            UsageError: the network has no front-end, or `pcm` has another type or shape.
        """
        hops = whole_hops(self.network, pcm)
        return self._run(self._library.edgesnn_run_pcm, hops)

    def run_stream(self, features: IntArray) -> tuple[IntArray, IntArray]:
        """Run int8 `features (steps, channels)` as one stream, from reset.

        Returns scores, int32 `(steps, classes)`, and detections, int32 `(steps,)`, −1 for none.

        Raises:
            UsageError: the network has no detector, or `features` have another type or shape.
        """
        if self.network.detector is None:
            raise UsageError(f"network {self.network.name} has no detector")
        require_features(features[None], self.network)
        given = np.ascontiguousarray(features)
        scores = np.zeros((len(given), len(self.network.classes)), np.int32)
        detected = np.zeros(len(given), np.int32)
        given_at, scores_at, detected_at = (
            each.ctypes.data_as(ctypes.c_void_p) for each in (given, scores, detected)
        )
        self._library.edgesnn_run_stream(
            given_at, ctypes.c_uint32(len(given)), scores_at, detected_at
        )
        return scores, detected

    def _run(self, entry: Callable[..., object], given: IntArray) -> Traces:
        clips, steps = given.shape[:2]
        records = np.zeros((clips, steps), self._dtype)
        given = np.ascontiguousarray(given)
        entry(
            given.ctypes.data_as(ctypes.c_void_p), ctypes.c_uint32(clips), ctypes.c_uint32(steps),
            records.ctypes.data_as(ctypes.c_void_p),
        )  # fmt: skip
        return traces_of(self.network, records)


def whole_hops(network: Network, pcm: IntArray) -> IntArray:
    """PCM `(clips, samples)` cut to int16 `(clips, steps, hop)`.

    Raises:
        UsageError: the network has no front-end, or `pcm` is not int16 of two dimensions.
    """
    if network.frontend is None:
        raise UsageError(f"network {network.name} has no front-end: feed it features, not PCM")
    if pcm.dtype != np.int16 or pcm.ndim != 2:
        raise UsageError(f"PCM must be int16 (clips, samples), not {pcm.dtype} {pcm.shape}")
    hop = network.frontend.hop
    steps = pcm.shape[1] // hop
    return pcm[:, : steps * hop].reshape(len(pcm), steps, hop)


def require_features(features: IntArray, network: Network) -> None:
    """Raise UsageError where `features` are not int8 `(clips, steps, channels)`."""
    channels = network.input.size
    if features.dtype != np.int8 or features.ndim != 3 or features.shape[2] != channels:
        raise UsageError(
            f"features must be int8 (clips, steps, {channels}), "
            f"not {features.dtype} {features.shape}"
        )


def build_library(
    network: Network, folder: Path, compiler: Compiler, optimise: str, layout: Layout = AUTO
) -> Path:
    """Generate `network` in `folder` and compile it with its trace into a shared library."""
    write_instruments(network, folder, "host.c", layout=layout)
    library = folder / f"{network.name}.so"
    sources = [f"{network.name}.c", f"{network.name}_host.c"]
    flags = [*WARNINGS, optimise, "-shared", "-fPIC", "-o", library.name]
    compile_c(compiler, [*flags, *sources], folder)
    if not library.is_file():
        raise MachineError(f"{compiler.name} made no {library.name}")
    return library


def write_instruments(
    network: Network, folder: Path, *templates: str, layout: Layout = AUTO
) -> None:
    """Generate `network` in `folder` with its trace header and further `templates`."""
    generate(network, folder, layout=layout)
    program = build_program(network, layout)
    for template in ("trace.h", *templates):
        text = render(f"{template}.j2", program, sha256=identity(network))
        write_atomic(folder / f"{network.name}_{template}", text)
