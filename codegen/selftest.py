"""The self-test image: a few clips in flash, held against the oracle's checksums on the board."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edgesnn.boards import Board
from edgesnn.codegen.bringup import bring_up
from edgesnn.codegen.compose import build_program
from edgesnn.codegen.emit import GeneratedCode
from edgesnn.codegen.image import Firmware, build_image, require_fit
from edgesnn.codegen.laps import part_names, with_laps
from edgesnn.codegen.record import records_of
from edgesnn.codegen.text import numbers_text, render
from edgesnn.codegen.toolchain import Compiler
from edgesnn.errors import UsageError
from edgesnn.law import Oracle
from edgesnn.machine import Traces
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray


def compile_selftest(
    generated: GeneratedCode,
    board: Board,
    given: IntArray,
    *,
    compiler: Compiler | None = None,
    folder: Path | None = None,
) -> Firmware:
    """Compile an image that runs `given` and tells the verdict over the board's serial port.

    Per clip: the decision, a checksum of every trace of every step, spikes by layer, and cycles by
    part of the network. On an emulator it exits, with status 0 where every checksum is the
    oracle's; on a board it sleeps and runs again on any character.

    Args:
        generated: the network's code.
        board: what to link for.
        given: int8 features `(clips, steps, channels)` or int16 PCM `(clips, samples)`.
        compiler: the default is `cross_compiler()`.
        folder: for the image; the default is `BOARD-selftest/` in the generated folder.

    Raises:
        BoardError: network and clips do not fit the board, or nothing is known of its wiring.
        CompileError: no compiler, or it refuses the code.
        UsageError: `given` does not suit the network.
    """
    require_fit(generated, board)
    start = bring_up(board)
    text = generated.source.read_text(encoding="utf-8")
    return build_image(
        f"{generated.network.name}_selftest",
        generated,
        board,
        folder or generated.folder / f"{board.name}-selftest",
        {**start.texts, **_texts(generated, board, given)},
        startup=start.startup,
        defines=start.defines,
        compiler=compiler,
        source=with_laps(text, generated.network),
    )


def _texts(generated: GeneratedCode, board: Board, given: IntArray) -> dict[str, str]:
    network = generated.network
    stimulus, features = _stimulus(network, given)
    traces = Oracle(network).run(features)
    program = build_program(network, generated.layout)
    name = network.name
    selftest = render(
        "selftest.c.j2",
        program,
        sha256=generated.sha256,
        board=board.name,
        parts=part_names(network),
        given_type=f"{stimulus.dtype.name}_t",
        given_size=stimulus.shape[2],
        given_clips=[[numbers_text(step.tolist(), 12) for step in clip] for clip in stimulus],
        clip_count=stimulus.shape[0],
        steps=stimulus.shape[1],
        entry="step_pcm" if stimulus.dtype == np.int16 else "step_features",
        expected=list(
            zip(traces.decisions(network).tolist(), checksums(network, traces), strict=True)
        ),
    )
    trace = render("trace.h.j2", program, sha256=generated.sha256)
    return {f"{name}_trace.h": trace, f"{name}_selftest.c": selftest}


def _stimulus(network: Network, given: IntArray) -> tuple[IntArray, IntArray]:
    """What the image is given, `(clips, steps, …)`, and the features that it makes of it."""
    from edgesnn.codegen.host import require_features, whole_hops

    if not given.size:
        raise UsageError("a self-test needs at least one clip of one step")
    if given.dtype != np.int16:
        require_features(given, network)
        return given, given
    from edgesnn.frontend import features

    hops = whole_hops(network, given)
    assert network.frontend is not None
    return hops, features(given, network.frontend)


def checksums(network: Network, traces: Traces) -> list[int]:
    """FNV-1a (32 bits) over the records of each clip, as the images compute it."""
    records = records_of(network, traces)
    result = []
    for clip in records:
        value = 0x811C9DC5
        for octet in clip.tobytes():
            value = (value ^ octet) * 0x01000193 & 0xFFFFFFFF
        result.append(value)
    return result
