"""Reading sound files, and cutting or padding what they hold to one second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgesnn.errors import DataError
from edgesnn.trainer.data.container import is_cut_short
from edgesnn.trainer.data.dataset import CLIP_SAMPLES, SAMPLE_RATE, Pcm

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus"})
"""Formats that are read: WAV, FLAC, Ogg Vorbis and Ogg Opus, all by libsndfile."""

Align = Literal["start", "centre"]


def read_audio(path: Path) -> tuple[Pcm, int]:
    """Decode a sound file to (int16 (frames,) or (frames, channels), samples a second).

    Raises:
        DataError: the file is missing, empty, truncated or not a sound file.
    """
    import soundfile

    try:
        size = path.stat().st_size
        pcm, rate = soundfile.read(path, dtype="int16")
        cut_short = is_cut_short(path)
    except (OSError, soundfile.LibsndfileError, RuntimeError) as error:
        raise DataError(
            f"cannot read {path}: {_reason(error)}; replace or remove the file"
        ) from error
    if cut_short:
        raise DataError(f"{path} is cut short ({size} bytes); replace or remove the file")
    if pcm.shape[0] == 0:
        raise DataError(f"{path} holds no samples ({size} bytes); replace or remove the file")
    return pcm, int(rate)


def read_mono_16k(path: Path) -> Pcm:
    """Decode a file that must be 16 kHz mono already; int16 (frames,).

    Raises:
        DataError: the file cannot be read, or has another sample rate or more channels.
    """
    pcm, rate = read_audio(path)
    channels = 1 if pcm.ndim == 1 else pcm.shape[1]
    if rate != SAMPLE_RATE or channels != 1:
        raise DataError(
            f"{path} is {rate} Hz with {channels} channel(s), where 16000 Hz mono is expected; "
            "convert it, or name the folder of words itself by --dataset, which resamples"
        )
    return pcm


def read_resampled(path: Path) -> Pcm:
    """Decode a file, mix it to mono and resample it to 16 kHz: int16 (samples,).

    Raises:
        DataError: the file cannot be read.
    """
    pcm, rate = read_audio(path)
    if pcm.ndim == 1 and rate == SAMPLE_RATE:
        return pcm
    mono = pcm.astype(np.float64) if pcm.ndim == 1 else pcm.mean(axis=1)
    if rate != SAMPLE_RATE:
        import soxr

        mono = soxr.resample(mono, rate, SAMPLE_RATE, quality="HQ")
    return to_int16(mono)


def to_int16(signal: npt.NDArray[np.float64]) -> Pcm:
    """Round half to even and saturate float64 (samples,) in LSB to int16 (samples,)."""
    return np.clip(np.rint(signal), -32768, 32767).astype(np.int16)


def fit_second(pcm: Pcm, align: Align) -> Pcm:
    """Cut or pad int16 (frames,) to int16 (16000,).

    A longer clip keeps its loudest second. A shorter one is padded with zeros: behind it
    (`start`, as the tools of Speech Commands do), or on both sides (`centre`).
    """
    missing = CLIP_SAMPLES - len(pcm)
    if missing <= 0:
        start = loudest_second(pcm)
        return pcm[start : start + CLIP_SAMPLES]
    before = missing // 2 if align == "centre" else 0
    return np.pad(pcm, (before, missing - before))


def loudest_second(pcm: Pcm) -> int:
    """The sample at which the second with the most energy starts, in hops of 10 ms."""
    hop = SAMPLE_RATE // 100
    energy = np.concatenate([[0.0], np.cumsum(pcm.astype(np.float64) ** 2)])
    starts = np.arange(0, len(pcm) - CLIP_SAMPLES + 1, hop)
    return int(starts[np.argmax(energy[starts + CLIP_SAMPLES] - energy[starts])])


def file_key(path: Path) -> str:
    """Name, size and time of last change of a file; stands for its content in cache keys."""
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    return f"{path.parent.name}/{path.name}:{status.st_size}:{status.st_mtime_ns}"


@dataclass(frozen=True)
class Recording:
    """A sound file, brought to one second.

    It must be 16 kHz mono unless `resample` is set, which takes any rate and channels.
    """

    path: Path
    align: Align = "start"
    resample: bool = False

    def pcm(self) -> Pcm:
        """int16 (16000,); raises DataError, naming the file, where it cannot be used."""
        read = read_resampled if self.resample else read_mono_16k
        return fit_second(read(self.path), self.align)

    def key(self) -> str:
        """Changes with the file and with how it is brought to a second."""
        return f"{file_key(self.path)}:{self.align}:{self.resample}"


def _reason(error: Exception) -> str:
    """What went wrong, without libsndfile's repetition of the path."""
    import soundfile

    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    text = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return text.strip().rstrip(".") or "it is damaged or cut short"
