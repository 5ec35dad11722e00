"""The serving image: a network behind the serial port, by packets and by MLPerf Tiny's commands."""

from __future__ import annotations

from pathlib import Path

from edgesnn.boards import Board
from edgesnn.codegen.bringup import bring_up
from edgesnn.codegen.compose import build_program
from edgesnn.codegen.emit import GeneratedCode
from edgesnn.codegen.image import STACK_BYTES, Firmware, build_image, require_fit
from edgesnn.codegen.laps import part_names, with_laps
from edgesnn.codegen.text import numbers_text, render
from edgesnn.codegen.toolchain import Compiler
from edgesnn.errors import BoardError
from edgesnn.network import Network

_STARTUP = (
    "edgesnn_link.h", "edgesnn_link.c", "edgesnn_model.h", "edgesnn_serve.h", "edgesnn_serve.c",
    "edgesnn_benchmark.h", "edgesnn_benchmark.c", "edgesnn_line.h",
)  # fmt: skip

#: Type, sequence number and CRC of a packet.
PACKET_OVERHEAD = 6
#: Steps of the clip that `db load` fills, of networks whose front-end does not tell: a second.
STEPS_A_SECOND = 50
#: A line of MLPerf Tiny's commands: 80 characters and a zero.
_LINE_BYTES = 96
#: Of a reply that carries a piece of the state.
_CHUNK_BYTES = 128
_IDENTITY_BYTES = 32 + 32
#: RAM beside network, stack and buffers.
_SPARE_BYTES = 256


def compile_serve(
    generated: GeneratedCode,
    board: Board,
    *,
    compiler: Compiler | None = None,
    folder: Path | None = None,
) -> Firmware:
    """Compile an image that answers packets (docs/FLASH.md) and MLPerf Tiny's commands.

    Args:
        generated: the network's code.
        board: what to link for.
        compiler: the default is `cross_compiler()`.
        folder: for the image; the default is `BOARD-serve/` in the generated folder.

    Raises:
        BoardError: network and buffers do not fit the board, or nothing is known of its wiring.
        CompileError: no compiler, or it refuses the code.
    """
    require_fit(generated, board)
    network = generated.network
    start = bring_up(board)
    sizes = buffer_bytes(network)
    defines = [f"EDGESNN_{name}={size}u" for name, size in sizes.items()]
    if board.emulator is not None:  # QEMU's DWT stands still, and the dialogue wants time to pass
        defines.append("EDGESNN_COUNTS_SYSTICK")
    return build_image(
        f"{network.name}_serve",
        generated,
        board,
        folder or generated.folder / f"{board.name}-serve",
        {**start.texts, **_texts(generated, clip_bytes(generated, board))},
        startup=(*start.startup, *_STARTUP),
        defines=tuple(dict.fromkeys((*start.defines, *defines))),
        compiler=compiler,
        source=with_laps(generated.source.read_text(encoding="utf-8"), network),
    )


def _texts(generated: GeneratedCode, clip: int) -> dict[str, str]:
    network = generated.network
    program = build_program(network, generated.layout)
    identity = [f"0x{octet:02x}u" for octet in bytes.fromhex(generated.sha256)]
    trace = render("trace.h.j2", program, sha256=generated.sha256)
    serve = render("serve.c.j2", program, clip_bytes=clip, sha256_bytes=numbers_text(identity, 8))
    return {f"{network.name}_trace.h": trace, f"{network.name}_serve.c": serve}


def buffer_bytes(network: Network) -> dict[str, int]:
    """Sizes of the buffers for what is heard (stuffed) and for what is answered."""
    hop = network.frontend.hop if network.frontend is not None else 0
    packet = max(network.input.size, 2 * hop) + PACKET_OVERHEAD
    return {
        "LINK_BYTES": max(packet + packet // 254 + 2, _LINE_BYTES),
        "REPLY_BYTES": max(
            _IDENTITY_BYTES + len(network.name),
            4 + 4 * len(network.classes),
            12 + 4 * len(part_names(network)),
            4 + _CHUNK_BYTES,
        ),
    }


def clip_bytes(generated: GeneratedCode, board: Board) -> int:
    """Bytes of features that `db load` can take: a second, or as much as RAM has room for.

    Raises:
        BoardError: there is no room for a single step.
    """
    network = generated.network
    front = network.frontend
    steps = STEPS_A_SECOND if front is None else front.sample_rate // front.hop
    buffers = sum(buffer_bytes(network).values())
    taken = generated.plan.ram_bytes + STACK_BYTES + buffers + _SPARE_BYTES
    room = (board.ram.size - taken) // network.input.size
    if room < 1:
        raise BoardError(
            f"network {network.name} leaves no room for the serving image's buffers in the RAM of "
            f"{board.name}; take a larger board or a smaller network"
        )
    return min(steps, room) * network.input.size
