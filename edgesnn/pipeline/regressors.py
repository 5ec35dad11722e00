"""What of a network's activity costs cycles, step by step: counted exactly, whatever the kernels.

Four counts a layer and step, and two of the front-end, which computes no transform of a frame
that is silent, nor of a faint one of so little energy that it is at the floor (docs/FRONTEND.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgesnn.frontend.quiet import quiet_energy
from edgesnn.frontend.settings import FrontEnd
from edgesnn.machine import Traces
from edgesnn.network import INPUT, Layer, Network
from edgesnn.network.arrays import IntArray
from edgesnn.network.synapses import Synapses
from edgesnn.pipeline.datasets import Clips

Floats = npt.NDArray[np.float64]

TERMS = ("event", "spike", "reached_step", "active_step")
"""Of a layer in a step, by what they explain: events that arrive at its synapses; spikes that it
fires; 1 where anything arrives; 1 unless nothing arrives, nothing fires and no state changes."""

HEARING_TERMS = ("transformed_frame", "faint_frame")
"""Of the front-end in a step: 1 for a frame that is transformed, and 1 for a frame that is not
silent but of so few bits that its energy decides whether it is."""

LOT = 128
"""Clips that are traced at once."""


@dataclass(frozen=True, eq=False)
class Counts:
    """What a network did, step by step or in the mean of a clip's steps.

    Attributes:
        layers: float64 `(clips, steps, layers, TERMS)`, or `(clips, layers, TERMS)` of means.
        heard: float64 `(clips, steps, HEARING_TERMS)`, or `(clips, HEARING_TERMS)` of means; None
            of a network that is given features.
    """

    layers: Floats
    heard: Floats | None


def count_steps(network: Network, clips: Clips) -> Counts:
    """Count every step of `clips`."""
    from edgesnn.sim import Engine

    return _counted(network, Engine(network).run(clips.features), clips)


def count_means(network: Network, clips: Clips) -> Counts:
    """Count as `count_steps`, the mean of each clip's steps, in lots that memory can hold."""
    from edgesnn.sim import Engine

    engine = Engine(network)
    lots = np.split(np.arange(len(clips.features)), range(LOT, len(clips.features), LOT))
    found = []
    for lot in lots:
        some = clips.picked(lot)
        found.append(_counted(network, engine.run(some.features), some))
    heard = [each.heard.mean(axis=1) for each in found if each.heard is not None]
    return Counts(
        np.concatenate([each.layers.mean(axis=1) for each in found]),
        np.concatenate(heard) if heard else None,
    )


def quiet_clips(network: Network, clips: Clips) -> Clips:
    """Clips as long as `clips` that tell costs apart which a sample may not: of silence, and of
    clicks as faint as are heard, one a frame; or of features that are 0 where none is given sound.
    """
    from edgesnn.frontend import features

    if network.frontend is None or clips.pcm is None:
        return Clips(np.zeros_like(clips.features[:1]), None, ("silence",), None, "silence")
    pcm = np.zeros((2, clips.pcm.shape[1]), np.int16)
    pcm[1, :: network.frontend.hop] = 1 << network.frontend.silence_bits
    names = ("silence", "clicks")
    return Clips(features(pcm, network.frontend), None, names, pcm, "silence and clicks")


def _counted(network: Network, traces: Traces, clips: Clips) -> Counts:
    sources = {INPUT: sent(network, clips.features), **traces.spikes}
    layers = [_layer_terms(layer, sources, traces) for layer in network.layers]
    heard = None
    if network.frontend is not None and clips.pcm is not None:
        heard = hearing(clips.pcm, network.frontend)[:, : clips.features.shape[1]]
    return Counts(np.stack(layers, axis=2), heard)


def sent(network: Network, features: IntArray) -> IntArray:
    """Which channels the input sends of int8 `features (clips, steps, channels)`: bool."""
    if network.input.encoding == "direct":
        return np.asarray(features != 0)
    seen = features.astype(np.int16)
    reference = np.zeros_like(seen[:, 0])
    found = np.zeros(features.shape, np.bool_)
    for step in range(features.shape[1]):
        found[:, step] = np.abs(seen[:, step] - reference) > network.input.delta
        reference = np.where(found[:, step], seen[:, step], reference)
    return found


def hearing(pcm: IntArray, settings: FrontEnd) -> Floats:
    """HEARING_TERMS of int16 `pcm (clips, samples)`: float64 `(clips, frames, terms)`."""
    bits, energy = quiet_energy(settings)
    magnitude = pcm ^ (pcm >> 15)
    sounds = _within_frames(magnitude >> settings.silence_bits != 0, settings) > 0
    strong = _within_frames(magnitude >> bits != 0, settings) > 0
    quiet = _within_frames(pcm.astype(np.int64) ** 2, settings) <= energy
    faint = sounds & ~strong
    return np.stack([sounds & ~(faint & quiet), faint], axis=2).astype(np.float64)


def _within_frames(samples: IntArray, settings: FrontEnd) -> IntArray:
    """Sum of `samples (clips, samples)` under each frame's window, int64 `(clips, frames)`."""
    before = np.pad(np.cumsum(samples, axis=1, dtype=np.int64), ((0, 0), (1, 0)))
    ends = settings.hop * np.arange(1, settings.frames(samples.shape[1]) + 1)
    return np.asarray(before[:, ends] - before[:, np.maximum(ends - settings.window, 0)])


def _layer_terms(layer: Layer, sources: dict[str, IntArray], traces: Traces) -> Floats:
    """TERMS of a layer, float64 `(clips, steps, TERMS)`."""
    events = np.sum([arriving(group, sources[group.source]) for group in layer.synapses], axis=0)
    changed = _changed(traces.v[layer.name])
    if layer.name in traces.a:
        changed |= _changed(traces.a[layer.name])
    spikes = np.zeros_like(events)
    if layer.name in traces.spikes:
        spikes = traces.spikes[layer.name].sum(axis=2)
    active = changed | (events > 0) | (spikes > 0)
    return np.stack([events, spikes, events > 0, active], axis=2).astype(np.float64)


def arriving(group: Synapses, fired: IntArray) -> IntArray:
    """Events that reach a group in each step, `(clips, steps)`, from what its source fired."""
    if isinstance(group.delay, int):
        return _later(fired.sum(axis=2), group.delay)
    parts = [
        _later(fired[:, :, group.delay == delay].sum(axis=2), int(delay))
        for delay in np.unique(group.delay)
    ]
    return np.asarray(np.sum(parts, axis=0))


def _later(counts: IntArray, steps: int) -> IntArray:
    late = np.zeros_like(counts)
    late[:, steps:] = counts[:, : counts.shape[1] - steps]
    return late


def _changed(state: IntArray) -> IntArray:
    """Whether any of a state `(clips, steps, neurons)`, zero before the first step, has changed."""
    first = state[:, :1].any(axis=2)
    return np.concatenate([first, (state[:, 1:] != state[:, :-1]).any(axis=2)], axis=1)
