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


@pytest.mark.parametrize(
    "changes", [{"axonal_delay": 4}, {"neuron": "leaky", "reset": "zero"}], ids=str
)
def test_so_it_does_with_delays_of_axons_and_equal_taps(changes):
    old = network(shape(taps=((0, 0), (1, 1), (0,)), **changes), 3)
    new = network(shape((24, 16), ((0, 2, 0), (1, 0, 1, 1), (0,)), **changes), 4)
    grow(old, new)
    assert torch.equal(old(FRAMES).logits, new(FRAMES).logits)


@pytest.mark.parametrize("rests", [(0.5, 0.0), (0.0, 0.5)])
def test_a_network_may_begin_or_cease_to_rest(rests):
    old, new = (network(shape().model_copy(update={"rest": rest}), 1) for rest in rests)
    grow(old, new)
    assert torch.equal(old.readout.synapses.weight, new.readout.synapses.weight)


def test_other_inputs_or_classes_are_refused():
    other = KeywordSpotter(shape(), 12, 5)
    with pytest.raises(ConfigError, match="other inputs or classes"):
        grow(network(shape(), 1), other)


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
        (shape(taps=((0, 2), (0, 4), (0,))), "hidden layer 1 lacks tap 3 of"),
        (shape(taps=((0, 2), (0, 3), (1,))), "the readout lacks tap 0 of"),
        (shape(neuron="leaky"), "hidden layer 0 has other neurons"),
        (shape(reset="zero"), "hidden layer 0 has other neurons"),
        (shape(reset_delay=True), "hidden layer 0 has other neurons"),
        (shape(axonal_delay=3), "hidden layer 1 has other neurons"),
        (ModelSettings(hidden=[LayerSettings(width=16)]), "2 hidden layers, this one 1"),
    ],
)
def test_nothing_may_be_taken_away(config, message):
    with pytest.raises(ConfigError, match=message):
        grow(network(shape(), 1), network(config, 2))
