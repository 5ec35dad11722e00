"""The energy report as a person reads it: one board on a screen, or several side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgesnn.cli.output import console, facts, figure, fitting_table, table

if TYPE_CHECKING:
    from edgesnn.pipeline.energy_report import BoardEnergy, EnergyReport, LineModel, Range


def print_energy(report: EnergyReport) -> None:
    """Print one board in full, or several as a table."""
    if len(report.boards) == 1:
        print_board(report, report.boards[0])
    else:
        print_boards(report)


def print_board(report: EnergyReport, energy: BoardEnergy) -> None:
    """Print what a step costs line by line, and what follows from it; with all sources."""
    screen, board = console(), energy.board
    screen.print(
        f"{report.network} on {board.title}: {board.core}, {board.clock_hz / 1e6:g} MHz, "
        f"{board.volts:g} V {board.regulator}, {_flash(energy)}",
        markup=False,
    )
    columns = ("", "cycles", "p99", "most", "µJ", "low to high", "45 nm*")
    title = f"a step of {1e3 * energy.step_seconds:g} ms, {report.clips_from}"
    cells = [*map(_line, energy.lines), _all(energy)]
    screen.print(fitting_table(screen, title, columns, cells, ("most", "p99")))
    rows = [
        *([("calibrated", energy.calibration.text)] if energy.calibration else []),
        ("latency", f"{figure(energy.latency_ms)} ms, {figure(energy.worst_latency_ms)} at most; "
                    f"awake {figure(100 * energy.duty)} % of the time"),
        (f"decision ({energy.steps_per_decision} steps)", _between(energy.decision_uj, "µJ")),
        ("day", _between(energy.day_j, "J")),
        (_cell(energy), _between(energy.battery.days, "days")),
        ("memory", f"{energy.profile.loads:,} loads, {energy.profile.stores:,} stores, "
                   f"{energy.profile.flash_reads:,} reads of flash; stack "
                   f"{energy.profile.stack_bytes:,} bytes; CPI {energy.profile.cpi:.2f}"),
        ("cycles", _fitted(energy)),
        ("awake", f"{_between(board.awake.picojoules_per_cycle, 'pJ')} a cycle; "
                  f"{board.awake.source}"),
        ("asleep", f"{board.asleep.mode}, {board.asleep.microamperes.likely:g} µA, wake-up "
                   f"{board.asleep.wake_microseconds.likely:g} µs; {board.asleep.source}"),
        ("flash", _flash_source(energy)),
        ("*", "operations alone in 45 nm, to compare networks; not this board"),
    ]  # fmt: skip
    screen.print(facts("", rows))


def _line(line: LineModel) -> tuple[str, ...]:
    spread, apart = line.spread, line.algorithmic_45nm_microjoules
    return (
        line.name,
        f"{line.cycles:,.0f}" if line.cycles else "",
        f"{spread.p99:,}" if spread else "",
        f"{spread.most:,}" if spread else "",
        f"{figure(line.microjoules.likely)}",
        f"{figure(line.microjoules.low)} to {figure(line.microjoules.high)}",
        f"{apart:.2g}" if apart is not None else "",
    )


def _all(energy: BoardEnergy) -> tuple[str, ...]:
    total, spread = energy.step_uj, energy.cycles
    apart = sum(line.algorithmic_45nm_microjoules or 0 for line in energy.lines)
    cycles = sum(line.cycles for line in energy.lines)
    return (
        "all", f"{cycles:,.0f}", f"{spread.p99:,}", f"{spread.most:,}", f"{figure(total.likely)}",
        f"{figure(total.low)} to {figure(total.high)}", f"{apart:.2g}",
    )  # fmt: skip


def _between(found: Range, unit: str) -> str:
    return f"{figure(found.likely)} {unit} ({figure(found.low)} to {figure(found.high)})"


def _cell(energy: BoardEnergy) -> str:
    battery = energy.battery
    return f"{battery.name}, {battery.milliampere_hours:g} mAh"


def _flash(energy: BoardEnergy) -> str:
    flash = energy.board.flash
    if flash is None:
        return "ideal flash"
    return f"flash {flash.wait_states} waits"


def _flash_source(energy: BoardEnergy) -> str:
    flash = energy.board.flash
    if flash is None:
        return "answers at once: --zero-wait"
    return f"{flash.source}{'' if flash.verified else ' (not verified)'}"


def _fitted(energy: BoardEnergy) -> str:
    """How the sample prices all clips."""
    fit = energy.fit
    if fit is None:
        return f"mean of {energy.clips_simulated} simulated clips: too few to fit to activity"
    held_out, worst = figure(100 * fit.error), figure(100 * fit.worst_error)
    share = f"held-out error {held_out} % of a step, worst clip {worst} %"
    if fit.clips_fitted < fit.clips_wanted:
        share += f"; few clips for a fit: --sample {fit.clips_wanted} or more uses all counts"
    if fit.poor:
        return f"mean of {fit.clips_fitted} simulated clips; the fit to activity is POOR: {share}"
    return f"{fit.clips_fitted} clips simulated, {fit.clips_priced:,} priced by activity; {share}"


def print_boards(report: EnergyReport) -> None:
    """Print a table of boards, one a row, and one of the parts of a step."""
    screen = console()
    columns = ("a step", "MHz", "cycles", "ms", "awake %", "work µJ", "all µJ", "J a day", "days")
    rows = [
        (
            each.board.name,
            f"{each.board.clock_hz / 1e6:g}",
            f"{sum(line.cycles for line in each.lines):,.0f}",
            f"{figure(each.latency_ms)}",
            f"{figure(100 * each.duty)}",
            f"{figure(each.active_uj.likely)}",
            f"{figure(each.step_uj.likely)}",
            f"{figure(each.day_j.likely)}",
            f"{figure(each.battery.days.likely)} ({figure(each.battery.days.low)} to "
            f"{figure(each.battery.days.high)})",
        )
        for each in report.boards
    ]
    head = f"{report.network}, a step of {1e3 * report.boards[0].step_seconds:g} ms"
    title = f"{head}; days on a {_cell(report.boards[0])}"
    screen.print(fitting_table(screen, title, columns, rows, ("MHz", "work µJ", "awake %")))
    names = list(dict.fromkeys(line.name for each in report.boards for line in each.lines))
    parts = [
        (each.board.name, *(_microjoules(each, name) for name in names)) for each in report.boards
    ]
    screen.print(table("µJ of a step by part", ("", *names), parts))
    for each in report.boards:
        screen.print(f"  {each.board.name}: {_fitted(each)}; {_sources(each)}", markup=False)


def _microjoules(energy: BoardEnergy, name: str) -> str:
    found = [line for line in energy.lines if line.name == name]
    return f"{figure(found[0].microjoules.likely)}" if found else ""


def _sources(energy: BoardEnergy) -> str:
    pico = energy.board.awake.picojoules_per_cycle
    return f"{_between(pico, 'pJ')} a cycle, {_flash(energy)}"
