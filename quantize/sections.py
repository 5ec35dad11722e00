"""Reading a float snnTorch model: which modules make a layer, and which law its neurons obey.

Only what the integer network follows *exactly* is taken; all else is a LoweringError that says
why. The mapping was read in the source of snnTorch 1.0 (`_neurons/leaky.py`, docs/LOWERING.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgesnn.errors import LoweringError
from edgesnn.trained import FloatArray, TrainedNeuron

if TYPE_CHECKING:
    from torch import nn

#: Modules that do nothing in evaluation, or that flat neuron numbers make unnecessary.
_TRANSPARENT = {"Dropout", "Dropout1d", "Dropout2d", "Identity", "Flatten"}
_SYNAPSES = {"Linear", "Conv1d", "Conv2d"}
_NORMS = {"BatchNorm1d", "BatchNorm2d"}
_POOLS = {"MaxPool1d", "MaxPool2d"}
_WHY_NOT = {
    "AvgPool1d": "averaged spikes are no spikes; use a stride or a max pool",
    "AvgPool2d": "averaged spikes are no spikes; use a stride or a max pool",
    "ReLU": "an activation other than a spiking neuron has no integer law",
    "Synaptic": "a synaptic current has no integer law; use snn.Leaky",
    "Alpha": "an alpha neuron has no integer law; use snn.Leaky",
    "Lapicque": "its RC form has no integer law; use snn.Leaky with the same decay",
    "RLeaky": "snnTorch's recurrent weights are not read; use the project's own trainer",
    "RSynaptic": "a synaptic current has no integer law; use snn.Leaky",
}


@dataclass(frozen=True)
class Section:
    """One layer of the model: its modules, in order of evaluation.

    `neuron` is None for a last `Linear` without one. A section whose `synapses` is a max pool of
    spikes is a relay: its neurons fire where a spike is in the window.
    """

    synapses: nn.Module
    norm: nn.Module | None = None
    neuron: nn.Module | None = None
    passed: tuple[nn.Module, ...] = field(default=())

    @property
    def is_relay(self) -> bool:
        """Whether the section is a max pool of spikes."""
        return type(self.synapses).__name__ in _POOLS

    @property
    def modules(self) -> Iterator[nn.Module]:
        """All modules of the section, in order."""
        yield from self.passed
        yield self.synapses
        yield from (each for each in (self.norm, self.neuron) if each is not None)


def sections(model: nn.Module | Iterable[nn.Module]) -> list[Section]:
    """Group the modules of a sequential model into layers.

    Raises:
        LoweringError: a module, or an order of modules, that has no integer law.
    """
    found: list[Section] = []
    waiting: tuple[nn.Module, ...] = ()
    for module in _leaves(model):
        kind = type(module).__name__
        if kind in _TRANSPARENT:
            waiting += (module,)
        elif kind in _SYNAPSES or kind in _POOLS:
            _require_spikes_before(found, kind)
            found.append(Section(module, passed=waiting))
            waiting = ()
        elif kind in _NORMS or kind == "Leaky":
            found[-1:] = [_extended(found, kind, module)]
        else:
            why = _WHY_NOT.get(kind, "only Linear, Conv, BatchNorm, MaxPool and snn.Leaky are read")
            raise LoweringError(f"the model has a {kind}: {why}")
    _require_neurons(found)
    return found


def _leaves(model: nn.Module | Iterable[nn.Module]) -> Iterator[nn.Module]:
    children = list(model.children()) if hasattr(model, "children") else list(model)
    for child in children:
        if type(child).__name__ in ("Sequential", "ModuleList"):
            yield from _leaves(child)
        else:
            yield child


def _require_spikes_before(found: list[Section], kind: str) -> None:
    if kind in _POOLS and (not found or found[-1].neuron is None):
        raise LoweringError(f"a {kind} before a neuron pools currents; put it behind snn.Leaky")
    if found and found[-1].neuron is None and not found[-1].is_relay:
        previous = type(found[-1].synapses).__name__
        raise LoweringError(f"a {previous} is followed by a {kind} without snn.Leaky between")


def _extended(found: list[Section], kind: str, module: nn.Module) -> Section:
    if not found or found[-1].neuron is not None or found[-1].is_relay:
        raise LoweringError(f"a {kind} must follow a Linear or Conv layer")
    if kind == "Leaky":
        return replace(found[-1], neuron=module)
    if found[-1].norm is not None:
        raise LoweringError("two batch norms follow one another; fold them into one")
    return replace(found[-1], norm=module)


def _require_neurons(found: list[Section]) -> None:
    if not found or found[-1].is_relay:
        raise LoweringError("the model must end with a Linear or Conv layer and its neurons")
    if not any(section.neuron is not None for section in found):
        raise LoweringError("the model has no snn.Leaky: it does not spike")


def array(tensor: Any) -> FloatArray:
    """A tensor as float32 NumPy array."""
    return np.asarray(tensor.detach().cpu().numpy(), np.float32)


def read_neuron(neuron: Any, name: str, channels: int) -> TrainedNeuron:
    """The law of an `snn.Leaky`, in real units.

    - strict comparison `mem > threshold`, always;
    - `reset_delay=True`: the reset is applied one step later, to the old membrane;
    - `reset_delay=False` with `zero`: the membrane is zeroed at once;
    - `reset_delay=False` with `subtract`: the threshold is subtracted at once, but a residual
      still above it lowers the *next* comparison too, without lowering the membrane. That is the
      integer law only where no residual exceeds the threshold, which the caller has to prove.

    Raises:
        LoweringError: an option that the integer law does not have.
    """
    _refuse_options(neuron, name)
    decay = _per_channel(neuron.beta.clamp(0, 1), "beta", name, channels)
    threshold = _per_channel(neuron.threshold, "threshold", name, channels)
    if threshold.min() <= 0:
        raise LoweringError(f"layer {name}: its threshold must be positive")
    integrates = bool(np.all(decay == 1))
    return TrainedNeuron(
        kind="IntegrateAndFire" if integrates else "Leaky",
        threshold=threshold,
        decay=None if integrates else decay,
        reset="zero" if neuron.reset_mechanism == "zero" else "subtract",
        reset_delay=bool(neuron.reset_delay),
        strict=True,
    )


def _refuse_options(neuron: Any, name: str) -> None:
    if neuron.reset_mechanism == "none":
        raise LoweringError(
            f"layer {name}: reset_mechanism='none' is for the readout; a hidden neuron must reset"
        )
    if neuron.inhibition:
        raise LoweringError(f"layer {name}: inhibition has no integer law")
    if neuron.state_quant:
        raise LoweringError(
            f"layer {name}: state_quant has its own grid; remove it, lowering has one"
        )
    if float(neuron.graded_spikes_factor) != 1.0:
        raise LoweringError(f"layer {name}: graded_spikes_factor must be 1, spikes are binary")


def _per_channel(tensor: Any, what: str, name: str, channels: int) -> FloatArray:
    values = array(tensor).ravel()
    if values.size not in (1, channels):
        raise LoweringError(
            f"layer {name}: {what} has {values.size} values, but the layer {channels} channels"
        )
    return np.broadcast_to(values, channels)
