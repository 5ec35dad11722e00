"""Synthetic speakers: what stays the same while one voice says many words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Voice:
    """A speaker.

    `pitch` is the mean fundamental in Hz; `tract` scales all formants (shorter tract, higher
    formants); `offsets` are the speaker's own F1 to F3 factors; `rate` scales speed; `jitter`
    is the relative spread of pitch periods; `breath` the aspiration under voicing; `tilt` the
    pole of the glottal low-pass, 0 bright to 1 dull; `sharpness` scales fricatives.
    """

    pitch: float
    tract: float
    offsets: tuple[float, float, float]
    rate: float
    jitter: float
    breath: float
    tilt: float
    sharpness: float


def draw_voice(random: np.random.Generator) -> Voice:
    """A low, high or child's voice; pitch and tract length go together as in people."""
    mean_pitch, mean_tract = ((115.0, 1.0), (205.0, 1.16), (270.0, 1.30))[
        random.choice(3, p=[0.45, 0.45, 0.1])
    ]
    offsets = random.normal(1.0, 0.04, 3)
    return Voice(
        pitch=float(mean_pitch * np.exp(random.normal(0.0, 0.14))),
        tract=float(mean_tract * random.normal(1.0, 0.035)),
        offsets=(float(offsets[0]), float(offsets[1]), float(offsets[2])),
        rate=float(np.exp(random.normal(0.05, 0.13))),
        jitter=float(random.uniform(0.003, 0.02)),
        breath=float(random.uniform(0.005, 0.06)),
        tilt=float(random.uniform(0.1, 0.7)),
        sharpness=float(np.exp(random.normal(0.0, 0.3))),
    )
