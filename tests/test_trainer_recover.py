"""From integers back to parameters: lowered again, the network is the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.errors import ConfigError  # noqa: E402
from edgesnn.network import Dense, Network, dumps  # noqa: E402
from edgesnn.quantize import lower  # noqa: E402
from edgesnn.trainer.export import export  # noqa: E402
from edgesnn.trainer.model import KeywordSpotter  # noqa: E402
from edgesnn.trainer.model_settings import (  # noqa: E402
    InputSettings,
    LayerSettings,
    ModelSettings,
)
from edgesnn.trainer.recover import recover, widened  # noqa: E402

CLASSES = ("yes", "no", "unknown")
RANDOM = np.random.default_rng(4)
CLIPS = RANDOM.integers(-90, 90, (20, 30, 6)).astype(np.int8)
LABELS = RANDOM.integers(0, 3, 20)
HIDDEN = [
    LayerSettings(width=24),
    LayerSettings(width=16, taps=[0, 3], neuron="leaky", reset="zero"),
]
SETTINGS = ModelSettings(
    input=InputSettings(taps=[0, 2], encoding="delta", delta=5, graded_shift=4), hidden=HIDDEN
)


def spotter(settings: ModelSettings = SETTINGS, seed: int = 0) -> KeywordSpotter:
    """A network that has seen the clips, and fires."""
    torch.manual_seed(seed)
    model = KeywordSpotter(settings, 6, len(CLASSES))
    for layer in model.hidden:
        assert layer.normaliser is not None
        layer.normaliser.gain.data.fill_(0.8)
        layer.bias.data.uniform_(-0.2, 0.2)
    for _ in range(3):
        model(torch.from_numpy(CLIPS.transpose(1, 0, 2).copy()))
    return model


def integer(model: KeywordSpotter) -> Network:
    return lower(export(model, name="n", classes=CLASSES))


def recovered(network: Network, settings: ModelSettings = SETTINGS) -> KeywordSpotter:
    model = spotter(settings, seed=9)
    recover(model, network, CLIPS, LABELS)
    return model


def test_lowered_again_it_is_the_same_network():
    network = integer(spotter())
    assert dumps(integer(recovered(network))) == dumps(network)


def test_it_trains_where_it_left_off():
    """On the clips that the moments were measured on, a training step sees the same spikes."""
    model = recovered(integer(spotter()))
    frames = torch.from_numpy(CLIPS.transpose(1, 0, 2).copy())
    quiet, training = model.eval()(frames), model.train()(frames)
    for one, other in zip(quiet.layers, training.layers, strict=True):
        assert float(one.spikes.detach().sum()) > 100
        assert torch.equal(one.spikes, other.spikes)


def test_rows_that_waste_their_range_are_stretched():
    network = integer(spotter())
    first, *rest = network.layers
    half = tuple(replace(g, weight=g.weight // 2) for g in first.synapses if isinstance(g, Dense))
    network = replace(network, layers=(replace(first, synapses=half), *rest))
    again = integer(recovered(network))
    weights = np.concatenate([group.weight for group in again.layers[0].synapses], axis=1)
    assert (np.abs(weights.astype(int)).max(1) == 127).all()
    threshold = again.layers[0].neuron.threshold / first.neuron.threshold
    assert np.allclose(threshold, 2.0, rtol=0.05)


def test_widths_come_from_the_network():
    narrow = [layer.model_copy(update={"width": 8}) for layer in HIDDEN]
    other = SETTINGS.model_copy(update={"hidden": narrow})
    found = widened(other, [layer.size for layer in integer(spotter()).spiking])
    assert [layer.width for layer in found.hidden] == [24, 16]


@pytest.mark.parametrize(
    "change",
    [{"neuron": "adaptive"}, {"taps": [0, 2]}, {"bits": 8}, {"reset": "subtract"}],
)
def test_another_architecture_is_refused(change):
    hidden = [HIDDEN[0], HIDDEN[1].model_copy(update=change)]
    settings = SETTINGS.model_copy(update={"hidden": hidden})
    with pytest.raises(ConfigError, match="layer hidden2 of network n is not the configured one"):
        recovered(integer(spotter()), settings)


def test_other_depths_are_refused():
    settings = SETTINGS.model_copy(update={"hidden": HIDDEN[:1]})
    with pytest.raises(ConfigError, match="another number of layers"):
        recovered(integer(spotter()), settings)
