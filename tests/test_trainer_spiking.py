"""The fused spiking law against snnTorch, against a plain autograd loop, and against the oracle."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")
snntorch = pytest.importorskip("snntorch")

from snntorch import surrogate  # noqa: E402

from edgesnn.trainer import events, synapses  # noqa: E402
from edgesnn.trainer.leak import integrate, integrate_by_steps  # noqa: E402
from edgesnn.trainer.moments import moments  # noqa: E402
from edgesnn.trainer.neurons import FusedLeaky  # noqa: E402
from edgesnn.trainer.spiking import (  # noqa: E402
    Law,
    fire,
    fire_by_steps,
    floor_through,
    neuron_parameters,
)
from edgesnn.trainer.synapses import currents, shifted  # noqa: E402

STEPS, BATCH, SIZE = 23, 5, 17
SLOPE = 2.0

LAWS = [
    Law(reset=reset, reset_delay=delay, strict=strict, integer=integer, adaptive=adaptive)
    for reset, delay, strict, integer, adaptive in itertools.product(
        ("subtract", "zero"), (False, True), (False, True), (False, True), (False, True)
    )
]


def a_layer(law, seed=0):
    """Currents, parameters and unit for which about a fifth of the neurons fire in a step."""
    random = torch.Generator().manual_seed(seed)

    def uniform(low, high):
        values = torch.rand(SIZE, generator=random) * (high - low) + low
        return values.round() if law.integer else values

    acc = torch.randn((STEPS, BATCH, SIZE), generator=random) * 30 + 12
    acc = acc.round() if law.integer else acc
    rows = (uniform(30, 60), uniform(150, 256), uniform(-4, 4))
    adaptation = (uniform(200, 256), uniform(-40, 60), uniform(0, 30)) if law.adaptive else None
    parameters = neuron_parameters(*rows, adaptation)
    return acc.requires_grad_(), parameters.requires_grad_(), 1 / rows[0]


def run(function, law, seed=0, **kwargs):
    acc, parameters, unit = a_layer(law, seed)
    trace = function(acc, parameters, unit, SLOPE, law, **kwargs)
    weight = torch.randn(trace.spikes.shape, generator=torch.Generator().manual_seed(9))
    grads = torch.autograd.grad((trace.spikes * weight).sum(), [acc, parameters])
    return trace, grads


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.flags:05b}")
def test_fused_law_equals_plain_autograd_loop(law):
    fused, fused_grads = run(fire, law)
    plain, plain_grads = run(fire_by_steps, law)
    assert 0.02 < plain.spikes.mean() < 0.6
    if law.integer:
        for one, other in zip(fused, plain, strict=True):
            assert torch.equal(one, other)
    else:
        torch.testing.assert_close(fused.u, plain.u, rtol=1e-5, atol=1e-3)
        assert torch.equal(fused.spikes, plain.spikes)
    for one, other in zip(fused_grads, plain_grads, strict=True):
        torch.testing.assert_close(one, other, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize(
    ("reset", "delayed"), [("subtract", True), ("zero", True), ("zero", False)]
)
def test_fused_law_is_snntorch_leaky_in_value_and_gradient(reset, delayed):
    """snnTorch 1.0's default subtracts one step late; its delayed zero equals the immediate one."""
    random = torch.Generator().manual_seed(1)
    x = torch.randn((STEPS, BATCH, SIZE), generator=random).requires_grad_()
    beta = (torch.rand(SIZE, generator=random) * 0.5 + 0.4).requires_grad_()
    theta = (torch.rand(SIZE, generator=random) + 0.5).requires_grad_()
    naive = snntorch.Leaky(
        beta=beta,
        threshold=theta,
        spike_grad=surrogate.atan(alpha=SLOPE),
        reset_mechanism=reset,
        learn_beta=False,
    )
    naive.beta, naive.threshold = beta, theta
    memory, steps = torch.zeros(BATCH, SIZE), []
    for current in x:
        spikes, memory = naive(current, memory)
        steps.append(spikes)
    expected = torch.stack(steps)
    law = Law(reset=reset, reset_delay=delayed, strict=True, integer=False)
    trace = fire(x, neuron_parameters(theta, 256 * beta), torch.ones(SIZE), SLOPE, law)
    assert torch.equal(trace.spikes, expected)
    assert 0.05 < expected.mean() < 0.6
    weight = torch.randn(expected.shape, generator=random)
    wanted = torch.autograd.grad((expected * weight).sum(), [x, beta, theta])
    got = torch.autograd.grad((trace.spikes * weight).sum(), [x, beta, theta])
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_fused_leaky_replaces_snntorch_leaky(reset):
    random = torch.Generator().manual_seed(2)
    x = torch.randn((STEPS, BATCH, SIZE), generator=random)
    kwargs = {"beta": 0.8, "threshold": 0.7, "reset_mechanism": reset}
    naive, fused = snntorch.Leaky(**kwargs), FusedLeaky(**kwargs)
    assert isinstance(fused, snntorch.Leaky)
    assert naive.state_dict().keys() == fused.state_dict().keys()
    memory, spikes, membranes = None, [], []
    for current in x:
        spike, memory = naive(current, memory)
        spikes.append(spike)
        membranes.append(memory)
    got, got_membranes = fused.forward_steps(x)
    assert torch.equal(got, torch.stack(spikes))
    torch.testing.assert_close(got_membranes, torch.stack(membranes))
    assert torch.equal(fused(x[0])[0], spikes[0])


def test_gradient_by_finite_differences_where_nothing_fires():
    """Far below threshold `u` is linear: its Jacobian by differences, times the slope."""
    law = Law(integer=False, adaptive=True)
    acc, parameters, _ = a_layer(law)
    parameters = parameters.detach()
    parameters[0] = 1e4
    parameters[5] = 0.0  # else the surrogate sees spikes that could have been
    parameters[4].abs_()  # a negative coupling of this size would diverge
    unit = torch.full((SIZE,), 1e-4)
    trace = fire(acc, parameters, unit, SLOPE, law)
    assert trace.spikes.sum() == 0
    (grad,) = torch.autograd.grad(trace.spikes[-1].sum(), acc)
    x = (trace.u[-1] - 1e4) * 1e-4
    slope = SLOPE / 2 * 1e-4 / (1 + (torch.pi / 2 * SLOPE * x) ** 2)
    for step in (0, 9, STEPS - 1):
        moved = acc.detach().clone()
        moved[step] += 16.0
        change = (fire(moved, parameters, unit, SLOPE, law).u[-1] - trace.u[-1]) / 16.0
        torch.testing.assert_close(grad[step], change * slope, rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize("kind", ["leaky", "adaptive"])
def test_integer_law_is_docs_spec_in_numpy(kind):
    """Independent integer arithmetic, written from docs/SPEC.md with int64 and shifts."""
    law = Law(adaptive=kind == "adaptive")
    acc, parameters, unit = a_layer(law, seed=4)
    acc = (acc.detach() * 1500).round()  # strong enough to saturate at both ends
    with torch.no_grad():
        trace = fire(acc, parameters, unit, SLOPE, law)
    theta, decay, bias, a_decay, coupling, jump = parameters.detach().numpy().astype(np.int64)
    v = a = np.zeros((BATCH, SIZE), np.int64)
    for step, current in enumerate(acc.numpy().astype(np.int64)):
        u = np.clip((v * decay >> 8) + current + bias - a, -32768, 32767)
        s = u >= theta
        v = u - theta * s
        a = np.clip((a * a_decay >> 8) + (v * coupling >> 8) + jump * s, -32768, 32767)
        a = a if law.adaptive else np.zeros_like(a)
        assert np.array_equal(trace.u[step].numpy(), u)
        assert np.array_equal(trace.spikes[step].numpy(), s)
    assert trace.u.min() == -32768
    assert trace.u.max() == 32767


def test_membranes_after_the_reset():
    law = Law(reset="subtract")
    acc, parameters, unit = a_layer(law)
    trace = fire(acc, parameters, unit, SLOPE, law)
    v = trace.membranes(parameters[0], law).detach()
    assert torch.equal(v, trace.u - parameters[0].detach() * trace.spikes.detach())


def test_readout_equals_plain_autograd_loop():
    random = torch.Generator().manual_seed(5)
    acc = (torch.randn((STEPS, BATCH, 4), generator=random) * 90).round().requires_grad_()
    decay = torch.tensor([0.0, 100.0, 250.0, 256.0]).requires_grad_()
    bias = torch.tensor([3.0, -2.0, 0.0, 1.0]).requires_grad_()
    weight = torch.randn((STEPS, BATCH, 4), generator=random)
    results = []
    for function in (integrate, integrate_by_steps):
        y = function(acc, decay, bias)
        results.append((y, torch.autograd.grad((y * weight).sum(), [acc, decay, bias])))
    assert torch.equal(results[0][0], results[1][0])
    for one, other in zip(results[0][1], results[1][1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("hardware", [False, synapses.fast_products()])
@pytest.mark.parametrize("graded", [False, True])
def test_delayed_currents_are_exact(graded, hardware, monkeypatch):
    monkeypatch.setattr(synapses, "fast_products", lambda: hardware)
    random = torch.Generator().manual_seed(6)
    high = 128 if graded else 2
    source = torch.randint(-high + 1 if graded else 0, high, (STEPS, BATCH, 7), generator=random)
    source = source.float().requires_grad_()
    weight = torch.randint(-127, 128, (6, 21), generator=random).float().requires_grad_()
    delays = torch.randint(0, STEPS + 3, (3, 7), generator=random)
    delays[0] = 2  # the fast path: one delay for the whole tap
    shift = 5 if graded else 0
    acc = currents(source, weight, delays, shift)
    expected = np.zeros((STEPS, BATCH, 6), np.int64)
    taps = weight.detach().numpy().astype(np.int64).reshape(6, 3, 7)
    for k, j in np.ndindex(3, 7):
        late = int(delays[k, j])
        when = source.detach().numpy().astype(np.int64)[: max(STEPS - late, 0), :, j]
        expected[late:] += when[:, :, None] * taps[:, k, j]
    assert np.array_equal(acc.detach().numpy(), expected >> shift)
    plain = floor_through(shifted(source, delays) @ weight.T * 2.0**-shift)
    assert torch.equal(acc, plain)
    noise = torch.randn(acc.shape, generator=random)
    wanted = torch.autograd.grad((plain * noise).sum(), [source, weight])
    got = torch.autograd.grad((acc * noise).sum(), [source, weight])
    for one, other in zip(got, wanted, strict=True):
        assert (one - other).norm() < 0.01 * other.norm()  # bfloat16 products where AMX is found


def test_moments_equal_torch_in_value_and_gradient():
    random = torch.Generator().manual_seed(7)
    acc = (torch.randn((STEPS, BATCH, 6), generator=random) * 40 + 900).requires_grad_()
    weight = torch.randn((2, 6), generator=random)
    mean, deviation = moments(acc)
    variance, expected = torch.var_mean(acc, (0, 1), correction=0)
    wanted = (expected, torch.sqrt(variance + 1e-4))
    torch.testing.assert_close((mean, deviation), wanted)
    got = torch.autograd.grad((mean * weight[0] + deviation * weight[1]).sum(), acc)
    wanted_grad = torch.autograd.grad((wanted[0] * weight[0] + wanted[1] * weight[1]).sum(), acc)
    torch.testing.assert_close(got, wanted_grad, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.6])
def test_currents_by_events_are_those_by_matrices(share, monkeypatch):
    monkeypatch.setattr(synapses, "fast_products", lambda: False)
    random = torch.Generator().manual_seed(8)
    source = (torch.rand((STEPS, BATCH, 7), generator=random) < share).float().requires_grad_()
    weight = torch.randint(-7, 8, (6, 21), generator=random).float().requires_grad_()
    delays = torch.randint(0, STEPS + 3, (3, 7), generator=random)
    delays[0] = 2
    acc = currents(source, weight, delays)
    assert ("_Events" in type(acc.grad_fn).__name__) == (share < events.SPARSE)
    plain = shifted(source, delays) @ weight.T
    assert torch.equal(acc, plain)
    noise = torch.randn(acc.shape, generator=random)
    wanted = torch.autograd.grad((plain * noise).sum(), [source, weight])
    got = torch.autograd.grad((acc * noise).sum(), [source, weight])
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)
