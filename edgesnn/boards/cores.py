"""The Cortex-M cores that firmware is compiled for."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Core:
    """A Cortex-M core.

    Attributes:
        name: the short name, e.g. `m4`.
        title: what Arm calls it.
        architecture: of its instruction set.
        gcc_cpu, zig_cpu: the compilers' `-mcpu`; both without floating point.
        dsp: whether it has the DSP extension (SIMD on 8- and 16-bit lanes).
    """

    name: str
    title: str
    architecture: Literal["armv6-m", "armv7-m", "armv7e-m", "armv8-m.main"]
    gcc_cpu: str
    zig_cpu: str
    dsp: bool


CORES = MappingProxyType(
    {
        core.name: core
        for core in (
            Core("m0", "Cortex-M0", "armv6-m", "cortex-m0", "cortex_m0", False),
            Core("m0plus", "Cortex-M0+", "armv6-m", "cortex-m0plus", "cortex_m0plus", False),
            Core("m3", "Cortex-M3", "armv7-m", "cortex-m3", "cortex_m3", False),
            Core("m4", "Cortex-M4", "armv7e-m", "cortex-m4", "cortex_m4", True),
            Core("m7", "Cortex-M7", "armv7e-m", "cortex-m7", "cortex_m7", True),
            Core("m33", "Cortex-M33", "armv8-m.main", "cortex-m33", "cortex_m33+dsp", True),
        )
    }
)
