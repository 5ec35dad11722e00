"""From cycles to microjoules: what a board draws per cycle and asleep, each with its source.

    active = cycles · charge per cycle · VDD          on linear regulators
    active = cycles · energy per cycle at that VDD    on switching regulators
    sleep  = I_sleep · VDD · (T_step − T_active)

On a linear regulator the charge per cycle is the constant: the NUCLEO-L4R5ZI drew 208 µA/MHz at
1.8 V and 209 at 3.0 V. Measured figures are MLPerf Tiny's keyword spotting results (rounds
v0.5 to v1.2, closed division), power over the documented clock: another firmware on the same
board moves them by 15 %, so they carry ±20 %. A data sheet's headline carries ×0.5 to ×3, since
the STM32U5's own was 2.2 to 2.6 times below what the board measured.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from edgesnn.errors import BoardError, UsageError

MEASURED = (0.8, 1.2)
HEADLINE = (0.5, 3.0)
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class PowerProfile:
    """What a board's microcontroller draws.

    Attributes:
        board: name.
        core: as GCC's -mcpu spells it.
        clock_hz: at which `picojoules` holds.
        volts: at the microcontroller's supply.
        regulator: `LDO` or `SMPS`.
        picojoules: a cycle, core and memories, running from flash.
        interval: factors that bound it.
        sleep_microamperes: between steps, RAM kept; None where there is no figure to trust.
        source: where the figures come from.
    """

    board: str
    core: str
    clock_hz: int
    volts: float
    regulator: str
    picojoules: float
    interval: tuple[float, float]
    sleep_microamperes: float | None
    source: str

    def at_volts(self, volts: float) -> PowerProfile:
        """The same board at another supply: the charge per cycle stays, on a linear regulator.

        Raises:
            UsageError: the board has a switching regulator, whose energy does not scale so.
        """
        if self.regulator != "LDO":
            raise UsageError(
                f"{self.board} has a switching regulator: only {self.volts} V is known"
            )
        values = asdict(self) | {"volts": volts, "picojoules": self.picojoules * volts / self.volts}
        return PowerProfile(**values)


_MLPERF = "MLPerf Tiny keyword spotting"
_HEADLINE = "data sheet's headline, not yet checked against the document"

PROFILES = MappingProxyType(
    {
        profile.board: profile
        for profile in (
            PowerProfile(
                "nucleo-l4r5zi", "cortex-m4", 120_000_000, 1.8, "LDO", 374, MEASURED, 1.1,
                f"{_MLPERF} v0.5–v1.2: 340–398 pJ/cycle; Stop 2 of the STM32L476, {_HEADLINE}",
            ),
            PowerProfile(
                "nucleo-u575zi-q", "cortex-m33", 160_000_000, 1.8, "SMPS", 158, MEASURED, None,
                f"{_MLPERF} v0.7–v1.2: 142–170 pJ/cycle",
            ),
            PowerProfile(
                "nucleo-h7a3zi-q", "cortex-m7", 280_000_000, 3.0, "SMPS", 435, MEASURED, None,
                f"{_MLPERF} v1.2: 435 pJ/cycle",
            ),
            PowerProfile(
                "nrf52840-dk", "cortex-m4", 64_000_000, 3.0, "SMPS", 156, HEADLINE, 1.5,
                f"52 µA/MHz at 3 V with DC/DC, System ON 1.5 µA: {_HEADLINE}",
            ),
            PowerProfile(
                "pico", "cortex-m0plus", 133_000_000, 3.3, "LDO", 644, HEADLINE, None,
                f"195 µA/MHz at 3.3 V: {_HEADLINE}",
            ),
        )
    }
)  # fmt: skip


def power_profile(board: str) -> PowerProfile:
    """The profile of `board`.

    Raises:
        BoardError: none is known.
    """
    try:
        return PROFILES[board.lower()]
    except KeyError:
        known = ", ".join(PROFILES)
        raise BoardError(f"no energy profile of {board!r}; there are {known}") from None


@dataclass(frozen=True, slots=True)
class Battery:
    """A cell: what it holds; losses of conversion to the board's supply are left out."""

    name: str
    milliampere_hours: float
    volts: float

    @property
    def joules(self) -> float:
        """What it holds."""
        return self.milliampere_hours * 3.6 * self.volts


CR2032 = Battery("CR2032", 220.0, 3.0)


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

    def shifted(self, by: float) -> Interval:
        """All three moved by an exact amount."""
        return Interval(self.low + by, self.likely + by, self.high + by)

    def scaled(self, by: float) -> Interval:
        """All three times an exact amount."""
        return Interval(self.low * by, self.likely * by, self.high * by)


@dataclass(frozen=True, slots=True)
class PowerReport:
    """What a task that steps at a fixed rate costs on a board.

    Attributes:
        profile: of the board, with its source.
        cycles: a step.
        latency_ms: from the step's start to its end.
        duty: share of the time that the core is awake.
        active_uj: of a step awake, microjoules.
        sleep_uj: of a step asleep; None where the board's sleep current is unknown.
        step_uj: both, or the active part alone.
        decision_uj: of all steps that one decision takes.
        day_j: joules a day.
        battery: the cell, and days that it lasts (low, likely, high).
    """

    profile: PowerProfile
    cycles: float
    latency_ms: float
    duty: float
    active_uj: Interval
    sleep_uj: float | None
    step_uj: Interval
    decision_uj: Interval
    day_j: Interval
    battery: Battery
    battery_days: Interval

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def energy_of(
    profile: PowerProfile,
    cycles: float,
    *,
    step_seconds: float,
    steps_a_decision: int = 1,
    battery: Battery = CR2032,
) -> PowerReport:
    """Price a step of so many cycles that is done every `step_seconds`.

    Args:
        profile: the board.
        cycles: mean of a step, front-end included where it runs on the board.
        step_seconds: from one step to the next.
        steps_a_decision: steps after which there is a new decision.
        battery: for the days that it lasts.

    Raises:
        BoardError: the step takes longer than there is time for it.
    """
    awake = cycles / profile.clock_hz
    if awake > step_seconds:
        raise BoardError(
            f"{profile.board} needs {1e3 * awake:.1f} ms for a step that comes every "
            f"{1e3 * step_seconds:.1f} ms; choose a faster board or a smaller network"
        )
    active = Interval.of(cycles * profile.picojoules * 1e-6, profile.interval)
    sleep = None
    if profile.sleep_microamperes is not None:
        sleep = profile.sleep_microamperes * profile.volts * (step_seconds - awake)
    step = active.shifted(sleep or 0.0)
    day = step.scaled(1e-6 * SECONDS_A_DAY / step_seconds)
    days = Interval(*(battery.joules / joules for joules in (day.high, day.likely, day.low)))
    return PowerReport(
        profile, cycles, 1e3 * awake, awake / step_seconds, active, sleep, step,
        step.scaled(steps_a_decision), day, battery, days,
    )  # fmt: skip
