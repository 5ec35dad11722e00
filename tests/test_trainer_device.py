"""The GPU's kernels against the CPU's: same values, same gradients.

They run on a GPU where there is one, else in Triton's interpreter.
"""

from __future__ import annotations

import itertools
import os
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("triton")

from edgesnn.errors import UsageError  # noqa: E402
from edgesnn.trainer import device, encoding, leak, spiking, synapses  # noqa: E402
from edgesnn.trainer import learner as learner_module  # noqa: E402
from edgesnn.trainer.average import Average  # noqa: E402
from edgesnn.trainer.batch import Batch  # noqa: E402
from edgesnn.trainer.checkpoint import State  # noqa: E402
from edgesnn.trainer.config import TrainConfig  # noqa: E402
from edgesnn.trainer.learner import (  # noqa: E402
    Learner,
    RecordedLearner,
    shorten,
    shorten_together,
)
from edgesnn.trainer.model import make_model  # noqa: E402
from edgesnn.trainer.model_settings import DenseSettings, ModelSettings  # noqa: E402
from edgesnn.trainer.objectives import Objective  # noqa: E402
from edgesnn.trainer.quantisers import QuantisedWeight, quantised_in_few  # noqa: E402
from edgesnn.trainer.schedule import make_optimiser  # noqa: E402
from edgesnn.trainer.shape import frames  # noqa: E402
from edgesnn.trainer.spiking import Law, neuron_parameters  # noqa: E402

WHERE = "cuda" if torch.cuda.is_available() else "cpu"
pytestmark = pytest.mark.skipif(
    WHERE == "cpu" and os.environ.get("TRITON_INTERPRET") != "1",
    reason="neither a GPU nor Triton's interpreter",
)

STEPS, BATCH, SIZE, SLOPE = 11, 5, 33, 2.0  # 165 lanes: one program whole, one in part

LAWS = [
    Law(reset=reset, reset_delay=delay, strict=strict, integer=integer, adaptive=adaptive)
    for reset, delay, strict, integer, adaptive in itertools.product(
        ("subtract", "zero"), (False, True), (False, True), (False, True), (False, True)
    )
]


def random(seed):
    return torch.Generator().manual_seed(seed)


def whole(low, high, *shape, seed=0):
    return torch.randint(low, high, shape, generator=random(seed)).float()


def there(function, *given):
    """What `function` makes where kernels run, brought here; gradients come back as well."""
    made = function(*(x.to(WHERE) if isinstance(x, torch.Tensor) else x for x in given))
    return made.cpu() if isinstance(made, torch.Tensor) else tuple(each.cpu() for each in made)


def gradients(made, inputs):
    weight = torch.randn(made.shape, generator=random(9))
    return torch.autograd.grad((made * weight).sum(), inputs)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_the_law_is_the_same(law):
    acc = whole(-40, 70, STEPS, BATCH, SIZE, seed=1).requires_grad_()
    rows = [
        whole(*ends, SIZE, seed=seed) for seed, ends in enumerate([(30, 60), (150, 256), (-4, 4)])
    ]
    adaptation = tuple(
        whole(*ends, SIZE, seed=seed)
        for seed, ends in enumerate([(200, 256), (-40, 60), (0, 30)], 5)
    )
    parameters = neuron_parameters(*rows, adaptation if law.adaptive else None).requires_grad_()
    unit = 1 / rows[0]
    spikes, u, a = there(device.fire, acc, parameters, unit, SLOPE, law)
    trace = spiking.fire(acc, parameters, unit, SLOPE, law)
    assert 0.05 < trace.spikes.mean() < 0.6
    torch.testing.assert_close(u, trace.u, rtol=0, atol=0 if law.integer else 1e-4)
    torch.testing.assert_close(spikes, trace.spikes, rtol=0, atol=0)
    torch.testing.assert_close(a, trace.a, rtol=0, atol=0 if law.integer else 1e-4)
    wanted = gradients(trace.spikes, [acc, parameters])
    for made, want in zip(gradients(spikes, [acc, parameters]), wanted, strict=True):
        torch.testing.assert_close(made, want, rtol=1e-4, atol=1e-5)


def test_membranes_saturate():
    acc = whole(-40000, 40000, STEPS, BATCH, SIZE)
    ones = torch.ones(SIZE)
    parameters = neuron_parameters(30000 * ones, 256 * ones)
    spikes, u, _ = there(device.fire, acc, parameters, ones, SLOPE, Law())
    trace = spiking.fire(acc, parameters, ones, SLOPE, Law())
    assert (u.max(), u.min()) == (32767, -32768)
    assert torch.equal(u, trace.u)
    assert torch.equal(spikes, trace.spikes)


@pytest.mark.parametrize("size", [100, 4_000_000], ids=["small", "saturating"])
def test_the_readout_is_the_same(size):
    acc = whole(-size, size, STEPS, BATCH, 10, seed=3).requires_grad_()
    decay = whole(150, 256, 10).requires_grad_()
    bias = whole(-9, 9, 10, seed=4).requires_grad_()
    scores, want = there(device.integrate, acc, decay, bias), leak.integrate(acc, decay, bias)
    assert torch.equal(scores, want)
    inputs = [acc, decay, bias]
    for made, wanted in zip(gradients(scores, inputs), gradients(want, inputs), strict=True):
        torch.testing.assert_close(made, wanted)


@pytest.mark.parametrize("shift", [0, 6])
@pytest.mark.parametrize("uniform", [True, False])
def test_currents_are_the_same(shift, uniform):
    pre, taps = 7, 3
    delays = torch.tensor([0, 2, STEPS + 1])[:, None].repeat(1, pre)
    if not uniform:
        delays = torch.randint(0, STEPS + 3, (taps, pre), generator=random(2))
    source = whole(-127, 128, STEPS, BATCH, pre).requires_grad_()
    weight = whole(-127, 128, SIZE, taps * pre, seed=1).requires_grad_()
    made = there(device.currents, source, weight, delays, shift)
    want = synapses.currents(source, weight, delays, shift)
    assert torch.equal(made, want)
    inputs = [source, weight]
    for each, wanted in zip(gradients(made, inputs), gradients(want, inputs), strict=True):
        torch.testing.assert_close(each, wanted, rtol=1e-2, atol=1e-2 * wanted.abs().max().item())


def test_the_first_layer_needs_no_gradient_of_its_source():
    delays, source = torch.zeros((1, 4), dtype=torch.int64), whole(-9, 9, STEPS, BATCH, 4)
    weight = whole(-9, 9, 3, 4, seed=1).requires_grad_()
    there(device.currents, source, weight, delays, 0).sum().backward()
    torch.testing.assert_close(weight.grad, source.sum((0, 1))[None].expand(3, -1))


def test_nothing_on_the_cpu_takes_the_kernels(monkeypatch):
    monkeypatch.setattr(device, "has_triton", lambda: True)
    assert not device.is_fused(torch.zeros(1))


def test_what_int32_cannot_count_is_left_to_pytorch():
    def countable(*shape, copies=1):
        return device.is_countable(torch.empty(shape, device="meta"), copies)

    assert countable(98, 512, 256, copies=4)
    assert not countable(2**11, 2**10, 2**10)
    assert not countable(2**10, 2**10, 2**10, copies=2)
    assert not countable(1, 2**15, 2**14)  # gradients of its parameters are more


@pytest.fixture
def opened(monkeypatch):
    """Calls of `set_device`, of which none happens; precision stays as it was."""
    calls = []
    monkeypatch.setattr(torch.cuda, "set_device", calls.append)
    monkeypatch.setattr(device, "has_triton", lambda: False)
    before = torch.get_float32_matmul_precision()
    yield calls
    torch.set_float32_matmul_precision(before)


def test_the_gpu_that_is_asked_for_is_the_current_one(opened):
    device.open_gpu("cpu", fast=True)
    device.open_gpu("cuda", fast=True)
    assert not opened
    device.open_gpu("cuda:1", fast=True)
    assert opened == ["cuda:1"]


def test_weights_that_are_no_whole_numbers_are_not_rounded(opened):
    device.open_gpu("cuda", fast=True)
    assert torch.get_float32_matmul_precision() == "high"
    device.open_gpu("cuda", fast=False)
    assert torch.get_float32_matmul_precision() == "highest"


def test_who_has_no_compiler_is_told_what_to_do(opened, monkeypatch):
    def fails(*_):
        raise RuntimeError("Failed to find C compiler.\nMore")

    monkeypatch.setattr(device, "has_triton", lambda: True)
    monkeypatch.setattr(device, "sample_and_hold", fails)
    monkeypatch.setattr(torch, "zeros", lambda *_, **__: None)
    with pytest.raises(UsageError, match=r"C compiler\.\): install .* or set EDGESNN_TRITON=0"):
        device.open_gpu("cuda", fast=True)


def test_delta_coding_is_the_same():
    features = torch.randint(-90, 90, (STEPS, BATCH, SIZE), generator=random(5)).to(torch.int8)
    seen, sent = there(device.sample_and_hold, features, 20)
    wanted_seen, wanted_sent = encoding.sample_and_hold(features, 20)
    assert torch.equal(seen, wanted_seen)
    assert torch.equal(sent, wanted_sent)
    assert sent.dtype is torch.bool


@pytest.mark.parametrize("bits", [8, 4, 2])
@pytest.mark.parametrize("per_neuron", [True, False])
def test_weights_are_quantised_as_by_brevitas(bits, per_neuron):
    layer = QuantisedWeight(6, 40, bits, per_neuron=per_neuron)
    with torch.no_grad():
        layer.weight[1] *= 30
        layer.weight[2] = 0.0
    want = layer()
    whole, scale = quantised_in_few(layer.weight, bits, per_neuron)
    assert torch.equal(whole, want.integer)
    assert torch.equal(scale, want.scale)
    live = [0, 1, 3, 4, 5]  # the scale of a row of zeros makes its gradient as large as may be
    (wanted,), (made,) = (
        [g[live] for g in gradients(each, [layer.weight])] for each in (want.integer, whole)
    )
    torch.testing.assert_close(made, wanted, rtol=1e-4, atol=1e-3)


def test_gradients_shorten_together_as_one_by_one():
    made = [torch.randn(size, generator=random(3)) for size in ((5, 7), (4,), (1,))]
    wanted = [each.clone() for each in made]
    shorten_together(made, 1.5)
    for each, want in zip(made, wanted, strict=True):
        shorten(want, 1.5)
        torch.testing.assert_close(each, want)


def test_an_average_takes_in_alike_by_either_way():
    model = make_model(ModelSettings(kind="spiking", hidden=[{"width": 5}]), frames(7, 4), 3)
    first, second = Average(model, 0.9), Average(model, 0.9)
    for step in range(3):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(torch.randn(parameter.shape, generator=random(step)))
        first.update(step)
        second.take_in(torch.tensor(second.share_at(step)))
    for one, other in zip(
        first.model.state_dict().values(), second.model.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_a_folded_teacher_says_the_same():
    settings = DenseSettings(kind="dense", widths=[6, 8], kernel=3)
    teacher = make_model(settings, frames(7, 12), 3)
    features = whole(-90, 90, 12, 9, 7).to(torch.int8)
    teacher(features)  # moves the normalisation off its start
    teacher.eval()
    want = teacher(features).logits
    teacher.fold()
    assert not any(isinstance(part, torch.nn.BatchNorm1d) for part in teacher.modules())
    torch.testing.assert_close(teacher(features).logits, want, rtol=1e-4, atol=1e-5)


class Rehearsed(RecordedLearner):
    """Records nothing and runs the step anew: all that a recorded one does but the graph."""

    def _warm_up(self):
        self._warm += 1
        return self._whole()

    def _record(self):
        self._graph = self

    def replay(self):
        self._learned = self._whole()


CONFIG = {
    "model": {"kind": "spiking", "hidden": [{"width": 12}, {"width": 8}]},
    "augment": {"chain": 2},
    "optimiser": {"rate": 3e-3, "warmup": 0.3},
    "loss": {
        "ramp": 0.5,
        "energy": {"weight": 1e-1},
        "silence": {"weight": 1e-1},
        "false_accepts": {"weight": 0.1},
    },
}


def trained(kind, where, steps=12):
    """Loss of the last step, and what the average became."""
    config = TrainConfig.model_validate(CONFIG)
    torch.manual_seed(4)
    model = make_model(config.model, frames(7, STEPS), 3).to(where)
    state = State(
        model, Average(model, 0.9), make_optimiser(model, config.optimiser), 0, "", history=[]
    )
    objective = Objective(config.loss, config.costs, 0.02, None, (True, True, False))
    learner = kind(state, objective, config, where)
    for step in range(steps):
        labels = torch.eye(3)[torch.randint(0, 3, (8,), generator=random(step))]
        features = torch.randint(-90, 90, (STEPS, 8, 7), generator=random(step)).to(torch.int8)
        quiet = torch.arange(8) < 2
        learned = learner.step(
            Batch(features, labels, quiet, torch.zeros_like(labels)), step, steps
        )
    state_dict = state.average.model.state_dict().values()
    return [learned.loss.cpu(), *(value.float().cpu() for value in state_dict)]


def test_a_rehearsed_step_learns_what_a_plain_one_does():
    plain, rehearsed = trained(Learner, "cpu"), trained(Rehearsed, "cpu")
    for one, other in zip(plain, rehearsed, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("key", ["rate", "rise", "share"])
def test_a_rehearsed_step_heeds_what_changes(key, monkeypatch):
    """Each of the three that a recorded step reads is one that it would learn otherwise by."""
    before = trained(Rehearsed, "cpu")
    if key == "rate":
        monkeypatch.setattr(learner_module, "rate_at", lambda step, *_: 1e-3 if step < 9 else 1e-2)
    if key == "rise":
        monkeypatch.setattr(Objective, "after", lambda self, share: replace(self, rise=share > 0.8))
    if key == "share":
        monkeypatch.setattr(Average, "share_at", lambda self, step: 0.1 if step < 9 else 0.9)
    after = trained(Rehearsed, "cpu")
    assert not all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    plain = trained(Learner, "cpu")
    for one, other in zip(plain, after, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_recorded_step_learns_what_a_plain_one_does():
    plain, recorded = trained(Learner, "cuda"), trained(RecordedLearner, "cuda")
    for one, other in zip(plain, recorded, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-3)
