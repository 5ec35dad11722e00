"""What the kernels are meant to reach, beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from costs.keywords import SETTLED

Results = dict[str, Any]


class Target(NamedTuple):
    """A ceiling for one figure; `measured` of None was not measured."""

    name: str
    ceiling: float
    measured: float | None


#: Synaptic operations: (core, weight bits) to the ceiling in cycles.
SYNAPSES = {
    ("m4", "8"): 1.0, ("m4", "4"): 0.56, ("m33", "8"): 1.0, ("m33", "4"): 0.56,
    ("m7", "8"): 0.5, ("m7", "4"): 0.5, ("m0plus", "4"): 0.8,
}  # fmt: skip

#: Cycles that the arithmetic alone takes: a quarter of a word's load and half an addition of two
#: lanes (int8), an eighth of a load and a quarter of an addition of four lanes (int4, byte lanes).
FLOORS = {
    ("m4", "8"): 0.75, ("m33", "8"): 0.75, ("m4", "4"): 0.375, ("m33", "4"): 0.375,
    ("m0plus", "4"): 0.5625,
}  # fmt: skip


def look_up(results: Results, *path: str | int) -> Any:
    """The entry under `path`, or None where something on the way is missing."""
    found: Any = results
    for key in path:
        if isinstance(key, str) and not (isinstance(found, dict) and key in found):
            return None
        found = found[key]
    return found


def _rates(results: Results) -> Iterator[Target]:
    ceilings = (("m4", "8", 0.0, 15), ("m4", "8", 0.1, 72), ("m4", "8", 0.5, 250),
                ("m0plus", "4", 0.1, 110))  # fmt: skip
    for core, bits, rate, ceiling in ceilings:
        rows = look_up(results, "rates", "gcc", core, bits, "rates")
        found = [row["instructions"] / 1000 for row in rows or [] if row["rate"] == rate]
        name = f"40-128-128-12, int{bits}, 32 steps at {100 * rate:.0f} %, {core}: k instructions"
        yield Target(name, ceiling, found[0] if found else None)


def _synapses(results: Results) -> Iterator[Target]:
    for (core, bits), ceiling in SYNAPSES.items():
        kinds = look_up(results, "synapses", "gcc", core, bits)
        found = [kind["cycles"]["per_operation"] for kind in (kinds or {}).values()
                 if "cycles" in kind]  # fmt: skip
        name = f"synaptic operation, int{bits}, {core}: cycles in the inner kernel"
        yield Target(name, ceiling, max(found) if found else None)


def _neurons(results: Results) -> Iterator[Target]:
    kind = "leaky, one decay and threshold"
    for core, ceiling in (("m4", 5.0), ("m0plus", 8.0)):
        found = look_up(results, "neurons", "gcc", core, kind, "decaying", "cycles")
        yield Target(f"membrane update, {core}: cycles", ceiling, found)


def _frames(results: Results) -> Iterator[Target]:
    for setting, ceiling in (
        ("16 kHz, 512 points, 20 ms", 16_000), ("8 kHz, 256 points, 20 ms", 8_000),
    ):  # fmt: skip
        found = look_up(results, "frames", "gcc", "m4", setting, "cycles", "frame")
        yield Target(f"front-end frame, {setting}, m4: cycles", ceiling, found)


def _keywords(results: Results) -> Iterator[Target]:
    networks = look_up(results, "keywords", "gcc", "m4") or {}
    for name, network in networks.items():
        sounds = network["sounds"]
        spoken = next((row for sound, row in sounds.items() if sound.startswith("speech")), None)
        whole = spoken["cycles"] if spoken else None
        inner = whole - spoken["parts"]["front-end"] if spoken else None
        yield Target(f"{name}, a second of speech, m4: cycles", 1_500_000, whole)
        yield Target(f"{name}, of which network with its input layer", 500_000, inner)
        silent = sounds["digital silence"]["cycles"]
        yield Target(f"{name}, a second of silence, m4: cycles", 150_000, silent)
        settled = look_up(sounds, SETTLED, "cycles")
        yield Target(f"{name}, the sixth second of it, m4: cycles", 150_000, settled)


def _sizes(results: Results) -> Iterator[Target]:
    for name, row in (look_up(results, "sizes", "gcc", "m4") or {}).items():
        ceiling = 4096 if "compact" in name else 8192
        yield Target(f"code beside the tables, {name}, m4: bytes", ceiling, row["code"])


def targets(results: Results) -> list[Target]:
    """Every target, in the order of the sections."""
    return [
        target
        for part in (_rates, _synapses, _neurons, _frames, _keywords, _sizes)
        for target in part(results)
    ]
