"""Pruning by activity: what is left is the same network."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.errors import ConfigError  # noqa: E402
from edgesnn.trainer.model import KeywordSpotter  # noqa: E402
from edgesnn.trainer.model_settings import (  # noqa: E402
    LayerSettings,
    ModelSettings,
    ReadoutSettings,
)
from edgesnn.trainer.prune import chosen, firing_rates, without  # noqa: E402

CLIPS = np.random.default_rng(3).integers(-90, 90, (6, 30, 12)).astype(np.int8)

SHAPES = {
    "adaptive, taps": ModelSettings(
        hidden=[LayerSettings(width=24), LayerSettings(width=16, taps=[0, 3])],
        readout=ReadoutSettings(taps=[0, 2]),
    ),
    "axonal delays, recurrent, plain": ModelSettings(
        hidden=[
            LayerSettings(width=24, recurrent=True, neuron="leaky"),
            LayerSettings(width=16, taps=[0, 1], axonal_delay=5),
        ],
        normalise=False,
    ),
}


def some_network(settings: ModelSettings) -> KeywordSpotter:
    """One in which neurons 3, 4 and 11 of the first layer, and 5 of the second, never fire."""
    torch.manual_seed(1)
    model = KeywordSpotter(settings, 12, 4)
    frames = torch.from_numpy(np.ascontiguousarray(CLIPS.transpose(1, 0, 2)))
    model.train()
    model(frames)  # running statistics
    with torch.no_grad():
        for layer, dead in zip(model.hidden, ([3, 4, 11], [5]), strict=True):
            layer.bias += 0.3  # so that the others do
            layer.bias[dead] = -1e4
        # What hears a silent neuron has no reason for a large weight, which would set its scale.
        for reader, width in ((model.hidden[1], 24), (model.readout, 16)):
            silent = firing_rates(model, CLIPS)[0 if width == 24 else 1] == 0
            weight = reader.synapses.weight
            weight.view(len(weight), -1, width)[:, :, silent] *= 0.01
    return model.eval()


@pytest.mark.parametrize("settings", SHAPES.values(), ids=SHAPES.keys())
def test_dropping_what_never_fires_changes_nothing(settings: ModelSettings) -> None:
    model = some_network(settings)
    rates = firing_rates(model, CLIPS)
    assert not rates[0][[3, 4, 11]].any()
    kept = [chosen(r, 1e-9, lanes=1) for r in rates]
    narrow = without(model, kept).eval()
    assert [layer.settings.width for layer in narrow.hidden] == [len(k) for k in kept]
    assert all(len(k) < len(r) for k, r in zip(kept, rates, strict=True))
    frames = torch.from_numpy(np.ascontiguousarray(CLIPS.transpose(1, 0, 2)))
    with torch.no_grad():
        before, after = model(frames), narrow(frames)
    assert torch.equal(before.logits, after.logits)
    for part, one, other in zip(kept, before.layers, after.layers, strict=True):
        assert one.spikes.any()
        assert torch.equal(one.spikes[..., part], other.spikes)
        assert torch.equal(one.u[..., part], other.u)


def test_firing_rates_are_shares_of_steps() -> None:
    model = some_network(SHAPES["adaptive, taps"])
    with torch.no_grad():
        traces = model(torch.from_numpy(np.ascontiguousarray(CLIPS.transpose(1, 0, 2)))).layers
    for rate, trace in zip(firing_rates(model, CLIPS), traces, strict=True):
        np.testing.assert_allclose(rate.numpy(), trace.spikes.mean((0, 1)).numpy(), rtol=1e-6)


def test_layers_keep_whole_tiles_of_the_most_active() -> None:
    rates = torch.tensor([0.3, 0.0, 0.1, 0.0, 0.2, 0.05, 0.0, 0.4, 0.01, 0.0])
    assert chosen(rates, 0.05, lanes=1).tolist() == [0, 2, 4, 5, 7]
    assert chosen(rates, 0.05, lanes=4).tolist() == [0, 1, 2, 3, 4, 5, 7, 8]
    assert chosen(rates, 0.05, lanes=16).tolist() == list(range(10))


def test_a_layer_without_neurons_is_refused() -> None:
    model = some_network(SHAPES["adaptive, taps"])
    with pytest.raises(ConfigError, match="leaves no neuron in hidden layer 1"):
        without(model, [torch.arange(8), torch.arange(0)])
