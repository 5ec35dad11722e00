"""The shipped keyword networks, from microphone samples to decision, split by part."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from costs.probe import ELSEWHERE, FRONT_END, Clip, Cost, Probe
from edgesnn.codegen import Compiler
from edgesnn.errors import VerifyError
from edgesnn.frontend import features
from edgesnn.network import Network, identity
from edgesnn.pipeline.pretrained import load_pretrained, names
from edgesnn.sim import Engine

Int16 = npt.NDArray[np.int16]

ROOT = Path(__file__).resolve().parent.parent.parent
CLIPS_A_WORD = 2

#: Silence that has lasted: membranes and adaptation currents take seconds to settle.
SETTLED = "digital silence, sixth second"


def recordings(network: Network) -> Int16 | None:
    """One second each of the first recordings of every keyword, or None where there are none."""
    assert network.frontend is not None
    rate = network.frontend.sample_rate
    folder = Path(os.environ.get("EDGESNN_DATA", ROOT.parent / "shared" / "data"))
    found = [
        path
        for word in network.classes
        for path in sorted((folder / "speech_commands" / word).glob("*"))[:CLIPS_A_WORD]
    ]
    if not found or rate != 16000:
        return None
    read = [soundfile.read(path, dtype="int16")[0][:rate] for path in found]
    return np.array([np.pad(clip, (0, rate - len(clip))) for clip in read])


def sounds(network: Network) -> dict[str, Int16]:
    """Clips by what is heard in their last second, int16 `(clips, samples)`."""
    assert network.frontend is not None
    rate = network.frontend.sample_rate
    rng = np.random.default_rng(1)
    made = {
        "digital silence": np.zeros((1, rate), np.int16),
        SETTLED: np.zeros((1, 6 * rate), np.int16),
    }
    for level in (-70, -50):
        noise = rng.normal(0, 32768 * 10 ** (level / 20), (1, rate))
        made[f"white noise, {level} dBFS"] = np.round(noise).astype(np.int16)
    spoken = recordings(network)
    return made if spoken is None else {f"speech, {len(spoken)} clips": spoken} | made


def checked(probe: Probe, clip: Int16) -> Clip:
    """Cost of a clip's last second, of which all scores are those of the Numba engine.

    Raises:
        VerifyError: some step's scores are not.
    """
    network = probe.network
    assert network.frontend is not None
    hop = network.frontend.hop
    frames = clip[: len(clip) // hop * hop].reshape(-1, hop)
    before = len(frames) - network.frontend.sample_rate // hop
    probe.reset()
    probe.run_steps(frames[:before])
    cost = probe.run_steps(frames[before:])
    expected = Engine(network).run(features(clip[None], network.frontend))
    if not np.array_equal(cost.scores, expected.v[network.readout.name][0, before:]):
        raise VerifyError(
            f"{network.name} on {probe.firmware.board.name}: scores differ from the engine's"
        )
    return cost


def measure_sound(probe: Probe, clips: Int16) -> dict[str, Any]:
    """Cycles a second of audio, by part and by function; mean over clips."""
    network = probe.network
    seconds = len(clips)
    parts: dict[str, Cost] = {}
    functions: dict[str, Cost] = {}
    total, most = Cost(), 0
    for clip in clips:
        cost = checked(probe, clip)
        total.add(int(cost.instructions.sum()), int(cost.cycles.sum()))
        most = max(most, int(cost.cycles.max()))
        for (part, function), spent in cost.parts.items():
            parts.setdefault(part, Cost()).add(spent.instructions, spent.cycles)
            key = f"{part}: {function}"
            functions.setdefault(key, Cost()).add(spent.instructions, spent.cycles)
    first = sorted(functions, key=lambda name: -functions[name].cycles)[:12]
    order = [FRONT_END, *(layer.name for layer in network.layers), ELSEWHERE]
    return {
        "cycles": round(total.cycles / seconds),
        "instructions": round(total.instructions / seconds),
        "most_cycles_a_step": most,
        "parts": {name: round(parts.get(name, Cost()).cycles / seconds) for name in order},
        "functions": {name: round(functions[name].cycles / seconds) for name in first},
    }


def measure_keywords(core: str, compiler: Compiler | None) -> dict[str, Any]:
    """By shipped network and sound: cycles a second."""
    report: dict[str, Any] = {}
    for name in names():
        network = load_pretrained(name)
        probe = Probe(network, core, compiler)
        heard = {sound: measure_sound(probe, clips) for sound, clips in sounds(network).items()}
        report[name] = {"sha256": identity(network), "sounds": heard}
    return report
