"""The test image: clips from a file in, every membrane of every step out (`main.c.j2`)."""

from __future__ import annotations

from pathlib import Path

from edgesnn.boards import Board
from edgesnn.codegen.compose import build_program
from edgesnn.codegen.emit import GeneratedCode
from edgesnn.codegen.image import STACK_BYTES, STARTUP, Firmware, build_image, require_fit
from edgesnn.codegen.text import render
from edgesnn.codegen.toolchain import Compiler

__all__ = ["STACK_BYTES", "STARTUP", "Firmware", "compile_firmware", "main_texts", "require_fit"]

_STARTUP = ("platform.h", "startup.c", "memory.c", "semihosting.c")


def compile_firmware(
    generated: GeneratedCode,
    board: Board,
    *,
    compiler: Compiler | None = None,
    folder: Path | None = None,
    stack_bytes: int = STACK_BYTES,
) -> Firmware:
    """Compile the test image of a network for `board`.

    The image reads clips and writes traces through semihosting (`startup/`, `main.c.j2`).

    Args:
        generated: the network's code.
        board: its memories bound the image.
        compiler: the default is `cross_compiler()`.
        folder: for the image and its sources; the default is `BOARD/` in the generated folder.
        stack_bytes: reserved for the stack.

    Raises:
        BoardError: the network does not fit the board; says what it needs and what there is.
        CompileError: no compiler, or it refuses the code.
    """
    require_fit(generated, board, stack_bytes)
    return build_image(
        generated.network.name,
        generated,
        board,
        folder or generated.folder / board.name,
        main_texts(generated),
        startup=_STARTUP,
        compiler=compiler,
        stack_bytes=stack_bytes,
    )


def main_texts(generated: GeneratedCode) -> dict[str, str]:
    """The test image's `main` and the trace header by file name."""
    program = build_program(generated.network, generated.layout)
    return {
        f"{generated.network.name}_{template}": render(
            f"{template}.j2", program, sha256=generated.sha256
        )
        for template in ("trace.h", "main.c")
    }
