"""Cycles and energy as a person reads them: of a firmware file, and of a network on a board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.cli.output import console, facts, print_json, table
from edgesnn.errors import UsageError

if TYPE_CHECKING:
    from edgesnn.pipeline.energy import BoardCost
    from edgesnn.sim.core import MemoryMap
    from edgesnn.sim.core.calls import CallNode

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

    limit: int = 0
    watch: tuple[str, ...] = ()
    flame: Path | None = None
    stacks: Path | None = None


def is_firmware(path: Path) -> bool:
    """Whether a file begins as an ELF file does."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"\x7fELF"
    except OSError:
        return False


def simulate_firmware(path: Path, target: Target, asked: Asked, *, as_json: bool) -> None:
    """Run an ELF file on a simulated core and print what it cost."""
    from edgesnn.sim.core import simulate_elf

    core, layout = _core_and_map(path, target)
    report = simulate_elf(
        path, core, limit=asked.limit or UNLIMITED, layout=layout, watch=asked.watch,
        trace=asked.flame is not None or asked.stacks is not None,
    )  # fmt: skip
    _draw(report.stacks, f"{path.name} on {target.board or core}", asked)
    values = report.as_dict()
    del values["stacks"]
    if as_json:
        print_json({"file": path.name, **values})
    else:
        _print_run(path.name, values)


def _core_and_map(path: Path, target: Target) -> tuple[str, MemoryMap | None]:
    from edgesnn.boards import find_board
    from edgesnn.sim.core import board_map

    if target.board is None:
        if target.core is None:
            raise UsageError(f"{path} is firmware: name the --core or the --board it is for")
        return target.core, None
    board = find_board(target.board)
    core = target.core or board.core.gcc_cpu
    if core.removeprefix("cortex-") != board.core.name:
        raise UsageError(f"{board.name} has a {board.core.title}; leave out --core {target.core}")
    return core, board_map(board, zero_wait=target.zero_wait)


def _draw(stacks: Sequence[CallNode], title: str, asked: Asked) -> None:
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
    total = max(sum(function["cycles"] for function in report["functions"]), 1)
    rows = [
        (f["name"], f"{f['calls']:,}", f"{f['instructions']:,}", f"{f['cycles']:,}",
         f"{100 * f['cycles'] / total:.1f} %")
        for f in report["functions"][:SHOWN]
    ]  # fmt: skip
    columns = ("", "calls", "instructions", "cycles", "share")
    screen.print(table("by function, callees apart", columns, rows))
    kinds = [
        (kind["kind"], f"{kind['instructions']:,}", f"{kind['cycles']:,}")
        for kind in report["kinds"]
        if kind["instructions"]
    ]
    screen.print(table("by kind of instruction", ("", "instructions", "cycles"), kinds))


def print_cost(cost: BoardCost) -> None:
    """Print what a network costs on a board."""
    power = cost.power
    profile = power.profile
    sleep = "unknown, left out" if power.sleep_uj is None else f"{power.sleep_uj:.3g} µJ"
    rows = [
        *_fit_rows(cost),
        *([("calibrated", cost.calibration.text)] if cost.calibration else []),
        ("cycles a step", f"{cost.whole.mean:,.0f} mean, {cost.whole.p99:,} in 99 %, "
                          f"{cost.whole.most:,} at most; {cost.cpi:.2f} an instruction"),
        ("front-end, network", f"{cost.front_end:,.0f}, {cost.network.mean:,.0f}"),
        ("latency, duty cycle", f"{power.latency_ms:.3g} ms, {100 * power.duty:.3g} %"),
        ("energy a step", f"{power.active_uj.likely:.3g} µJ awake "
                          f"({power.active_uj.low:.3g} to {power.active_uj.high:.3g}); "
                          f"asleep {sleep}"),
        ("energy a day", f"{power.day_j.likely:.3g} J ({power.day_j.low:.3g} to "
                         f"{power.day_j.high:.3g})"),
        (f"days on a {power.battery.name}", f"{power.battery_days.likely:.3g} "
                         f"({power.battery_days.low:.3g} to {power.battery_days.high:.3g})"),
        ("at", f"{profile.clock_hz / 1e6:g} MHz, {profile.volts:g} V, {profile.regulator}, "
               f"{profile.picojoules:g} pJ a cycle, {_waits(cost.flash_waits)}"),
        ("source", profile.source),
    ]  # fmt: skip
    title = f"{cost.board}, firmware in a simulated {profile.core}, {cost.clips} clips"
    console().print(facts(title, rows))


def _waits(count: int) -> str:
    return f"flash with {count} wait states" if count else "flash without wait states"


def _fit_rows(cost: BoardCost) -> list[tuple[str, str]]:
    """What all clips cost, by the events that the network engine counted in them."""
    fit = cost.fit
    if fit is None:
        return []
    terms = " + ".join(f"{each:.3g} · {layer}" for layer, each in fit.per_event.items())
    verdict = "POOR, not used" if fit.is_poor else "used"
    return [
        ("network, by events", f"{fit.base:,.0f} + {terms}"),
        ("over all clips", f"{fit.mean:,.0f} cycles a step, {fit.p99:,.0f} in 99 % of "
                           f"{fit.priced:,} clips; error {100 * fit.error:.2g} % ({verdict})"),
    ]  # fmt: skip
