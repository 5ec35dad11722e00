"""The layout of a network for a board: its core's fastest, or what its memories have room for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edgesnn.boards import Board
from edgesnn.codegen.choose import AUTO, Layout, choose
from edgesnn.codegen.image import STACK_BYTES
from edgesnn.codegen.plan import memory_plan
from edgesnn.network import Network

#: Code beside a network's tables: the most of all images of docs/BOARDS.md, rounded up.
CODE_BYTES = 24 * 1024


def layout_for(network: Network, board: Board, layout: Layout = AUTO) -> Layout:
    """`layout` planned for `board`.

    As long as the network has no room there, the layer that loses the fewest cycles by a smaller
    layout gets it; layers that `layout` names stay as they are. Where nothing helps the fastest
    layout is returned, for the compiler to say what is missing.

    Raises:
        UsageError: `layout` forces what a layer cannot have, or names no layer.
    """
    fastest = layout.on(board.core)
    planned, size = fastest, _excess(network, board, fastest)
    while size > 0:
        tried = [
            (_cycles(network, each), _excess(network, board, each), each)
            for each in _changed(network, planned)
        ]
        smaller = [each for each in tried if each[1] < size]
        if not smaller:
            return fastest
        _, size, planned = min(smaller, key=lambda each: each[:2])
    return planned


def _excess(network: Network, board: Board, layout: Layout) -> int:
    """Bytes that are missing in flash and in RAM; 0 where there is room."""
    plan = memory_plan(network, layout)
    flash = plan.flash_bytes + CODE_BYTES - board.flash.size
    return max(flash, 0) + max(plan.ram_bytes + STACK_BYTES - board.ram.size, 0)


def _cycles(network: Network, layout: Layout) -> int:
    """Predicted cycles of a step of all layers."""
    choices = [choose(network, layer, layout) for layer in network.layers]
    return sum(
        option.cycles for each in choices for option in each.options if option.kernel == each.kernel
    )


def _changed(network: Network, layout: Layout) -> Iterator[Layout]:
    """`layout` with one layer changed that it does not name."""
    for layer in network.layers:
        choice = choose(network, layer, layout)
        for option in choice.options:
            if option.kernel != choice.kernel and layer.name not in layout.layers:
                yield replace(layout, layers={**layout.layers, layer.name: option.kernel})
