"""Sources for one board into one image: compiler, linker script, sizes, and what does not fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edgesnn.boards import Board
from edgesnn.codegen.boot2 import seal_boot2
from edgesnn.codegen.elf import ElfSizes, elf_sizes
from edgesnn.codegen.emit import GeneratedCode
from edgesnn.codegen.text import environment
from edgesnn.codegen.toolchain import (
    WARNINGS,
    Compiler,
    compile_c,
    core_flags,
    cross_compiler,
    link_flags,
    link_libraries,
)
from edgesnn.errors import CompileError, NoRoomError
from edgesnn.files import atomic_path, write_atomic

STARTUP = Path(__file__).resolve().parent / "startup"

#: Stack of an image. All frames of a network's image together take less (a test says so).
STACK_BYTES = 2048

_OPTIMISE, _COMPACT = "-O2", "-Os"


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


def require_fit(generated: GeneratedCode, board: Board, stack_bytes: int = STACK_BYTES) -> None:
    """Raise where tables, state and stack alone are more than the board has.

    Raises:
        NoRoomError: says what is needed and what there is.
    """
    name = generated.network.name
    needs = (
        ("flash", generated.plan.flash_bytes, board.flash.size),
        ("RAM", generated.plan.ram_bytes + stack_bytes, board.ram.size),
    )
    for memory, needed, present in needs:
        if needed > present:
            raise NoRoomError(
                f"network {name} is too big for the {memory} of {board.name}: it needs at least "
                f"{needed} bytes and has {present}; take a larger board or a smaller network"
            )


def build_image(
    name: str,
    generated: GeneratedCode,
    board: Board,
    folder: Path,
    texts: dict[str, str],
    *,
    startup: tuple[str, ...],
    defines: tuple[str, ...] = (),
    compiler: Compiler | None = None,
    stack_bytes: int = STACK_BYTES,
    source: str | None = None,
) -> Firmware:
    """Compile a network, `texts` and files of `startup/` into `folder/name.elf`.

    Args:
        name: of the image.
        generated: the network's code.
        board: what to link for; the network must fit it (`require_fit`).
        folder: gets all sources, objects and the image.
        texts: further sources by file name; those that end in `.c` are compiled.
        startup: files of `startup/`, likewise.
        defines: macros, `NAME=VALUE`.
        compiler: the default is `cross_compiler()`.
        stack_bytes: reserved for the stack.
        source: compiled in place of the network's own text.

    Raises:
        NoRoomError: the image does not fit the board.
        CompileError: no compiler, or it refuses the code.
    """
    compiler = compiler or cross_compiler()
    script = (
        environment()
        .get_template("link.ld.j2")
        .render(
            board=board, stack_bytes=stack_bytes, boot2=any("boot2" in each for each in startup)
        )
    )
    sources = {
        f"{name}.ld": script,
        generated.source.name: source or generated.source.read_text(encoding="utf-8"),
        **texts,
        **{each: (STARTUP / each).read_text(encoding="utf-8") for each in startup},
    }
    for file, text in sources.items():
        write_atomic(folder / file, text)
    # Without the folders' names in its debug information the same network gives the same image.
    unnamed = [f"-ffile-prefix-map={each.resolve()}=." for each in (folder, generated.folder)]
    optimise = _COMPACT if generated.layout.compact else _OPTIMISE
    flags = [*WARNINGS, optimise, "-g", *unnamed, *core_flags(compiler, board.core)]
    flags += [f"-D{each}" for each in defines]
    flags += ["-I", str(generated.folder.resolve()), *_system_headers(compiler)]
    objects = [_compile(compiler, file, flags, folder) for file in sources if file.endswith(".c")]
    elf = folder / f"{name}.elf"
    with atomic_path(elf) as partial:
        _link(compiler, board, ["-T", f"{name}.ld", "-o", partial.name, *objects], folder)
        seal_boot2(partial)
    return Firmware(elf, generated, board, compiler, elf_sizes(elf, board))


def _compile(compiler: Compiler, source: str, flags: list[str], folder: Path) -> str:
    """Compile one file; the name of its object."""
    made = Path(source).with_suffix(".o").name
    extra = ["-fno-builtin"] if source == "memory.c" else []
    compile_c(compiler, [*flags, *extra, "-c", source, "-o", made], folder)
    return made


def _link(compiler: Compiler, board: Board, arguments: list[str], folder: Path) -> None:
    """Link, and tell an image that does not fit from one that cannot be made."""
    flags = [*link_flags(compiler, board.core), *arguments, *link_libraries(compiler)]
    try:
        compile_c(compiler, flags, folder)
    except CompileError as error:
        over = re.search(r"region .(flash|ram)\W.*overflowed by (\d+) bytes", str(error))
        if over is None:
            raise
        flash = over[1] == "flash"
        memory, size = ("flash", board.flash.size) if flash else ("RAM", board.ram.size)
        raise NoRoomError(
            f"the image is too big for the {memory} of {board.name}: it needs "
            f"{size + int(over[2])} bytes and {board.name} has {size}; "
            "take a larger board or a smaller network"
        ) from error


def _system_headers(compiler: Compiler) -> list[str]:
    """Where a compiler without a C library finds `string.h`."""
    return ["-isystem", str(STARTUP / "include")] if compiler.kind == "zig" else []
