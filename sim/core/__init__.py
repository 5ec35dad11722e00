"""A Cortex-M in Numba: runs the firmware that will be flashed, and counts its cycles.

`simulate_elf` runs a file and reports. `Core` is the machine itself: load, reset, call a
function, read and write memory, run until something happens.
"""

from edgesnn.sim.core.architecture import CORES, CoreModel, core_model
from edgesnn.sim.core.cpu import Core
from edgesnn.sim.core.elf import Image, load_elf
from edgesnn.sim.core.memory import MemoryMap, Region
from edgesnn.sim.core.report import CoreReport, FunctionCost, KindCost, SpanCost
from edgesnn.sim.core.simulate import board_map, make_core, simulate_elf
from edgesnn.sim.core.stop import CoreFault, Stop

__all__ = [
    "CORES", "Core", "CoreFault", "CoreModel", "CoreReport", "FunctionCost", "Image", "KindCost",
    "MemoryMap", "Region", "SpanCost", "Stop", "board_map", "core_model", "load_elf", "make_core",
    "simulate_elf",
]  # fmt: skip
