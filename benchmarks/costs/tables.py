"""The tables of docs/PERFORMANCE.md, out of the results.

The page has a pair of lines for each, `<!-- begin NAME -->` and `<!-- end NAME -->`; what stands
between them is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from costs.markdown import core_title, figure, table
from costs.peer_tables import peers, versions
from costs.synapses import DECAYS
from costs.targets import FLOORS
from costs.targets import targets as all_targets
from edgesnn.errors import UsageError
from edgesnn.files import write_atomic
from edgesnn.sim.core.facts import KINDS

Results = dict[str, Any]


def rates(results: Results) -> str:
    """Whole inferences of 40-128-128-12: instructions and cycles by rate."""
    rows = []
    for compiler, cores in results["rates"].items():
        for core, widths in cores.items():
            for bits, found in widths.items():
                picked = {row["rate"]: row for row in found["rates"]}
                fit = found["fit"]
                rows.append([
                    f"{core_title(core)}, {compiler}, int{bits}",
                    *(f"{picked[rate]['instructions'] / 1000:.1f}" for rate in (0.0, 0.1, 0.5)),
                    *(f"{picked[rate]['cycles'] / 1000:.1f}" for rate in (0.0, 0.1, 0.5)),
                    f"{fit['instructions']['slope']:.2f}", f"{fit['cycles']['slope']:.2f}",
                    f"{fit['cycles']['r_squared']:.3f}",
                ])  # fmt: skip
    head = [
        "thousands of", "instructions at 0 %", "10 %", "50 %", "cycles at 0 %", "10 %", "50 %",
        "instructions an operation", "cycles an operation", "R²",
    ]  # fmt: skip
    return table(head, rows)


def all_rates(results: Results) -> str:
    """All input rates of int8 on the M4."""
    found = results["rates"]["gcc"]["m4"]["8"]["rates"]
    head = ["input rate", "synaptic operations", "instructions", "cycles", "relay, instructions"]
    return table(head, [
        [f"{100 * row['rate']:g} %", row["synaptic_operations"], row["instructions"],
         row["cycles"], row["relay_instructions"]]
        for row in found
    ])  # fmt: skip


def shapes(results: Results) -> str:
    """Other networks at a tenth, on the smallest and on the M4."""
    cores = results["shapes"]["gcc"]
    names = next(iter(cores.values()))
    rows: list[list[object]] = []
    for name in names:
        row: list[object] = [name]
        for core, found in cores.items():
            silent, tenth, _ = found[name]["rates"]
            if core == next(iter(cores)):
                row += [tenth["updates"], tenth["synaptic_operations"]]
            row += [
                silent["cycles"],
                tenth["cycles"],
                f"{found[name]['fit']['cycles']['slope']:.2f}",
            ]
        rows.append(row)
    head = ["network", "membrane updates", "operations at 10 %"]
    for core in cores:
        head += [f"{core_title(core)}: cycles at 0 %", "10 %", "an operation"]
    return table(head, rows)


def synapses(results: Results) -> str:
    """Cycles of a synaptic operation by core, compiler and width."""
    rows = []
    for compiler, cores in results["synapses"].items():
        for core, widths in cores.items():
            for bits, kinds in widths.items():
                row = [f"{core_title(core)}, {compiler}", f"int{bits}"]
                for kind in DECAYS:
                    cost = kinds[kind]["cycles"]
                    row += [f"{cost[key]:.2f}" for key in ("at_64", "at_256", "per_operation")]
                    row.append(f"{cost['per_event']:.0f}")
                rows.append(row)
    head = ["core", "weights"]
    for kind in ("may saturate", "bounded"):
        head += [f"{kind}: 64 neurons", "256 neurons", "inner kernel", "an event besides"]
    return table(head, rows)


def mixes(results: Results) -> str:
    """What a synaptic operation's cycles go into, by kind of instruction."""
    rows = []
    for core, widths in results["synapses"]["gcc"].items():
        for bits, found in widths.items():
            mix = found.get("mix", {})
            floor = FLOORS.get((core, bits))
            rows.append([
                core_title(core), f"int{bits}", f"{sum(mix.values()):.2f}", floor or "",
                *(f"{mix[kind]:.2f}" if mix.get(kind) else "" for kind in KINDS),
            ])  # fmt: skip
    return table(["core", "weights", "all", "floor", *KINDS], rows)


def neurons(results: Results) -> str:
    """Cycles of a membrane update."""
    rows = []
    for compiler, cores in results["neurons"].items():
        for core, kinds in cores.items():
            cells = [
                " / ".join(f"{state['cycles']:.1f}" for state in kind.values())
                for kind in kinds.values()
            ]
            rows.append([f"{core_title(core)}, {compiler}", *cells])
    head = ["at rest / decaying / more where it fires"]
    head += list(next(iter(results["neurons"]["gcc"].values())))
    return table(head, rows)


def frames(results: Results) -> str:
    """Cycles of a front-end frame."""
    rows: list[list[object]] = []
    for compiler, cores in results["frames"].items():
        for core, settings in cores.items():
            row: list[object] = [f"{core_title(core)}, {compiler}"]
            for found in settings.values():
                row += [round(found["cycles"][key]) for key in ("frame", "silence")]
                row.append(round(found["instructions"]["frame"]))
            rows.append(row)
    head = ["core"]
    for setting in next(iter(results["frames"]["gcc"].values())):
        head += [f"{setting}: cycles", "silence", "instructions"]
    return table(head, rows)


def keywords(results: Results) -> str:
    """Cycles a second of audio of the shipped networks."""
    rows: list[list[object]] = []
    parts: list[str] = []
    for compiler, cores in results["keywords"].items():
        for core, networks in cores.items():
            for name, network in networks.items():
                for sound, found in network["sounds"].items():
                    parts = parts or list(found["parts"])
                    label = f"{name}, {core_title(core)}, {compiler}: {sound}"
                    rows.append([label, found["cycles"], *found["parts"].values()])
    return table(["cycles a second", "all", *parts], rows)


def functions(results: Results) -> str:
    """Where the shipped networks' cycles go on the M4, by function."""
    rows = []
    for name, network in results["keywords"]["gcc"]["m4"].items():
        sound, found = next(iter(network["sounds"].items()))
        for function, cycles in found["functions"].items():
            share = f"{100 * cycles / found['cycles']:.1f} %"
            rows.append([f"{name}, {sound}", function, cycles, share])
    return table(["network and sound", "part: function", "cycles a second", "share"], rows)


def sizes(results: Results) -> str:
    """Bytes of code beside the tables."""
    rows = []
    for compiler, cores in results["sizes"].items():
        for core, networks in cores.items():
            for name, found in networks.items():
                rows.append(
                    [
                        name,
                        f"{core_title(core)}, {compiler}",
                        found["code"],
                        found["tables"],
                        found["cycles"],
                    ]
                )
    return table(["network", "core", "code", "tables", "cycles of 32 steps"], rows)


def against(results: Results) -> str:
    """The dense opponent: its cost, and where events stop paying."""
    rows: list[list[object]] = []
    for core, networks in results["against"]["gcc"].items():
        for name, found in networks.items():
            for kernel, dense in found["dense"].items():
                crossing = dense["crossover"]
                rows.append([
                    f"{core_title(core)}, {name}", kernel, round(dense["cycles"]),
                    f"{dense['per_multiplication']:.2f}", round(found["fit"]["offset"]),
                    f"{found['fit']['slope']:.2f}",
                    f"{100 * crossing:.0f} %" if crossing <= 1 else "never",
                ])  # fmt: skip
    head = [
        "core, network", "dense kernel", "dense: cycles a step", "cycles a synapse",
        "events: cycles of a silent step (fitted)", "cycles an operation",
        "synapses active where they cost the same",
    ]  # fmt: skip
    return table(head, rows)


def qemu(results: Results) -> str:
    """Instructions in QEMU and in the simulated core."""
    rows = [
        [
            core_title(core),
            found["qemu"],
            found["simulated"],
            "–".join(map(str, found["more_a_step"])),
        ]
        for core, found in results["qemu"]["gcc"].items()
    ]
    return table(["core", "QEMU", "simulated core", "more in QEMU, each step"], rows)


def compilers(results: Results) -> str:
    """What compiled it."""
    return table(["compiler", "version"], list(results["compilers"].items()))


def targets(results: Results) -> str:
    """Targets and how far the figures are from them."""
    rows = []
    for target in all_targets(results):
        if target.measured is not None:
            ratio = target.measured / target.ceiling
            rows.append([
                target.name, figure(target.ceiling), figure(target.measured),
                "reached" if ratio <= 1 else f"{ratio:.3g} times",
            ])  # fmt: skip
    return table(["", "at most", "measured", ""], rows)


TABLES: dict[str, tuple[str, Callable[[Results], str]]] = {
    make.__name__: (section, make)
    for section, make in (
        ("rates", rates), ("rates", all_rates), ("shapes", shapes), ("synapses", synapses),
        ("synapses", mixes),
        ("neurons", neurons), ("frames", frames), ("keywords", keywords),
        ("keywords", functions), ("sizes", sizes), ("against", against), ("qemu", qemu),
        ("compilers", compilers), ("compilers", targets), ("peers", peers), ("peers", versions),
    )
}  # fmt: skip


def fill(page: Path, results: Results) -> None:
    """Put every table whose section was measured between its lines.

    Raises:
        UsageError: the page lacks a table's lines.
    """
    text = page.read_text(encoding="utf-8")
    for name, (section, make) in TABLES.items():
        if section not in results:
            continue
        pattern = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        made = make(results)
        text, found = pattern.subn(lambda match: f"{match[1]}\n{made}\n\n{match[2]}", text)  # noqa: B023
        if found != 1:
            raise UsageError(
                f"{page} needs the lines <!-- begin {name} --> and <!-- end {name} -->"
            )
    write_atomic(page, text)
