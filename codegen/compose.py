"""From the integer network to its C program: names, members, rings, tables and their readers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgesnn.codegen.choose import AUTO, Layout, choose, require_layers
from edgesnn.codegen.layout import Table, padded, parameter_layout, table
from edgesnn.codegen.margins import eights, sum_words, word_fields
from edgesnn.codegen.names import member_names
from edgesnn.codegen.program import (
    Axons,
    DetectorCode,
    LayerCode,
    Member,
    Program,
    Ring,
    words,
)
from edgesnn.codegen.tiles import (
    TILE,
    by_sites,
    is_row_group,
    membrane_fields,
    places,
    table_fields,
    tiles,
)
from edgesnn.codegen.wiring import group_code, rows_code, seen_ring, spike_ring
from edgesnn.errors import NetworkError
from edgesnn.network import AdaptiveLeaky, IntegrateAndFire, Layer, Network
from edgesnn.network.bounds import membrane_bounds

#: Channels of the input: events carry a 16-bit number.
MOST_CHANNELS = 0xFFFF


def build_program(network: Network, layout: Layout = AUTO) -> Program:
    """Everything that the C of `network` consists of.

    Raises:
        NetworkError: the input has more channels than an event can name.
        UsageError: `layout` forces what a layer cannot have, or names no layer.
    """
    require_layers(network, layout)
    if network.input.size > MOST_CHANNELS:
        raise NetworkError(
            f"network {network.name}: {network.input.size} input channels; generated code takes "
            f"at most {MOST_CHANNELS}"
        )
    members = member_names([layer.name for layer in network.layers])
    spikes = {layer.name: spike_ring(network, layer, members) for layer in network.layers}
    seen = seen_ring(network)
    layers = tuple(
        _layer(network, x, layout, members[x.name], spikes, seen) for x in network.layers
    )
    layers = tuple(replace(code, outgoing=_outgoing(code, layers)) for code in layers)
    tables, fields = _frontend(network, layout.compact)
    return Program(
        network, layers, _input_members(network, seen), seen, _scratch(layers), tables, fields,
        _detector(network), layout.compact, layout.cores,
    )  # fmt: skip


def _layer(
    network: Network,
    layer: Layer,
    layout: Layout,
    member: str,
    spikes: dict[str, Ring],
    seen: Ring,
) -> LayerCode:
    name = f"{network.name}_{layer.name}"
    choice = choose(network, layer, layout)
    rows = None
    if choice.kernel != "currents":
        rows = rows_code(network, layer, choice.kernel, member, spikes)
    form = choice.form
    sited = form not in (None, "words") and by_sites(layer)
    groups = tuple(
        group_code(network, layer, number, member, spikes, seen, sited)
        for number, group in enumerate(layer.synapses)
        if rows is None or not is_row_group(group)
    )
    if form == "tables":
        fields, parameters = table_fields(layer, name)
    elif form == "words":
        fields, parameters = word_fields(network, layer, name)
    elif form is not None:
        fields, parameters = membrane_fields(network, layer, form, name)
    else:
        parameters, fields = _neuron(network, layer, name)
    pools = any(group.pool == "max" for group in groups)
    code = LayerCode(
        layer=layer,
        name=name,
        member=member,
        members=(),
        groups=groups,
        parameters=parameters,
        fields=fields,
        spikes=spikes[layer.name],
        words=words(layer.size),
        touched_words=words(layer.size) if pools else 0,
        form=form,
        choice=choice,
        rows=rows,
        sited=sited,
    )
    return replace(code, members=_members(network, code))


def _outgoing(code: LayerCode, layers: tuple[LayerCode, ...]) -> tuple[Axons, ...]:
    """All axons with delays that begin in a layer."""
    return tuple(
        axons for each in layers for axons in each.incoming if axons.source == code.layer.name
    )


def _members(network: Network, code: LayerCode) -> tuple[Member, ...]:
    """The layer's part of the state, widest members first."""
    layer, members = code.layer, []
    keeps = network.input.encoding == "delta" and any(group.graded for group in code.groups)
    if keeps:
        members.append(Member("int32_t", "graded", (padded(layer.size),)))
    members += [
        Member("uint32_t", _last(each.ring.array), (each.ring.slots * each.words,))
        for each in code.incoming
    ]
    if layer.is_readout:
        size = eights(layer.size) if code.worded else layer.size
        members.append(Member("int32_t", "y", (size,)))
    else:
        members.append(Member("uint32_t", "spikes", (code.spikes.slots, words(layer.size))))
        members += _membranes(code, keeps)
    rings = [code.spikes, *(each.ring for each in code.incoming)]
    members += [Member("uint8_t", _last(ring.cursor)) for ring in rings if ring.slots > 1]
    if code.rests:
        members.append(Member("uint8_t", "rests"))
    return tuple(members)


def _membranes(code: LayerCode, keeps: bool) -> list[Member]:
    """Membranes and adaptation currents, and kept currents in the same form."""
    adaptive = isinstance(code.layer.neuron, AdaptiveLeaky)
    names = ["v", *(["a"] if adaptive else [])]
    if code.worded:
        return [Member("int32_t", "margin", (eights(code.layer.size),))]
    if not code.tiled:
        return [Member("int16_t", name, (code.layer.size,)) for name in names]
    names += ["kept"] if keeps else []
    count = tiles(code.layer.size)
    still = [Member("uint32_t", "still", (words(count * TILE // 4),))] * (code.form == "tables")
    return [*(Member("uint32_t", name, (count * TILE // 2,)) for name in names), *still]


def _last(expression: str) -> str:
    return expression.rsplit(".", 1)[1]


def _neuron(
    network: Network, layer: Layer, name: str
) -> tuple[tuple[Table, ...], tuple[tuple[str, str], ...]]:
    """Tables and initialisers of `struct edgesnn_neurons` or `struct edgesnn_readout`."""
    neuron = layer.neuron
    vectors = {"bias": layer.bias, "decay": getattr(neuron, "decay", np.array([256]))}
    if isinstance(neuron, IntegrateAndFire):
        vectors["threshold"] = neuron.threshold
    if isinstance(neuron, AdaptiveLeaky):
        for each in ("adaptation_decay", "adaptation_coupling", "adaptation_jump"):
            vectors[each] = getattr(neuron, each)
    sites = layer.size // layer.shape[0]
    shape = (("channels", f"{layer.shape[0]}"), ("sites", f"{sites}"))
    fields, tables = parameter_layout(vectors, name)
    return tables, (*shape, *fields, *_flags(network, layer))


def _flags(network: Network, layer: Layer) -> tuple[tuple[str, str], ...]:
    bounds = membrane_bounds(network, layer)
    neuron = layer.neuron
    flags = {}
    if isinstance(neuron, IntegrateAndFire):
        flags = {
            "adaptive": isinstance(neuron, AdaptiveLeaky),
            "strict": neuron.strict,
            "reset_to_zero": neuron.reset == "zero",
            "reset_delayed": neuron.reset_delay,
        }
    flags["saturates"] = bounds.saturates
    if isinstance(neuron, AdaptiveLeaky):
        flags["adaptation_saturates"] = bounds.adaptation_saturates
    return tuple((name, str(flag).lower()) for name, flag in flags.items())


def _input_members(network: Network, seen: Ring) -> tuple[Member, ...]:
    members = []
    if network.frontend is not None:
        # The last word tells what the kept samples need (EDGESNN_FRONTEND_SAMPLE_WORDS).
        members.append(Member("uint32_t", "samples", (network.frontend.fft // 2 + 1,)))
    if network.input.encoding == "delta":
        members.append(Member("uint32_t", "moved", (seen.slots, words(network.input.size))))
    if seen.slots:
        members.append(Member("int8_t", "seen", (seen.slots, network.input.size)))
    if seen.slots > 1:
        members.append(Member("uint8_t", "cursor"))
    return tuple(members)


def _detector(network: Network) -> DetectorCode | None:
    if network.detector is None:
        return None
    classes, each = len(network.classes), network.detector
    members = (
        Member("int32_t", "smooth", (classes,)),
        Member("uint16_t", "wait"),
        Member("uint16_t", "held"),
    )
    keyword = table(f"{network.name}_keyword", np.uint8, np.array(each.keywords(network.classes)))
    fields = (
        ("keyword", keyword.name),
        ("classes", f"{classes}"),
        ("smoothing", f"{each.smoothing}"),
        ("threshold", f"{each.threshold}"),
        ("refractory", f"{each.refractory}"),
    )
    return DetectorCode(members, keyword, fields)


def _scratch(layers: tuple[LayerCode, ...]) -> tuple[Member, ...]:
    """Currents of the layer at work, its max pool's marks, its events, and their sums."""
    currents = max((padded(each.layer.size) for each in layers if each.uses_currents), default=0)
    touched = max(each.touched_words for each in layers)
    rows = [each.rows for each in layers if each.rows is not None]
    events = max((places(each.count) for each in rows), default=0)
    sums = max((_sums(each) for each in layers), default=0)
    sizes = (
        ("int32_t", "current", currents),
        ("uint32_t", "touched", touched),
        ("uint32_t", "events", events),
        ("uint32_t", "sums", sums),
    )
    return tuple(Member(ctype, name, (size,)) for ctype, name, size in sizes if size)


def _sums(code: LayerCode) -> int:
    """Words for the sums of a layer in lanes that keeps them apart, or of a layer in words."""
    if code.sums_apart:
        return tiles(code.layer.size) * TILE // 2
    if code.rows is None or code.rows.bytes is None:
        return 0
    return sum_words(code.rows.bytes, code.rows.count, code.layer.size)


def _frontend(
    network: Network, compact: bool
) -> tuple[tuple[Table, ...], tuple[tuple[str, str], ...]]:
    if network.frontend is None:
        return (), ()
    from edgesnn.frontend.c import c_scalars, c_tables

    arrays = c_tables(network.frontend, network.name, compact)
    fields = [(array.field, array.name) for array in arrays]
    fields += [(name, str(value)) for name, value in c_scalars(network.frontend).items()]
    return tuple(Table(a.name, a.ctype, a.values) for a in arrays), tuple(fields)
