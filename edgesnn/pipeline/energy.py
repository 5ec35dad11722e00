"""What a network costs on a board: cycles of its very firmware, and energy from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.boards import Board, FlashTiming, find_board
from edgesnn.network import Network, identity
from edgesnn.pipeline.calibration import Calibration, find_calibration
from edgesnn.pipeline.datasets import Clips
from edgesnn.pipeline.energy_models import (
    battery_model,
    board_model,
    calibration_model,
    fit_model,
    profile_model,
    range_of,
    spread_of,
)
from edgesnn.pipeline.energy_report import (
    BatteryModel,
    BoardEnergy,
    EnergyReport,
    LineModel,
)
from edgesnn.pipeline.fit import CycleFit, Part, by_activity, fit_cycles
from edgesnn.pipeline.regressors import (
    HEARING_TERMS,
    TERMS,
    Counts,
    count_means,
    count_steps,
    quiet_clips,
)
from edgesnn.pipeline.say import Say, silent
from edgesnn.pipeline.timed import JOIN, Timed, time_parts

if TYPE_CHECKING:
    from edgesnn.sim.core.calls import CallNode
    from edgesnn.sim.core.power import PowerProfile, PowerReport
    from edgesnn.sim.report import SimulationReport

STEP_SECONDS = 0.02
"""Of networks without a front-end, which do not say how often they are fed."""

FRONT_END, REST = "front-end", "rest of network"


@dataclass(frozen=True)
class Pricing:
    """How boards are to be priced.

    Attributes:
        sample: clips to run in the simulated core, from the quietest to the busiest.
        zero_wait: let flash answer at once, instead of with the board's timing.
        battery: its name, see `edgesnn.sim.core.profiles.find_battery`.
        trace_calls: follow call stacks.
    """

    sample: int = 10
    zero_wait: bool = False
    battery: str = "CR2032"
    trace_calls: bool = False


@dataclass(frozen=True)
class Priced:
    """A board's energy and the call stacks behind it, where they were followed."""

    energy: BoardEnergy
    stacks: tuple[CallNode, ...]


def boards_with_energy(names: list[str]) -> list[str]:
    """Board names, `all` standing for every board with an energy profile."""
    from edgesnn.sim.core.profiles import PROFILES, power_profile

    if "all" in names:
        return list(PROFILES)
    return list(dict.fromkeys(power_profile(name).board for name in names))


def energy_report(
    network: Network,
    boards: list[str],
    clips: Clips,
    activity: SimulationReport,
    pricing: Pricing,
    say: Say = silent,
) -> tuple[EnergyReport, list[Priced]]:
    """Run a sample of `clips` in the simulated core of each board, and price the mean step of all.

    Args:
        network: the integer network.
        boards: with an energy profile, see `edgesnn.sim.core.profiles`; `all` for all of them.
        clips: their sound where the network has a front-end, else their features.
        activity: what the network engine counted over all `clips`.
        pricing: how.
        say: told what is run.

    Raises:
        BoardError: no profile, the network does not fit the board, or it is too slow.
        CompileError: no compiler for its core.
        UsageError: no such battery.
    """
    means = count_means(network, clips)
    priced = [
        _price(network, board, clips, means, activity, pricing, say)
        for board in boards_with_energy(boards)
    ]
    found = EnergyReport(
        network=network.name,
        sha256=identity(network),
        clips_from=clips.origin,
        boards=[each.energy for each in priced],
    )
    return found, priced


@dataclass(frozen=True)
class _Measured:
    """A network in the simulated core of a board.

    Attributes:
        network: what ran.
        board, profile: where, and what a cycle costs there.
        flash: its timing; None where it answers at once.
        timed: the sample's cycles.
        fit: of cycles to events, or None where it could not be made.
        calibration: what the board itself measured, or None.
    """

    network: Network
    board: Board
    profile: PowerProfile
    flash: FlashTiming | None
    timed: Timed
    fit: CycleFit | None
    calibration: Calibration | None

    @property
    def ratio(self) -> float:
        """Cycles of the board for one that is simulated."""
        return 1.0 if self.calibration is None else self.calibration.ratio

    @property
    def parts(self) -> dict[str, float]:
        """Mean cycles of a step by part, as the board has them."""
        return {part: self.ratio * cycles for part, cycles in _parts(self.timed, self.fit).items()}


def _price(
    network: Network,
    name: str,
    clips: Clips,
    means: Counts,
    activity: SimulationReport,
    pricing: Pricing,
    say: Say,
) -> Priced:
    from edgesnn.sim.core.power import energy_of, find_battery

    battery = find_battery(pricing.battery)
    measured = _measure(network, name, clips, means, pricing, say)
    power = energy_of(
        measured.profile, measured.parts, step_seconds=_step_seconds(network),
        steps_a_decision=activity.steps, battery=battery,
    )  # fmt: skip
    energy = _board_energy(measured, activity, power, battery_model(battery, power))
    return Priced(energy, measured.timed.report.stacks)


def _measure(
    network: Network, name: str, clips: Clips, means: Counts, pricing: Pricing, say: Say
) -> _Measured:
    """Run the sample and quiet clips beside it on a board, and fit its cycles."""
    from edgesnn.pipeline.simulated import Simulated
    from edgesnn.sim.core import board_map
    from edgesnn.sim.core.power import power_profile

    profile, board = power_profile(name), find_board(name)
    layout = board_map(board, zero_wait=pricing.zero_wait)
    say(f"run {pricing.sample} clips in a simulated {board.core.title} ({board.title})")
    machine = Simulated(network, board, layout=layout)
    sample = clips.picked(by_activity(means.layers[:, :, 0].sum(axis=1), pricing.sample))
    timed = time_parts(machine, network, sample, trace_calls=pricing.trace_calls)
    quiet = quiet_clips(network, sample)
    runs = [(timed, sample), (time_parts(machine, network, quiet), quiet)]
    fit = fit_cycles(_fitted(network, means, runs))
    found = find_calibration(board.name)
    return _Measured(network, board, profile, layout.timing, timed, fit, found)


def _board_energy(
    measured: _Measured, activity: SimulationReport, power: PowerReport, battery: BatteryModel
) -> BoardEnergy:
    """The report of a board."""
    timed, fit, calibration = measured.timed, measured.fit, measured.calibration
    worst = measured.ratio * int(timed.whole.max()) / measured.board.clock_hz
    return BoardEnergy(
        board=board_model(measured.board, measured.profile, measured.flash),
        clips_simulated=len(timed.whole),
        step_seconds=_step_seconds(measured.network),
        steps_per_decision=activity.steps,
        cycles=spread_of(timed.whole),
        lines=_lines(measured.network, timed, power, activity),
        fit=None if fit is None else fit_model(fit, timed.layers, FRONT_END),
        calibration=None if calibration is None else calibration_model(calibration),
        profile=profile_model(timed.report),
        latency_ms=power.latency_ms,
        worst_latency_ms=1e3 * worst,
        duty=power.duty,
        active_uj=range_of(power.active_uj),
        step_uj=range_of(power.step_uj),
        decision_uj=range_of(power.decision_uj),
        day_j=range_of(power.day_j),
        battery=battery,
    )


def _step_seconds(network: Network) -> float:
    """Of a frame; an image, shown for several steps, is one decision a second."""
    if network.presentation is not None:
        return 1 / network.presentation.steps
    return STEP_SECONDS if network.frontend is None else 1 / network.frontend.frame_rate


def _fitted(network: Network, means: Counts, runs: Sequence[tuple[Timed, Clips]]) -> list[Part]:
    """The parts of a step for the fit, from the sample and quiet clips beside it."""
    timed = [each for each, _ in runs]
    counts = [count_steps(network, clips) for _, clips in runs]
    layers = _layer_parts(network, means, timed, counts)
    beside = len(timed[1].whole)
    heard = [each.heard for each in counts if each.heard is not None]
    if means.heard is not None and heard:
        cycles = np.concatenate([each.front_end for each in timed])
        given = (means.heard, np.concatenate(heard))
        layers.insert(0, Part(FRONT_END, HEARING_TERMS, *given, cycles, beside))
    cycles = np.concatenate([each.rest for each in timed])
    nothing = (np.zeros((len(means.layers), 0)), np.zeros((*cycles.shape, 0)))
    return [*layers, Part(REST, (), *nothing, cycles, beside)]


def _layer_parts(
    network: Network, means: Counts, timed: Sequence[Timed], counts: Sequence[Counts]
) -> list[Part]:
    """One part a layer; one for layers that cannot be told apart."""
    names = [layer.name for layer in network.layers]
    counted = np.concatenate([each.layers for each in counts])
    parts = []
    for name in timed[0].layers:
        column = [names.index(each) for each in name.split(JOIN)]
        cycles = np.concatenate([each.layers[name] for each in timed])
        given = (means.layers[:, column].sum(axis=1), counted[:, :, column].sum(axis=2))
        parts.append(Part(name, TERMS, *given, cycles, len(timed[1].whole)))
    return parts


def _parts(timed: Timed, fit: CycleFit | None) -> dict[str, float]:
    """Mean cycles of a step by part: over all clips where the fit can be trusted."""
    simulated = {FRONT_END: timed.front_end, **timed.layers, REST: timed.rest}
    found = {name: float(each.mean()) for name, each in simulated.items() if each.any()}
    if fit is not None and not fit.is_poor:
        found |= {name: each.mean for name, each in fit.by_name.items() if name in found}
    return found


def _lines(
    network: Network, timed: Timed, power: PowerReport, activity: SimulationReport
) -> list[LineModel]:
    from edgesnn.sim.energy import layer_energy

    by_layer = layer_energy(network, activity.activity)
    for joined in timed.layers:
        by_layer[joined] = sum(by_layer[name] for name in joined.split(JOIN))
    spreads = {FRONT_END: timed.front_end, REST: timed.rest, **timed.layers}
    return [
        LineModel(
            name=line.name,
            cycles=line.cycles,
            spread=spread_of(spreads[line.name]) if line.name in spreads else None,
            microjoules=range_of(line.microjoules),
            algorithmic_45nm_microjoules=(
                1e-6 * by_layer[line.name] / activity.steps if line.name in by_layer else None
            ),
        )
        for line in power.lines
    ]
