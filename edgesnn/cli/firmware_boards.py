"""A firmware file on several boards, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgesnn.cli.firmware import Asked, Target, base_name, firmware_report, require_end
from edgesnn.cli.output import console, figure, fitting_table, print_json
from edgesnn.errors import MachineError, UsageError

ALL = "all"


def compare_boards(
    path: Path, names: Sequence[str], target: Target, asked: Asked, *, as_json: bool
) -> None:
    """Run an ELF file on each board; `all` stands for those that have memory where it is linked.

    Raises:
        BoardError: no such board.
        MachineError: a board that was named cannot run the file.
        UsageError: a picture of call stacks was asked for.
    """
    if asked.flame is not None or asked.stacks is not None:
        raise UsageError("one picture shows one board; give --board once with --flame or --stacks")
    found = dict(_reports(path, names, target, asked))
    if as_json:
        print_json({"file": path.name, "boards": list(found.values())})
    else:
        _print(path.name, found)


def _reports(
    path: Path, names: Sequence[str], target: Target, asked: Asked
) -> Iterable[tuple[str, dict[str, Any]]]:
    from edgesnn.boards import find_board

    every = ALL in names
    for name in _fitting(path, target) if every else dict.fromkeys(names):
        board = find_board(name)
        try:
            report = firmware_report(path, Target(target.core, name, target.zero_wait), asked)
            require_end(path.name, report, asked)
        except MachineError as error:
            if not every:
                raise MachineError(f"{name}: {error}") from error
            yield board.name, {"board": board.name, "failed": str(error)}
            continue
        values = report.as_dict()
        del values["stacks"]
        spent = 1e3 * report.cycles / board.clock_hz
        yield board.name, {"board": board.name, "milliseconds": spent, **values}


def _fitting(path: Path, target: Target) -> list[str]:
    """Boards, of the core that is named, with memory wherever the file has something to load."""
    from edgesnn.boards import BOARDS
    from edgesnn.sim.core import board_map, load_elf

    segments = load_elf(path).segments
    fitting = []
    for board in BOARDS.values():
        if target.core is not None and board.core.name != base_name(target.core):
            continue
        layout = board_map(board)
        regions = [layout.region_of(each.address) for each in segments]
        if all(
            region is not None and each.address + len(each.content) <= region.end
            for each, region in zip(segments, regions, strict=True)
        ):
            fitting.append(board.name)
    if not fitting:
        raise MachineError(f"no board has memory where {path} is linked; run it with --core alone")
    return fitting


def _print(name: str, found: Mapping[str, Mapping[str, Any]]) -> None:
    screen = console()
    rows = [
        (
            board, each["core"], f"{each['cycles']:,}", f"{each['instructions']:,}",
            f"{each['cpi']:.2f}", figure(each["milliseconds"]), f"{each['stack_bytes']:,}",
        )
        for board, each in found.items()
        if "failed" not in each
    ]  # fmt: skip
    columns = ("", "core", "cycles", "instructions", "CPI", "ms", "stack")
    screen.print(fitting_table(screen, name, columns, rows, ("core", "stack")))
    for board, each in found.items():
        if "failed" in each:
            screen.print(f"  {board}: {each['failed']}", markup=False)
