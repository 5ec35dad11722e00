"""The energy objective: each spike costs what its synapses cost on the core."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from edgesnn.trainer.costs import MICRO, spike_cycles
from edgesnn.trainer.loss_settings import CostSettings
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.spiking import Trace


def spike_energy(
    model: KeywordSpotter, traces: Sequence[Trace], costs: CostSettings, seconds: float
) -> Tensor:
    """`e/S · Σ_l κ_l · n_l` for each clip, microjoules a second of sound, `(B,)`.

    `n_l` is the number of spikes of layer `l`, `κ_l` the cycles of one (`spike_cycles`: the
    synapses behind it times what one costs at its bit width), `e` the energy of a cycle, `S` the
    length of the clip. What does not depend on spikes (neuron updates, the input) is left out.

    Args:
        model: for fan-out and bit widths.
        traces: spikes `(T, B, N_l)`.
        costs: of the core.
        seconds: S.
    """
    cycles = [
        price * trace.spikes.sum((0, 2))
        for price, trace in zip(spike_cycles(model, costs), traces, strict=True)
    ]
    return torch.stack(cycles).sum(0) * (costs.picojoules * MICRO / seconds)
