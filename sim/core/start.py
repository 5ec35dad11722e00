"""What a core starts with: its image in memory, its vector table, the constants of its loop."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgesnn.errors import MachineError
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import CoreModel
from edgesnn.sim.core.cache import prepare_flash
from edgesnn.sim.core.elf import Image
from edgesnn.sim.core.memory import Memory
from edgesnn.sim.core.systick import FOREVER
from edgesnn.sim.core.timing import Timing


def power_on(
    state: npt.NDArray[np.int64], memory: Memory, model: CoreModel, timing: Timing
) -> None:
    """Set the state of the compiled loop to that after power-on."""
    dynamic = timing.dynamic
    state[:] = 0
    state[op.S_EXCLUSIVE] = -1
    state[op.S_STACK_LOW] = FOREVER
    state[op.S_STRICT] = model.strict_alignment
    prepare_flash(state, memory.layout.timing, memory.flash_bytes)
    state[op.S_DIVIDE_BASE] = dynamic.divide_base
    state[op.S_DIVIDE_BITS] = dynamic.divide_bits
    state[op.S_DIVIDE_MOST] = dynamic.divide_most
    state[op.S_LONG_MULTIPLY] = dynamic.long_multiply
    state[op.S_MISALIGNED_EVEN] = dynamic.misaligned_even
    state[op.S_MISALIGNED_ODD] = dynamic.misaligned_odd
    state[op.S_MISALIGNED_STORE] = dynamic.misaligned_store
    state[op.S_FP_LONG] = dynamic.float_long


def put_segments(image: Image, memory: Memory) -> None:
    """Write an image's segments.

    Raises:
        MachineError: a segment lies outside the memory map.
    """
    for segment in image.segments:
        if not memory.contains(segment.address, len(segment.content)):
            raise MachineError(
                f"{image.name}: segment at {segment.address:#010x}, "
                f"{len(segment.content)} bytes, lies outside the memory map; "
                "choose the board that the firmware was linked for"
            )
        memory.write(segment.address, segment.content)


def read_vectors(memory: Memory, vectors: int) -> tuple[int, int]:
    """Initial stack pointer, of whole words, and address of the reset handler, of code.

    Raises:
        MachineError: no vector table, or its entry is not Thumb code in memory.
    """
    if not memory.contains(vectors, 8):
        raise MachineError(f"no vector table at {vectors:#010x}; nothing is loaded there")
    stack, entry = np.frombuffer(memory.read(vectors, 8), "<u4").tolist()
    if not entry & 1 or not memory.contains(entry & ~1, 2):
        raise MachineError(
            f"the reset vector at {vectors + 4:#010x} is {entry:#010x}, "
            "which is not Thumb code in memory; is the vector table where the core looks?"
        )
    return stack & ~3, entry & ~1
