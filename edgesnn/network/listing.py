"""The text listing of an integer network: what people and golden tests read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesnn.network.arrays import IntArray
from edgesnn.network.bounds import membrane_bounds
from edgesnn.network.detector import Detector
from edgesnn.network.file import identity
from edgesnn.network.geometry import spatial, synapse_count
from edgesnn.network.graph import Layer, Network
from edgesnn.network.neurons import AdaptiveLeaky, IntegrateAndFire, Leaky, Readout
from edgesnn.network.presentation import Presentation
from edgesnn.network.synapses import Conv1d, Conv2d, Pool, Synapses

if TYPE_CHECKING:
    from edgesnn.frontend import FrontEnd


def listing(network: Network) -> str:
    """`network` as text, one line for each group and parameter; ends with a newline."""
    lines = [f"network {network.name}  sha256 {identity(network)[:16]}"]
    lines += [f"  note {key}: {text}" for key, text in network.notes.items()]
    if network.frontend is not None:
        lines.append(f"  frontend {_settings(network.frontend)}")
    if network.presentation is not None:
        lines.append(_presentation_line(network.presentation))
    lines.append(_input_line(network))
    for layer in network.layers:
        lines += _layer_lines(network, layer)
    lines.append("  classes " + " ".join(network.classes))
    if network.detector is not None:
        lines.append(_detector_line(network.detector))
    return "\n".join(lines) + "\n"


def _settings(frontend: FrontEnd) -> str:
    return " ".join(f"{key}={_plain(value)}" for key, value in frontend.to_dict().items())


def _presentation_line(presentation: Presentation) -> str:
    front = presentation.frontend
    seen = "pixels" if front is None else f"a second of frontend {_settings(front)}"
    return f"  shown for {presentation.steps} steps: {seen}"


def _plain(value: object) -> str:
    if isinstance(value, list | tuple) and len(value) > 4:
        return f"[{min(value)}…{max(value)}]({len(value)})"
    return str(value).replace(" ", "")


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _range(values: IntArray) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low}" if low == high else f"{low}…{high}"


def _input_line(network: Network) -> str:
    source = network.input
    coding = f"delta δ={source.delta}" if source.encoding == "delta" else "direct"
    return f"  input {_shape(source.shape)} int8 {coding} history {network.history('input')}"


def _detector_line(detector: Detector) -> str:
    rejected = " ".join(detector.rejected) or "nothing"
    return (
        f"  detector margin≥{detector.threshold} smoothed over 2^{detector.smoothing} steps "
        f"refractory {detector.refractory} rejects {rejected}"
    )


def _layer_lines(network: Network, layer: Layer) -> list[str]:
    head = f"  layer {layer.name} {_shape(layer.shape)} {type(layer.neuron).__name__}"
    lines = [f"{head} {_neuron_text(layer)}"]
    lines += [f"    {_group_line(network, layer, group)}" for group in layer.synapses]
    shift = f" graded_shift {layer.graded_shift}" if layer.graded_shift else ""
    lines.append(f"    bias {_range(layer.bias)}{shift} {_bounds_text(network, layer)}")
    return lines


def _neuron_text(layer: Layer) -> str:
    neuron = layer.neuron
    parts = []
    if isinstance(neuron, IntegrateAndFire):
        comparison = ">" if neuron.strict else "≥"
        parts.append(f"u{comparison}θ θ={_range(neuron.threshold)}")
    if isinstance(neuron, Leaky | Readout):
        parts.append(f"decay={_range(neuron.decay)}/256")
    if isinstance(neuron, AdaptiveLeaky):
        parts.append(f"adaptation decay={_range(neuron.adaptation_decay)}/256")
        parts.append(f"coupling={_range(neuron.adaptation_coupling)}/256")
        parts.append(f"jump={_range(neuron.adaptation_jump)}")
    if isinstance(neuron, IntegrateAndFire):
        parts.append(f"reset {neuron.reset}{' delayed' if neuron.reset_delay else ''}")
    return " ".join(parts)


def _group_line(network: Network, layer: Layer, group: Synapses) -> str:
    source = network.source_shape(group.source)
    parts = [f"{group.source} → {type(group).__name__}"]
    if isinstance(group, Conv1d | Conv2d | Pool):
        kernel, stride, padding = spatial(group)
        kind = f"{group.kind} " if isinstance(group, Pool) else ""
        parts.append(f"{kind}window {_shape(kernel)} stride {_shape(stride)} pad {_shape(padding)}")
    delay = group.delay if isinstance(group.delay, int) else f"axonal {_range(group.delay)}"
    parts.append(f"delay {delay} int{group.bits}")
    parts.append(f"synapses {synapse_count(group, source, layer.size)}")
    if isinstance(group, Pool):
        parts.append(f"weight {group.weight}")
    elif group.weight.size:
        zeros = 1 - (group.weight != 0).mean()
        parts.append(f"weights {_range(group.weight)} zero {100 * zeros:.1f}%")
    return " ".join(parts)


def _bounds_text(network: Network, layer: Layer) -> str:
    bounds = membrane_bounds(network, layer)
    name = "y" if layer.is_readout else "u"
    clamp = "saturates" if bounds.saturates else "never saturates"
    text = f"{name} in {bounds.low}…{bounds.high} {clamp}"
    if bounds.adaptation_low or bounds.adaptation_high:
        clamp = "saturates" if bounds.adaptation_saturates else "never saturates"
        text += f", a in {bounds.adaptation_low}…{bounds.adaptation_high} {clamp}"
    return text
