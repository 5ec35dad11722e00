"""From cycles to microjoules, line by line: front-end, layers, waking up, sleeping.

    active = cycles · charge per cycle · VDD          on linear regulators
    active = cycles · energy per cycle at that VDD    on switching regulators
    sleep  = I_sleep · VDD · (T_step − T_awake)

On a linear regulator the charge per cycle is the constant: the NUCLEO-L4R5ZI drew 208 µA/MHz at
1.8 V and 209 at 3.0 V. The core sleeps between steps and is woken for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgesnn.errors import BoardError
from edgesnn.sim.core.profiles import (
    BATTERIES,
    CR2032,
    PROFILES,
    Asleep,
    Battery,
    PowerProfile,
    find_battery,
    power_profile,
)

__all__ = [
    "BATTERIES",
    "CR2032",
    "PROFILES",
    "Asleep",
    "Battery",
    "Interval",
    "Line",
    "PowerProfile",
    "PowerReport",
    "energy_of",
    "find_battery",
    "power_profile",
]

SECONDS_A_DAY = 86_400
WAKE_UP, SLEEP = "wake-up", "sleep"


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and what it may be."""

    low: float
    likely: float
    high: float

    @classmethod
    def of(cls, likely: float, factors: tuple[float, float]) -> Interval:
        """`likely` between two factors of it."""
        return cls(likely * factors[0], likely, likely * factors[1])

    def __add__(self, other: Interval) -> Interval:
        """The sum of two figures, both low or both high at its ends."""
        return Interval(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def scaled(self, by: float) -> Interval:
        """All three times an exact amount."""
        return Interval(self.low * by, self.likely * by, self.high * by)


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a step.

    Attributes:
        name: of the part.
        cycles: that it takes, mean of a step; 0 asleep.
        seconds: that it lasts.
        microjoules: of a step.
    """

    name: str
    cycles: float
    seconds: float
    microjoules: Interval


@dataclass(frozen=True, slots=True)
class PowerReport:
    """What a task that steps at a fixed rate costs on a board.

    Attributes:
        profile: of the board, with its sources.
        lines: the parts of a step: those given, waking up, sleeping.
        latency_ms: from the step's start to its end.
        duty: share of the time that the core is awake, waking up included.
        active_uj: of the parts given, microjoules a step.
        step_uj: of all lines.
        decision_uj: of all steps that one decision takes.
        day_j: joules a day.
        battery: the cell.
        battery_days: how long it lasts.
    """

    profile: PowerProfile
    lines: tuple[Line, ...]
    latency_ms: float
    duty: float
    active_uj: Interval
    step_uj: Interval
    decision_uj: Interval
    day_j: Interval
    battery: Battery
    battery_days: Interval


def energy_of(
    profile: PowerProfile,
    cycles: Mapping[str, float],
    *,
    step_seconds: float,
    steps_a_decision: int = 1,
    battery: Battery = CR2032,
) -> PowerReport:
    """Price a step that is done every `step_seconds`.

    Args:
        profile: the board.
        cycles: mean cycles of a step of each part of the work, by name.
        step_seconds: from one step to the next.
        steps_a_decision: steps after which there is a new decision.
        battery: for the days that it lasts.

    Raises:
        BoardError: the step takes longer than there is time for it.
    """
    working = sum(cycles.values()) / profile.clock_hz
    if working > step_seconds:
        raise BoardError(
            f"{profile.board} needs {1e3 * working:.1f} ms for a step that comes every "
            f"{1e3 * step_seconds:.1f} ms; choose a faster board or a smaller network"
        )
    lines = [_working(profile, name, each) for name, each in cycles.items()]
    active = _total(lines)
    lines += _idle(profile, step_seconds - working)
    awake = sum(line.seconds for line in lines if line.name != SLEEP)
    step = _total(lines)
    day = step.scaled(1e-6 * SECONDS_A_DAY / step_seconds)
    days = Interval(*(battery.joules / joules for joules in (day.high, day.likely, day.low)))
    return PowerReport(
        profile, tuple(lines), 1e3 * working, awake / step_seconds, active, step,
        step.scaled(steps_a_decision), day, battery, days,
    )  # fmt: skip


def _working(profile: PowerProfile, name: str, cycles: float) -> Line:
    energy = Interval.of(cycles * profile.picojoules * 1e-6, profile.interval)
    return Line(name, cycles, cycles / profile.clock_hz, energy)


def _idle(profile: PowerProfile, seconds: float) -> list[Line]:
    """Waking up, which draws as work does, and sleep; no sleep where it would take too long."""
    asleep = profile.asleep
    waking = min(1e-6 * asleep.wake_microseconds, seconds)
    power = profile.picojoules * 1e-6 * profile.clock_hz  # microwatts
    rest = seconds - waking
    return [
        Line(WAKE_UP, 0, waking, Interval.of(power * waking, asleep.interval)),
        Line(SLEEP, 0, rest, Interval.of(asleep.microamperes * profile.volts * rest,
                                         asleep.interval)),
    ]  # fmt: skip


def _total(lines: list[Line]) -> Interval:
    total = Interval(0.0, 0.0, 0.0)
    for line in lines:
        total += line.microjoules
    return total
