"""Calls that measure a network's code layer by layer (`startup/edgesnn_laps.h`)."""

from __future__ import annotations

import re

from edgesnn.errors import CompileError
from edgesnn.network import Network

#: What comes before the first layer: the front-end, and the encoding of its features.
INPUT_PART = "input"


def part_names(network: Network) -> tuple[str, ...]:
    """The parts that laps tell apart, in order."""
    return (INPUT_PART, *(layer.name for layer in network.layers))


def with_laps(source: str, network: Network) -> str:
    """The text of a network's C with a call of `edgesnn_lap` behind each part.

    The code that is measured is the code that ships: nothing but these calls is added.

    Raises:
        CompileError: the text does not call each layer once.
    """
    for number, layer in enumerate(network.layers, start=1):
        call = re.compile(rf"^    \w*{layer.name}_step\(state\b[^;]*;\n", re.MULTILINE)
        found = call.findall(source)
        if len(found) != 1:
            raise CompileError(
                f"layer {layer.name} is called {len(found)} times in the generated C, so it cannot "
                "be measured by itself; generate the code again"
            )
        before = "    edgesnn_lap(0);\n" if number == 1 else ""
        source = source.replace(found[0], f"{before}{found[0]}    edgesnn_lap({number});\n")
    include = f'#include "{network.name}.h"\n'
    return source.replace(include, f'{include}\n#include "edgesnn_laps.h"\n', 1)
