"""Whole inferences of spiking networks against the rate of their input events."""

from __future__ import annotations

from typing import Any

from costs.load import line, run_checked
from costs.networks import RELAY, SHAPES, chain, spikes
from costs.probe import Probe
from edgesnn.codegen import Compiler, Qemu
from edgesnn.network import Network

RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
FEW_RATES = (0.0, 0.1, 0.5)
STEPS = 32
SIZES = (40, 128, 128, 12)


def measure_network(
    network: Network, core: str, compiler: Compiler | None = None, rates: tuple[float, ...] = RATES
) -> dict[str, Any]:
    """One clip of STEPS steps a rate; the relay, which stands for the spikes' origin, apart."""
    probe = Probe(network, core, compiler)
    rows = []
    for rate in rates:
        clip, load = run_checked(probe, spikes(rate, STEPS, network.input.size))
        relay = clip.part(RELAY)
        rows.append({
            "rate": rate,
            "synaptic_operations": load.synaptic_operations,
            "updates": load.updates,
            "spikes": sum(load.spikes.values()),
            "instructions": int(clip.instructions.sum()) - relay.instructions,
            "cycles": int(clip.cycles.sum()) - relay.cycles,
            "relay_instructions": relay.instructions,
            "relay_cycles": relay.cycles,
        })  # fmt: skip
    x = [float(row["synaptic_operations"]) for row in rows]
    fits = {y: line(x, [float(row[y]) for row in rows]) for y in ("instructions", "cycles")}
    return {"rates": rows, "fit": fits}


def measure_rates(core: str, compiler: Compiler | None) -> dict[str, Any]:
    """The issue's 40-128-128-12 by weight bits."""
    return {str(width): measure_network(chain(SIZES, width), core, compiler) for width in (8, 4, 2)}


def measure_shapes(core: str, compiler: Compiler | None) -> dict[str, Any]:
    """Networks of other shapes, at three rates."""
    return {
        name: measure_network(make(), core, compiler, FEW_RATES) for name, make in SHAPES.items()
    }


def measure_qemu(core: str, compiler: Compiler | None) -> dict[str, Any]:
    """Instructions of the int8 network at a tenth: by QEMU's counter, and in the simulated core.

    QEMU counts from the caller's side: the call's own arguments come on top.
    """
    network, train = chain(SIZES), spikes(0.1, STEPS, SIZES[0])
    counted = Qemu(network, core, compiler=compiler).count_instructions(train[None])[0]
    simulated = Probe(network, core, compiler, split=False).run(train).instructions
    more = counted - simulated
    return {
        "qemu": int(counted.sum()),
        "simulated": int(simulated.sum()),
        "more_a_step": [int(more.min()), int(more.max())],
    }
