"""Neurons that fell silent begin anew, and nothing else changes."""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.trainer.average import Average  # noqa: E402
from edgesnn.trainer.checkpoint import State  # noqa: E402
from edgesnn.trainer.config import OptimiserSettings  # noqa: E402
from edgesnn.trainer.model import KeywordSpotter  # noqa: E402
from edgesnn.trainer.model_settings import LayerSettings, ModelSettings  # noqa: E402
from edgesnn.trainer.prune import firing_rates  # noqa: E402
from edgesnn.trainer.revive import LEAST_RATE, is_due, revive  # noqa: E402
from edgesnn.trainer.schedule import make_optimiser  # noqa: E402

CLIPS = np.random.default_rng(3).integers(-90, 90, (40, 30, 12)).astype(np.int8)
FRAMES = torch.from_numpy(np.ascontiguousarray(CLIPS.transpose(1, 0, 2)))
LOST = ([1, 5, 6], [0, 3])

SHAPES = {
    "taps": ModelSettings(hidden=[LayerSettings(width=16), LayerSettings(width=8, taps=[0, 3])]),
    "recurrent, at rest, plain": ModelSettings(
        hidden=[
            LayerSettings(width=16, recurrent=True, neuron="leaky"),
            LayerSettings(width=12, recurrent=True),  # as many as there are inputs
        ],
        normalise=False,
        rest=0.9,
    ),
}


def run_with_silent_neurons(settings: ModelSettings) -> State:
    torch.manual_seed(1)
    model = KeywordSpotter(settings, 12, 4).train()
    optimiser = make_optimiser(model, OptimiserSettings())
    model(FRAMES).logits.square().sum().backward()
    optimiser.step()
    with torch.no_grad():
        for layer, lost in zip(model.hidden, LOST, strict=True):
            layer.bias += 0.6
            layer.bias[list(lost)] = -1e4
        for reader, width in ((model.hidden[1], 16), (model.readout, len(model.hidden[1].bias))):
            silent = list(LOST[0] if width == 16 else LOST[1])
            weight = reader.synapses.weight  # no reason for a large one, which would set the scale
            weight.view(len(weight), -1, width)[:, :, silent] *= 0.01
    return State(model, Average(model.eval(), 0.9), optimiser, 3, "", [])


@pytest.mark.parametrize("settings", SHAPES.values(), ids=SHAPES.keys())
def test_the_silent_begin_anew_and_all_others_stay(settings):
    state = run_with_silent_neurons(settings)
    before = copy.deepcopy(state.model)
    logits = state.model(FRAMES).logits
    silent = [torch.nonzero(r < LEAST_RATE).flatten() for r in firing_rates(state.model, CLIPS)]
    assert all(set(lost) <= set(found.tolist()) for lost, found in zip(LOST, silent, strict=True))
    assert revive(state, CLIPS, 7) == sum(map(len, silent))
    for model in (state.model, state.average.model):
        assert torch.equal(model.eval()(FRAMES).logits, logits)
        for index, lost in enumerate(silent):
            layer, was = model.hidden[index], before.hidden[index]
            assert (layer.bias[lost] == 0).all()
            stayed = torch.tensor([n for n in range(len(layer.bias)) if n not in lost])
            assert torch.equal(layer.bias[stayed], was.bias[stayed])
            kept, fresh = layer.synapses.weight[stayed], layer.synapses.weight[lost]
            assert (fresh != was.synapses.weight[lost]).any()
            if index == 0:
                assert torch.equal(kept, was.synapses.weight[stayed])


def test_what_began_anew_fires_and_is_listened_to_again():
    state = run_with_silent_neurons(SHAPES["taps"])
    revive(state, CLIPS, 7)
    model = state.model.train()
    outcome = model(FRAMES)
    assert outcome.layers[0].spikes[..., list(LOST[0])].any()
    state.optimiser.zero_grad()
    outcome.logits.square().sum().backward()
    state.optimiser.step()
    weight = model.hidden[1].synapses.weight.view(8, 2, 16)[:, :, list(LOST[0])]
    assert weight.abs().max() > 0


def test_moments_of_what_began_anew_are_none_and_of_the_usual_size():
    state = run_with_silent_neurons(SHAPES["taps"])
    heard = state.model.hidden[1]
    before, rows = state.optimiser.state[heard.synapses.weight]["exp_avg_sq"].mean(), [1, 2]
    assert (firing_rates(state.model, CLIPS)[1][rows] >= LEAST_RATE).all()
    revive(state, CLIPS, 7)
    first, second = (state.optimiser.state[part.synapses.weight] for part in state.model.hidden)
    assert not first["exp_avg"][list(LOST[0])].any()
    moments = [
        second[name].view(8, 2, 16)[:, :, list(LOST[0])] for name in second if name != "step"
    ]
    assert not moments[0].any()
    assert torch.equal(moments[1][rows], before.expand(2, 2, 3))


def test_the_same_seed_gives_the_same_neurons():
    states = [run_with_silent_neurons(SHAPES["taps"]) for _ in range(3)]
    for state, seed in zip(states, (7, 7, 8), strict=True):
        revive(state, CLIPS, seed)
    one, same, other = (state.model.hidden[0].synapses.weight for state in states)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_it_is_done_early_and_every_so_many_epochs():
    settings = OptimiserSettings(epochs=10, revive=2)
    assert [epoch for epoch in range(10) if is_due(settings, epoch)] == [0, 2, 4]
    assert not any(is_due(OptimiserSettings(epochs=10), epoch) for epoch in range(10))
