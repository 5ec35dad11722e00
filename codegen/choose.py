"""The layout planner: how each layer's weights lie and which kernel adds them.

The choice is by predicted cycles of a step; a `Layout` forces any other, for all layers that can
be so or for one by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, get_args

from edgesnn.codegen.layout import group_layout
from edgesnn.codegen.tiles import Form, form_of, has_narrow_rows, is_row_group, padded_neurons
from edgesnn.errors import UsageError
from edgesnn.network import Dense, Layer, Network

Kernel = Literal["rows8", "rows4", "currents"]
"""`rows8`, `rows4`: 8 or 4 bits a weight added straight into lanes; `currents`: sums in 32 bits."""

#: Cycles of an event, of a synaptic operation and of a membrane update on a simulated Cortex-M4
#: (docs/CODEGEN.md says how they were measured); used to rank, and shown in the listing.
COSTS: Mapping[Kernel, tuple[float, float, float]] = MappingProxyType(
    {"rows8": (9.7, 0.99, 7.5), "rows4": (20.3, 0.92, 9.0), "currents": (18.4, 1.94, 19.5)}
)

#: Of layouts whose cycles are within this factor of the fewest the smallest is taken. (Cores
#: without the DSP extension gain more by four bits than the costs above tell.)
CLOSE = 1.2

#: Share of presynaptic neurons that fire in a step, as the planner expects it.
EXPECTED_RATE = 0.05


@dataclass(frozen=True)
class Layout:
    """What a user wants of the planner.

    Attributes:
        kernel: for every layer that can have it; None lets the planner choose.
        layers: a kernel for single layers, by name.
        compact: loops instead of unrolled code, one copy for all layers: small and slow.
    """

    kernel: Kernel | None = None
    layers: Mapping[str, Kernel] = field(default_factory=dict)
    compact: bool = False


AUTO = Layout()


@dataclass(frozen=True)
class Option:
    """A way to lay out a layer: flash of its weights, and predicted cycles of a step."""

    kernel: Kernel
    flash_bytes: int
    cycles: int


@dataclass(frozen=True)
class Choice:
    """The option taken, the form of its membranes (None: 32 bits), and all options."""

    kernel: Kernel
    form: Form | None
    options: tuple[Option, ...]


def parse_layout(words: Sequence[str]) -> Layout:
    """A layout from words as the command line takes them: `rows8`, `LAYER=rows4`, `compact`.

    Raises:
        UsageError: a word is none of these.
    """
    layout = AUTO
    known: dict[str, Kernel] = {kernel: kernel for kernel in get_args(Kernel)}
    for word in words:
        name, _, kernel = word.rpartition("=")
        if word == "compact":
            layout = replace(layout, compact=True)
        elif kernel not in known:
            raise UsageError(
                f"unknown layout {word!r}: give {', '.join(known)}, LAYER=one of them, or compact"
            )
        elif name:
            layout = replace(layout, layers={**layout.layers, name: known[kernel]})
        else:
            layout = replace(layout, kernel=known[kernel])
    return layout


def require_layers(network: Network, layout: Layout) -> None:
    """Raise UsageError where `layout` names a layer that `network` does not have."""
    for name in layout.layers:
        if name not in network.by_name:
            known = ", ".join(network.by_name)
            raise UsageError(f"no layer is called {name!r}; the layers are {known}")


def choose(network: Network, layer: Layer, layout: Layout = AUTO) -> Choice:
    """How `layer` is laid out.

    Raises:
        UsageError: `layout` forces a kernel on the layer that it cannot have.
    """
    form = form_of(network, layer)
    options = tuple(
        sorted(
            (_option(network, layer, each) for each in _possible(network, layer, form)), key=_rank
        )
    )
    kernels = [option.kernel for option in options]
    wanted = layout.layers.get(layer.name)
    if wanted is not None and wanted not in kernels:
        raise UsageError(
            f"layer {layer.name} cannot be laid out as {wanted}; choose from {', '.join(kernels)}"
        )
    close = [option for option in options if option.cycles <= CLOSE * options[0].cycles]
    best = min(close, key=lambda option: option.flash_bytes).kernel
    kernel = wanted or (layout.kernel if layout.kernel in kernels else best)
    return Choice(kernel, None if kernel == "currents" else form, options)


def _rank(option: Option) -> tuple[int, int]:
    return option.cycles, option.flash_bytes


def _possible(network: Network, layer: Layer, form: Form | None) -> tuple[Kernel, ...]:
    if form is None and not has_narrow_rows(network, layer):
        return ("currents",)
    narrow = all(group.bits <= 4 for group in layer.synapses if is_row_group(group))
    return ("rows4", "rows8", "currents") if narrow else ("rows8", "currents")


def _option(network: Network, layer: Layer, kernel: Kernel) -> Option:
    """Flash of the layer's dense groups, and cycles of a step at the expected rate."""
    per_event, per_operation, per_update = COSTS[kernel]
    flash, cycles = 0.0, per_update * layer.size
    for number, group in enumerate(layer.synapses):
        if not is_row_group(group):
            continue
        assert isinstance(group, Dense)
        pre = network.source_size(group.source)
        if kernel == "currents":
            tables = group_layout(network, layer, number).tables
            flash += sum(table.flash_bytes for table in tables)
        else:
            flash += pre * padded_neurons(layer.size) * (4 if kernel == "rows4" else 8) / 8
        cycles += EXPECTED_RATE * pre * (per_event + per_operation * padded_neurons(layer.size))
    return Option(kernel, int(flash), round(cycles))
