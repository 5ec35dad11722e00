"""Energy of boards: the published measurements come back out, and intervals carry through."""

import pytest

from edgesnn.boards import find_board
from edgesnn.errors import BoardError, UsageError
from edgesnn.sim.core import CORES
from edgesnn.sim.core.power import (
    CR2032,
    PROFILES,
    Interval,
    energy_of,
    find_battery,
    power_profile,
)

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
    report = energy_of(power_profile(board), {"all": millions * 1e6}, step_seconds=1.0)
    assert report.active_uj.low < microjoules < report.active_uj.high


def test_a_linear_regulator_keeps_the_charge_of_a_cycle() -> None:
    """The L4R5 at 3.0 V: 5627 µJ for 8.97 million cycles (round v1.1)."""
    profile = power_profile("nucleo-l4r5zi").at_volts(3.0)
    report = energy_of(profile, {"all": 8.97e6}, step_seconds=1.0)
    assert report.active_uj.likely == pytest.approx(5627, rel=0.05)
    with pytest.raises(UsageError, match="switching regulator"):
        power_profile("nrf52840-dk").at_volts(1.8)


def test_a_step_adds_up() -> None:
    profile = power_profile("nrf52840-dk")
    cycles = {"front-end": 240_000.0, "network": 400_000.0}
    report = energy_of(profile, cycles, step_seconds=0.02, steps_a_decision=50)
    lines = {line.name: line for line in report.lines}
    assert list(lines) == ["front-end", "network", "wake-up", "sleep"]
    assert sum(line.seconds for line in report.lines) == pytest.approx(0.02)
    assert report.latency_ms == pytest.approx(10)
    assert report.duty == pytest.approx(0.5 + 5e-6 / 0.02)
    assert report.active_uj.likely == pytest.approx(640_000 * 156e-6)
    assert lines["network"].microjoules.likely == pytest.approx(400_000 * 156e-6)
    assert lines["wake-up"].microjoules.likely == pytest.approx(156e-6 * 64 * 5)
    assert lines["sleep"].microjoules.likely == pytest.approx(1.5 * 3.0 * (0.01 - 5e-6))
    for end in ("low", "likely", "high"):
        total = sum(getattr(line.microjoules, end) for line in report.lines)
        assert getattr(report.step_uj, end) == pytest.approx(total)
    assert report.decision_uj.high == pytest.approx(50 * report.step_uj.high)
    assert report.day_j.likely == pytest.approx(report.step_uj.likely * 4.32)
    days = report.battery_days
    assert days.likely == pytest.approx(CR2032.joules / report.day_j.likely)
    assert days.low < days.likely < days.high


def test_a_step_without_time_to_sleep_wakes_only_as_long_as_there_is() -> None:
    profile = power_profile("nrf52840-dk")
    report = energy_of(profile, {"all": 0.02 * 64e6 - 64}, step_seconds=0.02)
    seconds = {line.name: line.seconds for line in report.lines}
    assert seconds["wake-up"] == pytest.approx(1e-6) and seconds["sleep"] == pytest.approx(0)
    assert report.duty == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "joules"), [("cr2032", 2376), ("LiPo-400", 5328), ("600@3.7", 7992)]
)
def test_a_cell_is_found_by_name_or_given(name: str, joules: float) -> None:
    assert find_battery(name).joules == pytest.approx(joules)


@pytest.mark.parametrize("name", ["car", "600", "600@", "-1@3", "0@3", "nan@3", "1e99@3", "3@1e9"])
def test_a_cell_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="say MAH@VOLTS"):
        find_battery(name)


def test_a_board_that_is_too_slow_is_refused() -> None:
    with pytest.raises(BoardError, match=r"needs 31\.2 ms for a step that comes every 20\.0 ms"):
        energy_of(power_profile("nrf52840-dk"), {"all": 2e6}, step_seconds=0.02)
    with pytest.raises(BoardError, match="no board is called 'toaster'"):
        power_profile("toaster")


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_profiles_are_complete(profile) -> None:  # type: ignore[no-untyped-def]
    board = find_board(profile.board)
    assert profile.core in CORES and profile.source and profile.asleep.source
    assert (board.core.gcc_cpu, board.clock_hz) == (profile.core, profile.clock_hz)
    assert profile.interval[0] < 1 < profile.interval[1]
    assert Interval.of(1.0, profile.interval).low == profile.interval[0]
