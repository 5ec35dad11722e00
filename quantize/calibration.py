"""Running a float snnTorch model over calibration clips: how far membranes go, what it decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgesnn.errors import LoweringError
from edgesnn.network.arrays import IntArray
from edgesnn.quantize.sections import Section, array
from edgesnn.trained import FloatArray


@dataclass(frozen=True, eq=False)
class Observed:
    """What the float model did on the calibration clips.

    Attributes:
        shapes: of each section's output, without batch.
        peaks: greatest magnitude of each channel's membrane before the reset, `(channels,)` a
            section; of the accumulated scores for a last section without reset.
        spikes: spikes of each neuron in each clip, float32 `(clips, neurons)` a section.
        scores: `(clips, classes)`.
    """

    shapes: tuple[tuple[int, ...], ...]
    peaks: tuple[FloatArray, ...]
    spikes: tuple[FloatArray, ...]
    scores: FloatArray


def observe(
    found: Sequence[Section],
    features: IntArray,
    input_shape: tuple[int, ...],
    input_scale: float,
    readout: str,
) -> Observed:
    """Run int8 `features (clips, steps, channels)` times `input_scale`, each clip from rest.

    Raises:
        LoweringError: the model does not take inputs of this shape.
    """
    import torch

    runner = _Runner(found, readout)
    x = torch.from_numpy(features.astype(np.float32)) * input_scale
    with torch.no_grad():
        for step in range(features.shape[1]):
            try:
                runner.step(x[:, step].reshape(len(features), *input_shape))
            except RuntimeError as error:
                raise LoweringError(
                    f"the model does not take inputs of shape {input_shape}: {error}"
                ) from error
    return runner.observed()


class _Runner:
    """Steps the sections, with their own hidden state or with explicit membranes."""

    def __init__(self, found: Sequence[Section], readout: str) -> None:
        self.found, self.readout = found, readout
        self.membranes: list[Any] = [None] * len(found)
        self.peaks: list[Any] = [0.0] * len(found)
        self.spikes: list[Any] = [0.0] * len(found)
        self.shapes: list[tuple[int, ...]] = [()] * len(found)
        for section in found:
            for module in section.modules:
                module.eval()
            neuron: Any = section.neuron
            if neuron is not None:
                neuron.reset_mem()

    def step(self, x: Any) -> None:
        for number, section in enumerate(self.found):
            for module in section.modules:
                x = self._neuron(number, module, x) if module is section.neuron else module(x)
            self.shapes[number] = tuple(x.shape[1:])
            if section.neuron is None and not section.is_relay:
                x = self.membranes[number] = x + (
                    0.0 if self.membranes[number] is None else self.membranes[number]
                )
                self._note_peak(number, x.abs())
            else:
                self.spikes[number] = self.spikes[number] + x

    def _neuron(self, number: int, neuron: Any, x: Any) -> Any:
        if neuron.init_hidden:
            out = neuron(x)
            spikes, membrane = (out[0] if isinstance(out, tuple) else out), neuron.mem
        elif self.membranes[number] is None:
            spikes, membrane = neuron(x, x.new_zeros(x.shape))
        else:
            spikes, membrane = neuron(x, self.membranes[number])
        self.membranes[number] = membrane
        # An immediate reset has already taken the threshold away.
        taken = 0.0 if neuron.reset_delay else neuron.threshold * spikes
        self._note_peak(number, (membrane + taken).abs())
        return spikes

    def _note_peak(self, number: int, magnitude: Any) -> None:
        import torch

        channels = magnitude.amax(dim=tuple(each for each in range(magnitude.ndim) if each != 1))
        self.peaks[number] = torch.maximum(torch.as_tensor(self.peaks[number]), channels)

    def observed(self) -> Observed:
        last = self.spikes[-1] if self.readout == "spikes" else self.membranes[-1]
        return Observed(
            shapes=tuple(self.shapes),
            peaks=tuple(np.atleast_1d(array(_tensor(peak))) for peak in self.peaks),
            spikes=tuple(_flat(array(_tensor(spikes))) for spikes in self.spikes),
            scores=_flat(array(last)),
        )


def _tensor(value: Any) -> Any:
    import torch

    return torch.as_tensor(value)


def _flat(values: FloatArray) -> FloatArray:
    return values.reshape(len(values), -1) if values.ndim else np.zeros((0, 0), np.float32)
