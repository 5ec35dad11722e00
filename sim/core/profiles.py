"""What boards draw, awake and asleep, each figure with its source and an interval.

Measured figures are MLPerf Tiny's keyword spotting results (rounds v0.5 to v1.2, closed
division), power over the documented clock: another firmware on the same board moves them by 15 %,
so they carry ±20 %. Everything from memory carries ×0.5 to ×3, since the headline of the
STM32U5's own data sheet was 2.2 to 2.6 times below what the board measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from edgesnn.boards import find_board
from edgesnn.errors import BoardError, UsageError

MEASURED = (0.8, 1.2)
HEADLINE = (0.5, 3.0)


@dataclass(frozen=True, slots=True)
class Asleep:
    """Between steps: RAM kept, nothing but a timer running.

    Attributes:
        mode: what the vendor calls it.
        microamperes: at the profile's supply.
        wake_microseconds: from the wake-up event to code at full clock, drawing as if awake.
        interval: factors that bound both.
        source: of both.
    """

    mode: str
    microamperes: float
    wake_microseconds: float
    interval: tuple[float, float]
    source: str


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
        source: of that.
        asleep: between steps.
    """

    board: str
    core: str
    clock_hz: int
    volts: float
    regulator: str
    picojoules: float
    interval: tuple[float, float]
    source: str
    asleep: Asleep

    def at_volts(self, volts: float) -> PowerProfile:
        """The same board at another supply: the charge per cycle stays, on a linear regulator.

        Raises:
            UsageError: the board has a switching regulator, whose energy does not scale so.
        """
        if self.regulator != "LDO":
            raise UsageError(
                f"{self.board} has a switching regulator: only {self.volts} V is known"
            )
        return replace(self, volts=volts, picojoules=self.picojoules * volts / self.volts)


_MLPERF = "MLPerf Tiny keyword spotting"
_MEMORY = "from memory, not yet checked against the document"


def _asleep(mode: str, microamperes: float, wake: float) -> Asleep:
    return Asleep(mode, microamperes, wake, HEADLINE, f"data sheet, {_MEMORY}")


PROFILES = MappingProxyType(
    {
        profile.board: profile
        for profile in (
            PowerProfile(
                "nucleo-l4r5zi", "cortex-m4", 120_000_000, 1.8, "LDO", 374, MEASURED,
                f"{_MLPERF} v0.5–v1.2, measured: 340–398 pJ/cycle",
                _asleep("Stop 2 (figure of the STM32L476)", 1.1, 45),
            ),
            PowerProfile(
                "nucleo-u575zi-q", "cortex-m33", 160_000_000, 1.8, "SMPS", 158, MEASURED,
                f"{_MLPERF} v0.7–v1.2, measured: 142–170 pJ/cycle",
                _asleep("Stop 2, all RAM kept", 8.95, 75),
            ),
            PowerProfile(
                "nucleo-h7a3zi-q", "cortex-m7", 280_000_000, 3.0, "SMPS", 435, MEASURED,
                f"{_MLPERF} v1.2, measured: 435 pJ/cycle",
                _asleep("Stop", 32, 100),
            ),
            PowerProfile(
                "nrf52840-dk", "cortex-m4", 64_000_000, 3.0, "SMPS", 156, HEADLINE,
                f"52 µA/MHz at 3 V with DC/DC: data sheet's headline, {_MEMORY}",
                _asleep("System ON, RAM kept", 1.5, 5),
            ),
            PowerProfile(
                "pico", "cortex-m0plus", 133_000_000, 3.3, "LDO", 644, HEADLINE,
                f"195 µA/MHz at 3.3 V: data sheet's headline, {_MEMORY}",
                _asleep("SLEEP, crystal running", 390, 60),
            ),
        )
    }
)  # fmt: skip


def _related(board: str, of: str, why: str, **figures: Any) -> PowerProfile:
    """The profile of a board whose chip is, or is next to, that of board `of`."""
    profile = PROFILES[of]
    source = f"{why}; {figures.pop('source', profile.source)}"
    return replace(profile, board=board, interval=HEADLINE, source=source, **figures)


#: Boards that nobody measured, priced by a relative; not among those that `all` compares.
RELATED = MappingProxyType(
    {
        profile.board: profile
        for profile in (
            _related(
                "nucleo-l476rg", "nucleo-l4r5zi", "STM32L476",
                clock_hz=80_000_000, picojoules=180,
                source=f"100 µA/MHz on its linear regulator: data sheet's headline, {_MEMORY}",
            ),
            _related("b-u585i-iot02a", "nucleo-u575zi-q", "as the STM32U575, the same die"),
            _related("nano-33-ble-sense", "nrf52840-dk", "the same chip"),
            _related("xiao-nrf52840-sense", "nrf52840-dk", "the same chip"),
        )
    }
)  # fmt: skip

#: Every board that can be priced.
KNOWN: Mapping[str, PowerProfile] = MappingProxyType({**PROFILES, **RELATED})


def power_profile(board: str) -> PowerProfile:
    """The profile of `board`, or that of a relative.

    Raises:
        BoardError: there is no such board, or no profile of it is known.
    """
    name = find_board(board).name
    if name not in KNOWN:
        raise BoardError(f"no energy profile of {name!r}; there are {', '.join(KNOWN)}")
    return KNOWN[name]


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
BATTERIES = MappingProxyType(
    {
        battery.name.lower(): battery
        for battery in (
            CR2032,
            Battery("CR2477", 1000.0, 3.0),
            Battery("2xAAA", 1200.0, 3.0),
            Battery("2xAA", 2500.0, 3.0),
            Battery("LiPo-400", 400.0, 3.7),
        )
    }
)
"""Nominal capacities of common cells at low drain."""


def find_battery(name: str) -> Battery:
    """The cell called `name`, or one given as `MAH@VOLTS`.

    Raises:
        UsageError: neither.
    """
    if name.lower() in BATTERIES:
        return BATTERIES[name.lower()]
    capacity, _, volts = name.partition("@")
    try:
        made = Battery(f"{float(capacity):g} mAh", float(capacity), float(volts))
    except ValueError:
        made = Battery(name, 0, 0)
    if not (0 < made.milliampere_hours < 1e9 and 0 < made.volts < 1e3):
        known = ", ".join(each.name for each in BATTERIES.values())
        raise UsageError(f"no battery is called {name!r}; take {known}, or say MAH@VOLTS: 600@3.7")
    return made
