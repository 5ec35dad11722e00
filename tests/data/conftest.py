"""What the data tests share: small recordings, a cache of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

WriteTone = Callable[..., Path]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's cache, or finds the user's recordings."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("EDGESNN_CACHE", str(folder))
    monkeypatch.delenv("EDGESNN_DATA", raising=False)
    return folder


@pytest.fixture
def write_tone() -> WriteTone:
    """Write a decaying tone of `samples` at `rate`; the format follows the suffix."""

    def write(
        path: Path, samples: int = 16_000, rate: int = 16_000, channels: int = 1, hertz: float = 440
    ) -> Path:
        time = np.arange(samples) / rate
        tone = 13_000 * np.sin(2 * np.pi * hertz * time) * np.exp(-3 * time)
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = {".opus": {"format": "OGG", "subtype": "OPUS"}}.get(path.suffix, {})
        soundfile.write(
            path, np.tile(np.rint(tone).astype(np.int16)[:, None], channels), rate, **kind
        )
        return path

    return write
