"""The front-end alone: cycles of a frame at each of its settings.

A frame's cost is that of a step with samples less that of the same step with the features those
samples make.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from costs.networks import layer, random_dense
from costs.probe import FRONT_END, Probe
from edgesnn.codegen import Compiler
from edgesnn.errors import VerifyError
from edgesnn.frontend import FrontEnd, features
from edgesnn.network import Input, Network, Readout

Int16 = npt.NDArray[np.int16]

SETTINGS = {
    "16 kHz, 512 points, 20 ms": FrontEnd(),
    "8 kHz, 256 points, 20 ms": FrontEnd(
        sample_rate=8000, fft=256, window=256, hop=160, bands=32, high=3800
    ),
}
FRAMES = 12


def hearing(settings: FrontEnd) -> Network:
    """A front-end before next to nothing."""
    bands = settings.bands
    only = layer("readout", (1,), [random_dense("input", 1, bands)], Readout(decay=[250]))
    return replace(
        Network(name="hearing", input=Input(shape=(bands,)), layers=(only,), classes=("all",)),
        frontend=settings,
    )


def sound(settings: FrontEnd) -> Int16:
    """Frames of noise whose level changes, then of digital silence; int16 `(frames, hop)`."""
    rng = np.random.default_rng(7)
    level = 10.0 ** rng.uniform(0.5, 4.3, (FRAMES, 1))
    noise = (rng.standard_normal((FRAMES, settings.hop)) * level).clip(-32768, 32767)
    silence = np.zeros((1 + -(-settings.fft // settings.hop), settings.hop))
    return np.concatenate([noise, silence]).astype(np.int16)


def measure_setting(settings: FrontEnd, core: str, compiler: Compiler | None) -> dict[str, Any]:
    """Cycles and instructions of a frame of sound (median and most) and of silence."""
    probe = Probe(hearing(settings), core, compiler)
    heard = sound(settings)
    made = features(heard.reshape(1, -1), settings)[0]
    with_samples, with_features = probe.run(heard), probe.run(made)
    if not np.array_equal(with_samples.scores, with_features.scores):
        raise VerifyError(f"{core}: the firmware's front-end differs from the Numba front-end")
    report: dict[str, Any] = {}
    for unit in ("cycles", "instructions"):
        spent = getattr(with_samples, unit) - getattr(with_features, unit)
        report[unit] = {
            "frame": float(np.median(spent[:FRAMES])),
            "most": float(spent[:FRAMES].max()),
            "silence": float(spent[-1]),
        }
    report["functions"] = {
        function: round(cost.cycles / len(heard))
        for (part, function), cost in with_samples.parts.items()
        if part == FRONT_END
    }
    return report


def measure_frames(core: str, compiler: Compiler | None) -> dict[str, Any]:
    """By setting."""
    return {name: measure_setting(settings, core, compiler) for name, settings in SETTINGS.items()}
