"""Build every image of the shipped network for every board, and set the sizes into docs/BOARDS.md.

    python benchmarks/boards.py [BOARD …]

With names only those boards are built anew; the others keep their rows. Weights are laid out for
the board's core and memories, as `edgesnn flash` does.
Warnings are errors in all images, so that a row in the table means that there was none.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from edgesnn.boards import BOARDS, Board, find_board
from edgesnn.codegen import GeneratedCode, compile_selftest, generate
from edgesnn.codegen.fit import layout_for
from edgesnn.codegen.image import Firmware
from edgesnn.codegen.listen import compile_listen
from edgesnn.codegen.serve import compile_serve
from edgesnn.errors import BoardError
from edgesnn.files import write_atomic
from edgesnn.network import Network
from edgesnn.pipeline.pretrained import load_pretrained
from edgesnn.wiring import unverified, wiring_of

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "boards.json"
PAGE = HERE.parent / "docs" / "BOARDS.md"
BEGIN, END = "<!-- made by benchmarks/boards.py -->", "<!-- end -->"
IMAGES = ("selftest", "serve", "listen")
NETWORK = "gsc"


def build(image: str, code: GeneratedCode, board: Board, folder: Path) -> Firmware:
    """One image; the self-test with one clip of a second."""
    if image == "serve":
        return compile_serve(code, board, folder=folder)
    if image == "listen":
        own = wiring_of(board).microphone is None
        return compile_listen(code, board, audio="audio_none.c" if own else None, folder=folder)
    front = code.network.frontend
    assert front is not None
    clip = np.random.default_rng(0).integers(-9000, 9000, (1, front.sample_rate), np.int16)
    return compile_selftest(code, board, clip, folder=folder)


def measure(board: Board, network: Network, folder: Path) -> dict[str, object]:
    """Sizes of all images for a board; an image that does not fit says so."""
    code = generate(network, folder, layout=layout_for(network, board))
    row: dict[str, object] = {"board": board.name, "flash": board.flash.size, "ram": board.ram.size}
    for image in IMAGES:
        try:
            sizes = build(image, code, board, folder / image).sizes
            row[image] = {"flash": sizes.flash_bytes, "ram": sizes.ram_bytes}
        except BoardError as error:
            row[image] = {"refused": str(error)}
    return row


def table_of(rows: list[dict[str, object]]) -> str:
    """The rows as Markdown."""
    lines = [
        f"| board | core | flash / RAM present | {' | '.join(IMAGES)} |",
        f"|---|---|---|{'---|' * len(IMAGES)}",
    ]
    for row in rows:
        board = BOARDS[str(row["board"])]
        cells = [_cell(row[image]) for image in IMAGES]  # type: ignore[arg-type]
        present = f"{board.flash.size:,} / {board.ram.size:,}"
        lines.append(f"| {board.name} | {board.core.title} | {present} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(sizes: dict[str, object]) -> str:
    return f"{sizes['flash']:,} / {sizes['ram']:,}" if "flash" in sizes else "does not fit"


def facts() -> str:
    """What is known of each real board, as Markdown."""
    lines = [
        "| board | chip | clock of images | serial port | LED | flashed by | not verified |",
        "|---|---|---|---|---|---|---|",
    ]
    for board in BOARDS.values():
        if board.emulator is not None:
            continue
        wiring = wiring_of(board)
        hz, full = wiring.clock.hz / 1e6, board.clock_hz / 1e6
        clock = f"{hz:g} MHz" if hz == full else f"{hz:.4g} MHz of {full:g} (as reset leaves it)"
        where = " (probe's USB)" if wiring.port.through == "probe" else ""
        light = wiring.light.pin if wiring.light else ""
        tools = wiring.tools
        flashed = tools.backend + (f", `pyocd pack install {tools.pack}`" if tools.pack else "")
        lines.append(
            f"| {board.name} | {board.chip} | {clock} | {wiring.port.pins}{where} | {light} | "
            f"{flashed} | {', '.join(unverified(board))} |"
        )
    return "\n".join(lines)


def kept() -> dict[str, dict[str, object]]:
    """Rows of an earlier run by board."""
    if not RESULTS.is_file():
        return {}
    return {row["board"]: row for row in json.loads(RESULTS.read_text("utf-8"))["boards"]}


def main() -> None:
    found = kept()
    network = load_pretrained(NETWORK)
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or BOARDS:
            found[name] = measure(find_board(name), network, Path(folder) / name)
            rows = [found[each] for each in BOARDS if each in found]
            text = json.dumps({"network": NETWORK, "boards": rows}, indent=1)
            write_atomic(RESULTS, text + "\n")
            write_tables(rows)


def write_tables(rows: list[dict[str, object]]) -> None:
    """Set both tables between their marks."""
    page = PAGE.read_text("utf-8")
    for text in (facts(), table_of(rows)):
        head, _, rest = page.partition(f"{BEGIN}\n")
        _, _, tail = rest.partition(f"{END}\n")
        done = f"{head}{BEGIN.replace('made', 'set')}\n{text}\n{END.replace('end', 'done')}\n"
        page = done + tail
    page = page.replace(BEGIN.replace("made", "set"), BEGIN)
    write_atomic(PAGE, page.replace(END.replace("end", "done"), END))


if __name__ == "__main__":
    main()
