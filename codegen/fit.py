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

#: The same in compact code, measured likewise: at most 15,372 of the images without clips.
COMPACT_BYTES = 16 * 1024


def code_bytes(layout: Layout) -> int:
    """Bytes of code that an image is expected to have beside the network's tables."""
    return COMPACT_BYTES if layout.compact else CODE_BYTES


def layout_for(network: Network, board: Board, layout: Layout = AUTO) -> Layout:
    """`layout` planned for `board`.

    As long as the network has no room there, the layer that loses the fewest cycles by a smaller
    layout gets it; layers that `layout` names stay as they are. Where that does not make room the
    code is compact, which costs more cycles than any of it. Where nothing helps the fastest layout
    is returned, for the compiler to say what is missing.

    Raises:
        UsageError: `layout` forces what a layer cannot have, or names no layer.
    """
    fastest = layout.on(board.core)
    for wanted in (fastest, replace(fastest, compact=True)):
        planned = _with_room(network, board, wanted)
        if planned is not None:
            return planned
    return fastest


def _with_room(network: Network, board: Board, fastest: Layout) -> Layout | None:
    """`fastest`, with as many smaller layers as it needs; None where that is not enough."""
    planned, size = fastest, _excess(network, board, fastest)
    while size > 0:
        tried = [
            (_cycles(network, each), _excess(network, board, each), each)
            for each in _changed(network, planned)
        ]
        smaller = [each for each in tried if each[1] < size]
        if not smaller:
            return None
        _, size, planned = min(smaller, key=lambda each: each[:2])
    return planned


def _excess(network: Network, board: Board, layout: Layout) -> int:
    """Bytes that are missing in flash and in RAM; 0 where there is room."""
    plan = memory_plan(network, layout)
    flash = plan.flash_bytes + code_bytes(layout) - board.flash.size
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
