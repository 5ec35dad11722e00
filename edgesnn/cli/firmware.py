"""A run of a firmware file as a person reads it: cycles by function, call and instruction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.cli.output import console, facts, print_json, table
from edgesnn.errors import MachineError, UsageError

if TYPE_CHECKING:
    from edgesnn.sim.core import CoreReport, MemoryMap
    from edgesnn.sim.core.calls import CallNode
    from edgesnn.sim.core.devices import Device

SHOWN = 12
UNLIMITED = 1 << 60


@dataclass(frozen=True)
class Target:
    """What firmware runs on: a core, or a board with its memory and the timing of its flash."""

    core: str | None = None
    board: str | None = None
    zero_wait: bool = False


@dataclass(frozen=True)
class Asked:
    """What a run of firmware is to be: its limit, and what is wanted beside the report."""

    limit: int | None = None
    watch: tuple[str, ...] = ()
    flame: Path | None = None
    stacks: Path | None = None
    engine: str = "auto"


def is_firmware(path: Path) -> bool:
    """Whether a file begins as an ELF file does."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"\x7fELF"
    except OSError:
        return False


def simulate_firmware(path: Path, target: Target, asked: Asked, *, as_json: bool) -> None:
    """Run an ELF file on a simulated core and print what it cost."""
    report = firmware_report(path, target, asked)
    draw(report.stacks, f"{path.name} on {target.board or report.core}", asked)
    values = report.as_dict()
    del values["stacks"]
    if as_json:
        print_json({"file": path.name, **values})
    else:
        _print_run(path.name, values)
    require_end(path.name, report, asked)


def firmware_report(path: Path, target: Target, asked: Asked) -> CoreReport:
    """Run an ELF file on a simulated core."""
    from edgesnn.sim.core import simulate_elf

    core, layout, devices = _machine(path, target)
    return simulate_elf(
        path, core, limit=_instructions(asked.limit), layout=layout, watch=asked.watch,
        devices=devices, engine=asked.engine,
        trace=asked.flame is not None or asked.stacks is not None,
    )  # fmt: skip


def _instructions(limit: int | None) -> int:
    from edgesnn.sim.core.simulate import DEFAULT_LIMIT

    return DEFAULT_LIMIT if limit is None else limit or UNLIMITED


def require_end(name: str, report: CoreReport, asked: Asked) -> None:
    """Raise MachineError where firmware failed, or did not end though no limit was asked for."""
    if report.stop == "instructions" and asked.limit is None:
        raise MachineError(
            f"{name} did not end within {report.instructions:,} instructions; say --limit 0 to "
            "run on, or --limit COUNT to stop there"
        )
    if report.stop == "exit" and report.code:
        raise MachineError(f"{name} ended with status {report.code}")
    if report.stop == "breakpoint":
        raise MachineError(f"{name} stopped at a breakpoint instruction")


def _machine(path: Path, target: Target) -> tuple[str, MemoryMap | None, tuple[Device, ...] | None]:
    """The core's name; memory map and peripherals of the board, where one is named."""
    from edgesnn.boards import find_board
    from edgesnn.pipeline.selftest import board_devices
    from edgesnn.sim.core import board_map

    if target.board is None:
        if target.core is None:
            raise UsageError(f"{path} is firmware: name the --core or the --board it is for")
        return target.core, None, None
    board = find_board(target.board)
    core = target.core or board.core.gcc_cpu
    if base_name(core) != board.core.name:
        raise UsageError(f"{board.name} has a {board.core.title}; leave out --core {target.core}")
    return core, board_map(board, zero_wait=target.zero_wait), board_devices(board)[1]


def base_name(core: str) -> str:
    """A core's name as boards have it: `m4` of `cortex-m4+nofp`."""
    return core.partition("+")[0].removeprefix("cortex-")


def draw(stacks: Sequence[CallNode], title: str, asked: Asked) -> None:
    """Write the files of the call stacks that were asked for."""
    from edgesnn.files import write_atomic
    from edgesnn.sim.core.flame import collapsed, flame_graph

    if asked.flame is not None:
        write_atomic(asked.flame, flame_graph(stacks, title))
    if asked.stacks is not None:
        write_atomic(asked.stacks, collapsed(stacks))


def _print_run(name: str, report: Mapping[str, Any]) -> None:
    screen = console()
    if report["output"]:
        screen.print(report["output"].rstrip("\n"), markup=False)
    asleep = f", {report['asleep']:,} of them asleep" if report["asleep"] else ""
    screen.print(
        facts(
            f"{name} on {report['core']}",
            [
                ("ended by", f"{report['stop']}, status {report['code']}"),
                ("cycles", f"{report['cycles']:,}{asleep}"),
                ("instructions", f"{report['instructions']:,}, {report['cpi']:.2f} cycles each"),
                ("loads, stores", f"{report['loads']:,}, {report['stores']:,}"),
                ("reads of flash", f"{report['flash_reads']:,}"),
                ("stack", f"{report['stack_bytes']:,} bytes"),
            ],
        )
    )
    if report["spans"]:
        calls = [
            (s["name"], f"{s['calls']:,}", f"{s['least']:,}", f"{s['mean']:,.0f}",
             f"{s['p99']:,}", f"{s['most']:,}")
            for s in report["spans"]
        ]  # fmt: skip
        screen.print(
            table("cycles of a call", ("", "calls", "least", "mean", "99 %", "most"), calls)
        )
    print_profile(report)


def print_profile(report: Mapping[str, Any]) -> None:
    """Print where the cycles of a run went: by function, and by class of instruction."""
    screen = console()
    total = max(sum(function["cycles"] for function in report["functions"]), 1)
    rows = [
        (f["name"], f"{f['calls']:,}", f"{f['instructions']:,}", f"{f['cycles']:,}",
         _cpi(f), f"{100 * f['cycles'] / total:.1f} %")
        for f in report["functions"][:SHOWN]
    ]  # fmt: skip
    columns = ("", "calls", "instructions", "cycles", "CPI", "share")
    screen.print(table("by function, callees apart", columns, rows))
    kinds = [
        (k["kind"], f"{k['instructions']:,}", f"{k['cycles']:,}", _cpi(k),
         f"{100 * k['cycles'] / total:.1f} %")
        for k in report["kinds"]
        if k["instructions"]
    ]  # fmt: skip
    titles = ("", "instructions", "cycles", "CPI", "share")
    screen.print(table("by class of instruction", titles, kinds))


def _cpi(cost: Mapping[str, Any]) -> str:
    return f"{cost['cycles'] / max(cost['instructions'], 1):.2f}"
