"""Generated C as an image for a board: start-up code, linker script, compiler, sizes."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from edgesnn.boards import Board
from edgesnn.codegen.elf import ElfSizes, elf_sizes
from edgesnn.codegen.emit import GeneratedCode, package_version
from edgesnn.codegen.program import build_program
from edgesnn.codegen.text import environment, render
from edgesnn.codegen.toolchain import (
    WARNINGS,
    Compiler,
    compile_c,
    core_flags,
    cross_compiler,
    link_flags,
    link_libraries,
)
from edgesnn.errors import BoardError, CompileError
from edgesnn.files import atomic_path, write_atomic

STARTUP = Path(__file__).resolve().parent / "startup"

#: Stack of an image. The deepest call of a network takes less than half of it (a test says so).
STACK_BYTES = 2048

_OPTIMISE = "-O2"


@dataclass(frozen=True, eq=False)
class Firmware:
    """An image.

    Attributes:
        elf: the image with its symbols; `$t` and `$d` mark code and data in it.
        generated: the network's code.
        board: what it was linked for.
        compiler: what made it.
        sizes: what it takes of the board's memories.
    """

    elf: Path
    generated: GeneratedCode
    board: Board
    compiler: Compiler
    sizes: ElfSizes


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
    compiler = compiler or cross_compiler()
    folder = folder or generated.folder / board.name
    sources = write_firmware_sources(generated, board, folder, stack_bytes)
    name = generated.network.name
    elf = folder / f"{name}.elf"
    # Without the folders' names in its debug information the same network gives the same image.
    unnamed = [f"-ffile-prefix-map={each.resolve()}=." for each in (folder, generated.folder)]
    common = [*WARNINGS, _OPTIMISE, "-g", *unnamed, *core_flags(compiler, board.core)]
    include = ["-I", str(generated.folder.resolve()), *_system_headers(compiler)]
    objects = []
    for source in sources:
        extra = ["-fno-builtin"] if source == "memory.c" else []
        objects.append(Path(source).with_suffix(".o").name)
        compile_c(compiler, [*common, *extra, *include, "-c", source, "-o", objects[-1]], folder)
    with atomic_path(elf) as partial:
        script = ["-T", f"{name}.ld", "-o", partial.name]
        _link(compiler, board, [*script, *objects], folder)
    return Firmware(elf, generated, board, compiler, elf_sizes(elf, board))


def _link(compiler: Compiler, board: Board, arguments: list[str], folder: Path) -> None:
    """Link, and tell an image that does not fit from one that cannot be made."""
    flags = [*link_flags(compiler, board.core), *arguments, *link_libraries(compiler)]
    try:
        compile_c(compiler, flags, folder)
    except CompileError as error:
        over = re.search(r"region .(flash|ram)\W.*overflowed by (\d+) bytes", str(error))
        if over is None:
            raise
        memory, size = (
            ("flash", board.flash.size) if over[1] == "flash" else ("RAM", board.ram.size)
        )
        raise BoardError(
            f"the image is too big for the {memory} of {board.name}: it needs "
            f"{size + int(over[2])} bytes and {board.name} has {size}; "
            "take a larger board or a smaller network"
        ) from error


def require_fit(generated: GeneratedCode, board: Board, stack_bytes: int = STACK_BYTES) -> None:
    """Raise where tables, state and stack alone are more than the board has.

    Raises:
        BoardError: says what is needed and what there is.
    """
    name = generated.network.name
    needs = (
        ("flash", generated.plan.flash_bytes, board.flash.size),
        ("RAM", generated.plan.ram_bytes + stack_bytes, board.ram.size),
    )
    for memory, needed, present in needs:
        if needed > present:
            raise BoardError(
                f"network {name} is too big for the {memory} of {board.name}: it needs at least "
                f"{needed} bytes and has {present}; take a larger board or a smaller network"
            )


def write_firmware_sources(
    generated: GeneratedCode, board: Board, folder: Path, stack_bytes: int
) -> list[str]:
    """Write start-up code, main and linker script; the sources to compile, by name."""
    name = generated.network.name
    folder.mkdir(parents=True, exist_ok=True)
    write_main(generated, folder)
    script = environment().get_template("link.ld.j2")
    text = script.render(board=board, stack_bytes=stack_bytes, version=package_version())
    write_atomic(folder / f"{name}.ld", text)
    for each in ("platform.h", "startup.c", "memory.c", "semihosting.c"):
        write_atomic(folder / each, (STARTUP / each).read_text(encoding="utf-8"))
    shutil.copyfile(generated.source, folder / generated.source.name)
    return [f"{name}.c", f"{name}_main.c", "startup.c", "memory.c", "semihosting.c"]


def write_main(generated: GeneratedCode, folder: Path) -> None:
    """Write the test image's `main` and the trace header."""
    program = build_program(generated.network)
    for template in ("trace.h", "main.c"):
        text = render(f"{template}.j2", program, sha256=generated.sha256)
        write_atomic(folder / f"{generated.network.name}_{template}", text)


def _system_headers(compiler: Compiler) -> list[str]:
    """Where a compiler without a C library finds `string.h`."""
    return ["-isystem", str(STARTUP / "include")] if compiler.kind == "zig" else []
