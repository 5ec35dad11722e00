"""Where spikes come from and currents go: rings, axons, and the groups that read them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgesnn.codegen.choose import Kernel
from edgesnn.codegen.layout import group_layout, table
from edgesnn.codegen.margins import byte_rows
from edgesnn.codegen.program import Axons, GroupCode, Ring, RowGroup, Rows, words
from edgesnn.codegen.tiles import is_row_group, row_table
from edgesnn.network import INPUT, Dense, Layer, Network, Pool

#: What gathers a graded source's events, and what gathers them where only moves are sent.
_GATHER_MOVES = {
    "edgesnn_gather_graded": "edgesnn_gather_moved",
    "edgesnn_gather_sends": "edgesnn_gather_moves",
}


def spike_ring(network: Network, layer: Layer, members: dict[str, str]) -> Ring:
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


def seen_ring(network: Network) -> Ring:
    """What the synapses see of the input; no slots where the features themselves will do."""
    history = network.history(INPUT)
    delta = network.input.encoding == "delta"
    slots = history + 2 if delta else history + 1 if history else 0
    return Ring("state->input.seen", "state->input.cursor", slots)


def moved_ring(network: Network) -> Ring:
    """Which channels delta encoding sent in the steps of `seen_ring`."""
    return Ring("state->input.moved", "state->input.cursor", seen_ring(network).slots)


def history_fields(network: Network) -> list[tuple[str, str]]:
    """Initialisers of `struct edgesnn_history`, for delta encoding."""
    seen, moved = seen_ring(network), moved_ring(network)
    rings = [("seen", f"{seen.array}[0]"), ("moved", f"{moved.array}[0]"), ("cursor", seen.cursor)]
    return [*rings, ("slots", f"{seen.slots}"), ("channels", f"{network.input.size}")]


def group_code(
    network: Network,
    layer: Layer,
    number: int,
    member: str,
    spikes: dict[str, Ring],
    seen: Ring,
    sited: bool,
) -> GroupCode:
    """Synapse group `number` of `layer`: its kernel, its source and its target; `sited` where the
    layer's currents are sums by sites."""
    group = layer.synapses[number]
    layout = group_layout(network, layer, number, sited)
    channels = network.source_size(group.source)
    size = words(channels)
    current = "(uint32_t *)current" if sited else "current"
    if group.source == INPUT:
        assert isinstance(group.delay, int)
        delta = network.input.encoding == "delta"
        now = seen.before(group.delay) if seen.slots else "features"
        if not delta:
            return GroupCode(layout, INPUT, channels, size, current, now=now)
        layout = replace(layout, gather=_GATHER_MOVES[layout.gather])
        return GroupCode(
            layout, INPUT, channels, size, f"state->layer.{member}.graded", now=now,
            before=seen.before(group.delay + 1), moved=moved_ring(network).before(group.delay),
            delay=group.delay,
        )  # fmt: skip
    pool = group.kind if isinstance(group, Pool) else ""
    bitmap, axons = _arrivals(network, layer, number, member, spikes)
    return GroupCode(
        layout, group.source, channels, size, current, spikes=bitmap, axons=axons, pool=pool
    )


def _arrivals(
    network: Network, layer: Layer, number: int, member: str, spikes: dict[str, Ring]
) -> tuple[str, Axons | None]:
    """The bitmap that binary group `number` reads, and its axons where each has its delay."""
    group = layer.synapses[number]
    if isinstance(group.delay, int):
        return spikes[group.source].before(group.delay), None
    size = words(network.source_size(group.source))
    base = f"state->layer.{member}.arrivals{number}"
    ring = Ring(base, f"{base}_cursor", int(group.delay.max()) + 1, size)
    delay = table(f"{network.name}_{layer.name}_{number}_delay", np.uint8, group.delay)
    return ring.before(0), Axons(group.source, ring, delay, size)


def rows_code(
    network: Network, layer: Layer, kernel: Kernel, member: str, spikes: dict[str, Ring]
) -> Rows | None:
    """The rows of all dense groups of a layer as `kernel` reads them; None where it has none."""
    numbers = [number for number, group in enumerate(layer.synapses) if is_row_group(group)]
    if not numbers:
        return None
    dense: list[Dense] = []
    groups, first = [], 0
    for number in numbers:
        group = layer.synapses[number]
        assert isinstance(group, Dense)
        dense.append(group)
        bitmap, axons = _arrivals(network, layer, number, member, spikes)
        pre = network.source_size(group.source)
        groups.append(RowGroup(first, bitmap, words(pre), axons))
        first += pre
    name = f"{network.name}_{layer.name}_rows"
    if kernel == "words":
        made = byte_rows(dense, name)
        return Rows(name, made.weight, first, made.words, made.bias, 8, tuple(groups), made)
    bits = 4 if kernel == "rows4" else 8
    weight, bias = row_table(dense, bits, name)
    words_of = len(weight.values) // first
    return Rows(name, weight, first, words_of, bias, bits, tuple(groups))
