"""One report of several runs of an image, as if they had been one after the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from edgesnn.sim.core import facts
from edgesnn.sim.core.calls import CallNode
from edgesnn.sim.core.report import CoreReport, FunctionCost, KindCost


def merge(reports: Sequence[CoreReport]) -> CoreReport:
    """Counts added up, the stack's deepest, what the last run ended with; no spans."""
    last = reports[-1]
    sums = {
        name: sum(getattr(each, name) for each in reports)
        for name in (
            "cycles", "instructions", "asleep", "loads", "stores", "flash_reads",
        )
    }  # fmt: skip
    return replace(
        last,
        **sums,
        stack_bytes=max(each.stack_bytes for each in reports),
        functions=_functions(reports),
        kinds=_kinds(reports),
        spans=(),
        output="".join(each.output for each in reports),
        unmodelled=tuple(sorted(set(chain.from_iterable(each.unmodelled for each in reports)))),
        stacks=_stacks(reports),
    )


def _functions(reports: Sequence[CoreReport]) -> tuple[FunctionCost, ...]:
    totals: dict[str, tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for each in chain.from_iterable(report.functions for report in reports):
        calls, instructions, cycles = totals[each.name]
        totals[each.name] = (
            calls + each.calls, instructions + each.instructions, cycles + each.cycles,
        )  # fmt: skip
    ordered = sorted(totals.items(), key=lambda item: (-item[1][2], item[0]))
    return tuple(FunctionCost(name, *total) for name, total in ordered)


def _kinds(reports: Sequence[CoreReport]) -> tuple[KindCost, ...]:
    totals = dict.fromkeys(facts.KINDS, (0, 0))
    for each in chain.from_iterable(report.kinds for report in reports):
        instructions, cycles = totals[each.kind]
        totals[each.kind] = instructions + each.instructions, cycles + each.cycles
    return tuple(KindCost(kind, *total) for kind, total in totals.items())


def _stacks(reports: Sequence[CoreReport]) -> tuple[CallNode, ...]:
    totals: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for each in chain.from_iterable(report.stacks for report in reports):
        calls, cycles, instructions = totals.get(each.path, (0, 0, 0))
        totals[each.path] = (
            calls + each.calls, cycles + each.cycles, instructions + each.instructions,
        )  # fmt: skip
    return tuple(CallNode(path, *total) for path, total in totals.items())
