"""Clips a second of the Numba engine on a keyword spotter, by firing rate and threads.

The network is the size of a shipped one: 40 bands by 3 taps → 208 adaptive neurons → 4 taps → 208
adaptive neurons → 10 classes, one-second clips of 50 steps. Its weights are random; thresholds
are set so that both hidden layers fire at the rate asked for. Writes results/engine.json.

    python benchmarks/engine.py [--clips 1024] [--output FILE]
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.files import write_atomic
from edgesnn.frontend import FrontEnd, features
from edgesnn.network import AdaptiveLeaky, Dense, Input, Layer, Network, Readout
from edgesnn.pipeline.pretrained import load_pretrained
from edgesnn.sim import Engine, measure_activity
from edgesnn.trainer.data import load_pcm, open_dataset
from edgesnn.trainer.data.locate import find_recordings

BANDS, WIDTH, CLASSES, STEPS = 40, 208, 10, 50
RATES = (0.01, 0.02, 0.05, 0.1, 0.2)
RESULTS = Path(__file__).resolve().parent / "results" / "engine.json"

Int8 = npt.NDArray[np.int8]


def network(first: int, second: int, encoding: Any = "direct", delta: int = 0) -> Network:
    """The spotter with thresholds of `first` and `second` in its hidden layers."""
    rng = np.random.default_rng(0)

    def neurons(threshold: int) -> AdaptiveLeaky:
        return AdaptiveLeaky(
            threshold=np.full(WIDTH, threshold),
            decay=rng.integers(180, 245, WIDTH),
            adaptation_decay=rng.integers(220, 254, WIDTH),
            adaptation_coupling=rng.integers(0, 12, WIDTH),
            adaptation_jump=np.full(WIDTH, max(1, threshold // 5)),
        )

    def weights(post: int, pre: int, limit: int) -> npt.NDArray[np.int64]:
        return rng.integers(-limit, limit + 1, (post, pre))

    hidden = Layer(
        name="first",
        shape=(WIDTH,),
        synapses=tuple(
            Dense(source="input", delay=3 * tap, weight=weights(WIDTH, BANDS, 127))
            for tap in range(3)
        ),
        bias=np.zeros(WIDTH),
        neuron=neurons(first),
        graded_shift=4,
    )
    deeper = Layer(
        name="second",
        shape=(WIDTH,),
        synapses=tuple(
            Dense(source="first", delay=3 * tap, bits=4, weight=weights(WIDTH, WIDTH, 7))
            for tap in range(4)
        ),
        bias=np.zeros(WIDTH),
        neuron=neurons(second),
    )
    scores = Layer(
        name="scores",
        shape=(CLASSES,),
        synapses=(Dense(source="second", weight=weights(CLASSES, WIDTH, 127)),),
        bias=np.zeros(CLASSES),
        neuron=Readout(decay=np.full(CLASSES, 250)),
    )
    return Network(
        name="spotter",
        input=Input(shape=(BANDS,), encoding=encoding, delta=delta),
        layers=(hidden, deeper, scores),
        classes=tuple(f"class{number}" for number in range(CLASSES)),
        frontend=FrontEnd(bands=BANDS),
    )


def at_rate(rate: float, x: Int8) -> tuple[int, int]:
    """Thresholds with which both hidden layers fire at `rate`, by bisection, one by the other."""
    first = _bisect(lambda threshold: _rate(network(threshold, 30000), x, 0), rate, 30000)
    second = _bisect(lambda threshold: _rate(network(first, threshold), x, 1), rate, 8000)
    return first, second


def _rate(candidate: Network, x: Int8, layer: int) -> float:
    result = Engine(candidate).classify(x)
    return measure_activity(candidate, result.counts, STEPS).layers[layer].firing_rate


def _bisect(measure: Callable[[int], float], rate: float, high: int) -> int:
    low = 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if measure(middle) > rate else (low, middle)
    return high


def throughput(run: Callable[[], object], clips: int, rounds: int = 5) -> dict[str, float]:
    """Clips a second, of wall time and of processor time, the best of some rounds.

    The machine may have other work, which the wall clock sees and the processor's does not: cores
    times clips a processor second is what an idle machine would do.
    """
    wall = processor = float("inf")
    for _ in range(rounds):
        start, used = time.perf_counter(), time.process_time()
        run()
        wall = min(wall, time.perf_counter() - start)
        processor = min(processor, time.process_time() - used)
    return {
        "clips_per_second": round(clips / wall, 1),
        "clips_per_core_second": round(clips / processor, 1),
    }


def start_up() -> dict[str, float]:
    """Seconds from a fresh process to the first result, with an empty and with a filled cache."""
    script = (
        "import numpy as np, time, sys; sys.path.insert(0, sys.argv[1]); t=time.perf_counter();"
        "import engine as b; from edgesnn.sim import Engine;"
        "Engine(b.network(900, 60)).classify(np.zeros((1, 50, 40), np.int8));"
        "print(time.perf_counter()-t)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-c", script, str(Path(__file__).parent)]
        seconds = [
            float(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
            for _ in range(2)
        ]
    return {"first_ever": round(seconds[0], 2), "cached": round(seconds[1], 2)}


def measure(clips: int) -> dict[str, Any]:
    """Everything that the benchmark reports."""
    rng = np.random.default_rng(1)
    loudness = np.exp(rng.normal(6, 1, (clips, 50))).repeat(320, axis=1)
    pcm = np.clip(rng.normal(0, 1, (clips, 16000)) * loudness, -32768, 32767).astype(np.int16)
    frontend = FrontEnd(bands=BANDS)
    x = features(pcm, frontend)
    rows = [_row(rate, x) for rate in RATES]
    spotter = network(*at_rate(0.05, x[:32]))
    engine = Engine(spotter)
    sparse = replace(spotter, input=Input(shape=(BANDS,), encoding="delta", delta=12))
    delta_engine = Engine(sparse)
    return {
        "machine": {
            "processor": _processor(),
            "cores": len(os.sched_getaffinity(0)),
            "load_average": round(os.getloadavg()[0], 1),
        },
        "clips": clips,
        "shipped_network": shipped(),
        "by_firing_rate": rows,
        "with_front_end_at_5_percent": throughput(
            lambda: engine.classify(features(pcm, frontend)), clips
        ),
        "front_end_alone": throughput(lambda: features(pcm, frontend), clips),
        "delta_coded_input": {
            "input_rate": round(
                measure_activity(sparse, delta_engine.classify(x).counts, STEPS).input_rate, 4
            ),
            **throughput(lambda: delta_engine.classify(x), clips),
        },
        "with_traces": throughput(lambda: engine.run(x[:256]), min(256, clips)),
        "seconds_to_first_result": start_up(),
    }


def _row(rate: float, x: Int8) -> dict[str, Any]:
    spotter = network(*at_rate(rate, x[:32]))
    cores = len(os.sched_getaffinity(0))
    engines = {threads: Engine(spotter, threads) for threads in sorted({1, cores})}
    result = engines[1].classify(x)
    activity = measure_activity(spotter, result.counts, STEPS)
    return {
        "firing_rate": [round(layer.firing_rate, 4) for layer in activity.layers[:2]],
        "input_rate": round(activity.input_rate, 4),
        "synaptic_operations": round(activity.total.effective_acs + activity.total.effective_macs),
        "threads": {
            str(threads): throughput(functools.partial(engine.classify, x), len(x))
            for threads, engine in engines.items()
        },
    }


def shipped() -> dict[str, Any]:
    """The network that ships, on the recordings' test split where they are at hand."""
    spotter = load_pretrained("gsc")
    if find_recordings(None) is None:
        return {"not measured": "no Google Speech Commands recordings: set EDGESNN_DATA"}
    assert spotter.frontend is not None
    pcm = load_pcm(open_dataset("gsc", task=spotter.classes), "testing").pcm
    frontend, engine, x = spotter.frontend, Engine(spotter), features(pcm, spotter.frontend)
    return {
        "clips": len(x),
        "features_in": throughput(lambda: engine.classify(x), len(x)),
        "samples_in": throughput(lambda: engine.classify(features(pcm, frontend)), len(x)),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clips", type=int, default=1024)
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    text = json.dumps(measure(arguments.clips), indent=2) + "\n"
    write_atomic(arguments.output, text)
    print(text, end="")


if __name__ == "__main__":
    main()
