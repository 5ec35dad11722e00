"""Translated code against the interpreter: the same state, memory, cycles, counts and report."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgesnn.boards import BOARDS
from edgesnn.cli.boundary import run
from edgesnn.errors import MachineError, UsageError
from edgesnn.sim.core import Core, MemoryMap, Region, load_elf, make_core
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks import plan, region
from edgesnn.sim.core.blocks.access import Window
from edgesnn.sim.core.blocks.pace import Engine
from edgesnn.sim.core.blocks.row import Row
from edgesnn.sim.core.report import report
from edgesnn.sim.core.timing.m7 import CORTEX_M7

from .machines import M4, PROGRAMS, TARGETS, Target, compile_program, needs_gcc
from .random_code import CODE, DATA_AT, LEAVE, PROFILES, SIZE, WINDOW, Profile, Program, listing
from .random_program import program

EAGER = Engine("eager", 300, 4)
BREAKPOINT = 0xBE00
FEW = ("arithmetic", "signal")
INTEGER = ("text", "floating", "control", "system")
ASKED = Engine("asked", 1 << 60, 1)
RANDOM_CORES = ("cortex-m0plus", "cortex-m3", "cortex-m4+nofp", "cortex-m33+nofp", "cortex-m7+nofp")


def state_of(core: Core) -> list[int]:
    """The state vector; which load was the last only counts where loads pair."""
    state = core.state.copy()
    state[op.S_LOADED] *= core.timing is CORTEX_M7
    return state.tolist()


def everything(core: Core) -> dict[str, object]:
    """All that a run leaves behind."""
    return {
        "registers": core.regs[: op.ZERO].tolist(),
        "state": state_of(core),
        "memory": core.memory.octets.tobytes(),
        "profile": core.profile[core.profile[:, 0] > 0].tolist(),
        "rows": np.flatnonzero(core.profile[:, 0]).tolist(),
        "output": core.output(),
    }


def run_twice(make: Callable[[Engine | str], Core]) -> tuple[Core, Core]:
    """One program interpreted, and again from reset after it has been translated."""
    plain, fast = make("interpreter"), make(EAGER)
    for _ in range(2):  # the second time from code that is there, and priced as it came
        stops = []
        for core in (fast, plain):
            core.reset()
            stops.append(core.run())
    assert stops[0] == stops[1]
    assert report(fast, stops[0]) == report(plain, stops[1])
    return plain, fast


def assert_same(plain: Core, fast: Core) -> None:
    one, other = everything(plain), everything(fast)
    for name, value in one.items():
        assert value == other[name], name


@needs_gcc
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.core)
@pytest.mark.parametrize(
    "name", [*FEW, *(pytest.param(name, marks=pytest.mark.slow) for name in INTEGER)]
)
def test_programs_are_the_interpreters(target: Target, name: str, tmp_path: Path) -> None:
    image = load_elf(
        compile_program(
            target, [PROGRAMS / "support.c", PROGRAMS / f"{name}.c"], tmp_path / "a.elf", "-O2"
        )
    )
    assert_same(
        *run_twice(lambda engine: make_core(image, target.core, target.layout, engine=engine))
    )


def enter_anywhere(monkeypatch: pytest.MonkeyPatch, rng: random.Random) -> None:
    """Let pieces begin at a third of all rows: what left in between is taken up again."""
    heads = plan.heads_of

    def more(rows: Mapping[int, Row], code: Window) -> frozenset[int]:
        outside_it = [at for at in sorted(rows) if not rows[at].it]
        return heads(rows, code) | {at for at in outside_it if rng.random() < 0.3}

    monkeypatch.setattr(plan, "heads_of", more)
    monkeypatch.setattr(region, "WORTH_ENTERING", 1)


@needs_gcc
@pytest.mark.parametrize("board", ["nucleo-l4r5zi", "nucleo-u575zi-q", "pico", "nrf52840-dk"])
def test_waits_for_flash_are_the_interpreters(board: str, tmp_path: Path) -> None:
    layout = replace(M4.layout, timing=BOARDS[board].timing)
    sources = [PROGRAMS / "support.c", PROGRAMS / "control.c"]
    image = load_elf(compile_program(M4, sources, tmp_path / "a.elf", "-O2"))
    plain, fast = run_twice(lambda engine: make_core(image, "cortex-m4", layout, engine=engine))
    assert_same(plain, fast)
    assert plain.cycles > plain.instructions


class Straight:
    """Random code in flash, run from the same registers and memory as often as wanted."""

    def __init__(self, profile: Profile, engine: Engine | str) -> None:
        layout = MemoryMap(
            (
                Region(profile.ram, WINDOW, "flash"),
                Region(profile.ram + DATA_AT, SIZE, "ram"),
                Region(0x40000000, 0x20000000, "peripheral"),
            )
        )
        self.core = Core(profile.core, layout, engine=engine)

    def put(self, found: Program) -> None:
        """Write the program, and a breakpoint where it is left."""
        memory = self.core.memory
        memory.write(found.base, found.window())
        memory.write(found.base + LEAVE, BREAKPOINT.to_bytes(2, "little"))

    def run(self, found: Program) -> str:
        """How it ended."""
        core = self.core
        core.memory.write(found.base + DATA_AT, found.memory())
        core.regs[:15] = found.regs
        core.state[op.S_EXCLUSIVE] = -1
        core.state[op.S_STACK_LOW] = 1 << 62
        core.exceptions.set_flags(found.flags)
        core.pc = found.base + CODE
        try:
            return core.run(instructions=30_000).reason
        except MachineError as error:
            return str(error)


def compare(plain: Straight, fast: Straight, found: Program) -> bool:
    """Run a program, translate it, run it again; whether all is the interpreter's."""
    for machine in (plain, fast):
        machine.put(found)
        machine.run(found)
    fast.core.look()
    ends = [machine.run(found) for machine in (plain, fast)]
    return ends[0] == ends[1] and everything(plain.core) == everything(fast.core)


def run_random(name: str, seed: int, programs: int) -> int:
    """Random programs of a profile, one after the other; returns the instructions translated."""
    profile, done = PROFILES[name], 0
    for number in range(programs):
        found = program(seed + number, profile, 40)
        plain, fast = (Straight(profile, engine) for engine in ("interpreter", ASKED))
        assert compare(plain, fast, found), listing(found)
        done += fast.core.translated
    return done


@pytest.mark.parametrize("name", RANDOM_CORES)
def test_random_code_is_the_interpreters(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    enter_anywhere(monkeypatch, random.Random(12))
    assert run_random(name, 900, 12) > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, each in PROFILES.items() if not each.fpu])
def test_much_random_code_is_the_interpreters(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    enter_anywhere(monkeypatch, random.Random(13))
    assert run_random(name, 5000, 200) > 2000


@needs_gcc
def test_every_engine_can_be_asked_for(
    looping: Callable[[Engine | str], Core], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looping("interpreter")
    found = []
    for engine in ("interpreter", "auto", "translated"):
        command = ["simulate", str(tmp_path / "loop.elf"), "--core", "cortex-m4", "--json"]
        assert run([*command, "--engine", engine]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0] == found[1] == found[2]
    assert run(["simulate", str(tmp_path / "loop.elf"), "--core", "cortex-m4", "--engine", "jit"])
    assert "no engine is called 'jit'" in capsys.readouterr().err


LOOP = """
#include "support.h"
volatile uint32_t seen;
uint32_t table[64];
__attribute__((noinline)) uint32_t leaf(uint32_t n) { return n * 2654435761u >> 7; }
void run(void)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < 4000; i++) {
        table[i & 63] += leaf(i);
        sum ^= table[(i * 7) & 63] + leaf(sum);
        if (i % 3 == 0) sum += i / (1 + (sum & 15));
    }
    seen = sum;
    mix(sum);
}
"""


@pytest.fixture
def looping(tmp_path: Path) -> Callable[[Engine | str], Core]:
    source = tmp_path / "loop.c"
    source.write_text(LOOP)
    image = load_elf(
        compile_program(
            M4, [PROGRAMS / "support.c", source], tmp_path / "loop.elf", "-O2", f"-I{PROGRAMS}"
        )
    )
    return lambda engine: make_core(image, "cortex-m4", M4.layout, engine=engine)


@needs_gcc
def test_hot_loops_are_translated(looping: Callable[[Engine | str], Core]) -> None:
    plain, fast = run_twice(looping)
    assert_same(plain, fast)
    assert fast.translated > 0.95 * fast.instructions


@needs_gcc
@pytest.mark.parametrize("limit", ["instructions", "cycles"])
def test_limits_are_exact(looping: Callable[[Engine | str], Core], limit: str) -> None:
    plain, fast = looping("interpreter"), looping(EAGER)
    for core in (plain, fast):
        core.run()
        core.reset()
    rng = random.Random(3)
    for _ in range(60):
        step = rng.randrange(1, 4000)
        stops = [core.run(**{limit: step}) for core in (plain, fast)]
        assert stops[0] == stops[1]
        assert plain.regs[: op.ZERO].tolist() == fast.regs[: op.ZERO].tolist()
        assert state_of(plain) == state_of(fast)
    assert_same(plain, fast)


@needs_gcc
def test_watched_addresses_are_seen(looping: Callable[[Engine | str], Core]) -> None:
    seen: dict[str, list[tuple[int, int]]] = {"interpreter": [], "eager": []}
    for engine in ("interpreter", EAGER):
        core = looping(engine)
        core.run()
        core.reset()
        calls = seen[engine if isinstance(engine, str) else engine.name]
        leaf = core.function_address("leaf") & ~1
        core.watch(leaf, lambda core=core, calls=calls: calls.append((core.cycles, core.regs[0])))
        core.run()
    assert len(seen["eager"]) == 8000
    assert seen["eager"] == seen["interpreter"]


@needs_gcc
def test_traced_calls_do_without_translation(looping: Callable[[Engine | str], Core]) -> None:
    core = looping(EAGER)
    core.run()
    tree = core.trace_calls()
    core.reset()
    core.run()
    assert sum(node.cycles for node in tree.nodes(core.cycles, core.instructions)) == core.cycles


@needs_gcc
def test_code_that_is_written_again_is_dropped(looping: Callable[[Engine | str], Core]) -> None:
    plain, fast = looping("interpreter"), looping(EAGER)
    fast.run()
    for core in (plain, fast):
        leaf = core.function_address("leaf") & ~1
        core.memory.write(leaf, np.array([0x4770], "<u2").tobytes())  # BX LR
        core.reset()
        core.run()
    assert_same(plain, fast)


def test_an_engine_has_a_name() -> None:
    with pytest.raises(UsageError, match="no engine is called 'jit'; there are interpreter, auto"):
        Core("cortex-m4", engine="jit")
