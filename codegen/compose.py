"""From the integer network to its C program: names, members, rings, tables and their readers."""

from __future__ import annotations

import numpy as np

from edgesnn.codegen.layout import Table, group_layout, padded, parameter_layout, table
from edgesnn.codegen.names import member_names
from edgesnn.codegen.program import (
    Axons,
    DetectorCode,
    GroupCode,
    LayerCode,
    Member,
    Program,
    Ring,
    words,
)
from edgesnn.errors import NetworkError
from edgesnn.network import INPUT, AdaptiveLeaky, IntegrateAndFire, Layer, Network, Pool
from edgesnn.network.bounds import membrane_bounds

#: Channels of the input: events carry a 16-bit number.
MOST_CHANNELS = 0xFFFF


def build_program(network: Network) -> Program:
    """Everything that the C of `network` consists of.

    Raises:
        NetworkError: the input has more channels than an event can name.
    """
    if network.input.size > MOST_CHANNELS:
        raise NetworkError(
            f"network {network.name}: {network.input.size} input channels; generated code takes "
            f"at most {MOST_CHANNELS}"
        )
    members = member_names([layer.name for layer in network.layers])
    spikes = {layer.name: _spike_ring(network, layer, members) for layer in network.layers}
    seen = _seen_ring(network)
    groups = {
        layer.name: tuple(
            _group(network, layer, number, members[layer.name], spikes, seen)
            for number in range(len(layer.synapses))
        )
        for layer in network.layers
    }
    layers = tuple(_layer(network, x, members[x.name], groups, spikes) for x in network.layers)
    tables, fields = _frontend(network)
    return Program(
        network, layers, _input_members(network, seen), seen, _scratch(layers), tables, fields,
        _detector(network),
    )  # fmt: skip


def _spike_ring(network: Network, layer: Layer, members: dict[str, str]) -> Ring:
    """Spikes of the steps that groups with one delay read back."""
    if layer.is_readout:
        return Ring("", "", 0)
    delays = [
        group.delay
        for each in network.layers
        for group in each.synapses
        if group.source == layer.name and isinstance(group.delay, int)
    ]
    base = f"state->layer.{members[layer.name]}"
    return Ring(f"{base}.spikes", f"{base}.cursor", max(delays, default=0) + 1)


def _seen_ring(network: Network) -> Ring:
    """What the synapses see of the input; no slots where the features themselves will do."""
    history = network.history(INPUT)
    delta = network.input.encoding == "delta"
    slots = history + 2 if delta else history + 1 if history else 0
    return Ring("state->input.seen", "state->input.cursor", slots)


def _group(
    network: Network,
    layer: Layer,
    number: int,
    member: str,
    spikes: dict[str, Ring],
    seen: Ring,
) -> GroupCode:
    group = layer.synapses[number]
    layout = group_layout(network, layer, number)
    channels = network.source_size(group.source)
    size = words(channels)
    current = "current"
    if group.source == INPUT:
        assert isinstance(group.delay, int)
        delta = network.input.encoding == "delta"
        now = seen.before(group.delay) if seen.slots else "features"
        before = seen.before(group.delay + 1) if delta else ""
        target = f"state->layer.{member}.graded" if delta else current
        return GroupCode(layout, INPUT, channels, size, target, now=now, before=before)
    pool = group.kind if isinstance(group, Pool) else ""
    if isinstance(group.delay, int):
        bitmap = spikes[group.source].before(group.delay)
        return GroupCode(layout, group.source, channels, size, current, spikes=bitmap, pool=pool)
    base = f"state->layer.{member}.arrivals{number}"
    ring = Ring(base, f"{base}_cursor", int(group.delay.max()) + 1, size)
    delay = table(f"{layout.name}_delay", np.uint8, group.delay)
    axons = Axons(group.source, ring, delay, size)
    return GroupCode(
        layout, group.source, channels, size, current,
        spikes=ring.before(0), axons=axons, pool=pool,
    )  # fmt: skip


def _layer(
    network: Network,
    layer: Layer,
    member: str,
    groups: dict[str, tuple[GroupCode, ...]],
    spikes: dict[str, Ring],
) -> LayerCode:
    mine = groups[layer.name]
    name = f"{network.name}_{layer.name}"
    parameters, fields = _neuron(network, layer, name)
    pools = any(group.pool == "max" for group in mine)
    outgoing = [g.axons for each in groups.values() for g in each if g.axons is not None]
    return LayerCode(
        layer=layer,
        name=name,
        member=member,
        members=_members(network, layer, mine, spikes[layer.name]),
        groups=mine,
        parameters=parameters,
        fields=fields,
        spikes=spikes[layer.name],
        words=words(layer.size),
        touched_words=words(layer.size) if pools else 0,
        outgoing=tuple(axons for axons in outgoing if axons.source == layer.name),
    )


def _members(
    network: Network, layer: Layer, groups: tuple[GroupCode, ...], spikes: Ring
) -> tuple[Member, ...]:
    """The layer's part of the state, widest members first."""
    members = []
    if network.input.encoding == "delta" and any(group.graded for group in groups):
        members.append(Member("int32_t", "graded", (padded(layer.size),)))
    axons = [group.axons for group in groups if group.axons is not None]
    members += [
        Member("uint32_t", _last(each.ring.array), (each.ring.slots * each.words,))
        for each in axons
    ]
    if layer.is_readout:
        members.append(Member("int32_t", "y", (layer.size,)))
    else:
        members.append(Member("uint32_t", "spikes", (spikes.slots, words(layer.size))))
        members.append(Member("int16_t", "v", (layer.size,)))
    if isinstance(layer.neuron, AdaptiveLeaky):
        members.append(Member("int16_t", "a", (layer.size,)))
    rings = [spikes, *(each.ring for each in axons)]
    members += [Member("uint8_t", _last(ring.cursor)) for ring in rings if ring.slots > 1]
    return tuple(members)


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
        members.append(Member("uint32_t", "samples", (network.frontend.fft // 2,)))
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
    """Currents of the layer at work, and which windows its max pool has seen."""
    members = [Member("int32_t", "current", (max(padded(each.layer.size) for each in layers),))]
    touched = max(each.touched_words for each in layers)
    if touched:
        members.append(Member("uint32_t", "touched", (touched,)))
    return tuple(members)


def _frontend(network: Network) -> tuple[tuple[Table, ...], tuple[tuple[str, str], ...]]:
    if network.frontend is None:
        return (), ()
    from edgesnn.frontend.c import c_scalars, c_tables

    arrays = c_tables(network.frontend, network.name)
    fields = [(array.field, array.name) for array in arrays]
    fields += [(name, str(value)) for name, value in c_scalars(network.frontend).items()]
    return tuple(Table(a.name, a.ctype, a.values) for a in arrays), tuple(fields)
