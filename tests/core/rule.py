"""The form of a micro-benchmark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A benchmark.

    Attributes:
        core: as in -mcpu.
        name: what is being timed.
        code: assembler that may use r0..r7; r8, r9 point to RAM, r10 holds 4, r11 0x80000000.
        cycles: documented, for one repetition; a pair where a range is documented.
        source: A, J or P.
        loop: repeat by a loop of r6 rounds whose whole text `code` is, from label 1.
    """

    core: str
    name: str
    code: str
    cycles: float | tuple[float, float]
    source: str
    loop: bool = False


def rules(
    core: str, source: str, *rows: tuple[str, str, float | tuple[float, float]]
) -> list[Rule]:
    """Rules of one core and source, each of a name, its code and its cycles."""
    return [Rule(core, name, code, cycles, source, "1:" in code) for name, code, cycles in rows]
