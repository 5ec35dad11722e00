"""Cycles of one synaptic operation in the steady state.

A layer of leaky neurons that never fire receives known numbers of events. Per size, the slope of
its cost over events is what one more event costs, all of it; divided by the number of neurons it is
the cost of a synaptic operation. What of it is the event's own (finding it and its row) and what is
the inner kernel's is told by two sizes:

    slope = per_event + per_operation · neurons
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from costs.load import run_checked
from costs.networks import NEVER, RELAY, layer, leaky, network, random_dense, readout
from costs.probe import Probe
from edgesnn.codegen import Compiler
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray

NEURONS = (64, 256)
EVENTS = (0, 4, 8, 16, 32, 64, 128)
STEADY = (16, 32, 64, 128)
INPUTS = 128

#: Decays by whether the membranes are proven to stay in 16 bits (weights of 8 bits, 128 inputs).
DECAYS = {"saturating": 230, "bounded": 64}


def receiving(bits: int, layers: dict[str, tuple[int, int]]) -> Network:
    """INPUTS spiking inputs onto layers that never fire: neurons and decay by name."""
    made = [
        layer(
            name, (count,), [random_dense(RELAY, count, INPUTS, bits)], leaky(count, NEVER, decay)
        )
        for name, (count, decay) in layers.items()
    ]
    return network("receiving", (INPUTS,), [*made, readout(made[-1].name, made[-1].size, 1)])


def bursts(counts: tuple[int, ...] = EVENTS) -> IntArray:
    """One step a number of events, spread over all inputs; int8 `(steps, INPUTS)`."""
    rng = np.random.default_rng(7)
    made = np.zeros((len(counts), INPUTS), np.int8)
    for step, count in enumerate(counts):
        made[step, rng.permutation(INPUTS)[:count]] = 1
    return made


def layer_costs(probe: Probe) -> dict[str, dict[str, list[int]]]:
    """Instructions and cycles of the receiving layers by step of `bursts`."""
    run_checked(probe, bursts())
    probe.reset()
    steps = [probe.run_steps(step[None]) for step in bursts()]
    return {
        each.name: {
            unit: [getattr(step.part(each.name), unit) for step in steps]
            for unit in ("instructions", "cycles")
        }
        for each in probe.network.spiking
        if each.name != RELAY
    }


def slope(costs: list[int]) -> float:
    """Cost of one more event, between the numbers of STEADY."""
    chosen = [costs[EVENTS.index(events)] for events in STEADY]
    return float(np.polyfit(STEADY, chosen, 1)[0])


def coefficients(costs: dict[int, list[int]]) -> dict[str, float]:
    """Cost of an operation at each size, and the law's two coefficients."""
    slopes = {size: slope(spent) for size, spent in costs.items()}
    small, large = min(slopes), max(slopes)
    inner = (slopes[large] - slopes[small]) / (large - small)
    return {
        **{f"at_{size}": round(each / size, 4) for size, each in slopes.items()},
        "per_operation": round(inner, 4),
        "per_event": round(slopes[small] - inner * small, 2),
    }


def mix(bits: int, core: str, compiler: Compiler | None) -> dict[str, float]:
    """Cycles of one more operation by kind of instruction, the largest layer, between 64 and 128
    events. The readout that counts as well does the same in both steps."""
    size = max(NEURONS)
    layers = {"hidden1": (size, DECAYS["saturating"])}
    probe = Probe(receiving(bits, layers), core, compiler)
    few, many = STEADY[-2:]
    costs = []
    for train in bursts((few, many)):
        before = probe.kinds(RELAY)
        probe.run_steps(train[None])
        after = probe.kinds(RELAY)
        costs.append({kind: after[kind] - before[kind] for kind in after})
    return {
        kind: round((costs[1][kind] - costs[0][kind]) / (many - few) / size, 3)
        for kind in costs[0]
        if costs[1][kind] != costs[0][kind]
    }


def measure_synapses(core: str, compiler: Compiler | None) -> dict[str, Any]:
    """Coefficients by weight bits and by whether membranes may saturate."""
    report: dict[str, Any] = {}
    layers = {
        f"{kind}{size}": (size, decay) for (kind, decay), size in product(DECAYS.items(), NEURONS)
    }
    for bits in (8, 4, 2):
        costs = layer_costs(Probe(receiving(bits, layers), core, compiler))
        report[str(bits)] = {
            kind: {
                unit: coefficients({size: costs[f"{kind}{size}"][unit] for size in NEURONS})
                for unit in ("instructions", "cycles")
            }
            | {"steps": {str(size): costs[f"{kind}{size}"]["cycles"] for size in NEURONS}}
            for kind in DECAYS
        } | {"mix": mix(bits, core, compiler)}
    return report
