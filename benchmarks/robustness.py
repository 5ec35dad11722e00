"""How training runs hear validation clips that were changed, and how many of their neurons fire.

A run's log says how it hears validation as recorded, and the best of many epochs is flattered by
that. No epoch is picked by the changed clips: through Opus at 24 kbit/s, 10 % slower, 10 % faster,
10 dB softer, in background noise at 15 dB. Prints a table and adds to results/robustness.json.
Of runs behind --last the moving average after the last epoch is heard, not the network kept.

    python benchmarks/robustness.py RUN … [--last RUN …] [--data-dir FOLDER]
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile
from numba import njit, prange

from edgesnn.files import write_atomic
from edgesnn.frontend import features
from edgesnn.trainer import checkpoint
from edgesnn.trainer.augment import vary
from edgesnn.trainer.config import AugmentSettings, load_config
from edgesnn.trainer.data import Dataset, load_pcm, open_dataset
from edgesnn.trainer.evaluate import evaluate
from edgesnn.trainer.features import FeatureSet, fit_front_end
from edgesnn.trainer.model import KeywordSpotter, Spotter, make_model
from edgesnn.trainer.outcome import BEST, CONFIG
from edgesnn.trainer.prune import firing_rates
from edgesnn.trainer.resample import read_sinc, sinc_weights
from edgesnn.trainer.senses import open_senses

RESULTS = Path(__file__).resolve().parent / "results" / "robustness.json"
RECORDED = "as recorded"

#: libsndfile's measure of how hard Opus compresses: 24 kbit/s at 16 kHz.
OPUS_LEVEL = 0.95

Pcm = npt.NDArray[np.int16]


@njit(cache=True, parallel=True)
def at_speed(pcm, speed):  # type: ignore[no-untyped-def]
    """Clips int16 `(clips, samples)` at another speed, their middle where it was."""
    out, weights, middle = np.empty_like(pcm), sinc_weights(speed), pcm.shape[1] / 2
    for i in prange(len(pcm)):
        for n in range(pcm.shape[1]):
            value = np.rint(read_sinc(pcm[i], (n - middle) * speed + middle, weights))
            out[i, n] = np.int16(min(max(value, -32768.0), 32767.0))
    return out


def through_opus(clip: Pcm, rate: int) -> Pcm:
    """A clip int16 `(samples,)`, compressed and decoded, at its old length."""
    file = io.BytesIO()
    kind = {"format": "OGG", "subtype": "OPUS", "compression_level": OPUS_LEVEL}
    with soundfile.SoundFile(file, "w", rate, 1, **kind) as sound:
        sound.write(clip)
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="int16", frames=len(clip), fill_value=0)
    return np.asarray(decoded, np.int16)


def in_noise(dataset: Dataset, pcm: Pcm) -> Pcm:
    """Clips in the background noise of validation, 15 dB below them."""
    still: dict[str, Any] = {"shift_ms": 0.0, "speed": 0.0, "gain_db": 0.0}
    settings = AugmentSettings(noise=1.0, noise_snr_db=[15.0, 15.0], **still)
    return np.concatenate(list(vary(pcm, dataset.noise("validation"), settings, (7,))))


def conditions(dataset: Dataset, pcm: Pcm, rate: int = 16000) -> dict[str, Pcm]:
    """The validation clips int16 `(clips, samples)`, as recorded and changed."""
    return {
        RECORDED: pcm,
        "Opus, 24 kbit/s": np.stack([through_opus(clip, rate) for clip in pcm]),
        "10 % slower": at_speed(pcm, 0.9),
        "10 % faster": at_speed(pcm, 1.1),
        "10 dB softer": np.rint(pcm * 10**-0.5).astype(np.int16),
        "noise at 15 dB": in_noise(dataset, pcm),
    }


def load_run(run: Path, dataset: Dataset, last: bool) -> Spotter:
    """The network that a run kept, or its average after the last epoch."""
    config = load_config(run / CONFIG)
    shape = open_senses(dataset, config).shape
    model = make_model(config.model, shape, len(dataset.classes))
    if last:
        model.load_state_dict(checkpoint.average_of(run))
    else:
        checkpoint.load_model(model, run / BEST)
    return model


def heard(run: Path, dataset: Dataset, clips: Mapping[str, Pcm], last: bool) -> dict[str, Any]:
    """Accuracy in percent by condition, the mean of the changed ones, silent neurons by layer."""
    labels = load_pcm(dataset, "validation").labels
    frontend = fit_front_end(dataset, load_config(run / CONFIG))
    made = {name: features(pcm, frontend) for name, pcm in clips.items()}
    model = load_run(run, dataset, last)
    splits = {name: FeatureSet(given[None], labels) for name, given in made.items()}
    shares = {
        name: round(evaluate(model, split).accuracy * 100, 2) for name, split in splits.items()
    }
    mean = np.mean([share for name, share in shares.items() if name != RECORDED])
    record: dict[str, Any] = {"accuracy": shares, "changed": round(float(mean), 2)}
    if isinstance(model, KeywordSpotter):
        rates = firing_rates(model, made[RECORDED])
        record["silent"] = [f"{int((rate == 0).sum())} of {len(rate)}" for rate in rates]
    return record


def main() -> None:
    """Hear every run, print the table, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN")
    parser.add_argument("--last", nargs="+", type=Path, default=[], metavar="RUN")
    parser.add_argument("--data-dir", type=Path)
    given = parser.parse_args()
    dataset = open_dataset("gsc", data_dir=given.data_dir)
    clips = conditions(dataset, np.ascontiguousarray(load_pcm(dataset, "validation").pcm))
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    columns = ["run", *clips, "mean of the changed", "silent neurons"]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    asked = [(run, False) for run in given.runs] + [(run, True) for run in given.last]
    for run, last in asked:
        name = f"{run.name}, last epoch" if last else run.name
        results[name] = record = heard(run, dataset, clips, last)
        shares = " | ".join(f"{share:.2f}" for share in record["accuracy"].values())
        print(
            f"| {name} | {shares} | {record['changed']:.2f} | {record.get('silent', '')} |",
            flush=True,
        )
        write_atomic(RESULTS, json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
