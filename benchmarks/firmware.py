"""Instructions per step of generated firmware against the spikes it is given.

A network of 40-128-128-12 leaky neurons behind a relay, which turns each positive feature into
one spike, is driven at several input rates in QEMU, whose instruction counter is exact and
repeatable. Writes results/firmware.json and docs/instructions.png.

    python benchmarks/firmware.py [--cores m0 m4 ...] [--bits 8 4] [--compiler gcc|zig]

With --network it counts a network of your own instead, from samples to decision, in silence, in
noise and in whatever clips are given as int16 WAV files; writes results/NAME_firmware.json.

    python benchmarks/firmware.py --network NAME.esnn [--clips a.wav b.wav ...]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from edgesnn.codegen import HostC, Qemu, cross_compiler
from edgesnn.files import atomic_path, write_atomic
from edgesnn.frontend import features
from edgesnn.network import (
    Dense,
    Identity,
    Input,
    IntegrateAndFire,
    Layer,
    Leaky,
    Network,
    Readout,
    identity,
    load_network,
)
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import fan_out

ROOT = Path(__file__).resolve().parent.parent
RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
CORES = ("m0", "m3", "m4", "m7", "m33")
STEPS = 64
SEED = 2026

#: A threshold by bit width at which hidden layers fire about as much as they are fed.
THRESHOLD = {8: 500, 4: 30, 2: 6}


def bench_network(bits: int) -> Network:
    """Relay of 40, two hidden layers of 128, 12 classes; random weights of `bits` bits."""
    rng = np.random.default_rng(SEED)
    limit = {8: 127, 4: 7, 2: 1}[bits]

    def dense(source: str, post: int, pre: int) -> Dense:
        return Dense(source=source, bits=bits, weight=rng.integers(-limit, limit + 1, (post, pre)))

    def layer(name: str, shape: tuple[int, ...], group: Any, neuron: Any) -> Layer:
        size = int(np.prod(shape))
        return Layer(name=name, shape=shape, synapses=(group,), bias=[0] * size, neuron=neuron)

    def leaky() -> Leaky:
        return Leaky(threshold=[THRESHOLD[bits]] * 128, decay=[230] * 128)

    relay = IntegrateAndFire(threshold=[1] * 40, reset="zero")
    return Network(
        name="bench",
        input=Input(shape=(40,)),
        layers=(
            layer("relay", (40,), Identity(source="input", weight=[1] * 40), relay),
            layer("first", (128,), dense("relay", 128, 40), leaky()),
            layer("second", (128,), dense("first", 128, 128), leaky()),
            layer("readout", (12,), dense("second", 12, 128), Readout(decay=[250] * 12)),
        ),
        classes=tuple(f"class{number}" for number in range(12)),
    )


def stimuli() -> dict[float, IntArray]:
    """Features by input rate, int8 `(1, STEPS, 40)`."""
    rng = np.random.default_rng(SEED)
    return {rate: (rng.random((1, STEPS, 40)) < rate).astype(np.int8) for rate in RATES}


def work(network: Network, features: IntArray) -> tuple[float, float]:
    """Spikes and synaptic operations a step."""
    spikes = HostC(network).run(features).spikes
    operations = 0.0
    for layer in network.layers:
        for group in layer.synapses:
            if group.source != "input":
                fans = fan_out(group, network.source_shape(group.source), layer.size)
                operations += float((spikes[group.source] * fans).sum())
    total = sum(float(each.sum()) for each in spikes.values())
    return total / STEPS, operations / STEPS


def measure(bits: int, cores: list[str], compiler: str | None) -> dict[str, Any]:
    """Instructions a step by core and rate, and the line through them."""
    network = bench_network(bits)
    given = stimuli()
    loads = [work(network, features) for features in given.values()]
    report: dict[str, Any] = {
        "rates": list(RATES),
        "spikes": [round(spikes, 2) for spikes, _ in loads],
        "synaptic_operations": [round(operations, 1) for _, operations in loads],
        "cores": {},
    }
    for core in cores:
        machine = Qemu(network, core, compiler=cross_compiler(compiler))
        counts = [float(machine.count_instructions(x).mean()) for x in given.values()]
        report["cores"][core] = {
            "instructions": [round(count, 1) for count in counts],
            **line([operations for _, operations in loads], counts),
            "flash_bytes": machine.firmware.sizes.flash_bytes,
        }
        print(f"{bits} bits {core}: {report['cores'][core]}")
    return report


def line(x: list[float], y: list[float]) -> dict[str, float]:
    """Least-squares line and how straight it is."""
    slope, offset = np.polyfit(x, y, 1)
    residual = np.array(y) - (slope * np.array(x) + offset)
    spread = float(np.sum((np.array(y) - np.mean(y)) ** 2))
    return {
        "per_synaptic_operation": round(float(slope), 3),
        "offset": round(float(offset), 1),
        "r_squared": round(1 - float(np.sum(residual**2)) / spread, 5),
    }


def plot(results: dict[str, Any], path: Path) -> None:
    """Instructions against synaptic operations, one panel a bit width."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(
        1, len(results), figsize=(5.2 * len(results), 4.2), squeeze=False, sharey=True
    )
    for panel, (bits, report) in zip(panels[0], results.items(), strict=True):
        x = np.array(report["synaptic_operations"])
        for core, row in report["cores"].items():
            (points,) = panel.plot(x, row["instructions"], "o", label=f"Cortex-{core.upper()}")
            fitted = row["per_synaptic_operation"] * x + row["offset"]
            panel.plot(x, fitted, "-", color=points.get_color(), linewidth=1)
        panel.set_title(f"40-128-128-12, int{bits} weights")
        panel.set_xlabel("synaptic operations a step (presynaptic spikes × fan-out)")
        panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("instructions a step")
    panels[0][0].legend()
    figure.tight_layout()
    with atomic_path(path) as partial:
        figure.savefig(partial, dpi=110)


def sounds(network: Network, clips: list[Path]) -> dict[str, IntArray]:
    """A second each of silence and noise, and the clips, int16 `(count, samples)`."""
    assert network.frontend is not None
    rate = network.frontend.sample_rate
    noise = np.random.default_rng(SEED).normal(0, 300, (1, rate)).astype(np.int16)
    made = {"silence": np.zeros((1, rate), np.int16), "noise": noise}
    if clips:
        import soundfile

        read = [soundfile.read(path, dtype="int16", always_2d=True)[0][:rate, 0] for path in clips]
        made["clips"] = np.stack([np.pad(each, (0, rate - len(each))) for each in read])
    return made


def measure_network(path: Path, clips: list[Path], cores: list[str]) -> dict[str, Any]:
    """Instructions a step of a network file, front-end and network apart, by core and sound."""
    network = load_network(path)
    assert network.frontend is not None
    report: dict[str, Any] = {"network": identity(network), "cores": {}}
    for core in cores:
        machine = Qemu(network, core)
        row: dict[str, Any] = {"flash_bytes": machine.firmware.sizes.flash_bytes}
        for name, pcm in sounds(network, clips).items():
            whole = machine.count_instructions(pcm).mean()
            inner = machine.count_instructions(features(pcm, network.frontend)).mean()
            row[name] = {"frontend": round(whole - inner), "network": round(inner)}
        report["cores"][core] = row
        print(core, row)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cores", nargs="+", default=list(CORES), choices=CORES)
    parser.add_argument("--bits", nargs="+", type=int, default=[8, 4], choices=(8, 4, 2))
    parser.add_argument("--compiler", choices=("gcc", "zig"))
    parser.add_argument("--network", type=Path)
    parser.add_argument("--clips", nargs="*", type=Path, default=[])
    options = parser.parse_args()
    results_folder = ROOT / "benchmarks/results"
    if options.network:
        counted = measure_network(options.network, options.clips, options.cores)
        file = results_folder / f"{options.network.stem}_firmware.json"
        write_atomic(file, json.dumps(counted, indent=1) + "\n")
        return
    results = {str(bits): measure(bits, options.cores, options.compiler) for bits in options.bits}
    record = {"compiler": cross_compiler(options.compiler).name, "steps": STEPS, "bits": results}
    write_atomic(results_folder / "firmware.json", json.dumps(record, indent=1) + "\n")
    plot(results, ROOT / "docs/instructions.png")


if __name__ == "__main__":
    main()
