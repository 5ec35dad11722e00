"""The layout planner: how each layer's weights lie and which kernel adds them.

The choice is by predicted cycles of a step; a `Layout` forces any other, for all layers that can
be so or for one by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, get_args

from edgesnn.boards import CORES, Core
from edgesnn.codegen.layout import group_layout
from edgesnn.codegen.margins import words_fit
from edgesnn.codegen.tiles import Form, form_of, has_narrow_rows, is_row_group, padded_neurons
from edgesnn.errors import UsageError
from edgesnn.network import AdaptiveLeaky, Dense, Layer, Network

Kernel = Literal["rows8", "rows4", "words", "currents"]
"""`rows8`, `rows4`: 8 or 4 bits a weight added straight into lanes; `words`: a byte a weight, added
four at a time, and membranes of 32 bits; `currents`: sums in 32 bits."""

Class = Literal["m0", "m3", "dsp"]
"""Cores that cost alike: Armv6-M; Armv7-M; those with the DSP extension."""

#: Who they are, for a reader.
TITLES: Mapping[Class, str] = MappingProxyType(
    {"m0": "Cortex-M0 and M0+", "m3": "Cortex-M3", "dsp": "Cortex-M4, M7 and M33"}
)

#: Cycles of an event and of a synaptic operation, and of an awake membrane update: where all
#: neurons have the same parameters, each its own, and where they adapt. On simulated Cortex-M0+,
#: M3 and M4 (docs/CODEGEN.md says how they were measured); used to rank, and shown in the listing.
#: A 4 behind a kernel's name is for weights of four bits or fewer; with the DSP extension, where
#: lanes are always best, one figure stands for all updates.
COSTS: Mapping[Class, Mapping[str, tuple[float, float, float, float, float]]] = MappingProxyType({
    "m0": {
        "rows8": (16, 2.19, 52, 62, 103), "rows4": (19, 1.84, 50, 56.5, 101),
        "words": (13.4, 1.71, 15, 19.9, 19.9), "words4": (16.5, 0.8, 11.8, 16.7, 16.7),
        "currents": (93, 2.74, 40, 50, 81), "currents4": (33, 2.44, 32, 41, 82),
    },
    "m3": {
        "rows8": (11, 1.88, 27, 32, 58), "rows4": (10.7, 1.42, 25, 30.6, 56),
        "words": (9.1, 1.53, 14.9, 20, 20), "words4": (13.5, 0.82, 11.8, 16.9, 16.9),
        "currents": (17, 2.7, 24, 27, 44), "currents4": (10, 2.19, 21, 26, 42),
    },
    "dsp": {
        "rows8": (8, 0.96, 6, 6, 6), "rows4": (8, 0.56, 7, 7, 7),
        "words": (10, 12, 20, 20, 20), "words4": (10, 12, 20, 20, 20),
        "currents": (18.4, 1.94, 19.5, 19.5, 19.5), "currents4": (18.4, 1.94, 19.5, 19.5, 19.5),
    },
})  # fmt: skip

#: The same of rows in compact code with the DSP extension, measured likewise.
COMPACT: Mapping[str, tuple[float, float, float, float, float]] = MappingProxyType(
    {"rows8": (13.3, 6.8, 60, 60, 70), "rows4": (13.3, 5.4, 60, 60, 70)}
)

#: Cycles of a frame of sound on Cortex-M4 by points of its transform, unrolled and compact
#: (docs/FRONTEND.md).
FRAMES: Mapping[int, tuple[int, int]] = MappingProxyType({512: (15500, 43500), 256: (8000, 20500)})

#: Of layouts whose cycles are within this factor of the fewest the smallest is taken.
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
        cores: what it is planned for; it runs, and gives the same, on any core.
    """

    kernel: Kernel | None = None
    layers: Mapping[str, Kernel] = field(default_factory=dict)
    compact: bool = False
    cores: Class = "dsp"

    def on(self, core: Core) -> Layout:
        """The same layout, planned for `core`."""
        return replace(self, cores=class_of(core))


def class_of(core: Core) -> Class:
    """Whose costs a core has."""
    if core.dsp:
        return "dsp"
    return "m0" if core.architecture == "armv6-m" else "m3"


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
    """A layout from words as the command line takes them: `rows8`, `LAYER=rows4`, `compact`, and
    a core such as `m0plus` to plan for.

    Raises:
        UsageError: a word is none of these.
    """
    layout = AUTO
    known: dict[str, Kernel] = {kernel: kernel for kernel in get_args(Kernel)}
    for word in words:
        name, _, kernel = word.rpartition("=")
        if word == "compact":
            layout = replace(layout, compact=True)
        elif word in CORES:
            layout = layout.on(CORES[word])
        elif kernel not in known:
            raise UsageError(
                f"unknown layout {word!r}: give {', '.join(known)}, LAYER=one of them, compact, "
                "or a core to plan for"
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
            (
                _option(network, layer, kernel, layout.cores)
                for kernel in _possible(network, layer, form)
            ),
            key=_rank,
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
    forms: dict[Kernel, Form | None] = {"currents": None, "words": "words"}
    return Choice(kernel, forms.get(kernel, form), options)


def _rank(option: Option) -> tuple[int, int]:
    return option.cycles, option.flash_bytes


def _possible(network: Network, layer: Layer, form: Form | None) -> tuple[Kernel, ...]:
    words: tuple[Kernel, ...] = ("words",) if words_fit(network, layer) else ()
    if form is None and not has_narrow_rows(network, layer):
        return (*words, "currents")
    narrow = all(group.bits <= 4 for group in layer.synapses if is_row_group(group))
    rows: tuple[Kernel, ...] = ("rows4", "rows8") if narrow else ("rows8",)
    return (*rows, *words, "currents")


def _variety(layer: Layer) -> int:
    """Which of the costs of a membrane update applies: 0 alike, 1 each its own, 2 adaptive."""
    if isinstance(layer.neuron, AdaptiveLeaky):
        return 2
    values = [layer.bias] + [
        getattr(layer.neuron, name)
        for name in ("threshold", "decay")
        if hasattr(layer.neuron, name)
    ]
    return int(any(each.min() != each.max() for each in values))


def _option(network: Network, layer: Layer, kernel: Kernel, cores: Class) -> Option:
    """Flash of the layer's dense groups, and cycles of a step at the expected rate."""
    flash = 0.0
    for number, group in enumerate(layer.synapses):
        if not is_row_group(group):
            continue
        assert isinstance(group, Dense)
        pre = network.source_size(group.source)
        padded = padded_neurons(layer.size)
        if kernel == "currents":
            tables = group_layout(network, layer, number).tables
            flash += sum(table.flash_bytes for table in tables)
        else:
            flash += pre * padded * (4 if kernel == "rows4" else 8) / 8
    return Option(kernel, int(flash), _cycles(network, layer, kernel, cores))


def _cycles(
    network: Network, layer: Layer, kernel: Kernel, cores: Class, compact: bool = False
) -> int:
    """Predicted cycles of a step of the layer."""
    narrow = all(group.bits <= 4 for group in layer.synapses if is_row_group(group))
    name = f"{kernel}4" if narrow and kernel in ("words", "currents") else kernel
    costs = COMPACT.get(name) if compact else None
    per_event, per_operation, *per_update = costs or COSTS[cores][name]
    per_row = per_event + per_operation * padded_neurons(layer.size)
    rows = [network.source_size(each.source) for each in layer.synapses if is_row_group(each)]
    return round(per_update[_variety(layer)] * layer.size + EXPECTED_RATE * sum(rows) * per_row)


def step_cycles(network: Network, kernels: Mapping[str, Kernel], compact: bool) -> int:
    """Predicted cycles of what spikes and sound cost in a step of the whole network with the DSP
    extension, in unrolled or in compact code.

    Args:
        network: with or without a front-end.
        kernels: of every layer, by its name.
        compact: the code.
    """
    sound = 0 if network.frontend is None else FRAMES[network.frontend.fft][compact]
    return sound + sum(
        _cycles(network, layer, kernels[layer.name], "dsp", compact) for layer in network.layers
    )
