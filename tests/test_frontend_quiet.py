"""Frames too quiet for a transform: the bound on their energy, and what it saves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from edgesnn.frontend import FrontEnd, log_mel
from edgesnn.frontend.quiet import MOST_BITS, quiet_energy

WIDE = FrontEnd(silence_bits=0)
NARROW = FrontEnd(
    sample_rate=8000, fft=256, window=256, hop=160, bands=32, high=3800, silence_bits=0
)
ODD = FrontEnd(window=300, hop=150, bands=20, silence_bits=0)


def waves(length: int) -> Iterator[np.ndarray]:
    """What puts most of its energy into one bin, and what spreads it: float `(length,)`."""
    rng = np.random.default_rng(0)
    n = np.arange(length)
    for cycles in rng.uniform(1, length / 2 - 1, 150):
        wave = np.sin(2 * np.pi * cycles * n / length + rng.uniform(0, 6))
        yield wave
        yield np.where(wave < 0, -1.0, 1.0)
    for cycles in range(1, length // 2, 2):
        yield np.sin(np.pi * n / length) ** 2 * np.cos(2 * np.pi * cycles * n / length)
    for _ in range(20):
        yield rng.standard_normal(length)
        yield np.where(n == rng.integers(length), 1.0, 0.0)


def frames(settings: FrontEnd, energy: float) -> np.ndarray:
    """Windows of about `energy`, int16 `(waves, window)`."""
    made = [wave * math.sqrt(energy / (wave @ wave)) for wave in waves(settings.window)]
    return np.round(made).clip(-32768, 32767).astype(np.int16)


@pytest.mark.parametrize("floor", [8192, 10240, 11264, 12288])
@pytest.mark.parametrize("base", [WIDE, NARROW, ODD], ids=["wide", "narrow", "odd"])
def test_quiet_frames_are_at_the_floor(base: FrontEnd, floor: int) -> None:
    """No frame within the bound leaves the floor; at twice its energy some do."""
    settings = replace(base, floor=floor, hop=base.window)
    bits, energy = quiet_energy(settings)
    heard_beyond = 0
    for scale in (0.8, 0.98, 2.2):
        pcm = frames(settings, scale * energy)
        squares = (pcm.astype(np.int64) ** 2).sum(axis=1)
        within = (squares <= energy) & (np.abs(pcm.astype(int)).max(axis=1) < 2**bits)
        heard = (log_mel(pcm, settings)[:, 0] != floor).any(axis=1)
        assert not (within & heard).any()
        heard_beyond += int((heard & (squares > energy)).sum())
    assert floor == 8192 or heard_beyond


def test_the_bound_grows_with_the_floor() -> None:
    energies = [quiet_energy(replace(WIDE, floor=floor))[1] for floor in range(8192, 12288, 256)]
    assert energies == sorted(energies) and energies[-1] > 1000 * energies[0]


def test_nothing_is_quiet_that_is_not_silent_at_a_low_floor() -> None:
    assert quiet_energy(replace(WIDE, floor=0)) == (0, 0)
    assert quiet_energy(replace(WIDE, silence_bits=3)) == (0, 0)


@pytest.mark.parametrize("settings", [WIDE, NARROW, ODD])
def test_energies_fit_the_word_they_are_summed_in(settings: FrontEnd) -> None:
    bits, energy = quiet_energy(replace(settings, floor=16640))
    assert bits <= MOST_BITS and energy < 1 << 31
    assert 512 * 4**MOST_BITS < 1 << 31
