"""Flash and RAM of a network, layer by layer, known before anything is compiled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgesnn.codegen.choose import AUTO, Layout
from edgesnn.codegen.compose import build_program
from edgesnn.codegen.layout import Table
from edgesnn.codegen.program import LayerCode, Program, struct_bytes
from edgesnn.network import Network, Sparse
from edgesnn.network.geometry import synapse_count


@dataclass(frozen=True)
class MemoryRow:
    """One part of the network.

    Attributes:
        name: the layer, `front-end`, `input`, `detector` or `scratch`.
        flash_bytes: its `const` tables.
        ram_bytes: its part of the state, padding included.
        neurons, synapses: 0 for parts that are not layers.
        density: stored non-zero weights over synapses of all-to-all groups, 0 … 1.
    """

    name: str
    flash_bytes: int
    ram_bytes: int
    neurons: int = 0
    synapses: int = 0
    density: float = 0.0


@dataclass(frozen=True)
class MemoryPlan:
    """Memory of a network's tables and state; the code itself comes on top in flash.

    `flash_bytes` and `ram_bytes` are what the linker and `sizeof` give (a test holds them to it).
    """

    rows: tuple[MemoryRow, ...]

    @property
    def flash_bytes(self) -> int:
        """All tables."""
        return sum(row.flash_bytes for row in self.rows)

    @property
    def ram_bytes(self) -> int:
        """The whole state, `sizeof(struct NAME_state)`."""
        return sum(row.ram_bytes for row in self.rows)


def memory_plan(network: Network, layout: Layout = AUTO) -> MemoryPlan:
    """Flash and RAM of `network` by layer.

    Raises:
        NetworkError: the input has more channels than generated code takes.
        UsageError: `layout` forces what a layer cannot have, or names no layer.
    """
    return plan_of(build_program(network, layout))


def plan_of(program: Program) -> MemoryPlan:
    """Flash and RAM of a program by layer."""
    rows = []
    if program.network.frontend is not None:
        rows.append(MemoryRow("front-end", _flash(program.frontend_tables), 0))
    rows.append(_input_row(program))
    rows += [_layer_row(program.network, layer) for layer in program.layers]
    if program.detector is not None:
        ram = struct_bytes(program.detector.members)
        rows.append(MemoryRow("detector", program.detector.keyword.flash_bytes, ram))
    rows.append(MemoryRow("scratch", 0, scratch_bytes(program)))
    return MemoryPlan(tuple(rows))


def scratch_bytes(program: Program) -> int:
    """The union of what the front-end and the network need within a step."""
    frontend = program.network.frontend
    shared = 0 if frontend is None else 2 * frontend.fft
    return max(shared, struct_bytes(program.scratch))


def _flash(tables: tuple[Table, ...]) -> int:
    return sum(table.flash_bytes for table in tables)


def _input_row(program: Program) -> MemoryRow:
    """The input's state, with the padding that aligns the layers behind it."""
    ram = struct_bytes(program.input_members)
    return MemoryRow("input", 0, -(-ram // 4) * 4)


def _layer_row(network: Network, code: LayerCode) -> MemoryRow:
    layer = code.layer
    counts = [
        synapse_count(group, network.source_shape(group.source), layer.size)
        for group in layer.synapses
    ]
    return MemoryRow(
        name=layer.name,
        flash_bytes=_flash(code.tables),
        ram_bytes=struct_bytes(code.members),
        neurons=layer.size,
        synapses=sum(counts),
        density=density(network, layer.name),
    )


def density(network: Network, name: str) -> float:
    """Share of the weights of a layer that are not zero; 1 − ConnectionSparsity."""
    possible, kept = 0, 0
    for group in network.by_name[name].synapses:
        weight = np.atleast_1d(group.weight)
        kept += int(np.count_nonzero(weight))
        possible += weight.size
        if isinstance(group, Sparse):
            absent = (len(group.indptr) - 1) * network.by_name[name].size - weight.size
            possible += absent
    return kept / possible
