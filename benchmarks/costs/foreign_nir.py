"""The bench network as NIR, and snn2mcu's C of it. Run by a Python that has `nir`:

    python foreign_nir.py GENERATOR_FOLDER given.npz OUTPUT_FOLDER

Weights and thresholds are scaled so that its 16-bit numbers are the integers of ours. Its neurons
reset to zero and fire above, not at, the threshold, and the readout becomes a spiking layer.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nir
import numpy as np

UNIT = 60 / 32768  # its scale of a 16-bit number
STEP = 1e-4  # seconds, which it takes for granted
DECAY = 230 / 256


def graph(given: dict[str, np.ndarray]) -> nir.NIRGraph:
    """Three fully connected leaky layers."""
    nodes = {"input": nir.Input(input_type=np.array([given["weight1"].shape[1]]))}
    edges, source = [], "input"
    for number in (1, 2, 3):
        weight = given[f"weight{number}"] * UNIT
        ones = np.ones(len(weight))
        nodes[f"fc{number}"] = nir.Linear(weight=weight)
        nodes[f"lif{number}"] = nir.LIF(
            tau=ones * STEP / (1 - DECAY), r=ones, v_leak=0 * ones, v_reset=0 * ones,
            v_threshold=ones * given["threshold"][number - 1] * UNIT,
        )  # fmt: skip
        edges += [(source, f"fc{number}"), (f"fc{number}", f"lif{number}")]
        source = f"lif{number}"
    nodes["output"] = nir.Output(output_type=np.array([len(ones)]))
    return nir.NIRGraph(nodes=nodes, edges=[*edges, (source, "output")])


def main() -> None:
    generator, given, folder = sys.argv[1:]
    sys.path.insert(0, generator)
    from nir_to_c_generator_V2 import NIRToCGenerator

    made = Path(folder) / "bench.nir"
    nir.write(str(made), graph(dict(np.load(given))))
    NIRToCGenerator(str(made)).generate_files(folder)


if __name__ == "__main__":
    main()
