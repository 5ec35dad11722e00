"""From an integer network back to trainable parameters: to train on what has been shipped.

The integers are kept, and the float parameters chosen so that they give these integers again
(docs/TRAINING.md, "In the integer domain"). What lowering has forgotten is measured or chosen: the
moments of the currents, which the batch normalisation folded away, on training clips; the size of
the weights, which it does not depend on, as new networks have it; the scale of the readout, which
no decision depends on, so that the scores fit the labels best.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from edgesnn.errors import ConfigError
from edgesnn.network import AdaptiveLeaky, Dense, Layer, Network
from edgesnn.trainer.encoding import sample_and_hold
from edgesnn.trainer.features import evenly
from edgesnn.trainer.layers import ReadoutLayer, SpikingLayer
from edgesnn.trainer.model import KeywordSpotter
from edgesnn.trainer.model_settings import ModelSettings
from edgesnn.trainer.moments import moments
from edgesnn.trainer.synapses import currents

#: Clips, evenly taken from the training split, on which moments and scale are measured.
CLIPS = 1024

#: Scales of the readout that are tried: logits a unit of its largest weight.
READOUT_SCALES = np.geomspace(1e-2, 10.0, 61)


def widened(settings: ModelSettings, widths: Sequence[int]) -> ModelSettings:
    """`settings` with hidden layers of these widths, where there are as many."""
    if len(widths) != len(settings.hidden):
        return settings
    hidden = [
        layer.model_copy(update={"width": width})
        for layer, width in zip(settings.hidden, widths, strict=True)
    ]
    return settings.model_copy(update={"hidden": hidden})


@torch.no_grad()
def recover(
    model: KeywordSpotter,
    network: Network,
    clips: npt.NDArray[np.int8],
    labels: npt.NDArray[np.int64],
) -> None:
    """Give `model` the parameters of `network`; lowered again, it is the same network.

    (But for rows of weights that do not use their whole range: they are stretched to it, and the
    neuron's other parameters with them.)

    Args:
        model: of the same architecture, with batch normalisation.
        network: dense layers of leaky or adaptive neurons.
        clips: int8 features `(clips, T, channels)`, to measure moments on.
        labels: classes of the clips.

    Raises:
        ConfigError: the architectures differ.
    """
    _require_alike(model, network)
    some = evenly(len(clips), CLIPS)
    frames = torch.from_numpy(np.ascontiguousarray(clips[some].transpose(1, 0, 2)))
    entry = network.input
    signal, _ = sample_and_hold(frames, entry.delta if entry.encoding == "delta" else None)
    model.eval()
    for layer, found in zip(model.hidden, network.spiking, strict=True):
        _spiking(layer, found, signal)
        signal = layer(signal).spikes
    _readout(model.readout, network.readout, signal, torch.from_numpy(labels[some]))


def _require_alike(model: KeywordSpotter, network: Network) -> None:
    layers: list[SpikingLayer | ReadoutLayer] = [*model.hidden, model.readout]
    if len(layers) != len(network.layers):
        raise ConfigError(f"start.run: network {network.name} has another number of layers")
    for layer, found in zip(layers, network.layers, strict=True):
        if _differs(layer, found):
            raise ConfigError(
                f"start.run: layer {found.name} of network {network.name} is not the configured "
                "one: neuron, delays, weight bits, shift and reset must be the same"
            )


def _differs(layer: SpikingLayer | ReadoutLayer, found: Layer) -> bool:
    groups = [group for group in found.synapses if isinstance(group, Dense)]
    delays = [np.broadcast_to(group.delay, layer.delays.shape[1:]) for group in groups]
    if len(groups) != len(found.synapses) or not np.array_equal(delays, layer.delays.numpy()):
        return True
    if any(group.bits != layer.synapses.bits for group in groups):
        return True
    if isinstance(layer, ReadoutLayer):
        return False
    neuron, law = found.neuron, layer.law
    same = (neuron.reset, neuron.reset_delay, neuron.strict) == (  # type: ignore[union-attr]
        law.reset,
        law.reset_delay,
        law.strict,
    )
    alike = isinstance(neuron, AdaptiveLeaky) == layer.adaptive and layer.normaliser is not None
    return not (same and alike and found.graded_shift == layer.graded_shift)


def _spiking(layer: SpikingLayer, found: Layer, signal: Tensor) -> None:
    """Set a spiking layer, fed by `signal` `(T, B, pre)`."""
    integer, neuron = _weights(found), found.neuron
    assert layer.normaliser is not None
    mean, deviation = moments(currents(signal, integer, layer.delays, layer.graded_shift))
    # One LSB of a row's weights in float: rows as large as those of a new network.
    size = integer.square().mean(1).sqrt().clamp(min=1e-3)
    lsb = (3 * integer.shape[1]) ** -0.5 / size
    layer.synapses.weight.copy_(integer * lsb[:, None])
    scale = lsb * 2.0**layer.graded_shift
    unit = 1.0 / _real(neuron.threshold)  # type: ignore[union-attr]
    layer.normaliser.gain.copy_(deviation * unit)
    layer.normaliser.mean.copy_(mean * scale)
    layer.normaliser.deviation.copy_(deviation * scale)
    layer.bias.copy_((_real(found.bias) + mean) * unit)
    layer.decay.copy_(_logit(neuron.decay))  # type: ignore[union-attr]
    if isinstance(neuron, AdaptiveLeaky):
        layer.adaptation_decay.copy_(_logit(neuron.adaptation_decay))
        layer.adaptation_coupling.copy_(_real(neuron.adaptation_coupling) / 256)
        layer.adaptation_jump.copy_(_real(neuron.adaptation_jump) * unit)


def _readout(layer: ReadoutLayer, found: Layer, spikes: Tensor, labels: Tensor) -> None:
    """Set the readout, and the scale with which its last scores fit `labels` best."""
    integer, bias = _weights(found), _real(found.bias)
    largest = integer.abs().max()
    layer.decay.copy_(_logit(found.neuron.decay))  # type: ignore[union-attr]
    layer.synapses.weight.copy_(integer / largest)
    layer.bias.copy_(bias / largest)
    scores, scale = layer(spikes)
    last = scores[-1] * scale
    tried = {float(s): float(cross_entropy(last * float(s), labels)) for s in READOUT_SCALES}
    best = min(tried, key=tried.__getitem__)
    layer.synapses.weight.mul_(best)
    layer.bias.mul_(best)


def _weights(layer: Layer) -> Tensor:
    """Whole-number weights `(post, taps · pre)` of dense groups, one a tap."""
    groups = [group.weight for group in layer.synapses if isinstance(group, Dense)]
    return torch.from_numpy(np.concatenate(groups, axis=1).astype(np.float32))


def _logit(in_256ths: npt.NDArray[np.integer]) -> Tensor:
    """Logits of decays in 1/256; 0 and 256 as near as rounds to them."""
    return torch.logit(_real(in_256ths).clamp(0.25, 255.75) / 256)


def _real(values: npt.NDArray[np.integer]) -> Tensor:
    return torch.from_numpy(np.array(values, np.float32))
