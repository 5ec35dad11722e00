"""The Numba engine against the NumPy oracle: every membrane, spike and count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgesnn.errors import UsageError
from edgesnn.law import Oracle, input_seen
from edgesnn.machine import Traces, first_divergence
from edgesnn.network import INPUT, Dense, Input, Layer, Leaky, Network, Pool, Readout, Synapses
from edgesnn.network.arrays import IntArray
from edgesnn.network.geometry import fan_out, weight_matrix
from edgesnn.sim.engine import LANES, Engine

from .strategies import clips, networks

_SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture
def tiny() -> Network:
    """Three channels, two neurons, two classes."""
    return Network(
        name="tiny",
        input=Input(shape=(3,)),
        layers=(
            Layer(
                name="hidden",
                shape=(2,),
                synapses=(Dense(source=INPUT, weight=[[1, 2, 3], [3, 2, 1]]),),
                bias=[0, 1],
                neuron=Leaky(threshold=[9, 9], decay=[200, 200]),
            ),
            Layer(
                name="out",
                shape=(2,),
                synapses=(Dense(source="hidden", weight=[[1, -1], [-1, 1]]),),
                bias=[0, 0],
                neuron=Readout(decay=[256, 256]),
            ),
        ),
        classes=("yes", "no"),
    )


@_SETTINGS
@given(networks(), st.integers(0, 2**32 - 1))
def test_engine_follows_the_law_for_any_network(network: Network, seed: int) -> None:
    features = clips(network, seed)
    traces = Engine(network, threads=1).run(features)
    assert first_divergence(network, Oracle(network).run(features), traces) is None


@_SETTINGS
@given(networks(), st.integers(0, 2**32 - 1))
def test_counts_are_those_of_the_traces(network: Network, seed: int) -> None:
    features = clips(network, seed)
    traces = Oracle(network).run(features)
    result = Engine(network, threads=1).classify(features)
    np.testing.assert_array_equal(result.scores, traces.scores(network))
    np.testing.assert_array_equal(result.decisions, traces.decisions(network))
    sent = np.stack([_sent(network, clip) for clip in features])
    emitted = [sent, *(traces.spikes[layer.name] for layer in network.spiking)]
    for source, events in enumerate(emitted):
        np.testing.assert_array_equal(
            result.counts.emitted[:, source], np.count_nonzero(events, axis=(1, 2))
        )
    np.testing.assert_array_equal(result.counts.changed, _changed(network, traces))
    np.testing.assert_array_equal(result.counts.delivered, _delivered(network, sent, traces))


def _sent(network: Network, clip: IntArray) -> IntArray:
    """What travels from the input: values, or changes of what was sent before."""
    seen = input_seen(network, clip)
    if network.input.encoding == "direct":
        return seen
    return np.diff(seen, axis=0, prepend=0)


def _changed(network: Network, traces: Traces) -> IntArray:
    columns = []
    for layer in network.layers:
        v = traces.v[layer.name]
        columns.append(layer.size + np.count_nonzero(np.diff(v, axis=1), axis=(1, 2)))
    return np.stack(columns, axis=1)


def _delivered(network: Network, sent: IntArray, traces: Traces) -> IntArray:
    """Events, effective and stored synapses of each group, by shifting whole event trains."""
    columns = []
    for layer in network.layers:
        for group in layer.synapses:
            train = sent if group.source == INPUT else traces.spikes[group.source]
            arrived = _delayed(train != 0, group)
            for synapses in _synapses(network, layer, group):
                columns.append((arrived @ synapses).sum(axis=1))
    return np.stack(columns, axis=1).reshape(len(sent), -1, 3)


def _delayed(train: IntArray, group: Synapses) -> IntArray:
    delays = np.broadcast_to(group.delay, train.shape[2])
    arrived = np.zeros(train.shape, np.int64)
    for pre, delay in enumerate(delays):
        arrived[:, delay:, pre] = train[:, : train.shape[1] - delay, pre]
    return arrived


def _synapses(network: Network, layer: Layer, group: Synapses) -> list[IntArray]:
    shape = network.source_shape(group.source)
    stored = fan_out(group, shape, layer.size)
    effective = np.count_nonzero(weight_matrix(group, shape, layer.size), axis=0)
    if isinstance(group, Pool):
        effective = stored if group.weight else np.zeros_like(stored)
    return [np.ones_like(stored), effective, stored]


@given(networks(), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_results_do_not_depend_on_lanes_and_threads(network: Network, threads: int) -> None:
    features = clips(network, 1, count=LANES + 3)
    together = Engine(network, threads=threads).classify(features)
    for clip in (0, LANES - 1, LANES, LANES + 2):
        alone = Engine(network, threads=1).classify(features[clip : clip + 1])
        np.testing.assert_array_equal(alone.scores[0], together.scores[clip])
        for one, all_of_them in zip(alone.counts, together.counts, strict=True):
            np.testing.assert_array_equal(one[0], all_of_them[clip])


@pytest.mark.parametrize(
    ("shape", "dtype"), [((2, 5), np.int8), ((2, 5, 4), np.int8), ((2, 5, 3), np.int16)]
)
def test_features_of_another_form_are_refused(
    shape: tuple[int, ...], dtype: type, tiny: Network
) -> None:
    with pytest.raises(UsageError, match=r"takes int8 \(clips, steps, 3\)"):
        Engine(tiny).classify(np.zeros(shape, dtype))


def test_clips_without_steps_are_refused(tiny: Network) -> None:
    with pytest.raises(UsageError, match="no steps"):
        Engine(tiny).run(np.zeros((1, 0, 3), np.int8))


def test_progress_counts_clips(tiny: Network) -> None:
    done: list[int] = []
    Engine(tiny).classify(np.zeros((2 * LANES + 5, 4, 3), np.int8), done.append)
    assert sum(done) == 2 * LANES + 5


def test_no_clips_are_no_error(tiny: Network) -> None:
    result = Engine(tiny).classify(np.zeros((0, 4, 3), np.int8))
    assert result.scores.shape == (0, 2)
