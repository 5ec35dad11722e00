"""From the simulator's values to the models of the energy report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.boards import Board
from edgesnn.network.arrays import IntArray
from edgesnn.pipeline.calibration import Calibration
from edgesnn.pipeline.energy_report import (
    AsleepModel,
    Awake,
    BatteryModel,
    BoardModel,
    CalibrationModel,
    FitModel,
    FlashModel,
    FrontEndFitModel,
    FunctionModel,
    KindModel,
    LayerFitModel,
    ProfileModel,
    Range,
    Spread,
)
from edgesnn.pipeline.fit import CycleFit, PartFit

if TYPE_CHECKING:
    from edgesnn.boards import FlashTiming
    from edgesnn.sim.core import CoreReport
    from edgesnn.sim.core.power import Battery, Interval, PowerProfile, PowerReport


def spread_of(cycles: IntArray) -> Spread:
    """The summary of `cycles (clips, steps)`."""
    return Spread(
        least=int(cycles.min()), mean=float(cycles.mean()),
        p99=int(np.percentile(cycles, 99)), most=int(cycles.max()),
    )  # fmt: skip


def range_of(interval: Interval) -> Range:
    """An interval as the report has it."""
    return Range(low=interval.low, likely=interval.likely, high=interval.high)


def _scaled(likely: float, factors: tuple[float, float]) -> Range:
    return Range(low=likely * factors[0], likely=likely, high=likely * factors[1])


def board_model(board: Board, profile: PowerProfile, timing: FlashTiming | None) -> BoardModel:
    """A board with what its energy rests on; `timing` is that of its flash as simulated."""
    asleep = profile.asleep
    return BoardModel(
        name=board.name, title=board.title, chip=board.chip, core=board.core.title,
        clock_hz=profile.clock_hz, volts=profile.volts,
        regulator="LDO" if profile.regulator == "LDO" else "SMPS",
        flash=None if timing is None else _flash(timing),
        awake=Awake(
            picojoules_per_cycle=_scaled(profile.picojoules, profile.interval),
            source=profile.source,
        ),
        asleep=AsleepModel(
            mode=asleep.mode, microamperes=_scaled(asleep.microamperes, asleep.interval),
            wake_microseconds=_scaled(asleep.wake_microseconds, asleep.interval),
            source=asleep.source,
        ),
    )  # fmt: skip


def _flash(timing: FlashTiming) -> FlashModel:
    code, data = (
        each.lines * timing.line_bytes if each else 0
        for each in (timing.code_cache, timing.data_cache)
    )
    return FlashModel(
        wait_states=timing.wait_states, line_bytes=timing.line_bytes, prefetch=timing.prefetch,
        code_cache_bytes=code, data_cache_bytes=data, shared=timing.shared,
        source=timing.source, verified=timing.verified,
    )  # fmt: skip


def fit_model(fit: CycleFit, layers: Iterable[str], front_end: str) -> FitModel:
    """A fit as the report has it, given the names of its parts."""
    layered = [fit.by_name[name] for name in layers]
    return FitModel(
        clips_fitted=fit.clips, clips_wanted=fit.wanted, clips_priced=fit.priced,
        layers=[
            LayerFitModel(layer=each.name, base=each.base, **_costs(each), error=each.error)
            for each in layered
        ],
        front_end=_front_end_fit(fit.by_name.get(front_end)),
        constant=fit.mean - sum(each.mean for each in layered),
        error=fit.error, worst_error=fit.worst, poor=fit.is_poor,
        mean=fit.mean, p99=fit.p99, most=fit.most,
    )  # fmt: skip


def _costs(fit: PartFit) -> dict[str, float]:
    return {f"per_{name}": cycles for name, cycles in fit.costs.items()}


def _front_end_fit(fit: PartFit | None) -> FrontEndFitModel | None:
    if fit is None:
        return None
    return FrontEndFitModel(base=fit.base, **_costs(fit), error=fit.error)


def calibration_model(calibration: Calibration) -> CalibrationModel:
    """What a board on the desk measured."""
    return CalibrationModel(
        ratio=calibration.ratio, steps=calibration.steps, clock_hz=calibration.clock_hz,
        text=calibration.text,
    )  # fmt: skip


def profile_model(report: CoreReport) -> ProfileModel:
    """The counts of a run."""
    return ProfileModel(
        cycles=report.cycles, instructions=report.instructions, cpi=report.cpi,
        loads=report.loads, stores=report.stores, flash_reads=report.flash_reads,
        stack_bytes=report.stack_bytes,
        functions=[FunctionModel(**asdict(each)) for each in report.functions],
        kinds=[KindModel(**asdict(each)) for each in report.kinds],
    )  # fmt: skip


def battery_model(battery: Battery, power: PowerReport) -> BatteryModel:
    """A cell and how long it lasts."""
    return BatteryModel(
        name=battery.name, milliampere_hours=battery.milliampere_hours, volts=battery.volts,
        days=range_of(power.battery_days),
    )  # fmt: skip
