"""What a network costs on a board: cycles of its very firmware, and energy from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesnn.boards import find_board
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.pipeline.calibration import Calibration, find_calibration
from edgesnn.pipeline.datasets import Clips, spread
from edgesnn.pipeline.fit import CycleFit, events_by_clip, fit_cycles
from edgesnn.pipeline.say import Say, silent

if TYPE_CHECKING:
    from edgesnn.sim.core.power import PowerReport

STEP_SECONDS = 0.02
"""Of networks without a front-end, which do not say how often they are fed."""


@dataclass(frozen=True, slots=True)
class StepCycles:
    """Cycles of a step over all steps of the clips that were run."""

    least: int
    mean: float
    p99: int
    most: int

    @classmethod
    def of(cls, cycles: IntArray) -> StepCycles:
        """The summary of `cycles (clips, steps)`."""
        return cls(
            int(cycles.min()), float(cycles.mean()), int(np.percentile(cycles, 99)),
            int(cycles.max()),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class BoardCost:
    """Cycles and energy of a network on a board.

    Attributes:
        board: whose energy it is.
        flash_waits: wait states of flash in the simulation.
        clips: run in the simulated core.
        whole: a step, front-end included where the network has one.
        network: a step of the network alone.
        front_end: mean cycles of a step's front-end; 0 without one.
        cpi: cycles an instruction, over the whole run.
        fit: what the network's part costs over all clips; None where the sample is too small.
        power: energy of the mean step, over all clips where the fit can be trusted.
        calibration: what a board on the desk measured, by which the mean step is multiplied.
    """

    board: str
    flash_waits: int
    clips: int
    whole: StepCycles
    network: StepCycles
    front_end: float
    cpi: float
    fit: CycleFit | None
    power: PowerReport
    calibration: Calibration | None = None

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        from dataclasses import asdict

        return asdict(self)


def board_cost(
    network: Network,
    board: str,
    clips: Clips,
    sample: int = 10,
    say: Say = silent,
    *,
    zero_wait: bool = False,
) -> BoardCost:
    """Run a sample of `clips` in the simulated core of `board`, and price the mean step of all.

    Args:
        network: the integer network.
        board: one with an energy profile, see `edgesnn.sim.core.power`.
        clips: their sound where the network has a front-end, else their features.
        sample: clips to run, evenly spread.
        say: told what is run.
        zero_wait: let flash answer at once, instead of with the board's timing.

    Raises:
        BoardError: no profile of `board`, the network does not fit it, or it is too slow.
        CompileError: no compiler for its core.
    """
    from edgesnn.pipeline.simulated import Simulated
    from edgesnn.sim.core import board_map
    from edgesnn.sim.core.power import energy_of, power_profile

    profile = power_profile(board)
    target = find_board(profile.board)
    say(f"run {sample} clips in a simulated {target.core.title}")
    machine = Simulated(network, target, layout=board_map(target, zero_wait=zero_wait))
    chosen = spread(len(clips.features), sample)
    some = clips.some(sample)
    alone = machine.execute(some.features, traces=False)
    whole = alone if some.pcm is None else machine.execute(_hops(network, some), traces=False)
    cycles, network_cycles = StepCycles.of(whole.cycles), StepCycles.of(alone.cycles)
    front_end = max(cycles.mean - network_cycles.mean, 0.0)
    events = events_by_clip(network, clips.features)
    fit = fit_cycles(network, events, chosen, alone.cycles.mean(axis=1))
    mean = cycles.mean if fit is None or fit.is_poor else front_end + fit.mean
    calibration = find_calibration(profile.board)
    mean *= calibration.ratio if calibration is not None else 1.0
    step = STEP_SECONDS if network.frontend is None else 1 / network.frontend.frame_rate
    power = energy_of(profile, mean, step_seconds=step)
    return BoardCost(
        profile.board, whole.report.wait_states, len(some.features), cycles, network_cycles,
        front_end, whole.report.cpi, fit, power, calibration,
    )  # fmt: skip


def _hops(network: Network, clips: Clips) -> IntArray:
    from edgesnn.codegen.host import whole_hops

    assert clips.pcm is not None
    return whole_hops(network, clips.pcm)
