"""snn2mcu: a generator of event-driven C with 16-bit weights over CMSIS-DSP."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from costs.foreign import CORES, address, build, call, revision, write_given
from costs.load import line
from costs.networks import spikes
from costs.probe import bench_board
from costs.whole import RATES, SIZES, STEPS
from edgesnn.network.arrays import IntArray
from edgesnn.sim.core import Core

STUBS = {
    "stm32h7xx_hal.h": "#include <stdint.h>\n#include <string.h>\n",
    "arm_nnfunctions.h": "",
    "usart.h": "static int huart1;\n#define HAL_UART_Transmit(...) ((void)0)\n",
}
DSP = ("BasicMathFunctions/arm_add_q15.c", "BasicMathFunctions/arm_sub_q15.c",
       "BasicMathFunctions/arm_mult_q15.c", "SupportFunctions/arm_fill_q15.c",
       "SupportFunctions/arm_float_to_q15.c")  # fmt: skip
SNN_MAIN = """
#include "../Inc/lif_neuron_gen.h"
static q7_t given[64], told[64];
int main(void) { SNN_Init(); SNN_Reset_State(); SNN_Run_Timestep(given, told); return 0; }
"""


def generate_snn2mcu(checkout: Path, python: str, folder: Path) -> None:
    """Its C for the int8 network of SIZES, in `folder/Src` and `folder/Inc`."""
    for part in ("Inc", "Src"):
        (folder / part).mkdir()
    for name, text in STUBS.items():
        (folder / "Inc" / name).write_text(text)
    write_given(folder / "given.npz")
    script = Path(__file__).with_name("foreign_nir.py")
    generator = checkout / "NIR-to-C_V2"
    command = [python, str(script), str(generator), str(folder / "given.npz"), str(folder / "Inc")]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "Inc/lif_neuron_gen.c").rename(folder / "Src/lif_neuron_gen.c")


def snn_steps(core: Core, train: IntArray) -> Iterator[tuple[int, int, int]]:
    """Instructions, cycles and synaptic operations of each step."""
    given, told = address(core, "given"), address(core, "told")
    core.call("SNN_Reset_State")
    for step in train:
        core.memory.write(given, step.tobytes())
        spent = call(core, "SNN_Run_Timestep", given, told)
        events = [int(step.sum())]
        for number, size in enumerate(SIZES[1:-1], 1):
            fired = core.memory.read(address(core, f"l{number}_spikes"), size)
            events.append(sum(fired))
        yield (*spent, sum(n * fan for n, fan in zip(events, SIZES[1:], strict=True)))


def measure_snn2mcu(checkout: Path, dsp: Path, cmsis: Path, python: str) -> dict[str, Any]:
    """Cost of STEPS steps of SIZES by input rate."""
    sources = [dsp / "Source" / name for name in DSP]
    includes = [dsp / "Include", dsp / "PrivateInclude", cmsis / "CMSIS/Core/Include"]
    found: dict[str, Any] = {
        "revision": revision(checkout), "cmsis_dsp": revision(dsp), "cores": {}
    }  # fmt: skip
    for name in CORES:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            generate_snn2mcu(checkout, python, folder)
            (folder / "build").mkdir()
            core = build(
                bench_board(name), [folder / "Src/lif_neuron_gen.c", *sources],
                [folder / "Inc", *includes], SNN_MAIN, folder / "build",
            )  # fmt: skip
        rows = []
        for rate in RATES:
            spent = np.array(list(snn_steps(core, spikes(rate, STEPS, SIZES[0])))).sum(axis=0)
            keys = ("instructions", "cycles", "synaptic_operations")
            rows.append({"rate": rate, **dict(zip(keys, spent.tolist(), strict=True))})
        x = [row["synaptic_operations"] for row in rows]
        fits = {unit: line(x, [row[unit] for row in rows]) for unit in ("instructions", "cycles")}
        found["cores"][name] = {"rates": rows, "fit": fits}
    return found
