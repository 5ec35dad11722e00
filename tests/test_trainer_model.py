"""The PyTorch model is the integer network: every membrane, spike and score."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.law import Oracle  # noqa: E402
from edgesnn.network import Network  # noqa: E402
from edgesnn.quantize import lower  # noqa: E402
from edgesnn.trained import load_trained, save_trained  # noqa: E402
from edgesnn.trainer.encoding import sample_and_hold  # noqa: E402
from edgesnn.trainer.export import export  # noqa: E402
from edgesnn.trainer.model import KeywordSpotter  # noqa: E402
from edgesnn.trainer.model_settings import (  # noqa: E402
    InputSettings,
    LayerSettings,
    ModelSettings,
    ReadoutSettings,
)
from edgesnn.trainer.quantisers import QuantisedWeight  # noqa: E402

STEPS, CLIPS, CHANNELS, CLASSES = 40, 6, 12, 5
NAMES = tuple(f"word{i}" for i in range(CLASSES))

MODELS = {
    "adaptive, taps, int4": ModelSettings(
        hidden=[LayerSettings(width=24), LayerSettings(width=20, taps=[0, 3, 6])],
    ),
    "plain, ternary, delta": ModelSettings(
        input=InputSettings(encoding="delta", delta=9, taps=[0]),
        hidden=[LayerSettings(width=24), LayerSettings(width=20, neuron="leaky", bits=2)],
    ),
    "axonal delays, late reset, reset to zero": ModelSettings(
        hidden=[
            LayerSettings(width=24, reset="zero"),
            LayerSettings(width=20, axonal_delay=7, reset_delay=True),
            LayerSettings(width=16, reset="zero", reset_delay=True, bits=8),
        ],
        readout=ReadoutSettings(taps=[0, 4]),
    ),
    "recurrent": ModelSettings(
        hidden=[LayerSettings(width=24, recurrent=True), LayerSettings(width=20, recurrent=True)],
    ),
    "synapses left out": ModelSettings(
        hidden=[LayerSettings(width=24), LayerSettings(width=20, taps=[0, 3], dead_zone=1)],
    ),
    "no normalisation": ModelSettings(
        hidden=[LayerSettings(width=24), LayerSettings(width=20)], normalise=False
    ),
}


def clips(seed=0):
    """Smooth features, like speech: int8 `(STEPS, CLIPS, CHANNELS)`."""
    random = np.random.default_rng(seed)
    walk = np.cumsum(random.normal(0, 25, (STEPS, CLIPS, CHANNELS)), axis=0)
    return np.clip(np.rint(walk), -128, 127).astype(np.int8)


def a_trained_model(settings, seed=0):
    """A few steps of real training: weights off their initial grid, statistics that moved."""
    torch.manual_seed(seed)
    model = KeywordSpotter(settings, CHANNELS, CLASSES)
    for layer in model.hidden:
        if layer.normaliser is not None:
            torch.nn.init.ones_(layer.normaliser.gain)  # livelier than at the start of a training
    optimiser = torch.optim.Adam(model.parameters(), 3e-3)
    labels = torch.arange(CLIPS) % CLASSES
    for step in range(12):
        logits = model(torch.from_numpy(clips(step))).logits
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(logits[-1], labels).backward()
        optimiser.step()
    return model.eval()


def rungs(model, features):
    """Membranes, adaptation, spikes and scores by PyTorch, and the network lowered from it."""
    with torch.no_grad():
        outcome = model(torch.from_numpy(features))
        scores, _ = model.readout(outcome.layers[-1].spikes)
    network = lower(export(model, name="words", classes=NAMES))
    return outcome, scores, network


@pytest.mark.parametrize("name", MODELS)
def test_forward_pass_is_the_integer_network(name):
    model = a_trained_model(MODELS[name])
    features = clips(99)
    outcome, scores, network = rungs(model, features)
    assert isinstance(network, Network)
    traces = Oracle(network).run(features.transpose(1, 0, 2))
    for layer, ours, integer in zip(model.hidden, outcome.layers, network.layers, strict=False):
        assert ours.spikes.sum() > 0, f"{integer.name} is silent: the test would show nothing"
        threshold = torch.from_numpy(integer.neuron.threshold.astype(np.float32))
        v = ours.membranes(threshold, layer.law).transpose(0, 1).numpy()
        assert np.array_equal(v, traces.v[integer.name])
        assert np.array_equal(ours.spikes.transpose(0, 1).numpy(), traces.spikes[integer.name])
        if layer.adaptive:
            assert np.array_equal(ours.a.transpose(0, 1).numpy(), traces.a[integer.name])
    assert np.array_equal(scores.transpose(0, 1).numpy(), traces.v["readout"])


def test_export_survives_its_file(tmp_path):
    model = a_trained_model(MODELS["adaptive, taps, int4"])
    trained = export(model, name="words", classes=NAMES, notes={"seed": "0"})
    save_trained(trained, tmp_path / "t.safetensors")
    again = lower(load_trained(tmp_path / "t.safetensors"))
    features = clips(3).transpose(1, 0, 2)
    one, other = Oracle(lower(trained)).run(features), Oracle(again).run(features)
    assert np.array_equal(one.v["readout"], other.v["readout"])


@pytest.mark.parametrize(("bits", "limit"), [(8, 127), (4, 7), (2, 1)])
def test_quantised_weights_are_whole_and_narrow(bits, limit):
    torch.manual_seed(0)
    weight = QuantisedWeight(16, 40, bits, per_neuron=True)
    integer, scale = weight()
    assert torch.equal(integer, integer.detach().round())
    assert integer.abs().amax(1).eq(limit).all()
    error = (integer * scale - weight.weight).abs()
    assert (error <= scale / 2 * 1.001).all()
    integer.sum().backward()
    assert weight.weight.grad.abs().sum() > 0


def test_small_weights_are_left_out_and_can_come_back():
    torch.manual_seed(0)
    plain = QuantisedWeight(16, 40, 4, per_neuron=True)
    thin = QuantisedWeight(16, 40, 4, per_neuron=True, dead_zone=2)
    thin.load_state_dict(plain.state_dict())
    whole, left = plain().integer, thin().integer
    assert torch.equal(left, torch.where(whole.abs() > 2, whole, 0.0))
    assert 0 < left.count_nonzero() < whole.count_nonzero()
    for each in (whole, left):
        each.sum().backward()
    assert torch.equal(thin.weight.grad, plain.weight.grad)


def test_readout_weights_share_one_scale():
    assert QuantisedWeight(10, 40, 8, per_neuron=False)().scale.shape == (1, 1)


def test_sample_and_hold_by_hand():
    features = torch.tensor([[[3]], [[5]], [[9]], [[8]], [[-2]]], dtype=torch.int8)
    seen, sent = sample_and_hold(features, 3)
    assert seen.flatten().tolist() == [0, 5, 9, 9, -2]
    assert sent.flatten().tolist() == [False, True, True, False, True]
    direct, always = sample_and_hold(features, None)
    assert direct.flatten().tolist() == [3, 5, 9, 8, -2]
    assert always.all()
