"""Qualia-CodeGen's C of the bench network. Run by a Python that has its SNN plugin and torch:

    python foreign_qualia.py given.npz OUTPUT_FOLDER

Everything is divided by 128 and held in 16 bits with seven binary digits, so that its weights,
thresholds and membranes are the integers of ours; spikes are 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from qualia_codegen_core.graph.ActivationRange import ActivationRange
from qualia_codegen_core.graph.RoundMode import RoundMode
from qualia_codegen_core.main import annotate_quantization
from qualia_codegen_plugin_snn.Converter import Converter
from qualia_codegen_plugin_snn.graph.TorchModelGraph import TorchModelGraph
from spikingjelly.activation_based.neuron import LIFNode
from torch import nn

TAU = 256 / (256 - 230)
DIGITS = 7
UNIT = 2.0**-DIGITS


class Chain(nn.Module):
    """Three fully connected leaky layers, reset by subtraction."""

    def __init__(self, given: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.input_shape, self.is_snn = (given["weight1"].shape[1],), False
        for number in (1, 2, 3):
            weight = torch.tensor(given[f"weight{number}"] * UNIT, dtype=torch.float32)
            dense = nn.Linear(weight.shape[1], weight.shape[0])
            dense.weight.data, dense.bias.data = weight, torch.zeros(len(weight))
            limit = float(given["threshold"][number - 1] * UNIT)
            setattr(self, f"fc{number}", dense)
            neuron = LIFNode(tau=TAU, v_threshold=limit, v_reset=None, decay_input=False)
            setattr(self, f"lif{number}", neuron)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One step."""
        for number in (1, 2, 3):
            x = getattr(self, f"lif{number}")(getattr(self, f"fc{number}")(x))
        return x


def main() -> None:
    given, folder = dict(np.load(sys.argv[1])), Path(sys.argv[2])
    graph = TorchModelGraph(Chain(given).eval()).convert()
    assert graph is not None
    floor = RoundMode.FLOOR
    ranges = {}
    for node in graph.nodes:
        name = node.layer.name
        digits = DIGITS if name.startswith("fc") else 0  # of what it hands on
        ranges[name] = ActivationRange(
            16, 16, 16, 16, 0, digits, DIGITS, DIGITS, None, floor, floor
        )
    assert annotate_quantization(graph, ranges, int, 16, 32)
    Converter(output_path=folder).convert_model(graph)


if __name__ == "__main__":
    main()
