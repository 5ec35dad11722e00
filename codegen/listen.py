"""The listening image: a microphone's stream in, keywords out on the serial port and the light."""

from __future__ import annotations

from pathlib import Path

from edgesnn.boards import Board
from edgesnn.codegen.bringup import bring_up
from edgesnn.codegen.compose import build_program
from edgesnn.codegen.emit import GeneratedCode
from edgesnn.codegen.image import STARTUP, Firmware, build_image, require_fit
from edgesnn.codegen.text import render
from edgesnn.codegen.toolchain import Compiler
from edgesnn.errors import BoardError, UsageError
from edgesnn.network import Network
from edgesnn.wiring import wiring_of

#: What a microphone's driver of one's own is called in the image.
_OWN = "edgesnn_own_audio.c"
_LIT_SECONDS = 0.5
_SAMPLE_RATE = 16_000


def compile_listen(
    generated: GeneratedCode,
    board: Board,
    *,
    audio: Path | str | None = None,
    compiler: Compiler | None = None,
    folder: Path | None = None,
) -> Firmware:
    """Compile an image that listens.

    Args:
        generated: the network's code.
        board: what to link for.
        audio: a C file that defines `edgesnn_audio_read` (`startup/edgesnn_audio.h`), or the name
            of one of `startup/audio_*.c`; the default is the driver of the board's microphone.
        compiler: the default is `cross_compiler()`.
        folder: for the image; the default is `BOARD-listen/` in the generated folder.

    Raises:
        UsageError: the network hears nothing, or there is no such file.
        BoardError: no driver is known for the board's microphone, or the image does not fit.
        CompileError: no compiler, or it refuses the code, the driver's included.
    """
    hop = _require_hearing(generated.network)
    require_fit(generated, board)
    start = bring_up(board)
    shipped, own = _driver(board, audio)
    return build_image(
        f"{generated.network.name}_listen",
        generated,
        board,
        folder or generated.folder / f"{board.name}-listen",
        {**start.texts, **_texts(generated, hop), **own},
        startup=(*start.startup, "edgesnn_audio.h", *shipped),
        defines=(*start.defines, f"EDGESNN_AUDIO_HOP={hop}u"),
        compiler=compiler,
    )


def _require_hearing(network: Network) -> int:
    """The hop of a network that can listen to 16 kHz."""
    front = network.frontend
    if front is None:
        raise UsageError(f"network {network.name} has no front-end, so it cannot listen")
    if front.sample_rate != _SAMPLE_RATE:
        raise UsageError(f"network {network.name} hears {front.sample_rate} Hz, images give 16,000")
    return front.hop


def _driver(board: Board, audio: Path | str | None) -> tuple[tuple[str, ...], dict[str, str]]:
    """A file of `startup/`, or the text of one's own."""
    microphone = wiring_of(board).microphone
    if audio is None:
        if microphone is None:
            raise BoardError(
                f"no microphone driver is known for {board.name}; name a C file that defines "
                "edgesnn_audio_read() with --audio (docs/FLASH.md shows one)"
            )
        return (microphone.driver,), {}
    if (STARTUP / Path(audio).name).is_file() and Path(audio).parent == Path():
        return (str(audio),), {}
    try:
        return (), {_OWN: Path(audio).read_text("utf-8")}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {audio}: name a C file with edgesnn_audio_read()") from error


def _texts(generated: GeneratedCode, hop: int) -> dict[str, str]:
    name = generated.network.name
    lit = round(_LIT_SECONDS * _SAMPLE_RATE / hop)
    return {
        f"{name}_listen.c": render(
            "listen.c.j2", build_program(generated.network, generated.layout), lit_steps=max(lit, 1)
        )
    }
