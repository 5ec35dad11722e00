"""Objectives against plain formulas, in value and gradient; what a configuration makes of them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.errors import ConfigError  # noqa: E402
from edgesnn.trainer.activity import count, predicted_cycles  # noqa: E402
from edgesnn.trainer.batch import Batch  # noqa: E402
from edgesnn.trainer.changes import changed  # noqa: E402
from edgesnn.trainer.config import parse_config, preset  # noqa: E402
from edgesnn.trainer.costs import fan_out, spike_cycles, step_cycles, waking_cycles  # noqa: E402
from edgesnn.trainer.dense import DenseSpotter  # noqa: E402
from edgesnn.trainer.ensemble import Ensemble  # noqa: E402
from edgesnn.trainer.loss_settings import (  # noqa: E402
    ActivationSettings,
    CostSettings,
    DistillationSettings,
    EnergySettings,
    FalseAcceptSettings,
    LogitSettings,
    LossSettings,
    SilenceSettings,
)
from edgesnn.trainer.model import KeywordSpotter  # noqa: E402
from edgesnn.trainer.model_settings import (  # noqa: E402
    DenseSettings,
    LayerSettings,
    ModelSettings,
)
from edgesnn.trainer.objectives import Objective  # noqa: E402
from edgesnn.trainer.objectives.activations import activation_penalty, spike_share  # noqa: E402
from edgesnn.trainer.objectives.distillation import distillation_loss, divergence  # noqa: E402
from edgesnn.trainer.objectives.energy import spike_energy  # noqa: E402
from edgesnn.trainer.objectives.labels import label_loss, logit_penalty  # noqa: E402
from edgesnn.trainer.response import Outcome  # noqa: E402
from edgesnn.trainer.spiking import Trace  # noqa: E402

STEPS, CLIPS, CLASSES = 10, 4, 3
WIDTHS = (6, 5)
COSTS = CostSettings(
    mac=0.7, ac8=1.1, ac4=0.5, leaky=4.0, adaptive=9.0, channel=3.0, picojoules=200
)


def logits(seed: int, steps: int = STEPS):
    random = torch.Generator().manual_seed(seed)
    return (3 * torch.randn((steps, CLIPS, CLASSES), generator=random)).requires_grad_()


def traces(seed: int = 0):
    """Spike trains that a gradient can be taken of."""
    random = torch.Generator().manual_seed(seed)
    return tuple(
        Trace(
            (torch.rand((STEPS, CLIPS, n), generator=random) < 0.3).float().requires_grad_(),
            *2 * [torch.empty(0)],
        )
        for n in WIDTHS
    )


def two_layers():
    hidden = [LayerSettings(width=6), LayerSettings(width=5, taps=[0, 2], neuron="leaky")]
    torch.manual_seed(0)
    return KeywordSpotter(ModelSettings(hidden=hidden), 8, CLASSES)


def batch(quiet=(False, True, False, True)):
    targets = torch.eye(CLASSES)[torch.tensor([0, 2, 1, 2])]
    features = torch.randint(-60, 60, (STEPS, CLIPS, 8), generator=torch.Generator().manual_seed(1))
    return Batch(features.to(torch.int8), targets, torch.tensor(quiet), torch.zeros_like(targets))


def log_softmax(x):
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def assert_same(value, expected, inputs, wanted):
    """Value and gradients."""
    assert float(value.detach()) == pytest.approx(float(expected), rel=1e-5)
    for got, want in zip(torch.autograd.grad(value, inputs), wanted, strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("warmth", [1.0, 4.0])
def test_divergence_is_hintons(warmth):
    student, teacher = logits(1)[-1].detach().requires_grad_(), logits(2)[-1].detach()
    p, q = (np.exp(log_softmax(x.detach().numpy() / warmth)) for x in (teacher, student))
    expected = warmth**2 * (p * np.log(p / q)).sum(-1).mean()
    # d/dz of T²·KL is T·(q − p), shared among the clips.
    assert_same(
        divergence(student, teacher, warmth), expected, [student], [warmth * (q - p) / CLIPS]
    )


def test_a_pupil_that_knows_it_all_learns_nothing():
    scores = logits(3)
    loss = distillation_loss(scores, scores.detach(), DistillationSettings(steps=0.5))
    assert float(loss.detach()) == pytest.approx(0, abs=1e-6)
    assert float(torch.autograd.grad(loss, scores)[0].abs().max()) < 1e-6


def test_distillation_mixes_the_end_and_the_way_there():
    student, teacher = logits(1).detach(), logits(2).detach()
    settings = DistillationSettings(temperature=3.0, steps=0.25)
    steps = [divergence(student[t], teacher[t], 3.0) for t in range(STEPS)]
    expected = 0.75 * steps[-1] + 0.25 * torch.stack(steps[STEPS // 2 :]).mean()
    torch.testing.assert_close(distillation_loss(student, teacher, settings), expected)
    once = [divergence(student[t], teacher[0], 3.0) for t in range(STEPS)]
    expected = 0.75 * once[-1] + 0.25 * torch.stack(once[STEPS // 2 :]).mean()
    torch.testing.assert_close(distillation_loss(student, teacher[:1], settings), expected)


def test_several_teachers_answer_with_the_mean_of_their_scores():
    class Says(torch.nn.Module):
        def __init__(self, scores):
            super().__init__()
            self.scores = scores

        def forward(self, features):
            return Outcome(self.scores, (), features)

    each, few, one = logits(1).detach(), logits(2).detach()[:4], logits(3).detach()[:1]
    asked = Ensemble([Says(each), Says(few), Says(one)])
    found = asked(torch.zeros(STEPS, CLIPS, 2)).logits
    torch.testing.assert_close(found, (each + few[-1] + one[-1]) / 3)
    assert not torch.allclose(found[0], (each[0] + few[0] + one[0]) / 3)


@pytest.mark.parametrize("target", [0.0, 0.25])
def test_activation_penalty_is_its_equation(target):
    made = traces()
    settings = ActivationSettings(l1=0.7, l2=0.2, target=target, layers=[1.0, 3.0])
    expected, wanted = 0.0, []
    for weight, trace in zip((1.0, 3.0), made, strict=True):
        excess = np.maximum(trace.spikes.detach().numpy().mean(0) - target, 0)
        expected += weight * (0.7 * excess.mean() + 0.2 * (excess**2).mean())
        slope = weight * (0.7 + 0.4 * excess) * (excess > 0) / excess.size / STEPS
        if target == 0:  # at the corner, where a neuron is silent, the slope is torch's choice
            slope = weight * (0.7 + 0.4 * excess) / excess.size / STEPS
        wanted.append(np.broadcast_to(slope, trace.spikes.shape))
    assert_same(activation_penalty(made, settings), expected, [t.spikes for t in made], wanted)


def test_spike_share_weighs_layers_by_fan_out():
    made = traces()
    counts = [float(t.spikes.detach().sum()) for t in made]
    dense = (2 * 6 + 7 * 5) * STEPS * CLIPS
    wanted = [np.full(t.spikes.shape, f / dense) for f, t in zip((2, 7), made, strict=True)]
    expected = (2 * counts[0] + 7 * counts[1]) / dense
    assert_same(spike_share(made, [2, 7]), expected, [t.spikes for t in made], wanted)


def test_logit_penalty_is_the_square_of_the_last_scores():
    scores = logits(4)
    last = scores.detach().numpy()[-1]
    wanted = np.zeros(scores.shape)
    wanted[-1] = 2 * 0.03 * last / CLIPS
    value = logit_penalty(scores, LogitSettings(l2=0.03))
    assert_same(value, 0.03 * (last**2).sum(-1).mean(), [scores], [wanted])


def test_label_loss_is_cross_entropy_at_the_end_and_on_average():
    scores, given = logits(5).detach(), batch()
    labels = given.targets.argmax(1).numpy()
    last, mean = scores[-1].numpy(), scores[STEPS // 2 :].mean(0).numpy()
    rows = np.arange(CLIPS)
    parts = [-log_softmax(x)[rows, labels].mean() for x in (last, mean)]
    loss = label_loss(scores, given.targets, LossSettings(label_smoothing=0.0, later_steps=0.4))
    assert float(loss) == pytest.approx(0.6 * parts[0] + 0.4 * parts[1], rel=1e-5)


def test_a_spike_costs_the_synapses_behind_it():
    model = two_layers()
    assert fan_out(model) == [10, CLASSES]
    assert spike_cycles(model, COSTS) == [10 * COSTS.ac4, CLASSES * COSTS.ac8]
    assert step_cycles(model, COSTS) == 6 * 9.0 + 5 * 4.0 + CLASSES * 4.0 + 8 * 3.0
    awake = [6 * 9.0 + 2 * 5 * 4.0, 5 * 4.0 + CLASSES * 4.0]  # own layer, and what hears it
    assert waking_cycles(model, COSTS) == [
        own + more for own, more in zip(spike_cycles(model, COSTS), awake, strict=True)
    ]
    recurrent = KeywordSpotter(ModelSettings(hidden=[LayerSettings(width=6, recurrent=True)]), 8, 3)
    assert spike_cycles(recurrent, COSTS) == [
        pytest.approx((3 + 6) * COSTS.ac8)
    ]  # the first layer has 8 bits


def test_energy_is_in_microjoules_a_second():
    model, made = two_layers(), traces()
    seconds = STEPS * 0.02
    per_spike = np.array([10 * 0.5, 3 * 1.1]) * 200e-6 / seconds
    counts = np.array([t.spikes.detach().sum((0, 2)).numpy() for t in made])
    energy = spike_energy(made, spike_cycles(model, COSTS), COSTS, seconds)
    np.testing.assert_allclose(energy.detach().numpy(), per_spike @ counts, rtol=1e-5)
    wanted = [np.full(t.spikes.shape, e / CLIPS) for e, t in zip(per_spike, made, strict=True)]
    value = energy.mean()
    assert_same(value, float(value.detach()), [t.spikes for t in made], wanted)


def test_silence_is_paid_for_in_quiet_clips_alone():
    model, made, given = two_layers(), traces(), batch()
    outcome = Outcome(logits(6), made, torch.ones((STEPS, CLIPS, 8), dtype=torch.bool))
    settings = LossSettings(energy=EnergySettings(weight=0.3), silence=SilenceSettings(weight=2.0))
    objective = Objective(settings, COSTS, 0.02)
    terms = objective.terms(model, outcome, given)
    energy = spike_energy(made, spike_cycles(model, COSTS), COSTS, STEPS * 0.02)
    torch.testing.assert_close(terms["energy"], 0.3 * energy.mean())
    waking = spike_energy(made, waking_cycles(model, COSTS), COSTS, STEPS * 0.02)
    torch.testing.assert_close(terms["silence"], 2.0 * waking[[1, 3]].mean())
    slopes = torch.autograd.grad(terms["silence"], [t.spikes for t in made])
    assert all(not s[:, [0, 2]].any() and bool((s[:, [1, 3]] > 0).all()) for s in slopes)
    loud = batch(quiet=(False,) * CLIPS)
    assert "silence" not in objective.terms(model, outcome, loud)


def test_energies_rise_over_the_ramp():
    model, made, given = two_layers(), traces(), batch()
    outcome = Outcome(logits(6), made, torch.ones((STEPS, CLIPS, 8), dtype=torch.bool))
    settings = LossSettings(
        energy=EnergySettings(weight=0.3), silence=SilenceSettings(weight=2.0), ramp=0.4
    )
    objective = Objective(settings, COSTS, 0.02)
    whole = objective.after(0.7).terms(model, outcome, given)
    half = objective.after(0.2).terms(model, outcome, given)
    for name in ("energy", "silence"):
        torch.testing.assert_close(half[name], 0.5 * whole[name])
    torch.testing.assert_close(half["labels"], whole["labels"])
    assert Objective(LossSettings(), COSTS, 0.02).after(0.0).rise == 1.0


def test_terms_add_up_and_only_those_asked_for():
    model, given = two_layers(), batch()
    outcome = model(given.features)
    teacher = DenseSpotter(DenseSettings(kind="dense", widths=[4, 4]), 8, CLASSES).eval()
    settings = LossSettings(
        activity=0.1,
        firing=0.2,
        distillation=DistillationSettings(teacher="somewhere", weight=0.25),
        activations=ActivationSettings(l1=0.1),
        logits=LogitSettings(l2=0.01),
        energy=EnergySettings(weight=0.1),
        silence=SilenceSettings(weight=0.1),
        false_accepts=FalseAcceptSettings(weight=0.1),
    )
    objective = Objective(settings, COSTS, 0.02, teacher, (True, True, False))
    terms = objective.terms(model, outcome, given)
    named = "labels distillation activity firing activations logits energy silence"
    assert terms.keys() == {*named.split(), "false accepts"}
    unheard = Objective(settings, COSTS, 0.02, teacher).terms(model, outcome, given)
    assert unheard.keys() == set(named.split())
    torch.testing.assert_close(objective(model, outcome, given), sum(terms.values()))
    bare = Objective(LossSettings(), COSTS, 0.02).terms(model, outcome, given)
    assert bare.keys() == {"labels"}
    torch.testing.assert_close(terms["labels"], 0.75 * bare["labels"])


def test_predicted_cycles_follow_the_table():
    model, given = two_layers(), batch()
    outcome = model(given.features)
    activity = count(model, outcome)
    first, second = (float(t.spikes.detach().sum()) for t in outcome.layers)
    served = first * 10 * 0.5 + second * CLASSES * 1.1 + 0.7 * activity.macs
    expected = (served / (STEPS * CLIPS) + step_cycles(model, COSTS)) / 0.02
    assert predicted_cycles(model, activity, COSTS, 0.02) == pytest.approx(expected)


def test_dense_network_counts_its_multiplications():
    model = DenseSpotter(DenseSettings(kind="dense", widths=[4, 6], kernel=3), 8, CLASSES).eval()
    outcome = model(batch().features)
    assert outcome.logits.shape == (1, CLIPS, CLASSES)
    block = (4 * 6 * 3 + 6 * 6 * 3 + 4 * 6) * STEPS // 2
    assert count(model, outcome).macs == CLIPS * (8 * 4 * 3 * STEPS + block + 6 * CLASSES)


def unvaried(features, _random):
    return features


def test_a_quiet_clip_teaches_silence(tmp_path):
    from edgesnn.frontend import FrontEnd
    from edgesnn.trainer.batch import Material, batches
    from edgesnn.trainer.features import FeatureSet
    from edgesnn.trainer.quiet import quiet_features

    quiet = quiet_features(FrontEnd(), 10, seed=1)
    assert np.array_equal(quiet, quiet_features(FrontEnd(), 10, seed=1))
    assert not np.array_equal(quiet, quiet_features(FrontEnd(), 10, seed=2))
    labels = np.array([0, 1, 2, 2])
    clips = FeatureSet(np.zeros((1, 4, *quiet.shape[1:]), np.int8), labels)
    config = changed(preset("synthetic"), ["loss.silence.clips=3", "optimiser.batch=4"])
    (given,) = batches(Material(clips, 3, 2, quiet, unvaried), config, 0, np.random.default_rng(0))
    assert given.features.shape[1] == 7
    assert given.quiet.tolist() == [False, False, True, True, True, True, True]
    assert torch.equal(given.targets[4:], torch.eye(3)[[2, 2, 2]])
    (given,) = batches(
        Material(clips, 3, None, quiet, unvaried), config, 0, np.random.default_rng(0)
    )
    assert given.quiet.tolist() == [False] * 4 + [True] * 3
    torch.testing.assert_close(given.targets[4:], torch.full((3, 3), 1 / 3))


@pytest.mark.parametrize("name", ["start.prune=0.1", "start.grow=true", "optimiser.revive=2"])
@pytest.mark.parametrize("kind", ["teacher", "resnet8"])
def test_other_networks_know_no_such_change(kind, name):
    with pytest.raises(ConfigError, match=rf"model knows no {name.split('=')[0]}; leave it out"):
        changed(preset(kind), ["start.run=a", name])


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["loss.energy.weight"], "--set loss.energy.weight: write KEY=VALUE"),
        (["loss.enrgy.weight=1"], "there is no key loss.enrgy.weight; in place of enrgy"),
        (["model.hidden.7.width=3"], "in place of 7 there are: 0 to 1"),
        (["loss.energy.weight.deep=1"], "in place of deep there are: none"),
        (["loss.energy.weight=-1"], "--set: loss.energy.weight: Input should be greater than"),
        (["loss.distillation.weight=0.5"], "weight needs a teacher"),
        (["loss.distillation.temperature=0"], "loss.distillation.temperature: Input should be"),
        (["loss.activations.layers=[1.0]"], "has 1 weights for 2 hidden layers"),
        (["loss.silence.clips=9999"], "loss.silence.clips: Input should be less than"),
        (["start.prune=0.1"], "start: prune needs a run to start from"),
        (["start.grow=true"], "start: grow needs a run to start from"),
        (["start.run=a.esnn", "start.grow=true"], "grow needs a run folder; a network file"),
        (["start.run=a", "start.grow=true", "start.prune=0.1"], "pruned or grown"),
        (["costs.picojoules=0"], "costs.picojoules: Input should be greater than 0"),
        (["frontend.silence_bits=15"], "frontend.silence_bits: Input should be less than"),
    ],
)
def test_changes_that_cannot_be_are_one_line(assignments, message):
    with pytest.raises(ConfigError) as caught:
        changed(preset("synthetic"), assignments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_changes_set_what_they_name():
    config = changed(
        preset("synthetic"),
        [
            "loss.energy.weight = 1",
            "model.hidden.1.width=48",
            "model.input.taps=[0, 2]",
            "name=mine",
        ],
    )
    assert config.loss.energy.weight == 1.0
    assert isinstance(config.model, ModelSettings)
    assert [layer.width for layer in config.model.hidden] == [64, 48]
    assert config.model.input.taps == [0, 2]
    assert config.name == "mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ({"kind": "dence"}, "model.kind: spiking, dense or convolutional, got 'dence'"),
        ({"kind": "dense", "widths": [3]}, "model.widths: List should have at least 2 items"),
        ({"kind": "dense", "hidden": []}, "unknown key model.hidden"),
    ],
)
def test_model_faults_name_the_files_own_keys(text, message):
    with pytest.raises(ConfigError, match=message.replace("(", "\\(")):
        parse_config({"model": text}, "test")


def test_a_dense_model_has_no_spikes_to_penalise():
    values = {"model": {"kind": "dense"}, "loss": {"energy": {"weight": 1.0}}}
    with pytest.raises(ConfigError, match="a dense model has no spikes"):
        parse_config(values, "test")
