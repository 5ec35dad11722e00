"""Simulation of a test set: accuracy, activity, and what the network does when nobody speaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgesnn.errors import UsageError
from edgesnn.network import Network, identity
from edgesnn.network.arrays import IntArray
from edgesnn.sim.activity import Activity, measure_activity
from edgesnn.sim.energy import AlgorithmicEnergy, algorithmic_energy
from edgesnn.sim.engine import Engine, Result
from edgesnn.sim.static import connection_sparsity, footprint
from edgesnn.sim.stimuli import stimuli

#: Names of the classes that are no keywords.
UNKNOWN, SILENCE = "unknown", "silence"


@dataclass(frozen=True, eq=False)
class Accuracy:
    """How well decisions meet labels.

    Attributes:
        classes: names, in the order of the rows and columns.
        confusion: clips by true class (row) and decided class (column), int64.
    """

    classes: tuple[str, ...]
    confusion: IntArray

    @property
    def share(self) -> float:
        """Right decisions among all, 0 … 1."""
        return float(np.trace(self.confusion) / max(1, self.confusion.sum()))

    @property
    def recall(self) -> tuple[float | None, ...]:
        """Right decisions among the clips of each class; None for a class without clips."""
        totals = self.confusion.sum(axis=1)
        return tuple(
            float(self.confusion[i, i] / total) if total else None for i, total in enumerate(totals)
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "accuracy": self.share,
            "classes": list(self.classes),
            "recall": list(self.recall),
            "confusion": self.confusion.tolist(),
        }


@dataclass(frozen=True)
class Condition:
    """What the network did under one kind of sound."""

    name: str
    activity: Activity
    energy: AlgorithmicEnergy

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "activity": self.activity.to_dict(),
            "energy": self.energy.to_dict(),
        }


@dataclass(frozen=True, eq=False)
class SimulationReport:
    """All of a simulation.

    Attributes:
        network, sha256: name and identity.
        clips, steps: how much was run.
        footprint: bytes of parameters and state.
        connection_sparsity: share of zero weights, 0 … 1.
        accuracy: None where the clips have no labels.
        conditions: all clips; then keywords, unknown words and silence where there are labels;
            then made sounds (`stimuli`) where the network has a front-end.
    """

    network: str
    sha256: str
    clips: int
    steps: int
    footprint: int
    connection_sparsity: float
    accuracy: Accuracy | None
    conditions: tuple[Condition, ...]

    @property
    def activity(self) -> Activity:
        """The activity over all clips."""
        return self.conditions[0].activity

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = {key: value for key, value in vars(self).items() if not _is_part(value)}
        return {
            **plain,
            "accuracy": None if self.accuracy is None else self.accuracy.to_dict(),
            "conditions": [condition.to_dict() for condition in self.conditions],
        }


def _is_part(value: object) -> bool:
    return isinstance(value, Accuracy | tuple)


def simulate(
    network: Network,
    clips: IntArray,
    labels: IntArray | None = None,
    progress: Callable[[int], None] | None = None,
) -> SimulationReport:
    """Run `network` over clips and report.

    Args:
        network: the integer network.
        clips: int8 features `(clips, steps, channels)`, or int16 PCM `(clips, samples)` for a
            network with a front-end.
        labels: class numbers `(clips,)`, or None.
        progress: called with the number of clips that were done since its last call.

    Raises:
        UsageError: no clips, or clips or labels of another form.
    """
    features = _features(network, clips)
    if not len(features):
        raise UsageError("there are no clips to simulate")
    if labels is not None:
        _check_labels(network, labels, len(features))
    engine = Engine(network)
    result = engine.classify(features, progress)
    samples = None if network.frontend is None else result.steps * network.frontend.hop
    conditions = _heard(network, result, labels)
    if samples is not None:
        conditions += _made(network, engine, samples)
    return SimulationReport(
        network=network.name,
        sha256=identity(network),
        clips=len(features),
        steps=result.steps,
        footprint=footprint(network),
        connection_sparsity=connection_sparsity(network),
        accuracy=None if labels is None else confusion(network.classes, labels, result.decisions),
        conditions=tuple(conditions),
    )


def confusion(classes: tuple[str, ...], labels: IntArray, decisions: IntArray) -> Accuracy:
    """Count decisions by true class."""
    counts = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(counts, (labels, decisions), 1)
    return Accuracy(classes, counts)


def _features(network: Network, clips: IntArray) -> IntArray:
    if clips.dtype != np.int16:
        return clips
    if network.frontend is None:
        raise UsageError(f"network {network.name} has no front-end; give it features, not PCM")
    from edgesnn.frontend import features

    return features(clips, network.frontend)


def _check_labels(network: Network, labels: IntArray, clips: int) -> None:
    classes = len(network.classes)
    if labels.shape != (clips,) or labels.min() < 0 or labels.max() >= classes:
        raise UsageError(f"labels must be {clips} numbers from 0 to {classes - 1}")


def _condition(
    name: str, network: Network, result: Result, chosen: IntArray | None = None
) -> Condition:
    activity = measure_activity(network, result.counts, result.steps, chosen)
    return Condition(name, activity, algorithmic_energy(network, activity))


def _heard(network: Network, result: Result, labels: IntArray | None) -> list[Condition]:
    """All clips together, then by what is in them."""
    conditions = [_condition("all", network, result)]
    if labels is None:
        return conditions
    names = np.array(network.classes)[labels]
    keyword = (names != UNKNOWN) & (names != SILENCE)
    masks = {"keywords": keyword, UNKNOWN: names == UNKNOWN, SILENCE: names == SILENCE}
    return conditions + [
        _condition(name, network, result, mask) for name, mask in masks.items() if mask.any()
    ]


def _made(network: Network, engine: Engine, samples: int) -> list[Condition]:
    assert network.frontend is not None
    return [
        _condition(name, network, engine.classify(_features(network, pcm)))
        for name, pcm in stimuli(samples, network.frontend.sample_rate).items()
    ]
