"""`edgesnn listen` as functions: a microphone or a file through the engine, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgesnn.errors import DataError, MissingExtraError, NetworkError, UsageError
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.pipeline.folder import load_source

#: How often a second the view changes.
UPDATES_A_SECOND = 10


@dataclass(frozen=True)
class Detection:
    """A keyword that was heard.

    Attributes:
        seconds: since the start, to the end of the step that detected it.
        word: the class.
        margin: its lead over the runner-up, in units of the readout.
    """

    seconds: float
    word: str
    margin: int

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"seconds": round(self.seconds, 3), "word": self.word, "margin": self.margin}


@dataclass(frozen=True, eq=False)
class Moment:
    """What happened in one push of samples.

    Attributes:
        seconds: since the start.
        detections: in it.
        level: root mean square of the samples in dB of full scale; −inf for zeros.
        firing: share of each spiking layer's neurons that fired in a step, 0 … 1.
        leads: of each class over the best of the others at the end, in units of the readout.
    """

    seconds: float
    detections: tuple[Detection, ...]
    level: float
    firing: tuple[float, ...]
    leads: tuple[int, ...]


class Listener:
    """Front-end, network and detector on a stream, the same integers as on the device.

    Raises:
        NetworkError: the network has no front-end.
        UsageError: it has no detector.
    """

    def __init__(self, network: Network) -> None:
        from edgesnn.frontend import Stream
        from edgesnn.sim.detector import StreamDetector
        from edgesnn.sim.stream import StreamEngine

        if network.frontend is None:
            raise NetworkError(f"network {network.name} has no front-end, so it cannot listen")
        if network.detector is None:
            raise UsageError(
                f"network {network.name} has no detector yet; edgesnn evaluate BUILD --stream "
                "--choose 1 chooses one"
            )
        self.network, self.frontend = network, network.frontend
        self._front = Stream(network.frontend)
        self._engine = StreamEngine(network)
        self._detector = StreamDetector(network.detector, network.classes)
        self._steps, self._leads = 0, (0,) * len(network.classes)

    def push(self, pcm: IntArray) -> Moment:
        """Take int16 samples `(n,)` at the front-end's rate.

        Raises:
            UsageError: `pcm` is not an int16 array of one dimension.
        """
        heard = self._engine.push(self._front.push(pcm))
        margins = self._detector.margins(heard.scores)
        detected = self._detector.decide(margins)
        found = tuple(
            Detection(
                self._seconds(step + 1),
                self.network.classes[detected[step]],
                int(margins.margin[step]),
            )
            for step in np.flatnonzero(detected >= 0).tolist()
        )
        self._steps += len(detected)
        if len(detected):
            self._leads = _leads(self._detector.smooth)
        neurons = np.array([layer.size for layer in self.network.spiking])
        firing = heard.spikes.mean(axis=0) / neurons if len(detected) else np.zeros(len(neurons))
        return Moment(self._seconds(0), found, _level(pcm), tuple(firing.tolist()), self._leads)

    def _seconds(self, step: int) -> float:
        return (self._steps + step) * self.frontend.hop / self.frontend.sample_rate


def _leads(smooth: IntArray) -> tuple[int, ...]:
    order = np.argsort(smooth)
    against = np.full(len(smooth), smooth[order[-1]])
    against[order[-1]] = smooth[order[-2]]
    return tuple((smooth - against).tolist())


def _level(pcm: IntArray) -> float:
    power = float(np.mean(pcm.astype(np.float64) ** 2)) if len(pcm) else 0.0
    return 10 * np.log10(power) - 20 * np.log10(32768) if power else float("-inf")


def load_listener(source: Path) -> Listener:
    """A listener with the network of a build folder or `.esnn` file; raises as `Listener`."""
    return Listener(load_source(source).network)


def chunk_of(listener: Listener) -> int:
    """Samples of one change of the view: whole hops."""
    frontend = listener.frontend
    hops = max(1, round(frontend.sample_rate / UPDATES_A_SECOND / frontend.hop))
    return hops * frontend.hop


def file_chunks(path: Path, listener: Listener) -> Iterator[IntArray]:
    """int16 pieces of a sound file, mixed to mono and brought to the front-end's rate.

    Raises:
        DataError: the file is missing, damaged or no sound file.
    """
    from edgesnn.frontend import at_rate
    from edgesnn.trainer.data.audio import read_resampled

    pcm = at_rate(read_resampled(path), listener.frontend)
    size = chunk_of(listener)
    for first in range(0, len(pcm), size):
        yield pcm[first : first + size]


def _sounddevice() -> Any:
    """The module, or an error that says what to install."""
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "listening to a microphone needs sounddevice; run: pip install 'edgesnn[listen]'"
        ) from error
    except OSError as error:  # the package is there, the library that it wraps is not
        raise MissingExtraError(
            "sounddevice finds no PortAudio library; install it (Debian: libportaudio2)"
        ) from error
    return sounddevice


def microphones() -> list[dict[str, Any]]:
    """Microphones: `index`, `name`, `channels`, and whether it is the `default`.

    Raises:
        MissingExtraError: sounddevice or PortAudio is not installed.
    """
    module = _sounddevice()
    default = module.default.device[0]
    return [
        {
            "index": index,
            "name": each["name"],
            "channels": each["max_input_channels"],
            "default": index == default,
        }
        for index, each in enumerate(module.query_devices())
        if each["max_input_channels"] > 0
    ]


def microphone_chunks(listener: Listener, device: int | None = None) -> Iterator[IntArray]:
    """int16 pieces of a microphone, endless; overruns are skipped samples.

    Raises:
        MissingExtraError: sounddevice or PortAudio is not installed.
        DataError: there is no such microphone, or it does not record at the front-end's rate.
    """
    module = _sounddevice()
    size, rate = chunk_of(listener), listener.frontend.sample_rate
    try:
        with module.InputStream(
            samplerate=rate, channels=1, dtype="int16", blocksize=size, device=device
        ) as stream:
            while True:
                block, _overrun = stream.read(size)
                yield np.ascontiguousarray(block[:, 0])
    except (module.PortAudioError, ValueError) as error:
        named = "the default microphone" if device is None else f"microphone {device}"
        raise DataError(
            f"{named} does not record at {rate} Hz ({error}); edgesnn listen --devices lists them"
        ) from error
