"""The cores that the simulator knows, and what of the architecture each one has."""

from __future__ import annotations

from dataclasses import dataclass

from edgesnn.errors import UsageError

# Levels are cumulative: every instruction of one is in the next.
V6M, V7M, V7EM, V8M = range(4)
LEVEL_NAMES = ("Armv6-M", "Armv7-M", "Armv7E-M", "Armv8-M mainline with DSP")


@dataclass(frozen=True, slots=True)
class CoreModel:
    """One processor: its architecture level, identity and timing table.

    Attributes:
        name: as GCC's -mcpu spells it.
        level: V6M, V7M, V7EM or V8M.
        cpuid: value of the CPUID register at 0xE000ED00 (each core's TRM).
        timing: name of the timing table in `timing`.
    """

    name: str
    level: int
    cpuid: int
    timing: str

    @property
    def strict_alignment(self) -> bool:
        """Armv6-M faults on every misaligned access."""
        return self.level == V6M

    @property
    def priority_mask(self) -> int:
        """Priority bits that exist: two on Armv6-M; elsewhere all, the architecture's most."""
        return 0xC0 if self.level == V6M else 0xFF


CORES = {
    model.name: model
    for model in (
        CoreModel("cortex-m0", V6M, 0x410CC200, "m0"),
        CoreModel("cortex-m0plus", V6M, 0x410CC601, "m0plus"),
        CoreModel("cortex-m3", V7M, 0x412FC231, "m3"),
        CoreModel("cortex-m4", V7EM, 0x410FC241, "m4"),
        CoreModel("cortex-m7", V7EM, 0x411FC272, "m7"),
        CoreModel("cortex-m33", V8M, 0x410FD214, "m33"),
    )
}


def core_model(name: str) -> CoreModel:
    """The core called `name`, such as `cortex-m4` or, as boards write it, `m4`.

    Raises:
        UsageError: no such core.
    """
    try:
        return CORES[name if name in CORES else f"cortex-{name}"]
    except KeyError:
        raise UsageError(f"unknown core {name!r}; choose one of {', '.join(CORES)}") from None
