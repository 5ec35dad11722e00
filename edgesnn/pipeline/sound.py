"""A stream of a dataset's sound as a network hears it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.errors import NetworkError
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.pipeline.datasets import require_split
from edgesnn.pipeline.say import Say
from edgesnn.progress import progress

if TYPE_CHECKING:
    from edgesnn.sim.detection_error import Word
    from edgesnn.trainer.data import Dataset
    from edgesnn.trainer.data.stream import SoundStream

#: Classes of the datasets that are no keywords.
NO_KEYWORDS = ("unknown", "silence")

#: Steps whose features are made at once.
_PIECE = 50_000


@dataclass(frozen=True, eq=False)
class Listened:
    """A stream as a network hears it.

    Attributes:
        network: what listened.
        words: the keywords that are said, in steps.
        features: int8 `(steps, channels)`.
        scores: int32 `(steps, classes)`.
        hours: of the stream.
        origin: where it comes from, in words.
    """

    network: Network
    words: tuple[Word, ...]
    features: IntArray
    scores: IntArray
    hours: float
    origin: str


def listen_to(
    network: Network, dataset: Dataset, split: str, hours: float, seed: int, say: Say
) -> Listened:
    """Make `hours` of the recordings of a split, and run front-end and network over them.

    Raises:
        NetworkError: the network has no front-end.
        UsageError: there is no such split.
        DataError: the recordings are missing or unusable.
    """
    from edgesnn.frontend import at_rate
    from edgesnn.trainer.data.stream import make_stream

    require_split(split)
    if network.frontend is None:
        raise NetworkError(f"network {network.name} has no front-end, so it cannot hear a stream")
    say(f"lay out {hours:g} h of {split} recordings")
    sound = make_stream(dataset, split, hours, seed)
    say("listen")
    features, scores = hear(network, at_rate(sound.pcm, network.frontend))
    origin = f"{sound.hours:.2f} h of {len(sound.utterances)} {split} words of {dataset.name}"
    words = _words(sound, network)
    return Listened(network, words, features, scores, sound.hours, f"{origin}, seed {seed}")


def hear(network: Network, pcm: IntArray) -> tuple[IntArray, IntArray]:
    """Features, int8 `(steps, bands)`, and scores, int32 `(steps, classes)`, of int16 PCM."""
    from edgesnn.frontend import Stream
    from edgesnn.sim.stream import StreamEngine

    assert network.frontend is not None
    front, engine = Stream(network.frontend), StreamEngine(network)
    piece = _PIECE * network.frontend.hop
    features, scores = [], []
    with progress("listen", len(pcm)) as advance:
        for first in range(0, len(pcm), piece):
            features.append(front.push(pcm[first : first + piece]))
            scores.append(engine.push(features[-1]).scores)
            advance(piece)
    return np.concatenate(features), np.concatenate(scores)


def _words(sound: SoundStream, network: Network) -> tuple[Word, ...]:
    """The keywords in steps; each may be detected until the grace is over or the next begins."""
    from edgesnn.frontend.rate import RECORDED_RATE
    from edgesnn.sim.detection_error import GRACE_SECONDS, Word

    assert network.frontend is not None
    hop = network.frontend.hop * RECORDED_RATE / network.frontend.sample_rate
    grace = round(GRACE_SECONDS * RECORDED_RATE)
    ends = [after.start for _, after in pairwise(sound.utterances)] + [len(sound.pcm)]
    return tuple(
        Word(int(said.start / hop), int(min(said.stop + grace, end) / hop), said.label)
        for said, end in zip(sound.utterances, ends, strict=True)
        if network.classes[said.label] not in NO_KEYWORDS
    )
