"""Event-driven against dense: the share of active synapses from which events do not pay.

The dense opponent costs the same whatever fires. The events' cost is a line over synaptic
operations; where it reaches the opponent's, the share of all synapses that are active in a step is
the crossover. Above 1 there is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costs.load import line, run_checked
from costs.networks import RELAY, chain, spikes
from costs.opponent import KERNELS, Opponent
from costs.probe import Probe
from costs.synapses import DECAYS, INPUTS, bursts, receiving
from costs.whole import SIZES, STEPS
from edgesnn.codegen import Compiler
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import synapse_count

RATES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
COUNTS = (0, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)


def dense_operations(network: Network) -> int:
    """Synapses behind the relay: what a dense network multiplies in every step."""
    return sum(
        synapse_count(group, network.source_shape(group.source), each.size)
        for each in network.layers
        if each.name != RELAY
        for group in each.synapses
    )


def event_points(
    network: Network, trains: list[IntArray], core: str, compiler: Compiler | None
) -> list[dict[str, float]]:
    """Share of active synapses and mean cycles a step, the relay's left out, of each train."""
    probe = Probe(network, core, compiler)
    points = []
    for train in trains:
        clip, load = run_checked(probe, train)
        cycles = int(clip.cycles.sum()) - clip.part(RELAY).cycles
        operations = load.synaptic_operations / len(train)
        points.append({
            "share": operations / dense_operations(network),
            "operations": operations,
            "cycles": cycles / len(train),
        })  # fmt: skip
    return points


def compare(
    network: Network, trains: list[IntArray], core: str, compiler: Compiler | None
) -> dict[str, Any]:
    """Both costs over the trains, and where they cross."""
    points = event_points(network, trains, core, compiler)
    fit = line([p["operations"] for p in points], [p["cycles"] for p in points])
    report: dict[str, Any] = {"events": points, "fit": fit, "dense": {}}
    synapses = dense_operations(network)
    for kernel in KERNELS:
        opponent = Opponent(network, core, kernel, compiler)
        costs = {int(c) for train in trains for c in run_checked(opponent, train)[0].cycles}
        cycles = float(np.mean(sorted(costs)))
        report["dense"][kernel] = {
            "cycles": cycles,
            "spread": max(costs) - min(costs),
            "per_multiplication": round(cycles / synapses, 3),
            "crossover": round((cycles - fit["offset"]) / fit["slope"] / synapses, 3),
        }
    return report


def measure_against(core: str, compiler: Compiler | None) -> dict[str, Any]:
    """The issue's network over input rates, and one layer over numbers of events."""
    one = receiving(8, {"hidden1": (INPUTS, DECAYS["saturating"])})
    rates = [spikes(rate, STEPS, SIZES[0]) for rate in RATES]
    counts = [bursts((count,)) for count in COUNTS]
    return {
        "40-128-128-12": compare(chain(SIZES, 8), rates, core, compiler),
        "one layer of 128 onto 128": compare(one, counts, core, compiler),
    }
