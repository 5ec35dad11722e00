"""The cores that the simulator knows, and what of the architecture each one has."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgesnn.errors import UsageError

# Levels are cumulative: every instruction of one is in the next.
V6M, V7M, V7EM, V8M = range(4)
LEVEL_NAMES = ("Armv6-M", "Armv7-M", "Armv7E-M", "Armv8-M mainline with DSP")

# Floating point units, likewise.
NO_FPU, FPV4_SP, FPV5_SP, FPV5_D16 = range(4)
FPU_NAMES = ("no floating point unit", "FPv4-SP", "FPv5, single precision", "FPv5 with doubles")


@dataclass(frozen=True, slots=True)
class CoreModel:
    """One processor: its architecture level, identity and timing table.

    Attributes:
        name: as GCC's -mcpu spells it.
        level: V6M, V7M, V7EM or V8M.
        cpuid: value of the CPUID register at 0xE000ED00 (each core's TRM).
        timing: name of the timing table in `timing`.
        fpu: NO_FPU, FPV4_SP, FPV5_SP or FPV5_D16.
    """

    name: str
    level: int
    cpuid: int
    timing: str
    fpu: int = NO_FPU

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
        CoreModel("cortex-m4", V7EM, 0x410FC241, "m4", FPV4_SP),
        CoreModel("cortex-m7", V7EM, 0x411FC272, "m7", FPV5_D16),
        CoreModel("cortex-m33", V8M, 0x410FD214, "m33", FPV5_SP),
    )
}


def core_model(name: str) -> CoreModel:
    """The core called `name`, such as `cortex-m4` or, as boards write it, `m4`.

    As with GCC's -mcpu, `+nofp` leaves the floating point unit out, and `+nofp.dp` its doubles.

    Raises:
        UsageError: no such core.
    """
    base, plus, feature = name.partition("+")
    model = CORES.get(base if base in CORES else f"cortex-{base}")
    if model is None:
        raise UsageError(f"unknown core {base!r}; choose one of {', '.join(CORES)}")
    if not plus:
        return model
    if feature == "nofp":
        return replace(model, name=f"{model.name}+nofp", fpu=NO_FPU)
    if feature == "nofp.dp" and model.fpu:
        return replace(model, name=f"{model.name}+nofp.dp", fpu=min(model.fpu, FPV5_SP))
    raise UsageError(
        f"unknown feature {feature!r} of {model.name}; use {model.name}, {model.name}+nofp for "
        f"none, or cortex-m7+nofp.dp for a floating point unit without doubles"
    )
