"""What benchmarks/ship.py changes of a network before it ships; accuracies are of validation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edgesnn.frontend import features, silent_features
from edgesnn.network import Network, Readout, narrowed
from edgesnn.settle import hushed, settled
from edgesnn.sim.engine import Engine
from edgesnn.trainer.data.dataset import SILENCE, UNKNOWN, Dataset
from edgesnn.trainer.data.pcm import load_pcm

BLOCK, LANES = 256, 8

#: Rounds over the classes, and biases that are tried on either side, where they are chosen.
ROUNDS, TRIED = 3, 60

Biases = dict[str, int]


def without_idle(network: Network, dataset: Dataset, share: float) -> Network:
    """`network` without the neurons that fire in at most `share` of the training clips' steps."""
    assert network.frontend is not None
    pcm, engine = load_pcm(dataset, "training").pcm, Engine(network)
    fired = {layer.name: np.zeros(layer.size) for layer in network.spiking}
    steps = 0
    for first in range(0, len(pcm), BLOCK):
        block = np.ascontiguousarray(pcm[first : first + BLOCK])
        traces = engine.run(features(block, network.frontend))
        for name, spikes in traces.spikes.items():
            fired[name] += spikes.sum((0, 1))
        steps += spikes.shape[0] * spikes.shape[1]
    kept = {name: most_active(counts, share * steps) for name, counts in fired.items()}
    return narrowed(network, kept)


def most_active(counts: npt.NDArray[np.float64], least: float) -> npt.NDArray[np.int64]:
    """Indices of the entries above `least`, and of the next, to a multiple of LANES."""
    count = -(-int((counts > least).sum()) // LANES) * LANES
    return np.sort(np.argsort(-counts, kind="stable")[: min(count, len(counts))])


def at_rest(network: Network, share: float) -> tuple[Network, int]:
    """`network` held to `share` of its thresholds in silence; how many biases were nudged then."""
    assert network.frontend is not None
    silence = silent_features(network.frontend)
    return settled(hushed(network, silence, share), silence)


def balanced(network: Network, dataset: Dataset) -> tuple[Network, Biases]:
    """`network` with the readout's biases of *silence* and *unknown* chosen, and their changes.

    Chosen are those with the best mean recall of the classes on validation, of which a third are
    unknown words, which training learns to expect; the smallest changes where several are. A bias
    moves the last score by itself times the sum of the decay's powers.
    """
    assert network.frontend is not None
    clips = load_pcm(dataset, "validation")
    labels, readout = np.array(clips.labels), network.readout
    heard = Engine(network).classify(features(np.ascontiguousarray(clips.pcm), network.frontend))
    assert isinstance(readout.neuron, Readout)
    decay = readout.neuron.decay.astype(np.float64)[:, None] / 256
    reach = np.sum(decay ** np.arange(heard.steps), axis=1)
    step = max(1, round(float(heard.scores.std() / reach.mean() / 40)))
    change = np.zeros(len(reach), np.int64)
    chosen = [network.classes.index(name) for name in (SILENCE, UNKNOWN)]
    for index in chosen * ROUNDS:
        found = {}
        for tried in sorted(range(-TRIED * step, TRIED * step + 1, step), key=abs):
            change[index] = tried
            found[tried] = mean_recall(heard.scores + change * reach, labels)
        change[index] = max(found, key=found.__getitem__)
    bias = (readout.bias + change).astype(readout.bias.dtype)
    layers = (*network.layers[:-1], replace(readout, bias=bias))
    return replace(network, layers=layers), {network.classes[i]: int(change[i]) for i in chosen}


def mean_recall(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    """Mean over the classes of the share of their clips that is told right."""
    right = scores.argmax(1) == labels
    return float(np.mean([right[labels == label].mean() for label in np.unique(labels)]))
