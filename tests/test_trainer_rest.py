"""Networks that are asked to rest: no spike where nothing is heard, whatever they learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from edgesnn.quantize import lower  # noqa: E402
from edgesnn.sim.engine import Engine  # noqa: E402
from edgesnn.trainer.checkpoint import load_model, save_model  # noqa: E402
from edgesnn.trainer.export import export  # noqa: E402
from edgesnn.trainer.model import KeywordSpotter  # noqa: E402
from edgesnn.trainer.model_settings import (  # noqa: E402
    InputSettings,
    LayerSettings,
    ModelSettings,
)
from edgesnn.trainer.prune import without  # noqa: E402

CHANNELS, CLASSES = 7, 3

#: Until what the first steps leave has decayed, and after.
SETTLED, STEPS = 800, 1000
NAMES = ("yes", "no", "silence")


def wanting_to_fire(seed: int, rest: float, neuron: str = "leaky") -> KeywordSpotter:
    """A network whose biases alone would make most of its neurons fire."""
    torch.manual_seed(seed)
    layer = {"neuron": neuron, "bits": 8}
    model = KeywordSpotter(
        ModelSettings(
            input=InputSettings(encoding="delta", delta=6, taps=[0, 4]),
            hidden=[LayerSettings(width=16, **layer), LayerSettings(width=8, taps=[0, 3], **layer)],
            rest=rest,
        ),
        CHANNELS,
        CLASSES,
    )
    with torch.no_grad():
        for layer in model.hidden:
            layer.bias.uniform_(0.0, 4.0)
    return model.eval()


def silence(seed: int) -> torch.Tensor:
    """What the front-end makes of silence: no zeros, and all beyond the input's delta."""
    return torch.from_numpy(np.random.default_rng(seed).integers(-90, -20, CHANNELS, np.int8))


def spikes_in_silence(model: KeywordSpotter, frame: torch.Tensor) -> list[int]:
    """Of each hidden layer of the integer network, once it has settled."""
    network = lower(export(model, name="words", classes=NAMES))
    traces = Engine(network, 1).run(frame.numpy()[None, None].repeat(STEPS, axis=1))
    return [int(traces.spikes[layer.name][:, SETTLED:].sum()) for layer in network.spiking]


@given(st.integers(0, 10**6), st.floats(0.3, 1.0))
@settings(max_examples=8, deadline=None)
def test_no_neuron_fires_in_silence(seed: int, rest: float) -> None:
    model, frame = wanting_to_fire(seed, rest), silence(seed)
    model.know_silence(frame)
    assert spikes_in_silence(model, frame) == [0, 0]


def test_adaptive_neurons_do_not_either_but_for_a_few_that_ring() -> None:
    model, frame = wanting_to_fire(7, 0.9, "adaptive"), silence(7)
    model.know_silence(frame)
    held = spikes_in_silence(model, frame)
    assert sum(held) < 0.05 * sum(spikes_in_silence(wanting_to_fire(7, 0.0, "adaptive"), frame))


def test_they_would_fire_if_they_were_not_held() -> None:
    assert min(spikes_in_silence(wanting_to_fire(1, 0.0), silence(1))) > 100


def test_held_biases_learn_on() -> None:
    model = wanting_to_fire(2, 0.9).train()
    model.know_silence(silence(2))
    frames = torch.from_numpy(np.random.default_rng(2).integers(-90, 90, (20, 4, 7), np.int8))
    model(frames).logits.square().sum().backward()
    for layer in model.hidden:
        assert layer.bias.grad is not None
        assert layer.bias.grad.abs().max() > 0


@pytest.mark.parametrize(("before", "after"), [(0.0, 0.9), (0.9, 0.0), (0.9, 0.5)])
def test_a_network_may_be_asked_to_rest_later(tmp_path: Path, before: float, after: float) -> None:
    earlier, later = wanting_to_fire(3, before), wanting_to_fire(4, after)
    earlier.know_silence(silence(3))
    later.know_silence(silence(3))
    save_model(earlier, tmp_path / "model.safetensors")
    load_model(later, tmp_path / "model.safetensors")
    assert torch.equal(earlier.hidden[0].synapses.weight, later.hidden[0].synapses.weight)
    assert (spikes_in_silence(later, silence(3)) == [0, 0]) == (after > 0)


def test_a_pruned_network_still_rests() -> None:
    model, frame = wanting_to_fire(5, 1.0), silence(5)
    model.know_silence(frame)
    narrow = without(model, [torch.arange(8), torch.arange(8)])
    assert torch.equal(narrow.hidden[0].resting, frame.float())
    assert spikes_in_silence(narrow.eval(), frame) == [0, 0]
