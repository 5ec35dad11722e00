"""What is counted of a network's steps, and cycles fitted to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesnn.frontend import FrontEnd, features
from edgesnn.frontend.batch import log_mel
from edgesnn.law import input_seen
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.pipeline.datasets import Clips
from edgesnn.pipeline.fit import Part, by_activity, fit_cycles
from edgesnn.pipeline.regressors import (
    TERMS,
    Floats,
    count_means,
    count_steps,
    hearing,
    quiet_clips,
    sent,
)
from edgesnn.pipeline.simulated import Simulated
from edgesnn.pipeline.timed import time_parts
from edgesnn.sim import Engine

from .codegen_networks import keyword_network
from .core.machines import needs_gcc
from .strategies import clips as random_clips
from .strategies import networks


def _clips(given_features: IntArray, pcm: IntArray | None = None) -> Clips:
    names = tuple(map(str, range(len(given_features))))
    return Clips(given_features, None, names, pcm, "made up")


@settings(max_examples=25, deadline=None)
@given(networks(), st.integers(0, 1 << 32))
def test_steps_add_up_to_what_the_engine_counts(network: Network, seed: int) -> None:
    """Whatever the synapses and their delays: events and spikes of all steps are those of clips."""
    clips = _clips(random_clips(network, seed))
    found = count_steps(network, clips).layers
    counts = Engine(network).classify(clips.features).counts
    first = 0
    for number, layer in enumerate(network.layers):
        last = first + len(layer.synapses)
        events = counts.delivered[:, first:last, 0].sum(axis=1)
        assert np.array_equal(found[:, :, number, TERMS.index("event")].sum(axis=1), events)
        spikes = found[:, :, number, TERMS.index("spike")].sum(axis=1)
        assert np.array_equal(spikes, counts.emitted[:, number + 1])
        first = last
    assert np.allclose(count_means(network, clips).layers, found.mean(axis=1))
    reached, active = (found[..., TERMS.index(name)] for name in ("reached_step", "active_step"))
    assert (reached <= active).all() and np.array_equal(reached, found[..., 0] > 0)


def test_the_input_sends_what_its_law_says() -> None:
    network = keyword_network()
    given_features = random_clips(network, 3, count=2, steps=20)
    found = sent(network, given_features)
    for clip, told in zip(given_features, found, strict=True):
        seen = input_seen(network, clip)
        before = np.concatenate([np.zeros_like(seen[:1]), seen[:-1]])
        changed = seen != before if network.input.encoding == "delta" else seen != 0
        assert np.array_equal(told, changed)


def test_frames_without_sound_are_those_at_the_floor() -> None:
    settings_ = FrontEnd(silence_bits=3)
    rng = np.random.default_rng(5)
    pcm = rng.integers(-8, 8, (3, 6400), dtype=np.int16)
    pcm[0, 2000], pcm[1, 3199], pcm[2, 0] = 8, -9, -32768
    heard = hearing(pcm, settings_)[:, :, 0] > 0
    assert heard.tolist() == (log_mel(pcm, settings_) > settings_.floor).any(axis=2).tolist()
    assert 0 < heard.sum() < heard.size


@needs_gcc
def test_frames_cost_what_is_done_of_them() -> None:
    """In the simulated core: silent, faint below the floor, faint above it, and loud frames."""
    network = keyword_network()
    assert network.frontend is not None
    settings_ = replace(network.frontend, floor=10240, silence_bits=4)
    rng = np.random.default_rng(5)
    pcm = np.zeros((4, 6400), np.int16)
    pcm[1, ::320], pcm[3] = 16, rng.integers(-9000, 9000, 6400)
    pcm[2] = rng.integers(-60, 61, 6400)
    heard = hearing(pcm, settings_)
    expected = [[0, 0], [0, 1], [1, 1], [1, 0]]
    assert (heard == np.array(expected)[:, None]).all()
    loudest = replace(network, frontend=settings_)
    machine = Simulated(loudest, "m4")
    timed = time_parts(machine, loudest, _clips(features(pcm, settings_), pcm))
    silent, below, above, loud = timed.front_end[:, 5:].mean(axis=1)
    assert silent + 300 < below < loud - 5000 and loud + 300 < above
    assert np.ptp(timed.front_end[:, 5:], axis=1).max() < 200


def test_a_layer_at_rest_is_not_active() -> None:
    """Silence in, and nothing but a bias that decays to a fixed point: later steps are idle."""
    network = keyword_network()
    quiet = np.zeros((1, 400, network.input.size), np.int8)
    found = count_steps(network, _clips(quiet)).layers
    assert (found[0, -1, :, TERMS.index("event")] == 0).all()
    traces = Engine(network).run(quiet)
    for number, layer in enumerate(network.layers):
        still = bool((traces.v[layer.name][0, -1] == traces.v[layer.name][0, -2]).all())
        fires = layer.name in traces.spikes and bool(traces.spikes[layer.name][0, -1].any())
        if still and not fires and layer.name not in traces.a:
            assert found[0, -1, number, TERMS.index("active_step")] == 0


def _part(counts: Floats, cycles: Floats, means: Floats | None = None, name: str = "a") -> Part:
    """A part of one count or more, `(clips, steps, terms)`."""
    own = counts.mean(axis=1)
    return Part(name, TERMS[: counts.shape[2]], own if means is None else means, counts, cycles)


def _steps(clips: int, terms: int, seed: int = 7) -> Floats:
    return np.random.default_rng(seed).integers(0, 40, (clips, 12, terms)).astype(np.float64)


def test_a_fit_on_some_clips_prices_the_others() -> None:
    """Cycles that are sums of costs by construction: the fit finds them, from half of the clips."""
    counts, true = _steps(24, 4), np.array([300.0, 80.0, 7.0, 900.0])
    cycles = 500 + counts @ true
    outside = Part("rest", (), np.zeros((24, 0)), np.zeros((12, 12, 0)), np.full((12, 12), 50.0))
    fit = fit_cycles([_part(counts[::2], cycles[::2], counts.mean(axis=1)), outside])
    assert fit is not None and not fit.is_poor and fit.worst < 1e-9
    found = fit.by_name["a"]
    assert [found.base, *found.costs.values()] == pytest.approx([500, *true])
    whole = cycles.mean(axis=1) + 50
    assert (fit.mean, fit.most) == (pytest.approx(whole.mean()), pytest.approx(whole.max()))
    assert fit.mean == pytest.approx(sum(each.mean for each in fit.parts))
    assert (fit.clips, fit.wanted, fit.priced) == (12, 8, 24)


def test_few_clips_fit_the_most_important_counts() -> None:
    counts = _steps(5, 4)
    fit = fit_cycles([_part(counts, 500 + counts @ np.array([300.0, 80.0, 0.0, 0.0]))])
    assert fit is not None and fit.wanted > fit.clips
    assert list(fit.parts[0].costs.values()) == pytest.approx([300, 80, 0, 0])
    assert fit_cycles([_part(counts[:3], counts[:3].sum(axis=2))]) is None


def test_a_clip_beside_the_sample_tells_what_the_sample_cannot() -> None:
    """Nineteen clips of sound and one of silence: left out, it is foretold from the one beside."""
    sound = np.ones((21, 12, 1))
    sound[[4, 20]] = 0
    cycles = 50.0 + 900 * sound[:, :, 0]
    alone = fit_cycles([_part(sound[:20], cycles[:20])])
    beside = fit_cycles([replace(_part(sound, cycles, sound[:20].mean(axis=1)), beside=1)])
    assert alone is not None and beside is not None
    assert alone.worst == pytest.approx(900 / 50) and beside.worst < 1e-9
    assert (beside.clips, beside.mean) == (20, pytest.approx(cycles[:20].mean()))


def test_silence_is_what_the_front_end_makes_of_it() -> None:
    network = keyword_network()
    assert network.frontend is not None
    pcm = np.random.default_rng(4).integers(-9000, 9000, (3, 6400), dtype=np.int16)
    quiet = quiet_clips(network, _clips(features(pcm, network.frontend), pcm))
    assert quiet.pcm is not None and quiet.pcm.shape == (2, 6400)
    assert not quiet.pcm[0].any() and (quiet.pcm[1] != 0).sum() == 20
    floor = [
        (network.frontend.floor - x) >> network.frontend.shift for x in network.frontend.offset
    ]
    assert quiet.features[0, 0].tolist() == np.clip(floor, -128, 127).tolist()
    assert not quiet_clips(network, _clips(np.ones((2, 5, 3), np.int8))).features.any()


def test_no_count_makes_a_step_quicker() -> None:
    """What a negative cost would explain is left to the others, and the error says so."""
    counts = _steps(10, 2)
    fit = fit_cycles([_part(counts, 9000 + counts @ np.array([100.0, -50.0]))])
    assert fit is not None
    assert fit.parts[0].costs["spike"] == 0 < fit.parts[0].costs["event"]
    assert fit.error > 0


def test_held_out_error_is_that_of_clips_not_seen() -> None:
    """One clip off the line: fitted without it, it is missed by just as much."""
    events = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [2.0]])[:, :, None]
    cycles = 1000 + 100 * events[:, :, 0]
    cycles[5] += 600
    fit = fit_cycles([_part(events, cycles)])
    assert fit is not None and fit.is_poor
    assert fit.worst == pytest.approx(600 / 1800) and fit.error < fit.worst


def test_a_fit_that_explains_nothing_is_called_poor() -> None:
    cycles = np.random.default_rng(7).uniform(1e4, 1e5, (12, 1)) * np.ones((1, 12))
    fit = fit_cycles([_part(_steps(12, 3), cycles)])
    assert fit is not None and fit.is_poor


def test_silence_is_a_base_alone() -> None:
    fit = fit_cycles([_part(np.zeros((5, 12, 1)), np.full((5, 12), 70.0), np.zeros((9, 1)))])
    assert fit is not None and (fit.parts[0].costs["event"], fit.mean) == (0.0, 70.0)


def test_a_sample_goes_from_the_quietest_to_the_busiest() -> None:
    events = np.random.default_rng(6).permutation(40).astype(np.float64)
    assert np.sort(events[by_activity(events, 10)]).tolist() == list(range(2, 40, 4))
    assert len(by_activity(events, 100)) == 40


def test_frames_of_the_network_are_counted() -> None:
    network = keyword_network()
    assert network.frontend is not None
    pcm = np.zeros((2, 6400), np.int16)
    pcm[1] = np.random.default_rng(4).integers(-9000, 9000, 6400)
    clips = _clips(features(pcm, network.frontend), pcm)
    means = count_means(network, clips).heard
    assert means is not None and means.tolist() == [[0.0, 0.0], [1.0, 0.0]]
    assert count_steps(network, _clips(clips.features)).heard is None
