"""The PyTorch rung of the exactness ladder: the trained model's own forward pass, as integers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from edgesnn.errors import ConfigError
from edgesnn.machine import Traces
from edgesnn.network.arrays import IntArray
from edgesnn.trainer import checkpoint, kernels
from edgesnn.trainer.config import load_config
from edgesnn.trainer.layers import SpikingLayer
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.model_settings import ModelSettings
from edgesnn.trainer.outcome import BEST, CONFIG


class TorchMachine:
    """Runs a model as it was trained; nothing of lowering, of Numba or of C is in it.

    Layers carry the names that `edgesnn.trainer.export` gives them.
    """

    name = "PyTorch"

    def __init__(self, model: KeywordSpotter) -> None:
        self.model = model.eval()

    @torch.no_grad()
    def run(self, features: IntArray) -> Traces:
        """Run int8 `features (clips, steps, channels)`; see `edgesnn.machine.Machine.run`.

        Membranes are floats that hold whole numbers in PyTorch; they are converted, not rounded.
        """
        frames = np.array(features.transpose(1, 0, 2), order="C")
        outcome = self.model(torch.from_numpy(frames))
        traces = Traces({}, {}, {})
        for index, (layer, trace) in enumerate(
            zip(self.model.hidden, outcome.layers, strict=True), start=1
        ):
            assert isinstance(layer, SpikingLayer)
            name = f"hidden{index}"
            traces.v[name] = _whole(trace.membranes(_thresholds(layer), layer.law))
            traces.spikes[name] = _whole(trace.spikes).astype(np.bool_)
            if layer.adaptive:
                traces.a[name] = _whole(trace.a)
        scores, _ = self.model.readout(outcome.layers[-1].spikes)
        traces.v["readout"] = _whole(scores)
        return traces


def load_machine(run: Path, classes: Sequence[str]) -> TorchMachine:
    """The best model of a run folder.

    Raises:
        ConfigError, FileFormatError: the run's files are missing or damaged.
    """
    config = load_config(run / CONFIG)
    if not isinstance(config.model, ModelSettings):
        raise ConfigError(f"{run} holds a dense network: it has no integer machine")
    model = KeywordSpotter(config.model, config.frontend.bands, len(classes))
    checkpoint.load_model(model, run / BEST)
    return TorchMachine(model)


def _thresholds(layer: SpikingLayer) -> Tensor:
    weight = layer.synapses()
    scale = weight.scale.squeeze(1) * 2.0**layer.graded_shift
    table, _ = layer.integers(torch.empty(0), scale)
    return table[kernels.THRESHOLD]


def _whole(values: Tensor) -> IntArray:
    """float32 `(steps, clips, neurons)` to int32 `(clips, steps, neurons)`; fractions would show.

    A value that is not whole becomes one that no integer machine can give.
    """
    array = values.cpu().numpy().transpose(1, 0, 2)
    return np.where(array == np.floor(array), array, np.iinfo(np.int32).min).astype(np.int32)
