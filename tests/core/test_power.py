"""Energy of boards: the published measurements come back out, and intervals carry through."""

import pytest

from edgesnn.errors import BoardError, UsageError
from edgesnn.sim.core import CORES
from edgesnn.sim.core.power import CR2032, PROFILES, Interval, energy_of, power_profile

# MLPerf Tiny keyword spotting: board, round, microjoules and millions of cycles an inference.
MEASURED = [
    ("nucleo-l4r5zi", "v0.5", 7374, 21.66), ("nucleo-l4r5zi", "v0.7", 4636, 11.65),
    ("nucleo-l4r5zi", "v1.0", 3372, 9.01), ("nucleo-l4r5zi", "v1.1", 2833, 7.55),
    ("nucleo-l4r5zi", "v1.2", 1820, 5.18), ("nucleo-u575zi-q", "v0.7", 1482, 8.72),
    ("nucleo-u575zi-q", "v1.1", 1004, 6.13), ("nucleo-u575zi-q", "v1.2", 656, 4.62),
    ("nucleo-h7a3zi-q", "v1.2", 1376, 3.16),
]  # fmt: skip


@pytest.mark.parametrize(("board", "edition", "microjoules", "millions"), MEASURED)
def test_published_measurements_lie_inside_the_interval(
    board: str, edition: str, microjoules: float, millions: float
) -> None:
    report = energy_of(power_profile(board), millions * 1e6, step_seconds=1.0)
    assert report.active_uj.low < microjoules < report.active_uj.high


def test_a_linear_regulator_keeps_the_charge_of_a_cycle() -> None:
    """The L4R5 at 3.0 V: 5627 µJ for 8.97 million cycles (round v1.1)."""
    profile = power_profile("nucleo-l4r5zi").at_volts(3.0)
    report = energy_of(profile, 8.97e6, step_seconds=1.0)
    assert report.active_uj.likely == pytest.approx(5627, rel=0.05)
    with pytest.raises(UsageError, match="switching regulator"):
        power_profile("nrf52840-dk").at_volts(1.8)


def test_a_step_adds_up() -> None:
    profile = power_profile("nrf52840-dk")
    report = energy_of(profile, 640_000, step_seconds=0.02, steps_a_decision=50)
    assert report.latency_ms == pytest.approx(10) and report.duty == pytest.approx(0.5)
    assert report.active_uj.likely == pytest.approx(640_000 * 156e-6)
    assert report.sleep_uj == pytest.approx(1.5 * 3.0 * 0.01)
    assert report.step_uj.likely == pytest.approx(report.active_uj.likely + 0.045)
    assert report.decision_uj.high == pytest.approx(50 * report.step_uj.high)
    assert report.day_j.likely == pytest.approx(report.step_uj.likely * 4.32)
    days = report.battery_days
    assert days.likely == pytest.approx(CR2032.joules / report.day_j.likely)
    assert days.low < days.likely < days.high
    assert report.as_dict()["profile"]["board"] == "nrf52840-dk"


def test_an_unknown_sleep_current_is_said_and_not_guessed() -> None:
    report = energy_of(power_profile("pico"), 1000, step_seconds=0.02)
    assert report.sleep_uj is None and report.step_uj == report.active_uj


def test_a_board_that_is_too_slow_is_refused() -> None:
    with pytest.raises(BoardError, match=r"needs 31\.2 ms for a step that comes every 20\.0 ms"):
        energy_of(power_profile("nrf52840-dk"), 2_000_000, step_seconds=0.02)
    with pytest.raises(BoardError, match="no energy profile of 'toaster'"):
        power_profile("toaster")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_profiles_are_complete(profile) -> None:  # type: ignore[no-untyped-def]
    assert profile.core in CORES and profile.source
    assert profile.interval[0] < 1 < profile.interval[1]
    assert Interval.of(1.0, profile.interval).low == profile.interval[0]
