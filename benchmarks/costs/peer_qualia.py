"""Qualia-CodeGen with its SNN plugin: a generator of dense C for spiking networks."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from costs.foreign import CORES, address, build, call, write_given
from costs.networks import spikes
from costs.probe import bench_board
from costs.whole import SIZES, STEPS

RATES = (0.0, 0.1, 0.5)
MAIN = """
#include "model.h"
static input_t given;
static output_t told;
int main(void) { reset(); cnn(given, told); return 0; }
"""
VERSION = (
    "from importlib.metadata import version as v; "
    "print(v('qualia-codegen-core'), v('qualia-codegen-plugin-snn'))"
)


def measure_qualia(python: str) -> dict[str, Any]:
    """Cost of STEPS steps of SIZES by input rate, in portable C of 16-bit numbers."""
    asked = subprocess.run([python, "-c", VERSION], capture_output=True, text=True, check=True)
    found: dict[str, Any] = {"revision": asked.stdout.strip(), "cores": {}}
    for name in CORES:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            write_given(folder / "given.npz")
            script = Path(__file__).with_name("foreign_qualia.py")
            command = [python, str(script), str(folder / "given.npz"), str(folder / "c")]
            subprocess.run(command, check=True, capture_output=True)
            (folder / "build").mkdir()
            places = [folder / "c/include", folder / "c"]
            board = bench_board(name)
            core = build(board, [folder / "c/model.c"], places, MAIN, folder / "build")
        found["cores"][name] = {"rates": []}
        given, told = address(core, "given"), address(core, "told")
        for rate in RATES:
            core.call("reset")
            spent = []
            for step in spikes(rate, STEPS, SIZES[0]):
                core.memory.write(given, step.astype("<i2").tobytes())
                spent.append(call(core, "cnn", given, told))
            instructions, cycles = np.array(spent).sum(axis=0).tolist()
            row = {"rate": rate, "instructions": instructions, "cycles": cycles}
            found["cores"][name]["rates"].append(row)
    return found
