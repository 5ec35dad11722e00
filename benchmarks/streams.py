"""What a network loses between clips and a stream: noise, context, or looking at every step.

Decides the same words of an hour of sound (docs/CLI.md, *Listening*) four times: as clips from a
reset; as clips with the stream's noise; in the stream, at the ends of the words; and in the
stream at the step where a keyword leads by most, from the word's start to half a second behind it,
which is what a detector may act on. Each time the threshold is the one at which as many other
words pass as false accepts an hour are allowed. Prints a table; writes results/streams.json.

    python benchmarks/streams.py FILE.esnn … [--most 10] [--split validation] [--data-dir FOLDER]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.files import write_atomic
from edgesnn.frontend import features
from edgesnn.network import Detector, Network, load_network
from edgesnn.pipeline.sound import NO_KEYWORDS, hear
from edgesnn.sim.detector import StreamDetector
from edgesnn.sim.engine import Engine
from edgesnn.trainer.data import load_pcm, open_dataset
from edgesnn.trainer.data.dataset import Dataset
from edgesnn.trainer.data.stream import SoundStream, make_stream

RESULTS = Path(__file__).resolve().parent / "results" / "streams.json"

#: Steps from the start of a word in which a keyword may lead.
WINDOW = 75

Ints = npt.NDArray[np.int64]


def judged(network: Network, best: Ints, lead: Ints, labels: Ints, most: float) -> dict[str, Any]:
    """Right keywords, other words led by a keyword, and misses where `most` of these pass."""
    keyword = np.array([name not in NO_KEYWORDS for name in network.classes])
    said, led = keyword[labels], keyword[best]
    alarms = np.sort(lead[~said & led])[::-1]
    least = int(alarms[int(most)]) + 1 if len(alarms) > most else 1
    right = (best == labels) & said
    return {
        "right": round(float(right[said].mean()), 4),
        "others led by a keyword": f"{len(alarms)} of {int((~said).sum())}",
        "missed": round(1 - float((right & (lead >= least))[said].mean()), 4),
    }


def at_ends(scores: npt.NDArray[np.int32]) -> tuple[Ints, Ints]:
    """Leading class and its lead of each row of `(words, classes)`."""
    ordered = np.sort(scores.astype(np.int64), axis=1)
    return scores.argmax(1).astype(np.int64), ordered[:, -1] - ordered[:, -2]


def at_worst(network: Network, scores: npt.NDArray[np.int32], starts: Ints) -> tuple[Ints, Ints]:
    """The keyword that leads by most behind each start, and its lead; else the last class."""
    assert network.detector is not None
    plain = Detector(
        smoothing=network.detector.smoothing, threshold=1, rejected=network.detector.rejected
    )
    margins = StreamDetector(plain, network.classes).margins(scores)
    keyword = np.array(plain.keywords(network.classes))
    lead = np.where(keyword[margins.best], margins.margin, 0)
    steps = starts[:, None] + np.arange(WINDOW)
    place = lead[np.minimum(steps, len(lead) - 1)].argmax(1) + starts
    best = np.where(lead[place] > 0, margins.best[place], len(network.classes) - 1)
    return best, lead[place]


def compared(
    network: Network, dataset: Dataset, sound: SoundStream, split: str, most: float
) -> Any:
    """The four decisions of one network."""
    assert network.frontend is not None
    heard, scores = hear(network, sound.pcm)
    hop, engine = network.frontend.hop, Engine(network)
    starts = np.array([word.start // hop for word in sound.utterances])
    labels = np.array([word.label for word in sound.utterances])
    decoded = load_pcm(dataset, split)
    number = {name: index for index, name in enumerate(decoded.names)}
    own = decoded.pcm[[number[word.name] for word in sound.utterances]]
    steps = network.frontend.frames(own.shape[1])
    clean = engine.classify(features(np.ascontiguousarray(own), network.frontend)).scores
    noisy = engine.classify(np.stack([heard[start : start + steps] for start in starts])).scores
    found = {
        "clips": at_ends(clean),
        "clips in the stream's noise": at_ends(noisy),
        "stream, at the ends of words": at_ends(scores[starts + steps - 1]),
        "stream, at any step": at_worst(network, scores, starts),
    }
    return {name: judged(network, *each, labels, most) for name, each in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("networks", type=Path, nargs="+", help=".esnn files with detectors")
    parser.add_argument("--most", type=float, default=10.0, help="false accepts an hour")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--data-dir", type=Path, help="folder of the recordings")
    given = parser.parse_args()
    dataset = open_dataset("gsc", data_dir=given.data_dir)
    sound = make_stream(dataset, given.split, 1.0)
    table = {}
    for path in given.networks:
        network = load_network(path)
        table[path.stem] = compared(network, dataset, sound, given.split, given.most)
        for name, row in table[path.stem].items():
            print(path.stem, name, row, sep=" | ", flush=True)
    record = {"split": given.split, "most": given.most, "networks": table}
    write_atomic(RESULTS, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
