"""CMSIS-NN: its fully connected int8 layer, which is a dense network's synapses."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from costs.foreign import CORES, build, call, revision
from costs.probe import bench_board
from costs.whole import SIZES


def fully_connected(pre: int, post: int) -> str:
    """C of one layer without offsets, and a function that computes it."""
    name = f"layer_{pre}_{post}"
    return f"""
static int8_t {name}_in[{pre}], {name}_weight[{pre * post}], {name}_out[{post}];
static int32_t {name}_bias[{post}];
void {name}(void) {{
    const cmsis_nn_context context = {{0, 0}};
    const cmsis_nn_fc_params parameters = {{0, 0, 0, {{-128, 127}}}};
    const cmsis_nn_per_tensor_quant_params scale = {{1 << 30, -6}};
    const cmsis_nn_dims in = {{1, 1, 1, {pre}}}, filter = {{{pre}, 1, 1, {post}}},
                        bias = {{1, 1, 1, {post}}}, out = {{1, 1, 1, {post}}};
    arm_fully_connected_s8(&context, &parameters, &scale, &in, {name}_in, &filter, {name}_weight,
                           &bias, {name}_bias, &out, {name}_out);
}}
"""


def measure_cmsis_nn(checkout: Path) -> dict[str, Any]:
    """Cost of the synapses of one step of SIZES, layer by layer."""
    shapes = list(pairwise(SIZES))
    calls = "".join(f"    layer_{pre}_{post}();\n" for pre, post in shapes)
    main = '#include "arm_nnfunctions.h"\n' + "".join(fully_connected(*each) for each in shapes)
    main += f"int main(void) {{\n{calls}    return 0;\n}}\n"
    sources = [
        checkout / "Source" / name
        for name in ("FullyConnectedFunctions/arm_fully_connected_s8.c",
                     "NNSupportFunctions/arm_nn_vec_mat_mult_t_s8.c")
    ]  # fmt: skip
    found: dict[str, Any] = {"revision": revision(checkout), "cores": {}}
    for name in CORES:
        with tempfile.TemporaryDirectory() as folder:
            core = build(bench_board(name), sources, [checkout / "Include"], main, Path(folder))
        spent = np.array([call(core, f"layer_{pre}_{post}") for pre, post in shapes])
        synapses = sum(pre * post for pre, post in shapes)
        instructions, cycles = spent.sum(axis=0).tolist()
        found["cores"][name] = {
            "instructions": instructions, "cycles": cycles,
            "per_synapse": [round(instructions / synapses, 3), round(cycles / synapses, 3)],
        }  # fmt: skip
    return found
