"""Float snnTorch models: what lowers exactly, what lowers nearly, what is refused and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgesnn.errors import LoweringError
from edgesnn.network import Identity, IntegrateAndFire, Leaky, Pool
from edgesnn.network.arrays import IntArray

torch = pytest.importorskip("torch")
snn = pytest.importorskip("snntorch")
nn = torch.nn

from edgesnn.quantize.post_training import PostTraining, Target, quantise_model  # noqa: E402
from edgesnn.quantize.scales import membrane_shift, weight_scale  # noqa: E402

STEPS = 20


def _whole(module: Any, limit: int, seed: int) -> Any:
    """Whole weights that reach ±127 in every row, so that their grid's step is 1."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(-limit, limit + 1, tuple(module.weight.shape)).astype(np.float32)
    weight.reshape(len(weight), -1)[:, 0] = 127
    module.weight.data = torch.from_numpy(weight)
    module.bias.data = torch.from_numpy(
        rng.integers(-20, 60, tuple(module.bias.shape)).astype(np.float32)
    )
    return module


def _features(channels: int, clips: int = 12, high: int = 3, seed: int = 1) -> IntArray:
    rng = np.random.default_rng(seed)
    return rng.integers(-high, high + 1, (clips, STEPS, channels)).astype(np.int8)


def _target(shape: tuple[int, ...] = (5,), classes: int = 3, **options: Any) -> Target:
    names = tuple(f"class{number}" for number in range(classes))
    return Target(**{"name": "float_model", "classes": names, "input_shape": shape, **options})


LAWS = [
    {"reset_mechanism": "subtract", "reset_delay": True},
    {"reset_mechanism": "zero", "reset_delay": True},
    {"reset_mechanism": "zero", "reset_delay": False},
]


@pytest.mark.parametrize("init_hidden", [False, True])
@pytest.mark.parametrize("beta", [1.0, 0.0])
@pytest.mark.parametrize("law", LAWS, ids=str)
def test_a_model_on_an_integer_grid_lowers_exactly(
    law: dict[str, Any], beta: float, init_hidden: bool
) -> None:
    common = {"beta": beta, "threshold": 150.0, "init_hidden": init_hidden, **law}
    model = nn.Sequential(
        _whole(nn.Linear(5, 12), 90, 0),
        snn.Leaky(**common),
        nn.Dropout(0.5),
        _whole(nn.Linear(12, 9), 90, 1),
        snn.Leaky(**common),
        _whole(nn.Linear(9, 3), 90, 2),
        snn.Leaky(beta=1.0, reset_mechanism="none", init_hidden=init_hidden),
    )
    made = quantise_model(model, _features(5), _target())
    hidden = made.network.layers[0]
    assert isinstance(hidden.neuron, IntegrateAndFire)
    assert isinstance(hidden.neuron, Leaky) == (beta != 1.0)
    assert hidden.neuron.strict
    assert hidden.neuron.reset == law["reset_mechanism"]
    assert hidden.neuron.reset_delay == law["reset_delay"]
    np.testing.assert_array_equal(hidden.neuron.threshold, 150)
    agreement = made.agreement
    assert agreement.decisions == 1.0
    assert agreement.spike_correlation == pytest.approx({"layer0": 1.0, "layer1": 1.0})
    for theirs, ours in agreement.spikes.values():
        assert theirs == ours > 10


def test_spikes_can_be_the_scores() -> None:
    model = [
        _whole(nn.Linear(5, 3), 90, 0),
        snn.Leaky(beta=1.0, threshold=100.0, reset_mechanism="zero"),
    ]
    made = quantise_model(model, _features(5), _target(readout="spikes"))
    readout = made.network.readout
    assert isinstance(readout.synapses[0], Identity)
    assert made.agreement.decisions == 1.0


def test_currents_can_be_summed() -> None:
    model = [
        _whole(nn.Linear(5, 8), 90, 0),
        snn.Leaky(beta=1.0, threshold=100.0, reset_mechanism="zero"),
        _whole(nn.Linear(8, 3), 90, 1),
    ]
    assert quantise_model(model, _features(5), _target(readout="sum")).agreement.decisions == 1.0


def test_convolution_and_max_pool_on_an_integer_grid() -> None:
    law = {"beta": 1.0, "threshold": 140.0, "reset_mechanism": "zero"}
    model = nn.Sequential(
        nn.Sequential(
            _whole(nn.Conv2d(2, 4, 3, stride=(2, 1), padding=1), 40, 0), snn.Leaky(**law)
        ),
        nn.MaxPool2d(2),
        _whole(nn.Conv2d(4, 6, 2, groups=2), 40, 1),
        snn.Leaky(**law),
        nn.Flatten(),
        _whole(nn.Linear(6 * 1 * 2, 3), 40, 2),
        snn.Leaky(beta=1.0, reset_mechanism="none"),
    )
    made = quantise_model(model, _features(2 * 7 * 6), _target((2, 7, 6)))
    assert [layer.shape for layer in made.network.layers] == [(4, 4, 6), (4, 2, 3), (6, 1, 2), (3,)]
    assert isinstance(made.network.layers[1].synapses[0], Pool)
    assert made.agreement.decisions == 1.0
    assert all(theirs == ours > 5 for theirs, ours in made.agreement.spikes.values())


def _trained_like(bits: Any = 8, **law: Any) -> PostTraining:
    """A float model with batch norms and decays that fall on no grid."""
    torch.manual_seed(3)
    model = nn.Sequential(
        nn.Conv1d(1, 6, 5, padding=2),
        nn.BatchNorm1d(6),
        snn.Leaky(beta=torch.rand(6, 1) * 0.3 + 0.6, threshold=torch.rand(6, 1) + 0.7, **law),
        nn.Linear(6 * 20, 30),
        nn.BatchNorm1d(30),
        snn.Leaky(beta=0.87, **law),
        nn.Linear(30, 4),
        snn.Leaky(beta=0.95, reset_mechanism="none"),
    )
    for module in model:
        if hasattr(module, "running_mean"):
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.running_var, 0.05, 0.4)
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias, std=0.2)
    layers = [*model[:3], nn.Flatten(), *model[3:]]
    features = _features(20, clips=40, high=127, seed=2)
    target = _target((1, 20), 4, input_scale=1 / 64, bits=bits)
    return quantise_model(layers, features, target)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_eight_bits_are_nearly_the_float_model(law: dict[str, Any]) -> None:
    made = _trained_like(**law)
    assert made.agreement.decisions >= 0.85
    assert all(r is not None and r > 0.97 for r in made.agreement.spike_correlation.values())
    for theirs, ours in made.agreement.spikes.values():
        assert ours == pytest.approx(theirs, rel=0.05)
    # The steps of the membrane are fine, and calibration left room above the thresholds.
    for layer in made.network.spiking:
        assert isinstance(layer.neuron, IntegrateAndFire)
        assert layer.neuron.threshold.min() > 50
        assert layer.neuron.threshold.max() <= 16384


def test_fewer_bits_agree_less_but_follow() -> None:
    made = _trained_like((8, 4, 8), reset_mechanism="zero")
    widths = [layer.synapses[0].bits for layer in made.network.layers]
    assert widths == [8, 4, 8]
    correlation = made.agreement.spike_correlation["layer1"]
    assert correlation is not None
    assert 0.8 < correlation < 0.9999


def test_immediate_subtraction_lowers_where_no_membrane_exceeds_two_thresholds() -> None:
    law = {"beta": 0.0, "reset_mechanism": "subtract", "reset_delay": False}
    model = [
        _whole(nn.Linear(2, 4), 90, 0),
        snn.Leaky(threshold=40000.0, **law),
        _whole(nn.Linear(4, 3), 90, 1),
        snn.Leaky(beta=1.0, reset_mechanism="none"),
    ]
    model[0].weight.data[:, 1] = 127.0
    features = _features(2, high=127)
    # At most 127·128·2 + 60 = 32572 steps: never above 40000.
    with pytest.raises(LoweringError, match="layer layer0 can never fire"):
        quantise_model(model, features, _target((2,)))
    model[1] = snn.Leaky(threshold=20000.0, **law)
    made = quantise_model(model, features, _target((2,)))
    neuron = made.network.layers[0].neuron
    assert isinstance(neuron, IntegrateAndFire)
    assert not neuron.reset_delay
    assert made.agreement.decisions == 1.0
    model[1] = snn.Leaky(threshold=2000.0, **law)
    with pytest.raises(LoweringError, match=r"layer layer0: .* subtracts a threshold twice"):
        quantise_model(model, features, _target((2,)))


def _hidden(**changes: Any) -> list[Any]:
    options = {"beta": 0.9, "threshold": 1.0, **changes}
    return [nn.Linear(5, 4), snn.Leaky(**options), nn.Linear(4, 3), _scores()]


def _scores(**changes: Any) -> Any:
    return snn.Leaky(**{"beta": 0.9, "reset_mechanism": "none", **changes})


def _inhibited() -> list[Any]:
    model = _hidden()
    model[1].inhibition = True  # as an argument it warns
    return model


REFUSED: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "inhibition": (_inhibited(), {}, "layer0: inhibition has no integer law"),
    "state_quant": (_hidden(state_quant=torch.floor), {}, "layer0: state_quant"),
    "graded spikes": (_hidden(graded_spikes_factor=2.0), {}, "graded_spikes_factor must be 1"),
    "no reset": (_hidden(reset_mechanism="none"), {}, "a hidden neuron must reset"),
    "negative threshold": (_hidden(threshold=-1.0), {}, "threshold must be positive"),
    "one threshold a site": (
        [nn.Conv1d(1, 4, 1), snn.Leaky(beta=0.9, threshold=torch.ones(4, 5)), nn.Flatten(),
         nn.Linear(20, 3), _scores()],
        {"input_shape": (1, 5)},
        "threshold has 20 values, but the layer 4 channels",
    ),
    "resetting readout": ([*_hidden()[:3], snn.Leaky(beta=0.9)], {}, "a readout does not reset"),
    "activation": ([nn.Linear(5, 4), nn.ReLU()], {}, "the model has a ReLU"),
    "other neuron": ([nn.Linear(5, 4), snn.Synaptic(alpha=0.5, beta=0.5)], {}, "use snn.Leaky"),
    "unknown module": ([nn.Linear(5, 4), nn.GELU()], {}, "only Linear, Conv, BatchNorm"),
    "two linear layers": ([nn.Linear(5, 4), nn.Linear(4, 3), _scores()], {}, "without snn.Leaky"),
    "neuron first": ([_scores()], {}, "a Leaky must follow a Linear or Conv layer"),
    "no neurons": ([nn.Linear(5, 3)], {"readout": "sum"}, "it does not spike"),
    "pooled currents": ([nn.Linear(5, 4), nn.MaxPool1d(2)], {}, "put it behind snn.Leaky"),
    "average pool": ([*_hidden()[:2], nn.AvgPool1d(2)], {}, "averaged spikes are no spikes"),
    "norm of scores": (
        [*_hidden()[:3], nn.BatchNorm1d(3), _scores()], {}, "would scale each class by its own"
    ),
    "bit widths": (_hidden(), {"bits": (8, 4, 2)}, "give 8, 4 or 2 for each of 2 layers"),
    "three bits": (_hidden(), {"bits": 3}, "give 8, 4 or 2"),
    "input shape": ([nn.Linear(6, 4), *_hidden()[1:]], {}, "does not take inputs of shape"),
    "nothing to count": (_hidden()[:3], {"readout": "spikes"}, "needs snn.Leaky behind the last"),
    "nothing to read": (_hidden()[:3], {}, "readout='sum' adds up its currents"),
    "too much to sum": (_hidden(), {"readout": "sum"}, "without snn.Leaky"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_has_no_exact_law_is_refused(case: str) -> None:
    model, options, message = REFUSED[case]
    with pytest.raises(LoweringError, match=message):
        quantise_model(model, _features(5), _target(**options))


def test_scales_have_the_least_error() -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 1, (3, 400)).astype(np.float32)
    weight[0, 0] = 12.0  # one large weight, which is better clipped at 4 bits
    weight[2] = 0
    scale = weight_scale(weight, 4, per_channel=True)
    full = np.abs(weight).max(axis=1) / 7

    def error(row: int, step: float) -> float:
        grid = np.clip(np.rint(weight[row] / step), -7, 7) * step
        return float(((weight[row] - grid) ** 2).sum())

    assert error(0, float(scale[0])) < 0.8 * error(0, float(full[0]))
    assert error(1, float(scale[1])) <= error(1, float(full[1]))
    assert scale[2] > 0


def test_shift_leaves_headroom() -> None:
    step, peak = np.array([1.0, 1.0], np.float32), np.array([100.0, 60000.0], np.float32)
    shift = membrane_shift(step, peak)
    assert 2 * 60000 / 2**shift <= 32767 < 2 * 60000 / 2 ** (shift - 1)
    assert membrane_shift(step, np.array([1.0, 2.0], np.float32)) == 0
