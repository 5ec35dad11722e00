"""One network on one simulated core, called step by step, its cost split by part."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from costs.source_map import SourceMap
from edgesnn.boards import CORES, Board, emulated_board
from edgesnn.codegen import Compiler, Firmware, compile_firmware, generate
from edgesnn.codegen.choose import AUTO, Layout
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.sim.core import Core, board_map, load_elf, make_core
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.facts import KINDS, kind_of

#: What belongs to no layer: encoding of the input, rings, the interface's own functions.
ELSEWHERE = "elsewhere"
FRONT_END = "front-end"


def bench_board(core: str) -> Board:
    """4 MiB of flash and of RAM without wait states around any core; no such board exists."""
    return replace(emulated_board("m4"), name=f"bench-{core}", core=CORES[core], emulator=None)


@dataclass
class Cost:
    """Instructions and cycles."""

    instructions: int = 0
    cycles: int = 0

    def add(self, instructions: int, cycles: int) -> None:
        self.instructions += instructions
        self.cycles += cycles


@dataclass(frozen=True, eq=False)
class Clip:
    """What the steps of a clip cost, from reset.

    Attributes:
        instructions, cycles: int64 `(steps,)`, from each call to its return.
        scores: int32 `(steps, classes)`, the readout after each step.
        parts: cost of all steps by (part, function): a part is a layer's name, FRONT_END or
            ELSEWHERE; the function is the outermost one inlined or called there.
    """

    instructions: IntArray
    cycles: IntArray
    scores: IntArray
    parts: dict[tuple[str, str], Cost] = field(default_factory=dict)

    def part(self, name: str) -> Cost:
        """Cost of all steps in one part."""
        total = Cost()
        for (part, _), cost in self.parts.items():
            if part == name:
                total.add(cost.instructions, cost.cycles)
        return total


class Stepper:
    """A firmware on its simulated core, whose step function is called from outside.

    The image has the functions `PREFIX_reset`, `PREFIX_step_features` and `PREFIX_scores`, and the
    objects `state` and `features` (and `samples`, where there is a front-end).
    """

    def __init__(self, network: Network, firmware: Firmware, prefix: str) -> None:
        self.network, self.firmware, self._prefix = network, firmware, prefix
        board = firmware.board
        self.core = make_core(load_elf(firmware.elf), board.core.gcc_cpu, board_map(board))
        self._state = self._object("state")
        self._parts: Parts | None = None

    def _object(self, name: str) -> int:
        assert self.core.image is not None
        return self.core.image.symbol(name).address

    def _call(self, function: str, *arguments: int) -> int:
        return self.core.call(f"{self._prefix}_{function}", self._state, *arguments)

    def reset(self) -> None:
        """Forget all that the network heard."""
        self._call("reset")

    def run(self, given: IntArray) -> Clip:
        """Run one clip from reset: int8 features `(steps, channels)` or int16 `(steps, hop)`.

        The clip begins with a reset that is not counted.
        """
        self.reset()
        return self.run_steps(given)

    def run_steps(self, given: IntArray) -> Clip:
        """Run the steps of `given`, as `run` does, from the present state."""
        if self._parts is not None:
            self._parts.begin()
        spent, scores = [], []
        for step in given:
            spent.append(self._step(step))
            scores.append(self._scores())
        parts = self._parts.end() if self._parts is not None else {}
        counted = np.array(spent, np.int64).reshape(-1, 2)
        return Clip(counted[:, 0], counted[:, 1], np.array(scores), parts)

    def _step(self, given: IntArray) -> tuple[int, int]:
        pcm = given.dtype == np.int16
        entry, place = ("step_pcm", "samples") if pcm else ("step_features", "features")
        address = self._object(place)
        self.core.memory.write(address, given.tobytes())
        before = self.core.instructions, self.core.cycles
        self._call(entry, address)
        return self.core.instructions - before[0], self.core.cycles - before[1]

    def kinds(self, without: str = "") -> dict[str, int]:
        """Cycles since the image was loaded by kind of instruction (`sim.core.facts.KINDS`).

        Args:
            without: a part whose own instructions are left out.
        """
        found = dict.fromkeys(KINDS, 0)
        for address, instruction in self.core.translator.instructions.items():
            cycles = int(self.core.profile[self.core.memory.flat(address) >> 1, 1])
            if cycles and (self._parts is None or self._parts.part_at(address) != without):
                found[kind_of(instruction)] += cycles
        return found

    def _scores(self) -> IntArray:
        address = self._call("scores")
        return np.frombuffer(self.core.memory.read(address, 4 * len(self.network.classes)), "<i4")


class Probe(Stepper):
    """A network's generated firmware, its cost split by part.

    Raises:
        CompileError: no compiler, or it refuses the code.
        BoardError: no such core.
    """

    def __init__(
        self,
        network: Network,
        core: str,
        compiler: Compiler | None = None,
        split: bool = True,
        layout: Layout = AUTO,
    ) -> None:
        """Compile `network`; `split` tells parts apart, which takes a little longer to run."""
        self._folder = tempfile.TemporaryDirectory(prefix="edgesnn-")
        board = bench_board(core)
        generated = generate(network, Path(self._folder.name), layout=layout.on(board.core))
        firmware = compile_firmware(generated, board, compiler=compiler)
        super().__init__(network, firmware, network.name)
        if split:
            self._parts = Parts(self.core, network, firmware.elf)
        self._call("init")


class Parts:
    """Splits what step functions cost by layer.

    What the compiler inlined into them is told apart by its debug information; a call out of them
    counts, with all that it calls, where it was called from.
    """

    def __init__(self, core: Core, network: Network, elf: Path) -> None:
        assert core.image is not None
        self._core, self._network = core, network
        self._map = SourceMap(elf)
        entries = {f"{network.name}_{entry}" for entry in ("step_features", "step_pcm")}
        self._steps = {f"{network.name}_{x.name}_step": x.name for x in network.layers}
        self._roots = {
            function.name
            for function in core.image.functions
            if function.name in entries | self._steps.keys()
            or function.name.startswith("edgesnn_frontend")
        }
        self._quiet = {f"{network.name}_{name}" for name in ("scores", "reset", "init")}
        self._called: dict[tuple[str, str], Cost] = defaultdict(Cost)
        self._inside = False
        for function in core.image.functions:
            if function.name not in self._roots | self._quiet:
                core.watch(function.address, lambda name=function.name: self._enter(name))  # type: ignore[misc]

    def begin(self) -> None:
        """Forget what was counted."""
        self._called.clear()
        self._before = {name: self._core.profile[rows].copy() for name, rows in self._rows()}

    def end(self) -> dict[tuple[str, str], Cost]:
        """Cost since `begin` by part and function."""
        found: dict[tuple[str, str], Cost] = defaultdict(Cost)
        for label, cost in self._called.items():
            found[label].add(cost.instructions, cost.cycles)
        for address, spent in self._own():
            found[self._label(self._map.chain(address))].add(*spent)
        return dict(found)

    def part_at(self, address: int) -> str:
        """The part that the instruction at `address` was inlined into."""
        return self._label(self._map.chain(address))[0]

    def _rows(self) -> Iterator[tuple[str, slice]]:
        """Where the profile has the step functions themselves."""
        assert self._core.image is not None
        for name in sorted(self._roots):
            symbol = self._core.image.symbols[name]
            first = self._core.memory.flat(symbol.address) >> 1
            yield name, slice(first, first + (symbol.size + 1) // 2)

    def _own(self) -> Iterator[tuple[int, tuple[int, int]]]:
        """Instructions of the step functions themselves: address, executions and cycles."""
        assert self._core.image is not None
        for name, rows in self._rows():
            start = self._core.image.symbols[name].address
            spent = self._core.profile[rows] - self._before[name]
            for row in np.flatnonzero(spent[:, 0]):
                yield start + 2 * int(row), (int(spent[row, 0]), int(spent[row, 1]))

    def _enter(self, name: str) -> None:
        """Time a call out of a step function until it returns; calls inside it are its own."""
        core = self._core
        if self._inside or name in self._roots:
            return
        back = int(core.regs[op.LR]) & ~1
        begun, stack = (core.instructions, core.cycles), int(core.regs[op.SP])
        label = self._label((*self._map.chain(back - 2), name))
        if core.memory.flat(back) < 0:  # called from outside, or the last act of a step
            return
        self._inside = True

        def leave() -> None:
            if int(core.regs[op.SP]) >= stack:
                self._called[label].add(core.instructions - begun[0], core.cycles - begun[1])
                self._inside = False
                core.unwatch(back, leave)

        core.watch(back, leave)

    def _label(self, chain: tuple[str, ...]) -> tuple[str, str]:
        """Part and function of a chain of functions, outermost first."""
        for position, name in enumerate(chain):
            inner = chain[position + 1] if position + 1 < len(chain) else name
            if name in self._steps:
                return self._steps[name], inner
            if name.startswith("edgesnn_frontend"):
                return FRONT_END, inner
        return ELSEWHERE, next(
            (x for x in chain if x not in self._roots), chain[-1] if chain else ""
        )
