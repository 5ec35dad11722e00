"""Training steps: the fused spiking law against snnTorch's own step loop.

    OMP_WAIT_POLICY=passive python benchmarks/training.py

writes benchmarks/results/training.json. All is one batch, forward and backward: 256 clips of 50
frames. Each pair is measured in turn, in wall time and in processor time of all threads; the
latter is what other work on the machine disturbs least.

- `neuron`: 256 leaky neurons alone. `snntorch.Leaky` step by step under autograd, against
  `FusedLeaky.forward_steps`: same values, same gradients.
- `network`: 40 bands, two hidden layers of 256, ten classes, int8 and int4 weights. The loop that
  one writes with `brevitas.nn.QuantLinear` and `snntorch.Leaky`, against `KeywordSpotter`, whose
  neurons are adaptive, normalised and exact in integers: more work, and the one that is used.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brevitas.nn as qnn
import snntorch
import torch
from brevitas.quant import Int8WeightPerTensorFloat
from torch import Tensor, nn

from edgesnn.files import write_atomic
from edgesnn.trainer.allocation import keep_freed_memory
from edgesnn.trainer.config import LayerSettings, ModelSettings
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.neurons import FusedLeaky

STEPS, BATCH, BANDS, WIDTH, CLASSES = 50, 256, 40, 256, 10
REPEATS = 9
RESULT = Path(__file__).resolve().parent / "results" / "training.json"

Model = Callable[[], Tensor]


class StepLoop(nn.Module):
    """Quantised dense layers and leaky neurons, step by step."""

    def __init__(self) -> None:
        super().__init__()
        shapes = ((BANDS, WIDTH, 8), (WIDTH, WIDTH, 4), (WIDTH, CLASSES, 8))
        self.dense = nn.ModuleList(
            qnn.QuantLinear(
                pre,
                post,
                bias=False,
                weight_quant=Int8WeightPerTensorFloat,
                weight_bit_width=bits,
                weight_scaling_per_output_channel=True,
            )
            for pre, post, bits in shapes
        )
        self.neurons = nn.ModuleList(snntorch.Leaky(beta=0.9, threshold=0.3) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        memories = [neuron.reset_mem() for neuron in self.neurons]
        scores = torch.zeros(())
        for frame in x:
            signal = frame
            for layer, neuron in enumerate(self.neurons):
                signal, memories[layer] = neuron(self.dense[layer](signal), memories[layer])
            scores = scores + self.dense[-1](signal)
        return scores


def neuron_pair() -> dict[str, Model]:
    torch.manual_seed(0)
    x = torch.randn(STEPS, BATCH, WIDTH, requires_grad=True)
    naive, fused = snntorch.Leaky(beta=0.9), FusedLeaky(beta=0.9)

    def loop() -> Tensor:
        memory, steps = naive.reset_mem(), []
        for current in x:
            spikes, memory = naive(current, memory)
            steps.append(spikes)
        return torch.stack(steps)

    assert torch.equal(loop(), fused.forward_steps(x)[0])
    return {"snntorch": loop, "edgesnn": lambda: fused.forward_steps(x)[0]}


def network_pair() -> dict[str, Model]:
    torch.manual_seed(0)
    features = (torch.randn(STEPS, BATCH, BANDS) * 40).round().clamp(-127, 127)
    loop = StepLoop()
    hidden = [LayerSettings(width=WIDTH), LayerSettings(width=WIDTH)]
    spotter = KeywordSpotter(ModelSettings(hidden=hidden), BANDS, CLASSES)
    integers = features.to(torch.int8)
    return {
        "snntorch": lambda: loop(features / 64),
        "edgesnn": lambda: spotter(integers).logits[-1],
    }


def measure(models: dict[str, Model]) -> dict[str, Any]:
    """Wall and processor milliseconds of forward and backward; the models take turns."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    for _ in range(REPEATS + 2):
        for name, forward in models.items():
            wall, cpu = time.perf_counter(), time.process_time()
            forward().square().mean().backward()  # type: ignore[no-untyped-call]
            took = (time.perf_counter() - wall, time.process_time() - cpu)
            taken[name].append((1e3 * took[0], 1e3 * took[1]))
    figures: dict[str, Any] = {name: _summary(times[2:]) for name, times in taken.items()}
    for clock in ("wall_ms", "cpu_ms"):
        naive, ours = (figures[name][clock]["median"] for name in ("snntorch", "edgesnn"))
        figures[f"times_less_{clock.removesuffix('_ms')}"] = round(naive / ours, 1)
    return figures


def _summary(taken: list[tuple[float, float]]) -> dict[str, dict[str, float]]:
    return {
        clock: {
            "median": round(statistics.median(times), 1),
            "least": round(min(times), 1),
            "most": round(max(times), 1),
        }
        for clock, times in zip(("wall_ms", "cpu_ms"), zip(*taken, strict=True), strict=True)
    }


def main() -> None:
    neuron, network = neuron_pair(), network_pair()
    results = {"neuron": measure(neuron), "network": measure(network)}
    keep_freed_memory()
    results["network, freed memory kept"] = measure(network)
    facts = {
        "command": "OMP_WAIT_POLICY=passive python benchmarks/training.py",
        "repeats": REPEATS,
        "threads": torch.get_num_threads(),
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "torch": torch.__version__,
        "snntorch": snntorch.__version__,
    }
    text = json.dumps(facts | {"results": results}, indent=2)
    write_atomic(RESULT, text + "\n")
    print(text)


if __name__ == "__main__":
    main()
