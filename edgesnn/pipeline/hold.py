"""What a board measured of itself, held against what it should have: exactly, and by ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edgesnn.errors import VerifyError

if TYPE_CHECKING:
    from edgesnn.codegen.flash.report import SelftestReport
    from edgesnn.machine import Traces
    from edgesnn.network import Network


@dataclass(frozen=True)
class Expected:
    """What the specification's oracle says of the clips.

    Attributes:
        decisions, checksums: one a clip.
        spikes: by clip, then by spiking layer.
    """

    decisions: tuple[int, ...]
    checksums: tuple[int, ...]
    spikes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class PartCycles:
    """Cycles of a part of the network, mean of a step over all clips.

    Attributes:
        part: its name; `all` for the sum.
        simulated: in the simulated core.
        measured: on the board; None where the machine counts none.
    """

    part: str
    simulated: float
    measured: float | None

    @property
    def ratio(self) -> float | None:
        """Measured over simulated."""
        if self.measured is None or not self.simulated:
            return None
        return self.measured / self.simulated


@dataclass(frozen=True)
class Check:
    """A board's self-test against oracle and simulation.

    Attributes:
        board: it.
        clock_hz: what it says its core runs at.
        timing_hz: the clock for which the simulated wait states of flash hold; 0 without any.
        clips, steps: how many were compared.
        faults: what differs, one line each; empty where everything agrees.
        parts: cycles by part, the sum last.
    """

    board: str
    clock_hz: int
    timing_hz: int
    clips: int
    steps: int
    faults: tuple[str, ...]
    parts: tuple[PartCycles, ...]

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        parts = [
            asdict(part) | {"ratio": None if part.ratio is None else round(part.ratio, 4)}
            for part in self.parts
        ]
        return asdict(self) | {"agrees": not self.faults, "parts": parts}

    def require_agreement(self) -> None:
        """Raise VerifyError where anything differs; names the first difference."""
        if self.faults:
            more = f" (and {len(self.faults) - 1} more differences)" if self.faults[1:] else ""
            raise VerifyError(f"{self.board} and the oracle differ: {self.faults[0]}{more}")


def expected_of(network: Network, traces: Traces) -> Expected:
    """The oracle's figures from its traces."""
    from edgesnn.codegen.selftest import checksums

    spikes = [traces.spikes[layer.name].sum(axis=(1, 2)).tolist() for layer in network.spiking]
    return Expected(
        tuple(traces.decisions(network).tolist()),
        tuple(checksums(network, traces)),
        tuple(zip(*spikes, strict=True)) or ((),) * len(traces.decisions(network)),
    )


def hold(
    network: Network,
    expected: Expected,
    heard: SelftestReport,
    simulated: SelftestReport,
    *,
    counts_cycles: bool = True,
    timing_hz: int = 0,
) -> Check:
    """Compare.

    Args:
        network: which ran.
        expected: by the oracle.
        heard: from the board.
        simulated: the same image in the simulated core.
        counts_cycles: whether the machine's counter counts cycles; QEMU's do not.
        timing_hz: the clock for which the simulated wait states hold; 0 without any.
    """
    faults = [*_identity_faults(heard, simulated), *_clip_faults(network, expected, heard)]
    steps = sum(clip.steps for clip in heard.clips)
    return Check(
        heard.board, heard.clock_hz, timing_hz, len(heard.clips), steps, tuple(faults),
        _parts(heard, simulated, counts_cycles),
    )  # fmt: skip


def _identity_faults(heard: SelftestReport, simulated: SelftestReport) -> list[str]:
    pairs = (
        ("network", heard.sha256, simulated.sha256),
        ("board", heard.board, simulated.board),
        ("number of clips", len(heard.clips), len(simulated.clips)),
        ("parts", heard.parts, simulated.parts),
    )
    return [f"{what} is {one}, not {other}" for what, one, other in pairs if one != other]


def _clip_faults(network: Network, expected: Expected, heard: SelftestReport) -> list[str]:
    faults = []
    for number, clip in enumerate(heard.clips[: len(expected.decisions)]):
        names = [f"decision of clip {number}", *_spike_names(network, number),
                 f"membrane checksum of clip {number}"]  # fmt: skip
        found = (clip.decision, *clip.spikes, clip.checksum)
        wanted = (
            expected.decisions[number], *expected.spikes[number], expected.checksums[number]
        )  # fmt: skip
        if len(found) != len(wanted):
            faults.append(f"clip {number} has {len(clip.spikes)} layers of spikes")
            continue
        faults += [
            f"{what} is {one}, not {other}"
            for what, one, other in zip(names, found, wanted, strict=True)
            if one != other
        ]
    return faults


def _spike_names(network: Network, number: int) -> list[str]:
    return [f"spikes of layer {layer.name} in clip {number}" for layer in network.spiking]


def _parts(
    heard: SelftestReport, simulated: SelftestReport, counts_cycles: bool
) -> tuple[PartCycles, ...]:
    model, board = _means(simulated), _means(heard)
    counted = counts_cycles and any(board)
    measured: Sequence[float | None] = board if counted else [None] * len(model)
    rows = [PartCycles(*row) for row in zip(simulated.parts, model, measured, strict=False)]
    return (*rows, PartCycles("all", sum(model), sum(board) if counted else None))


def _means(report: SelftestReport) -> list[float]:
    """Cycles of a step by part, over all clips."""
    steps = max(sum(clip.steps for clip in report.clips), 1)
    columns = zip(*(clip.laps for clip in report.clips), strict=True)
    return [sum(column) / steps for column in columns]
