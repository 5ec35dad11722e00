"""Foreign C on a simulated core: compiled as its authors do, called from outside."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from costs.networks import chain
from costs.whole import SIZES
from edgesnn.boards import Board
from edgesnn.codegen.image import STARTUP
from edgesnn.codegen.text import environment
from edgesnn.codegen.toolchain import compile_c, core_flags, cross_compiler, link_flags
from edgesnn.network import Dense, Leaky
from edgesnn.sim.core import Core, board_map, load_elf, make_core

CORES = ("m4", "m7", "m33")
OURS = ("startup.c", "memory.c", "semihosting.c")

#: What CMSIS-NN, CMSIS-DSP and Qualia-CodeGen's examples set in their own CMake files.
FLAGS = ("-Ofast", "-DARM_MATH_LOOPUNROLL", "-ffunction-sections", "-w", "-g")


def build(board: Board, sources: list[Path], includes: list[Path], main: str, folder: Path) -> Core:
    """A simulated core with foreign sources in it, up to main."""
    compiler = cross_compiler("gcc")
    (folder / "main.c").write_text(main)
    script = (
        environment().get_template("link.ld.j2").render(board=board, stack_bytes=16384, boot2=None)
    )
    (folder / "peer.ld").write_text(script)
    flags = [*FLAGS, *core_flags(compiler, board.core), "-I", str(STARTUP)]
    flags += [flag for each in includes for flag in ("-I", str(each))]
    paths = [*(str(each) for each in sources), *(str(STARTUP / each) for each in OURS), "main.c"]
    objects = []
    for number, path in enumerate(paths):
        extra = ["-fno-builtin"] if path.endswith("memory.c") else []
        compile_c(compiler, [*flags, *extra, "-c", path, "-o", f"{number}.o"], folder)
        objects.append(f"{number}.o")
    # The compiler's own libraries hold floating point for cores without it.
    link = [each for each in link_flags(compiler, board.core) if each != "-nostdlib"]
    link += ["-nostartfiles", "-T", "peer.ld", "-o", "peer.elf", *objects]
    compile_c(compiler, link, folder)
    core = make_core(load_elf(folder / "peer.elf"), board.core.gcc_cpu, board_map(board))
    core.run()
    return core


def revision(folder: Path) -> str:
    """What git calls the checkout."""
    command = ["git", "-C", str(folder), "describe", "--tags", "--always"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def call(core: Core, function: str, *arguments: int) -> tuple[int, int]:
    """Instructions and cycles of a call."""
    before = core.instructions, core.cycles
    core.call(function, *arguments)
    return core.instructions - before[0], core.cycles - before[1]


def address(core: Core, name: str) -> int:
    assert core.image is not None
    return core.image.symbol(name).address


def write_given(path: Path) -> None:
    """The int8 network of SIZES as NumPy arrays: `weight1` and up, and a threshold a layer.

    The readout, which none of the peers has, gets a threshold that is never reached.
    """
    weights, limits = {}, []
    for number, layer in enumerate(chain(SIZES).layers[1:], 1):
        group = layer.synapses[0]
        assert isinstance(group, Dense)
        weights[f"weight{number}"] = group.weight.astype(float)
        limits.append(int(layer.neuron.threshold[0]) if isinstance(layer.neuron, Leaky) else 32000)
    np.savez(path, threshold=np.array(limits), **weights)
