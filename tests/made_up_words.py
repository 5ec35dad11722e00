"""A small folder of recordings, for tests of whole runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile


def write_words(folder: Path) -> None:
    """Two words that are tones of falling and of rising pitch, ten speakers each."""
    random = np.random.default_rng(5)
    time = np.arange(16000) / 16000
    for word, sign in (("down", -1), ("up", 1)):
        (folder / word).mkdir(parents=True)
        for speaker in range(10):
            start = 900 + 40 * speaker
            pitch = 2 * np.pi * (start * time + sign * 300 * time**2)
            sound = 0.3 * np.sin(pitch) + 0.01 * random.standard_normal(time.size)
            soundfile.write(folder / word / f"s{speaker:02d}_nohash_0.wav", sound, 16000)
