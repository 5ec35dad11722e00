"""The PyTorch rung of the exactness ladder: the trained model's own forward pass, as integers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from edgesnn.errors import ConfigError, MachineError
from edgesnn.machine import Machine, Traces
from edgesnn.network.arrays import IntArray
from edgesnn.trainer import checkpoint, kernels
from edgesnn.trainer.config import load_config
from edgesnn.trainer.convolutional import ConvolutionLayer, ImageClassifier
from edgesnn.trainer.export import integers_at_rest
from edgesnn.trainer.export_images import name_of
from edgesnn.trainer.layers import Population
from edgesnn.trainer.model import KeywordSpotter, is_lowered, make_model
from edgesnn.trainer.outcome import BEST, CONFIG
from edgesnn.trainer.shape import frames, pixels
from edgesnn.trainer.spiking import Trace


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
            _keep(traces, f"hidden{index}", layer, trace)
        scores, _ = self.model.readout(outcome.layers[-1].spikes)
        traces.v["readout"] = _whole(scores)
        return traces


class ImageMachine:
    """`TorchMachine` of a network that sees an image several times.

    Layers carry the names that `edgesnn.trainer.export_images` gives them.
    """

    name = "PyTorch"

    def __init__(self, model: ImageClassifier) -> None:
        self.model = model.eval()

    @torch.no_grad()
    def run(self, features: IntArray) -> Traces:
        """Run int8 `features (clips, steps, values)`, the same in all steps, from rest.

        Raises:
            MachineError: they are not the same, or not as many steps as it was trained for.
        """
        steps = self.model.settings.steps
        if features.shape[1] != steps or np.any(features != features[:, :1]):
            raise MachineError(
                f"this network is shown one image for {steps} steps, and nothing else"
            )
        outcome = self.model(torch.from_numpy(self._seen(features[:, 0])))
        traces = Traces({}, {}, {})
        for index, (layer, trace) in enumerate(zip(self.model.hidden, outcome.layers, strict=True)):
            _keep(traces, name_of(index), layer, Trace(*(_by_channel(x, layer) for x in trace)))
        scores, _ = self.model.readout(outcome.layers[-1].spikes)
        traces.v["readout"] = _whole(scores)
        return traces

    def _seen(self, images: IntArray) -> IntArray:
        """Images `(clips, values)` as the features `(T, clips, channels)` that they came from."""
        shape = self.model.shape
        if len(shape.image) == 3:
            return np.array(images[None], order="C")
        return np.array(images.reshape(-1, *shape.image).transpose(2, 0, 1), order="C")


def _by_channel(values: Tensor, layer: ConvolutionLayer) -> Tensor:
    """`(T, B, P · C)` as a layer's neurons lie in the integer network, `(T, B, C · P)`."""
    if values.numel() <= 1:
        return values
    places = values.view(*values.shape[:2], layer.places, layer.grid[0])
    return places.transpose(2, 3).flatten(2)


def _keep(traces: Traces, name: str, layer: Population, trace: Trace) -> None:
    """Write down what a layer did, in the order of the network's neurons."""
    thresholds = integers_at_rest(layer)[0][kernels.THRESHOLD]
    each = thresholds.repeat_interleave(layer.neurons // len(thresholds))
    traces.v[name] = _whole(trace.membranes(each, layer.law))
    traces.spikes[name] = _whole(trace.spikes).astype(np.bool_)
    if layer.adaptive:
        traces.a[name] = _whole(trace.a)


def load_machine(run: Path, classes: Sequence[str], shape: tuple[int, ...]) -> Machine:
    """The best model of a run folder.

    Args:
        run: the folder.
        classes: one name a score.
        shape: of the integer network's input.

    Raises:
        ConfigError, FileFormatError: the run's files are missing or damaged.
    """
    config = load_config(run / CONFIG)
    seen = pixels(shape) if len(shape) == 3 else frames(config.frontend.bands, shape[-1])
    model = make_model(config.model, seen, len(classes))
    if not is_lowered(model):
        raise ConfigError(f"{run} holds a dense or float network: it has no integer machine")
    checkpoint.load_model(model, run / BEST)
    return ImageMachine(model) if isinstance(model, ImageClassifier) else TorchMachine(model)


def _whole(values: Tensor) -> IntArray:
    """float32 `(steps, clips, neurons)` to int32 `(clips, steps, neurons)`; fractions would show.

    A value that is not whole becomes one that no integer machine can give.
    """
    array = values.cpu().numpy().transpose(1, 0, 2)
    return np.where(array == np.floor(array), array, np.iinfo(np.int32).min).astype(np.int32)
