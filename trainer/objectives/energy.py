"""The energy objective: each spike costs what its synapses cost on the core."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from edgesnn.trainer.costs import MICRO
from edgesnn.trainer.loss_settings import CostSettings
from edgesnn.trainer.spiking import Trace


def spike_energy(
    traces: Sequence[Trace], cycles: Sequence[float], costs: CostSettings, seconds: float
) -> Tensor:
    """`e/S · Σ_l κ_l · n_l` for each clip, microjoules a second of sound, `(B,)`.

    `n_l` is the number of spikes of layer `l`, `κ_l` the cycles of one, `e` the energy of a cycle,
    `S` the length of the clip. While something is said, κ is `spike_cycles`: the synapses behind
    a spike times what one costs at its bit width. While nothing is, κ is `waking_cycles`: the
    spike keeps layers awake that would rest. What does not depend on spikes is left out.

    Args:
        traces: spikes `(T, B, N_l)`.
        cycles: κ, one a layer.
        costs: of the core.
        seconds: S.
    """
    parts = [price * trace.spikes.sum((0, 2)) for price, trace in zip(cycles, traces, strict=True)]
    return torch.stack(parts).sum(0) * (costs.picojoules * MICRO / seconds)
