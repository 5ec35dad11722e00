"""What a run cost, and where: by function, by kind of instruction, by watched call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from edgesnn.sim.core import facts
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.calls import CallNode
from edgesnn.sim.core.cpu import Core
from edgesnn.sim.core.instruction import Instruction
from edgesnn.sim.core.stop import Stop

ELSEWHERE = "(no symbol)"


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """One function, without what it calls.

    Attributes:
        name: its symbol.
        calls: how often its first instruction ran.
        instructions, cycles: spent inside it.
    """

    name: str
    calls: int
    instructions: int
    cycles: int


@dataclass(frozen=True, slots=True)
class KindCost:
    """One kind of instruction, one of `facts.KINDS`."""

    kind: str
    instructions: int
    cycles: int


@dataclass(frozen=True, slots=True)
class SpanCost:
    """A watched function with all that it calls; cycles from entry to return.

    Attributes:
        name: its symbol.
        calls: how many were completed.
        least, mean, p99, most: cycles of a call; p99 is the 99th percentile.
    """

    name: str
    calls: int
    least: int
    mean: float
    p99: int
    most: int


@dataclass(frozen=True, slots=True)
class CoreReport:
    """A run of firmware on a simulated core.

    Attributes:
        core: as GCC's -mcpu spells it.
        stop: why it ended: exit, instructions, cycles, breakpoint, sleeping or reset.
        code: exit status.
        cycles, instructions: from reset to the end, sleep included in the cycles.
        asleep: cycles in WFI and WFE.
        loads, stores: words or smaller units moved by instructions.
        flash_reads: loads that went to flash.
        stack_bytes: the deepest the main stack has been.
        wait_states: of flash, as simulated.
        functions: by cycles, most first.
        kinds: in the order of `facts.KINDS`.
        spans: watched functions, in the order asked for.
        output: what the firmware printed.
        unmodelled: peripheral addresses that only remembered what was written.
        stacks: every path of calls, where they were traced.
    """

    core: str
    stop: str
    code: int
    cycles: int
    instructions: int
    asleep: int
    loads: int
    stores: int
    flash_reads: int
    stack_bytes: int
    wait_states: int
    functions: tuple[FunctionCost, ...]
    kinds: tuple[KindCost, ...]
    spans: tuple[SpanCost, ...]
    output: str
    unmodelled: tuple[int, ...]
    stacks: tuple[CallNode, ...] = ()

    @property
    def cpi(self) -> float:
        """Cycles an instruction, sleep left out."""
        return (self.cycles - self.asleep) / self.instructions if self.instructions else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"cpi": round(self.cpi, 4)}


class Spans:
    """Cycles of every call of some functions, from entry to return."""

    def __init__(self, core: Core, names: tuple[str, ...]) -> None:
        self._core = core
        self.cycles: dict[str, list[int]] = {name: [] for name in names}
        for name in names:
            address = core.function_address(name) & ~1
            core.watch(address, lambda name=name: self._enter(name))  # type: ignore[misc]

    def _enter(self, name: str) -> None:
        core = self._core
        began, stack = core.cycles, int(core.regs[op.SP])
        back = int(core.regs[op.LR]) & ~1
        if core.memory.flat(back) < 0:
            return

        def leave() -> None:
            if int(core.regs[op.SP]) >= stack:  # not an inner call of a recursion
                self.cycles[name].append(core.cycles - began)
                core.unwatch(back, leave)

        core.watch(back, leave)

    def clear(self) -> None:
        """Forget all calls."""
        for spent in self.cycles.values():
            spent.clear()

    def taken(self) -> dict[str, list[int]]:
        """Cycles of each call so far, by function."""
        return {name: list(spent) for name, spent in self.cycles.items()}

    def costs(self) -> Iterator[SpanCost]:
        """One summary a function."""
        for name, spent in self.cycles.items():
            found = np.array(spent or [0])
            yield SpanCost(
                name, len(spent), int(found.min()), float(found.mean()),
                int(np.percentile(found, 99)), int(found.max()),
            )  # fmt: skip


def report(core: Core, stop: Stop, spans: Spans | None = None) -> CoreReport:
    """Sum up what `core` has done since it was reset."""
    executed = list(_executed(core))
    loads = sum(facts.words_moved(i) * n for i, n, _ in executed if i.op in facts.LOADS)
    stores = sum(facts.words_moved(i) * n for i, n, _ in executed if i.op in facts.STORES)
    state = core.state
    low, timing = int(state[op.S_STACK_LOW]), core.memory.layout.timing
    tree = core.call_tree
    return CoreReport(
        core=core.model.name, stop=stop.reason, code=stop.code, cycles=core.cycles,
        instructions=core.instructions, asleep=core.slept, loads=loads, stores=stores,
        flash_reads=int(state[op.S_FLASH_READS]), stack_bytes=max(core.stack_top - low, 0),
        wait_states=timing.wait_states if timing else 0, functions=_functions(core, executed),
        kinds=_kinds(executed), spans=tuple(spans.costs()) if spans else (),
        output=core.output(), unmodelled=tuple(sorted(core.bus.unmodelled.touched)),
        stacks=tuple(tree.nodes(core.cycles, core.instructions)) if tree else (),
    )  # fmt: skip


def _executed(core: Core) -> Iterator[tuple[Instruction, int, int]]:
    """Instructions that ran, how often, and their cycles."""
    profile = core.profile
    for address, instruction in core.translator.instructions.items():
        times, cycles = profile[core.memory.flat(address) >> 1].tolist()
        if times:
            yield instruction, times, cycles


def _functions(
    core: Core, executed: list[tuple[Instruction, int, int]]
) -> tuple[FunctionCost, ...]:
    starts = {f.address for f in core.image.functions} if core.image else set()
    calls: dict[str, int] = defaultdict(int)
    counts: dict[str, int] = defaultdict(int)
    cycles: dict[str, int] = defaultdict(int)
    for instruction, times, spent in executed:
        name = core.image.function_at(instruction.address) if core.image else None
        name = name or ELSEWHERE
        counts[name] += times
        cycles[name] += spent
        if instruction.address in starts:
            calls[name] += times
    ordered = sorted(counts, key=lambda name: (-cycles[name], name))
    return tuple(FunctionCost(n, calls[n], counts[n], cycles[n]) for n in ordered)


def _kinds(executed: list[tuple[Instruction, int, int]]) -> tuple[KindCost, ...]:
    counts = dict.fromkeys(facts.KINDS, 0)
    cycles = dict.fromkeys(facts.KINDS, 0)
    for instruction, times, spent in executed:
        kind = facts.kind_of(instruction)
        counts[kind] += times
        cycles[kind] += spent
    return tuple(KindCost(kind, counts[kind], cycles[kind]) for kind in facts.KINDS)
