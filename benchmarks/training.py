"""Training steps: all time steps at once against one after another.

    OMP_WAIT_POLICY=passive python benchmarks/training.py

writes benchmarks/results/training.json. All is one batch, forward and backward: 256 clips of 50
frames. Each pair is measured in turn, in wall time and in processor time of all threads; the
latter is what other work on the machine disturbs least.

- `leaky neuron`: 256 neurons alone. `snntorch.Leaky` step by step under autograd, against
  `FusedLeaky.forward_steps`: same values, same gradients.
- `adaptive neuron`: the same in the integer domain, with floor, saturation and adaptation:
  `fire_by_steps` against `fire`: same values, same gradients.
- `network`: 40 bands at 3 taps, two adaptive layers of 256 with 4 taps between, ten classes, int8
  and int4 weights by Brevitas. The loop of `brevitas.nn.QuantLinear` and the adaptive law that one
  writes in PyTorch, against `KeywordSpotter` without normalisation: the same work.
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
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.model_settings import LayerSettings, ModelSettings
from edgesnn.trainer.neurons import FusedLeaky
from edgesnn.trainer.spiking import Law, fire, fire_by_steps, floor_through

STEPS, BATCH, BANDS, WIDTH, CLASSES = 50, 256, 40, 256, 10
REPEATS = 9
RESULT = Path(__file__).resolve().parent / "results" / "training.json"

Model = Callable[[], Tensor]


class StepLoop(nn.Module):
    """Quantised dense layers and adaptive neurons, one step after another."""

    def __init__(self) -> None:
        super().__init__()
        shapes = ((3 * BANDS, WIDTH, 8), (4 * WIDTH, WIDTH, 4), (WIDTH, CLASSES, 8))
        self.dense = nn.ModuleList(
            qnn.QuantLinear(
                pre,
                post,
                bias=True,
                weight_quant=Int8WeightPerTensorFloat,
                weight_bit_width=bits,
                weight_scaling_per_output_channel=True,
            )
            for pre, post, bits in shapes
        )
        self.neuron = nn.Parameter(torch.tensor([0.9, 0.95, 0.05, 0.2])[:, None].repeat(1, WIDTH))
        self.spike = snntorch.surrogate.atan()

    def step(self, current: Tensor, v: Tensor, a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        decay, kept, coupling, jump = self.neuron
        u = floor_through(v * decay) + current - a
        spikes = self.spike(u - 0.3)
        v = u - 0.3 * spikes.detach()
        a = floor_through(a * kept) + floor_through(v * coupling) + jump * spikes
        return spikes, v, a

    def forward(self, x: Tensor) -> Tensor:
        states = [(torch.zeros(BATCH, WIDTH),) * 2 for _ in range(2)]
        inputs, spikes = [torch.zeros(BATCH, BANDS)] * 7, [torch.zeros(BATCH, WIDTH)] * 10
        scores = torch.zeros(())
        for frame in x:
            inputs = [*inputs[1:], frame]
            first, *states[0] = self.step(self.dense[0](torch.cat(inputs[::3], 1)), *states[0])
            spikes = [*spikes[1:], first]
            second, *states[1] = self.step(self.dense[1](torch.cat(spikes[::3], 1)), *states[1])
            scores = scores + self.dense[2](second)
        return scores


def leaky_pair() -> dict[str, Model]:
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
    return {"steps": loop, "edgesnn": lambda: fused.forward_steps(x)[0]}


def adaptive_pair() -> dict[str, Model]:
    torch.manual_seed(0)
    acc = (torch.randn(STEPS, BATCH, WIDTH) * 40).round().requires_grad_()
    rows = torch.tensor([60.0, 230.0, 0.0, 240.0, 12.0, 20.0])[:, None].repeat(1, WIDTH)
    rows.requires_grad_()
    unit, law = torch.full((WIDTH,), 1 / 60), Law(adaptive=True)
    models = {
        "steps": lambda: fire_by_steps(acc, rows, unit, 2.0, law).spikes,
        "edgesnn": lambda: fire(acc, rows, unit, 2.0, law).spikes,
    }
    assert torch.equal(models["steps"](), models["edgesnn"]())
    return models


def network_pair() -> dict[str, Model]:
    torch.manual_seed(0)
    features = (torch.randn(STEPS, BATCH, BANDS) * 40).round().clamp(-127, 127)
    loop = StepLoop()
    hidden = [LayerSettings(width=WIDTH), LayerSettings(width=WIDTH, taps=[0, 3, 6, 9])]
    spotter = KeywordSpotter(ModelSettings(hidden=hidden, normalise=False), BANDS, CLASSES)
    integers = features.to(torch.int8)
    return {"steps": lambda: loop(features / 64), "edgesnn": lambda: spotter(integers).logits[-1]}


def measure(models: dict[str, Model]) -> dict[str, Any]:
    """Wall and processor milliseconds of forward and backward; the models take turns."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    grads: dict[str, Tensor] = {}
    for _ in range(REPEATS + 2):
        for name, forward in models.items():
            wall, cpu = time.perf_counter(), time.process_time()
            out = forward()
            out.backward(grads.setdefault(name, torch.randn_like(out)))
            took = (time.perf_counter() - wall, time.process_time() - cpu)
            taken[name].append((1e3 * took[0], 1e3 * took[1]))
    figures: dict[str, Any] = {name: _summary(times[2:]) for name, times in taken.items()}
    for clock in ("wall_ms", "cpu_ms"):
        naive, ours = (figures[name][clock]["median"] for name in ("steps", "edgesnn"))
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
    keep_freed_memory()
    pairs = {"leaky neuron": leaky_pair, "adaptive neuron": adaptive_pair, "network": network_pair}
    results = {name: measure(pair()) for name, pair in pairs.items()}
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
