"""Cycles of one membrane update.

What a layer without synaptic work costs in a step, call and loop included, divided by its neurons.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from costs.load import run_checked
from costs.networks import RELAY, adaptive, layer, leaky, network, readout
from costs.probe import Cost, Probe
from edgesnn.codegen import Compiler
from edgesnn.network import Dense, IntegrateAndFire, Leaky, Network
from edgesnn.network.neurons import Neuron

COUNT = 256


def _varied(count: int, threshold: int) -> Leaky:
    rng = np.random.default_rng(3)
    return Leaky(
        threshold=rng.integers(threshold, threshold + 50, count),
        decay=rng.integers(180, 250, count),
    )


def _neuron(kind: str, count: int, threshold: int) -> Neuron:
    if kind == "integrate and fire":
        return IntegrateAndFire(threshold=[threshold] * count)
    if kind == "leaky, decay 1/2":
        return leaky(count, threshold, 128)
    if kind == "leaky, one decay and threshold":
        return leaky(count, threshold)
    if kind == "leaky, each its own":
        return _varied(count, threshold)
    assert kind == "adaptive, each its own"
    return adaptive(count, threshold)


KINDS = (
    "integrate and fire", "leaky, decay 1/2", "leaky, one decay and threshold",
    "leaky, each its own", "adaptive, each its own",
)  # fmt: skip


def population(kind: str) -> Network:
    """COUNT neurons that one input raises by 127, and as many that fire there."""
    layers = [
        layer(name, (COUNT,), [Dense(source=RELAY, weight=np.full((COUNT, 1), 127))],
              _neuron(kind, COUNT, threshold))
        for name, threshold in (("quiet", 20_000), ("loud", 60))
    ]  # fmt: skip
    return network("population", (1,), [*layers, readout("loud", COUNT, 1)])


def measure_neurons(core: str, compiler: Compiler | None) -> dict[str, Any]:
    """Instructions and cycles a neuron, by kind and state: at rest, decaying, and firing.

    The last is what a spike costs on top: the step in which one layer fires and the other is
    raised as much but does not, compared.
    """
    report = {}
    for kind in KINDS:
        probe = Probe(population(kind), core, compiler)
        train = np.array([[0], [0], [1], [0], [0]], np.int8)
        run_checked(probe, train)
        probe.reset()
        steps = [probe.run_steps(step[None]) for step in train]
        quiet = [step.part("quiet") for step in steps]
        fired = steps[2].part("loud")
        spike = Cost(fired.instructions - quiet[2].instructions, fired.cycles - quiet[2].cycles)
        states = {"at rest": quiet[1], "decaying": quiet[3], "more where it fires": spike}
        report[kind] = {
            state: {
                "instructions": round(cost.instructions / COUNT, 2),
                "cycles": round(cost.cycles / COUNT, 2),
            }
            for state, cost in states.items()
        }
    return report
