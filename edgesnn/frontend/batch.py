"""From PCM to log-mel values and int8 features: batches, and a stream that equals them."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from numba import config

from edgesnn.errors import UsageError
from edgesnn.frontend.kernel import clips, constants
from edgesnn.frontend.settings import FrontEnd

Int16 = npt.NDArray[np.int16]
Int8 = npt.NDArray[np.int8]


def log_mel(pcm: Int16, settings: FrontEnd) -> Int16:
    """Log-mel values of clips, before offset and shift; parallel over clips.

    Args:
        pcm: int16 `(clips, samples)`. Before each clip there is silence.
        settings: `offset` and `shift` do not matter.

    Returns:
        int16 `(clips, samples // hop, bands)`, log2 of power in units of 2^-8,
        `floor` … `LOG_MAX`.

    Raises:
        UsageError: `pcm` is not an int16 array of two dimensions.
    """
    if pcm.dtype != np.int16 or pcm.ndim != 2:
        raise UsageError(f"PCM must be int16 (clips, samples), not {pcm.dtype} {pcm.shape}")
    out = np.empty((pcm.shape[0], settings.frames(pcm.shape[1]), settings.bands), np.int16)
    # Threads and not prange: it compiles in half the time and may be called from any thread.
    workers = max(1, min(config.NUMBA_NUM_THREADS, len(pcm)))  # type: ignore[attr-defined]
    parts = np.linspace(0, len(pcm), workers + 1).astype(int)
    with ThreadPoolExecutor(workers) as pool:
        for finished in [
            pool.submit(_into, out[first:last], pcm[first:last], settings)
            for first, last in itertools.pairwise(parts)
        ]:
            finished.result()
    return out


def _into(out: Int16, pcm: Int16, settings: FrontEnd) -> None:
    clips(np.ascontiguousarray(pcm), constants(settings), out)


def to_features(log: Int16, settings: FrontEnd) -> Int8:
    """clip((log − offset) >> shift, −128, 127) of int16 `(…, bands)`: int8 of the same shape."""
    centred = log.astype(np.int32) - np.array(settings.offset, np.int32)
    made: Int8 = np.clip(centred >> settings.shift, -128, 127).astype(np.int8)
    return made


def features(pcm: Int16, settings: FrontEnd) -> Int8:
    """int16 PCM `(clips, samples)` to int8 features `(clips, samples // hop, bands)`.

    Raises:
        UsageError: `pcm` is not an int16 array of two dimensions.
    """
    return to_features(log_mel(pcm, settings), settings)


def silent_features(settings: FrontEnd) -> Int8:
    """Features `(bands,)` of digital silence; the same in each frame, for silence is before it."""
    frame: Int8 = features(np.zeros((1, settings.hop), np.int16), settings)[0, 0]
    return frame


def fit_offsets(log: Int16, settings: FrontEnd, clipped: float = 0.01) -> FrontEnd:
    """Settings whose offset and shift make good use of int8 on training data.

    A band's offset lies midway between its 0.5 % and 99.5 % quantiles; the common shift is
    the smallest with which at most a share of `clipped` of the values leaves int8.

    Args:
        log: int16 `(…, bands)` log-mel values of training clips, made with `settings`.
        settings: all but `offset` and `shift` are kept.
        clipped: share of values that may saturate.

    Raises:
        UsageError: `log` is empty or has another number of bands.
    """
    if log.size == 0 or log.shape[-1] != settings.bands:
        raise UsageError(f"log-mel values of shape {log.shape} do not have {settings.bands} bands")
    rows = log.reshape(-1, settings.bands)
    quantiles = np.quantile(rows, [0.005, 0.995], axis=0, method="nearest").astype(np.int32)
    centre = quantiles.sum(axis=0) >> 1
    apart = np.abs(rows.astype(np.int32) - centre)
    shift = next(
        (bits for bits in range(15) if np.mean(apart >> bits > 127) <= clipped),
        15,
    )
    # Half a step down, so that the floor of the shift rounds to nearest.
    half = (1 << shift) >> 1
    return replace(settings, offset=tuple(int(c) - half for c in centre), shift=shift)


class Stream:
    """PCM in chunks of any length, features out as soon as a hop is complete.

    Equal to `features` on the whole signal, however it is cut.
    """

    def __init__(self, settings: FrontEnd) -> None:
        self.settings = settings
        self._tail: Int16
        self.reset()

    def reset(self) -> None:
        """Forget all samples: silence lies before the next."""
        self._history = self.settings.window - self.settings.hop
        self._history += -self._history % self.settings.hop
        self._tail = np.zeros(self._history, np.int16)

    def push(self, pcm: Int16) -> Int8:
        """Take int16 samples `(n,)`; return int8 `(frames completed, bands)`.

        Raises:
            UsageError: `pcm` is not an int16 array of one dimension.
        """
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise UsageError(f"PCM must be int16 (samples,), not {pcm.dtype} {pcm.shape}")
        hop = self.settings.hop
        signal = np.concatenate([self._tail, pcm])
        whole = len(signal) // hop * hop
        made = features(signal[None, :whole], self.settings)[0]
        self._tail = signal[max(whole - self._history, 0) :]
        completed: Int8 = made[self._history // hop :]
        return completed
