"""`edgesnn generate` and `edgesnn compile` as functions: C and images, whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.errors import EdgesnnError
from edgesnn.network import Network, identity
from edgesnn.pipeline.folder import BuildFolder, load_source
from edgesnn.pipeline.naming import require_free
from edgesnn.pipeline.say import Say, silent

if TYPE_CHECKING:
    from edgesnn.boards import Board
    from edgesnn.codegen.choose import Layout
    from edgesnn.codegen.firmware import Firmware
    from edgesnn.codegen.plan import MemoryPlan


def require_compiler() -> None:
    """Raise CompileError where no compiler for Cortex-M is installed; says what to install."""
    from edgesnn.codegen.toolchain import cross_compiler

    cross_compiler()


def make_firmware(
    network: Network,
    places: BuildFolder,
    board: Board,
    say: Say = silent,
    layout: Sequence[str] = (),
) -> dict[str, Any]:
    """Generate C into `places.c` and an image into `places.firmware`; returns their record.

    Weights are laid out for the board's core and memories, and as the words of `layout` say.

    Raises:
        UsageError: `layout` cannot be met.
        ConfigError: the network has the name of another file of the image.
        BoardError: the network does not fit the board; nothing is written.
        CompileError: no compiler, or it refuses; nothing is written.
    """
    from edgesnn.codegen import generate
    from edgesnn.codegen.choose import parse_layout
    from edgesnn.codegen.firmware import compile_firmware
    from edgesnn.codegen.fit import layout_for

    planned = layout_for(network, board, parse_layout(layout))
    require_free(network.name)
    say(f"generate C and compile it for {board.title}")
    with staged(places.path) as work:
        code = generate(
            network,
            work / places.c.name,
            command=generating_command(network, planned),
            layout=planned,
        )
        firmware = compile_firmware(code, board, folder=work / places.firmware.name / board.name)
        for each in firmware.elf.parent.glob("*.o"):
            each.unlink()
        record = _firmware_record(firmware, places.path / firmware.elf.relative_to(work))
    return {**record, "plan": plan_record(code.plan)}


def _firmware_record(firmware: Firmware, image: Path) -> dict[str, Any]:
    return {
        "board": firmware.board.name,
        "core": firmware.board.core.title,
        "image": str(image),
        "compiler": firmware.compiler.name,
        "flash_bytes": firmware.sizes.flash_bytes,
        "flash_present": firmware.board.flash.size,
        "ram_bytes": firmware.sizes.ram_bytes,
        "ram_present": firmware.board.ram.size,
        "verified": firmware.board.verified,
        "note": firmware.board.note,
    }


def plan_record(plan: MemoryPlan) -> dict[str, Any]:
    """Flash and RAM of tables and state by layer, as plain values."""
    return {
        "flash_bytes": plan.flash_bytes,
        "ram_bytes": plan.ram_bytes,
        "rows": [{**asdict(row), "density": round(row.density, 4)} for row in plan.rows],
    }


def generate_from(source: Path, output: Path | None, layout: Sequence[str] = ()) -> dict[str, Any]:
    """Generate C from a build folder or a `.esnn` file.

    Into `output`, else `c/` of the build folder, else `NAME_c/` beside the file.
    """
    from edgesnn.codegen import generate
    from edgesnn.codegen.choose import parse_layout

    wanted = parse_layout(layout)
    loaded = load_source(source)
    network = loaded.network
    require_free(network.name)
    beside = loaded.path.parent / f"{network.name}_c"
    target = output or (loaded.folder.c if loaded.folder else beside)
    _refuse_file(target)
    with staged(target) as work:
        code = generate(network, work, command=_command(network, layout), layout=wanted)
    return {
        "source": str(target / code.source.name),
        "header": str(target / code.header.name),
        "files": [path.name for path in code.files],
        "sha256": code.sha256,
        "plan": plan_record(code.plan),
    }


def compile_from(
    source: Path,
    board_name: str,
    output: Path | None,
    say: Say = silent,
    layout: Sequence[str] = (),
) -> dict[str, Any]:
    """Compile the firmware of a build folder or a `.esnn` file for a board.

    `c/` and `firmware/BOARD/` go into `output`, else into the build folder, else into a folder
    with the network's name beside the file.
    """
    from edgesnn.boards import find_board

    board = find_board(board_name)
    loaded = load_source(source)
    beside = loaded.path.parent / loaded.network.name
    target = output or (loaded.folder.path if loaded.folder else beside)
    _refuse_file(target)
    places = BuildFolder(target, loaded.network.name)
    record = make_firmware(loaded.network, places, board, say, layout)
    return {**record, "sha256": identity(loaded.network)}


def generating_command(network: Network, layout: Layout) -> str:
    """What code in a layout says made it: `edgesnn generate` with the words that make the same."""
    core = [] if layout.cores == "dsp" else [layout.cores]
    forced = [layout.kernel] if layout.kernel else []
    layers = [f"{name}={kernel}" for name, kernel in layout.layers.items()]
    return _command(network, [*core, *forced, *layers, *["compact"] * layout.compact])


def _command(network: Network, layout: Sequence[str] = ()) -> str:
    """What the generated files say made them: the same wherever the network lies."""
    words = "".join(f" --layout {word}" for word in layout)
    return f"edgesnn generate {network.name}.esnn{words}"


def _refuse_file(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise EdgesnnError(f"{target} is a file; name another folder with --output")


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Yield an empty folder; if the block succeeds, move what it holds into `folder`.

    Files of the same name are replaced, others are left alone. If the block fails, nothing in
    `folder` has changed, and `folder` is not made.

    Raises:
        EdgesnnError: the folder cannot be written or the disk is full.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    done = False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder))
        work.chmod(folder.stat().st_mode & 0o777)
        try:
            yield work
            for path in sorted(work.rglob("*")):
                _publish(path, folder / path.relative_to(work))
            done = True
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise EdgesnnError(
            f"cannot write {folder}: {error.strerror}; choose another folder or free some space"
        ) from error
    finally:
        if not done:
            _remove_empty(missing)


def _publish(path: Path, target: Path) -> None:
    if path.is_dir():
        target.mkdir(exist_ok=True)
    else:
        path.replace(target)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders that were made, innermost first, as far as they are empty."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
