"""Chains of clips, heard one behind another and scored one by one; false accepts in them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.errors import ConfigError  # noqa: E402
from edgesnn.trainer.batch import Material, batches  # noqa: E402
from edgesnn.trainer.chain import chained, cut, unchained  # noqa: E402
from edgesnn.trainer.config import parse_config  # noqa: E402
from edgesnn.trainer.features import FeatureSet  # noqa: E402
from edgesnn.trainer.model import KeywordSpotter  # noqa: E402
from edgesnn.trainer.model_settings import LayerSettings, ModelSettings  # noqa: E402
from edgesnn.trainer.objectives.false_accepts import false_accept_loss  # noqa: E402

STEPS, CLASSES, KEYWORDS = 8, 5, torch.tensor([True, True, True, False, False])


def config(**augment):
    still = {"variants": 0, "shift_frames": 0, "band_masks": 0, "time_masks": 0}
    return parse_config(
        {
            "model": {"hidden": [{"width": 4}]},
            "augment": still | augment,
            "loss": {"silence": {"clips": 3}},
            "optimiser": {"batch": 8},
        },
        "test",
    )


def unvaried(features, _random):
    return features


def material(clips=17):
    """Clip `n` is filled with `n`; made quiet clips with −1."""
    features = np.repeat(np.arange(clips, dtype=np.int8), STEPS * 2).reshape(1, clips, STEPS, 2)
    labels = np.arange(clips, dtype=np.int64) % CLASSES
    return Material(
        FeatureSet(features, labels), CLASSES, 4, np.full((6, STEPS, 2), -1, np.int8), unvaried
    )


@pytest.mark.parametrize("links", [1, 2, 3])
def test_a_chain_is_clips_one_behind_another(links):
    clips = torch.arange(6)[None, :, None].repeat(STEPS, 1, 2)
    chains = chained(clips, links)
    assert chains.shape == (links * STEPS, 6 // links, 2)
    assert chains[::STEPS, 0, 0].tolist() == list(range(0, 6, 6 // links))
    assert torch.equal(cut(chains, links), clips)


def test_a_network_hears_a_chain_as_a_stream():
    torch.manual_seed(0)
    hidden = [LayerSettings(width=9), LayerSettings(width=7, taps=[0, 2])]
    model = KeywordSpotter(ModelSettings(hidden=hidden, normalise=False), 6, CLASSES)
    clips = torch.randint(-60, 60, (STEPS, 6, 6)).to(torch.int8)
    heard = unchained(model(chained(clips, 3)), 3)
    for b in range(2):
        stream = model(torch.cat([clips[:, b + 2 * link] for link in range(3)])[:, None])
        for link in range(3):
            steps = slice(link * STEPS, (link + 1) * STEPS)
            assert torch.equal(heard.logits[:, b + 2 * link], stream.logits[steps, 0])
            for one, whole in zip(heard.layers, stream.layers, strict=True):
                assert torch.equal(one.spikes[:, b + 2 * link], whole.spikes[steps, 0])
    assert not torch.equal(heard.logits[:, 2:], model(clips).logits[:, 2:])
    assert torch.equal(heard.logits[:, :2], model(clips).logits[:, :2])


@pytest.mark.parametrize("links", [1, 2, 3, 4])
def test_batches_are_whole_chains_that_know_what_came_before(links):
    given = list(batches(material(), config(chain=links), 0, np.random.default_rng(1)))
    assert len(given) == 2
    for batch in given:
        count = len(batch.quiet)
        assert count == 11 // links * links
        assert all(len(part) == count for part in (batch.targets, batch.before))
        filled = batch.features[0, :, 0].long()
        labels = torch.where(filled < 0, 4, filled % CLASSES)
        assert torch.equal(batch.targets.argmax(1), labels)
        assert torch.equal(batch.quiet, labels == 4)
        rows = count // links
        assert not batch.before[:rows].any()
        assert torch.equal(
            batch.before[rows:], batch.targets[:-rows] if links > 1 else batch.before[rows:]
        )


def test_without_chains_made_clips_come_last_as_before():
    for batch in batches(material(), config(), 0, np.random.default_rng(1)):
        assert batch.features[0, -3:, 0].tolist() == [-1, -1, -1]
        assert batch.features[0, :-3, 0].tolist() == sorted(batch.features[0, :-3, 0].tolist())


def said(*labels):
    return torch.eye(CLASSES, dtype=torch.bool)[torch.tensor(labels)]


def test_the_worst_lead_is_charged_and_nothing_else():
    random = torch.Generator().manual_seed(2)
    logits = (3 * torch.randn((STEPS, 3, CLASSES), generator=random)).requires_grad_()
    right, before = said(0, 3, 4), torch.zeros((3, CLASSES), dtype=torch.bool)
    loss = false_accept_loss(logits, right, before, KEYWORDS)
    z, worst, where = logits.detach().numpy(), [], []
    for b, own in enumerate((0, 3, 4)):
        leads = {
            (t, c): z[t, b, c] - max(z[t, b, d] for d in range(CLASSES) if d != c)
            for t in range(STEPS)
            for c in range(3)
            if c != own
        }
        where.append(max(leads, key=leads.__getitem__)[0])
        worst.append(max(leads.values()))
    assert float(loss.detach()) == pytest.approx(np.log1p(np.exp(worst)).mean(), rel=1e-5)
    (grad,) = torch.autograd.grad(loss, logits)
    for b, step in enumerate(where):
        assert grad[:, b].abs().sum(1).nonzero().flatten().tolist() == [step]
        assert float(grad[:, b].sum()) == pytest.approx(0, abs=1e-6)


def test_the_word_before_may_lead_for_half_a_clip():
    logits = torch.zeros((STEPS, 1, CLASSES))
    logits[STEPS // 2 - 1, 0, 1] = 9.0
    right, nothing = said(3), torch.zeros((1, CLASSES), dtype=torch.bool)
    charged = float(false_accept_loss(logits, right, nothing, KEYWORDS))
    assert charged == pytest.approx(np.log1p(np.exp(9.0)))
    assert float(false_accept_loss(logits, right, said(1), KEYWORDS)) == pytest.approx(np.log(2))
    late = logits.roll(1, 0)
    assert float(false_accept_loss(late, right, said(1), KEYWORDS)) == pytest.approx(charged)


def test_a_clip_in_which_no_keyword_is_wrong_costs_nothing():
    logits = torch.randn((STEPS, 1, CLASSES)).requires_grad_()
    nothing = torch.zeros((1, CLASSES), dtype=torch.bool)
    loss = false_accept_loss(logits, said(0), nothing, torch.tensor([True] + [False] * 4))
    assert float(loss.detach()) == 0
    assert not torch.autograd.grad(loss, logits)[0].any()


def test_a_dense_model_takes_no_chains():
    with pytest.raises(ConfigError, match=r"augment\.chain must be 1"):
        parse_config({"model": {"kind": "dense"}, "augment": {"chain": 2}}, "test")
