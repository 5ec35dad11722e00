"""From a `Program` to text: all that the templates are told."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from edgesnn.codegen.layout import Table, padded
from edgesnn.codegen.overview import choice_table, layer_table
from edgesnn.codegen.plan import plan_of
from edgesnn.codegen.program import Axons, GroupCode, LayerCode, Member, Program
from edgesnn.codegen.wiring import history_fields, moved_ring
from edgesnn.network.neurons import IntegrateAndFire

_TEMPLATES = Path(__file__).resolve().parent / "templates"

_COLUMNS = 100

#: Whose cycles the planner predicts.
PLANNED_FOR = {"m0": "Cortex-M0+", "m3": "Cortex-M3", "dsp": "Cortex-M4"}


@functools.cache
def environment() -> jinja2.Environment:
    """Jinja that fails on any name it is not told."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    made.filters["numbers"] = numbers
    made.filters["hex"] = lambda value: f"0x{value:08x}"
    return made


def render(template: str, program: Program, **stated: Any) -> str:
    """The text of `template` for `program`; `stated` are further facts that it names."""
    return environment().get_template(template).render(**context(program), **stated)


def numbers(table: Table) -> str:
    """The values of a table as wrapped lines of C; packed words in hexadecimal."""
    unsigned = table.ctype in ("uint32_t", "uint16_t") and table.name.endswith("_weight")
    width = 2 * table.values.itemsize
    values = table.values.tolist()
    if unsigned:
        return numbers_text([f"0x{value:0{width}x}u" for value in values])
    return numbers_text([f"{v}u" for v in values] if table.ctype == "uint32_t" else values)


def numbers_text(values: Sequence[int | str], indent: int = 4) -> str:
    """Initialisers of an array, wrapped."""
    texts = ["INT32_MIN" if value == -(1 << 31) else f"{value}" for value in values]
    margin = " " * indent
    return textwrap.fill(
        ", ".join(texts) + ",", _COLUMNS, initial_indent=margin, subsequent_indent=margin
    )


def context(program: Program) -> dict[str, Any]:
    """What every template may name."""
    network = program.network
    delta = network.input.encoding == "delta"
    layers = [_layer(layer) for layer in program.layers]
    return {
        "name": network.name,
        "guard": network.name.upper(),
        "table": layer_table(network, plan_of(program)),
        "channels": network.input.size,
        "classes": [_string(each) for each in network.classes],
        "frontend": network.frontend,
        "fft": 0 if network.frontend is None else network.frontend.fft,
        "frontend_words": 0 if network.frontend is None else network.frontend.fft // 2,
        "frontend_tables": program.frontend_tables,
        "frontend_fields": program.frontend_fields,
        "input_members": [_declaration(member) for member in program.input_members],
        "scratch": [_declaration(member) for member in program.scratch],
        "scratch_currents": _scratch_currents(program),
        "detector": program.detector,
        "detector_members": []
        if program.detector is None
        else [_declaration(member) for member in program.detector.members],
        "rings": program.rings,
        "seen_delta": delta,
        "seen_now": program.seen.before(0) if program.seen.slots else "",
        "seen_before": program.seen.before(1) if delta else "",
        "seen_moved": moved_ring(network).before(0) if delta else "",
        "history_fields": history_fields(network),
        "delta": network.input.delta,
        "compact": program.compact,
        "choices": choice_table(program),
        "several_taps": _several_taps(program),
        "planned_for": PLANNED_FOR[program.cores],
        "layers": layers,
        "readout": layers[-1],
    }


def _scratch_currents(program: Program) -> int:
    """Currents that must be zero between layers; 0 where there are none."""
    return sum(each.shape[0] for each in program.scratch if each.name == "current")


def _several_taps(program: Program) -> bool:
    """Whether a layer lists spikes of several groups: all then share one function for it."""
    return any(x.rows is not None and len(x.rows.groups) > 1 for x in program.layers)


def _string(text: str) -> str:
    """`text` as a C string literal; what is not plain ASCII becomes octal escapes of UTF-8."""
    plain = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in text.encode()
    )
    return f'"{plain}"'


def _declaration(member: Member) -> str:
    return f"{member.ctype} {member.name}" + "".join(f"[{size}]" for size in member.shape)


def _layer(code: LayerCode) -> dict[str, Any]:
    base, reads = f"state->layer.{code.member}", code.takes_features
    channels = code.layer.shape[0] if code.sited else 0
    return {
        "title": f"layer {code.layer.name}",
        "name": code.name,
        "member": code.member,
        "members": [_declaration(member) for member in code.members],
        "tables": code.tables,
        "groups": code.groups,
        "struct": _struct(code),
        "fields": code.fields,
        "features_parameter": ", const int8_t *features" if reads else "",
        "features_argument": ", features" if reads else "",
        "graded_groups": [_group(x) for x in code.groups if x.graded and not x.moves],
        "listed": next((_group(x) for x in code.groups if x.listed and not x.moves), None),
        "moves": [_group(group) for group in code.groups if group.moves],
        "collections": _collections(code),
        "binary_groups": [_group(group, channels) for group in code.groups if not group.graded],
        "uses_currents": code.uses_currents,
        "tiled": code.tiled,
        "sited": code.sited,
        "turned": code.turned,
        "channels": code.layer.shape[0],
        "sites": code.layer.size // code.layer.shape[0],
        "rows": code.rows,
        "worded": code.worded,
        "rows_struct": "edgesnn_byte_rows" if code.worded else "edgesnn_rows",
        "padded": padded(code.layer.size),
        "quiet": _quiet(code),
        "tells_quiet": code.rests and not code.worded,
        "stepper": f"edgesnn_step_{'adaptive' if code.form == 'tables' else 'membranes'}",
        "cells": _cells(code),
        **_shift(code),
        "size": code.layer.size,
        "touched_words": code.touched_words,
        "readout": code.layer.is_readout,
        "adaptation": f"{base}.a" if code.adaptive else "NULL",
        "outgoing": [_axons(axons) for axons in code.outgoing],
        "traced": _traced(code),
        "levels": _levels(code),
        **_own_spikes(code),
    }


def _struct(code: LayerCode) -> str:
    """Tag of the struct that holds the parameters of a layer's neurons."""
    if code.layer.is_readout and not code.worded:
        return "edgesnn_readout"
    structs = {None: "edgesnn_neurons", "words": "edgesnn_words", "tables": "edgesnn_adaptive"}
    return structs.get(code.form, "edgesnn_membranes")


def _cells(code: LayerCode) -> list[tuple[str, str]]:
    """Initialisers of a tiled layer's `struct edgesnn_cells`."""
    base = f"state->layer.{code.member}"
    sums = [("sums", "state->scratch.network.sums")] if code.sums_apart else []
    still = [("still", f"{base}.still")] if code.form == "tables" else []
    return [
        *((name, f"{base}.{name}") for name in ["v"] + ["a"] * code.adaptive),
        ("spikes", code.spikes.before(0)),
        *sums,
        ("rests", f"&{base}.rests"),
        *still,
    ]


def _quiet(code: LayerCode) -> str:
    """Whether nothing arrives in a step that did not arrive in the step before, as C."""
    silent = ["arrivals.events.count == 0"] if code.rows is not None else []
    unmoved = ["!moved"] if code.groups else []
    return " && ".join(silent + unmoved) or "true"


def _shift(code: LayerCode) -> dict[str, Any]:
    """How graded currents join the others: as kept lanes, or shifted among the currents."""
    kept = code.keeps_graded and code.tiled
    own = f"state->layer.{code.member}.graded" if code.keeps_graded else "current"
    shift = code.layer.graded_shift
    return {
        "kept": kept,
        "shifts": not kept and (code.keeps_graded or shift > 0),
        "shift_source": own,
        "shift": shift,
    }


def _collections(code: LayerCode) -> list[str]:
    """Declarations of the events that a layer's groups gather."""
    groups = [group for group in code.groups if not group.moves]
    kinds = {group.layout.events if group.graded else "events" for group in groups}
    return [f"struct edgesnn_{kind} {kind}" for kind in sorted(kinds)]


def _own_spikes(code: LayerCode) -> dict[str, str]:
    """This step's spikes, and the last step's where a delayed reset asks for them."""
    if code.layer.is_readout:
        return {"spikes_now": "", "spikes_before": ""}
    delayed = getattr(code.layer.neuron, "reset_delay", False)
    before = code.spikes.before(1 if code.spikes.slots > 1 else 0) if delayed else "NULL"
    return {"spikes_now": code.spikes.before(0), "spikes_before": before}


def _traced(code: LayerCode) -> list[tuple[str, str]]:
    """What a trace records of a layer, in order, and its bytes."""
    base = f"state->layer.{code.member}"
    if code.layer.is_readout:
        return [(f"{base}.y", f"{4 * code.layer.size}")]
    spikes = code.spikes.before(0)
    if code.worded:
        return [(spikes, f"sizeof {spikes}")]
    names = [f"{base}.{name}" for name in ("v", "a") if name == "v" or code.adaptive]
    lanes = [(name, f"{2 * code.layer.size}") for name in names]
    return [*lanes, (spikes, f"sizeof {spikes}")]


def _levels(code: LayerCode) -> list[int]:
    """What to add to the margins of a layer in words to get its membranes; empty for others."""
    neuron = code.layer.neuron
    if not code.worded or not isinstance(neuron, IntegrateAndFire):
        return []
    thresholds = code.layer.per_neuron(neuron.threshold.astype(np.int64))
    return [int(each) + neuron.strict for each in thresholds]


def _group(group: GroupCode, channels: int = 0) -> dict[str, Any]:
    """What the template prints of a group; `channels` of a layer whose sums are by sites."""
    arguments = group.target
    if group.layout.told_graded:
        arguments = f"{str(group.graded).lower()}, {group.target}"
    if group.pool:
        touched = "state->scratch.network.touched" if group.pool == "max" else "NULL"
        arguments = f"{touched}, {group.target}"
    if channels and group.layout.kernel in ("edgesnn_pool_sites", "edgesnn_identity_sites"):
        arguments = f"{channels}, {arguments}"
    return {
        "layout": group.layout,
        "source_struct": f"edgesnn_{'moves' if group.moved else 'graded'}",
        "source_fields": _source_fields(group),
        "pool": group.pool,
        "last_arguments": arguments,
        "gather_arguments": _gather_arguments(group),
        "axons": group.axons is not None,
        "spikes": group.spikes,
        "words": group.words,
        "delay": group.delay,
    }


def _gather_arguments(group: GroupCode) -> str:
    """What a graded group's events are gathered into; a list needs to know their rows."""
    events = f"&{group.layout.events}"
    return f"&{group.layout.name}, {events}" if group.listed else events


def _source_fields(group: GroupCode) -> list[tuple[str, str]]:
    """Initialisers of what a group gathers its events from."""
    if not group.graded:
        return [("bitmap", group.spikes), ("words", f"{group.words}")]
    if not group.moved:
        return [("now", group.now), ("channels", f"{group.channels}")]
    words = ("words", f"{group.words}")
    return [("now", group.now), ("before", group.before), ("bitmap", group.moved), words]


def _axons(axons: Axons) -> dict[str, Any]:
    cursor = axons.ring.cursor if axons.ring.slots > 1 else "0"
    return {"words": axons.words, "delay": axons.delay, "ring": axons.ring, "cursor": cursor}
