"""Growing: a larger network that gives the scores of the smaller one, to the bit, and can learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.errors import ConfigError  # noqa: E402
from edgesnn.trainer.grow import grow  # noqa: E402
from edgesnn.trainer.model import KeywordSpotter  # noqa: E402
from edgesnn.trainer.model_settings import (  # noqa: E402
    InputSettings,
    LayerSettings,
    ModelSettings,
    ReadoutSettings,
)

FRAMES = torch.from_numpy(np.random.default_rng(5).integers(-90, 90, (30, 6, 12)).astype(np.int8))


def shape(widths=(16, 8), taps=((0, 2), (0, 3), (0,)), **changes) -> ModelSettings:
    first = LayerSettings(width=widths[0], **changes)
    return ModelSettings(
        input=InputSettings(taps=list(taps[0])),
        hidden=[first, LayerSettings(width=widths[1], taps=list(taps[1]), **changes)],
        readout=ReadoutSettings(taps=list(taps[2])),
    )


def network(config: ModelSettings, seed: int) -> KeywordSpotter:
    torch.manual_seed(seed)
    model = KeywordSpotter(config, 12, 4).train()
    with torch.no_grad():
        for layer in model.hidden:
            layer.bias += 0.3
    model(FRAMES)  # running statistics
    return model.eval()


@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.permutations([0, 1, 2, 3, 5]),
    st.booleans(),
    st.integers(0, 1000),
)
@settings(max_examples=25, deadline=None)
def test_what_grew_gives_the_same_scores(more, also, offered, recurrent, seed):
    old = network(shape(recurrent=recurrent), seed)
    new = network(shape((16 + more, 8 + also), [offered] * 3, recurrent=recurrent), seed + 1)
    grow(old, new)
    before, after = old(FRAMES), new(FRAMES)
    assert torch.equal(before.logits, after.logits)
    for small, large in zip(before.layers, after.layers, strict=True):
        assert torch.equal(small.spikes, large.spikes[..., : small.spikes.shape[-1]])
    assert before.layers[0].spikes.any()


def test_what_was_added_is_heard_after_a_step():
    old, new = network(shape(), 1), network(shape((40, 32)), 2)
    grow(old, new)
    new.train()
    new(FRAMES).logits.square().sum().backward()
    for reader, pre in ((new.hidden[1], 16), (new.readout, 8)):
        gradient = reader.synapses.weight.grad.view(len(reader.bias), len(reader.delays), -1)
        assert gradient[..., pre:].abs().max() > 0


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (shape((8, 8)), "hidden layer 0 has 8 neurons, the earlier network 16"),
        (shape(taps=((0, 2), (0, 4), (0,))), r"hidden layer 1 lacks the taps \[3\]"),
        (shape(taps=((0, 2), (0, 3), (1,))), r"the readout lacks the taps \[0\]"),
        (shape(neuron="leaky"), "hidden layer 0 has other neurons"),
        (ModelSettings(hidden=[LayerSettings(width=16)]), "2 hidden layers, this one 1"),
    ],
)
def test_nothing_may_be_taken_away(config, message):
    with pytest.raises(ConfigError, match=message):
        grow(network(shape(), 1), network(config, 2))
