"""The same network computed densely: its cost does not depend on spikes (`opponent.h`).

Same weights, same law, and scores that are held against the same oracle. Two kernels: `smlad`, an
int8 matrix product as neural-network libraries make it, and `usada8`, which knows that activations
are spikes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from costs.networks import RELAY
from costs.probe import Stepper, bench_board
from edgesnn.codegen import Compiler, generate
from edgesnn.codegen.image import build_image
from edgesnn.errors import UsageError
from edgesnn.network import Dense, Layer, Leaky, Network, Readout
from edgesnn.network.arrays import IntArray

Kernel = Literal["smlad", "usada8"]
KERNELS: tuple[Kernel, ...] = ("smlad", "usada8")

_HEADER = Path(__file__).with_name("opponent.h")
_STARTUP = ("platform.h", "startup.c", "memory.c", "semihosting.c")
_WORDS = {"smlad": 2, "usada8": 4}  # presynaptic neurons a word of values
_CALL = {
    "smlad": ("opponent_layer_values", "opponent_readout_values", "opponent_take_values"),
    "usada8": ("opponent_layer_masks", "opponent_readout_masks", "opponent_take_masks"),
}


def dense_layers(network: Network) -> list[Layer]:
    """The layers behind the relay.

    Raises:
        UsageError: the opponent computes another kind of network.
    """
    layers = [each for each in network.layers if each.name != RELAY]
    for each in layers:
        known = isinstance(each.neuron, Readout) or (
            type(each.neuron) is Leaky
            and each.neuron.reset == "subtract"
            and not (each.neuron.strict or each.neuron.reset_delay)
            and len(set(each.neuron.threshold.tolist())) == 1
        )
        plain = len(each.synapses) == 1 and isinstance(each.synapses[0], Dense)
        if not (known and plain) or each.bias.any() or len(set(each.neuron.decay.tolist())) > 1:
            raise UsageError(f"the dense opponent does not compute layers like {each.name}")
    if any(each.size % 8 for each in layers[:-1]):
        raise UsageError("the dense opponent takes hidden layers of whole tiles of 8 neurons")
    return layers


def tiles(weight: IntArray, biased: bool) -> IntArray:
    """Weights `(post, pre)` in the order of `opponent.h`, uint32; padded to whole tiles."""
    post, pre = weight.shape
    padded = np.pad(weight.astype(np.int64), ((0, -post % 4), (0, -pre % 8)))
    octets = (padded + (128 if biased else 0)).astype(np.uint8)
    # (groups, row, quads, input) → (groups, quads, row, input)
    ordered = octets.reshape(-(-post // 4), 4, -1, 4).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(ordered).reshape(-1).view("<u4")


def _up(count: int, unit: int) -> int:
    return -(-count // unit) * unit


def source(network: Network, kernel: Kernel) -> str:
    """The C of `opponent_step_features` and the state that it keeps."""
    layers = dense_layers(network)
    lines = ['#include "opponent.h"', '#include "opponent_net.h"', ""]
    for each in layers:
        lines += _tables(each, kernel)
    return "\n".join([*lines, *_step(network, layers, kernel), ""])


def _tables(layer: Layer, kernel: Kernel) -> Iterator[str]:
    group = layer.synapses[0]
    assert isinstance(group, Dense)
    words = tiles(group.weight, biased=kernel == "usada8")
    yield f"static const uint32_t {layer.name}_weight[{len(words)}] = {{"
    yield ", ".join(f"{word:#x}u" for word in words.tolist())
    yield "};"
    threshold = layer.neuron.threshold[0] if isinstance(layer.neuron, Leaky) else 0
    post, pre = _up(len(group.weight), 4), _up(group.weight.shape[1], 8)
    decay = getattr(layer.neuron, "decay")[0]  # noqa: B009 - every neuron but one has it
    yield f"static const struct opponent_layer {layer.name} = {{"
    yield f"    {layer.name}_weight, {pre}u, {post}u, {decay}, {threshold}}};"


def _step(network: Network, layers: list[Layer], kernel: Kernel) -> Iterator[str]:
    inner, last, take = _CALL[kernel]
    inputs = _up(network.input.size, 8)
    width = max(inputs, *(_up(each.size, 8) for each in layers)) // _WORDS[kernel]
    count = "const uint32_t count{} = " if kernel == "usada8" else ""
    given = ", count{}" if kernel == "usada8" else ""
    yield "void opponent_step_features(struct opponent_state *state, const int8_t *features)"
    yield "{"
    yield f"    uint32_t value[2][{width}];"
    yield f"    {count.format(0)}{take}(features, {inputs}u, value[0]);"
    for number, each in enumerate(layers[:-1]):
        told = given.format(number)
        yield f"    {count.format(number + 1)}{inner}(&{each.name}, value[{number % 2}]{told},"
        yield f"        state->{each.name}, value[{(number + 1) % 2}]);"
    number = len(layers) - 1
    told = given.format(number)
    yield f"    {last}(&{layers[-1].name}, value[{number % 2}]{told}, state->readout);"
    yield "}"
    yield "const int32_t *opponent_scores(const struct opponent_state *state)"
    yield "{ return state->readout; }"
    yield "void opponent_reset(struct opponent_state *state)"
    yield "{ memset(state, 0, sizeof *state); }"


def header(network: Network) -> str:
    """The state and the interface."""
    layers = dense_layers(network)
    members = [f"    int16_t {x.name}[{_up(x.size, 4)}];" for x in layers[:-1]]
    return "\n".join([
        "#include <stdint.h>", "struct opponent_state {",
        *members, f"    int32_t readout[{_up(layers[-1].size, 4)}];", "};",
        "void opponent_reset(struct opponent_state *state);",
        "void opponent_step_features(struct opponent_state *state, const int8_t *features);",
        "const int32_t *opponent_scores(const struct opponent_state *state);",
        "",
    ])  # fmt: skip


def main_text(network: Network) -> str:
    """A main that holds the objects which `Stepper` looks for, and the functions in the image."""
    size = _up(network.input.size, 8)
    return "\n".join([
        '#include "opponent_net.h"', '#include "platform.h"',
        "static struct opponent_state state;", f"static int8_t features[{size}];",
        "int main(void)", "{", "    opponent_reset(&state);",
        "    opponent_step_features(&state, features);",
        "    return (int)opponent_scores(&state)[0];", "}", "",
    ])  # fmt: skip


class Opponent(Stepper):
    """The dense opponent of a network on a simulated core with the DSP extension.

    Raises:
        UsageError: it does not compute such a network.
        CompileError: no compiler, or it refuses the code.
    """

    def __init__(
        self, network: Network, core: str, kernel: Kernel, compiler: Compiler | None = None
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="edgesnn-")
        place, board = Path(self._folder.name), bench_board(core)
        texts = {
            "opponent.h": _HEADER.read_text(encoding="utf-8"),
            "opponent_net.h": header(network),
            "opponent_net.c": source(network, kernel),
            "main.c": main_text(network),
        }
        firmware = build_image(
            "opponent", generate(network, place / "c"), board, place, texts,
            startup=_STARTUP, compiler=compiler,
        )  # fmt: skip
        super().__init__(network, firmware, "opponent")
