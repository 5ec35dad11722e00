"""The integer network as C, as firmware, and as machines that run it (docs/CODEGEN.md).

Names load on first use, so that the command line starts without NumPy's and Jinja's weight.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgesnn.codegen.emit import GeneratedCode, generate
    from edgesnn.codegen.firmware import compile_firmware
    from edgesnn.codegen.host import HostC
    from edgesnn.codegen.image import Firmware
    from edgesnn.codegen.plan import MemoryPlan, MemoryRow, memory_plan
    from edgesnn.codegen.qemu import Qemu
    from edgesnn.codegen.selftest import compile_selftest
    from edgesnn.codegen.toolchain import Compiler, cross_compiler, host_compiler

__all__ = [
    "Compiler",
    "Firmware",
    "GeneratedCode",
    "HostC",
    "MemoryPlan",
    "MemoryRow",
    "Qemu",
    "compile_firmware",
    "compile_selftest",
    "cross_compiler",
    "generate",
    "host_compiler",
    "memory_plan",
]

_HOME = {
    "Compiler": "toolchain",
    "Firmware": "image",
    "GeneratedCode": "emit",
    "HostC": "host",
    "MemoryPlan": "plan",
    "MemoryRow": "plan",
    "Qemu": "qemu",
    "compile_firmware": "firmware",
    "compile_selftest": "selftest",
    "cross_compiler": "toolchain",
    "generate": "emit",
    "host_compiler": "toolchain",
    "memory_plan": "plan",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
