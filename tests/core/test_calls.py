"""Call stacks that the simulator follows: calls, returns, tail calls, recursion, handlers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from edgesnn.errors import MachineError
from edgesnn.sim.core import Core, load_elf, make_core
from edgesnn.sim.core.calls import DEEPEST

from .machines import PROGRAMS, TARGETS, Target, compile_program, needs_gcc

pytestmark = needs_gcc

PROGRAM = """
#include "support.h"
#include <setjmp.h>
#define FAR __attribute__((noinline))
static jmp_buf place;
static volatile uint32_t ticks;
FAR void leaf(uint32_t n) { mix(n); __asm__ volatile(""); }
FAR uint32_t fall(uint32_t n) { return n ? fall(n - 1) * 3 + checksum : 1; }
FAR void last(uint32_t n) { mix(n + 1); __asm__ volatile(""); }
FAR void hands_over(uint32_t n) { leaf(n); last(n); }
FAR void jumper(uint32_t n) { leaf(n); longjmp(place, 1); }
FAR void through(void (*function)(uint32_t)) { function(3); __asm__ volatile(""); }
FAR void interrupted(void)
{ *(volatile uint32_t *)0xe000ed04u = 1u << 26; leaf(9); leaf(10); __asm__ volatile(""); }
FAR void ticking(void) { ticks++; __asm__ volatile(""); }
void on_systick(void) { ticking(); __asm__ volatile(""); }
void run(void)
{
    for (uint32_t i = 0; i < 5; i++) hands_over(i);
    mix(fall(4));
    if (!setjmp(place)) jumper(1);
    through(leaf);
    interrupted();
    leaf(2);
}
"""
RESET = "on_reset"


def _run(folder: Path, target: Target, traced: bool = True) -> Core:
    source = folder / "calls.c"
    source.write_text(PROGRAM)
    sources = [PROGRAMS / "support.c", source]
    image = compile_program(target, sources, folder / "a.elf", "-O2", f"-I{PROGRAMS}")
    core = make_core(load_elf(image), target.core, target.layout)
    if traced:
        core.trace_calls()
        core.reset()
    assert core.run().reason == "exit"
    return core


def _calls(core: Core) -> dict[str, int]:
    assert core.call_tree is not None
    nodes = core.call_tree.nodes(core.cycles, core.instructions)
    return {"/".join(node.path): node.calls for node in nodes}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.core)
def test_the_stacks_are_those_of_the_program(tmp_path: Path, target: Target) -> None:
    calls = _calls(_run(tmp_path, target))
    run = f"{RESET}/run"
    assert calls[f"{run}/hands_over"] == calls[f"{run}/hands_over/leaf"] == 5
    # A tail call takes its caller's place; compilers make none for Armv6-M.
    last = f"{run}/hands_over/last" if target.core == "cortex-m0" else f"{run}/last"
    assert calls[last] == 5
    assert calls[f"{run}/fall" + "/fall" * 4] == 1
    assert calls[f"{run}/jumper/leaf"] == 1 and calls[f"{run}/through/leaf"] == 1
    assert calls[f"{run}/leaf"] == 1, "after longjmp and all returns, run is where it was"
    assert calls[f"{run}/interrupted/leaf"] == 2
    handlers = [path for path in calls if path.endswith("on_systick/ticking")]
    assert handlers == [f"{run}/interrupted/on_systick/ticking"]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.core)
def test_every_cycle_is_on_one_stack(tmp_path: Path, target: Target) -> None:
    """Sums agree with the counters, and function by function with the profile."""
    core = _run(tmp_path, target)
    assert core.call_tree is not None and core.image is not None
    by_function: Counter[str] = Counter()
    for node in core.call_tree.nodes(core.cycles, core.instructions):
        by_function[node.path[-1]] += node.instructions
    nodes = list(core.call_tree.nodes(core.cycles, core.instructions))
    assert sum(node.cycles for node in nodes) == core.cycles
    assert sum(node.instructions for node in nodes) == core.instructions
    profiled: Counter[str] = Counter()
    for address in core.translator.instructions:
        times = int(core.profile[core.memory.flat(address) >> 1, 0])
        profiled[core.image.function_at(address) or "(no symbol)"] += times
    assert +by_function == +profiled


def test_tracing_changes_nothing(tmp_path: Path) -> None:
    plain, traced = (_run(tmp_path, TARGETS[2], traced=each) for each in (False, True))
    assert (plain.cycles, plain.instructions) == (traced.cycles, traced.instructions)
    assert plain.output() == traced.output()


def test_a_stack_deeper_than_the_tracer_is_survived(tmp_path: Path) -> None:
    source = tmp_path / "deep.c"
    source.write_text(
        '#include "support.h"\n'
        "__attribute__((noinline)) uint32_t down(uint32_t n)"
        "{ return n ? down(n - 1) * 3 + checksum : 1; }\n"
        "void run(void) { mix(down(700)); }\n"
    )
    target = TARGETS[2]
    sources = [PROGRAMS / "support.c", source]
    image = compile_program(target, sources, tmp_path / "a.elf", "-O1", f"-I{PROGRAMS}")
    core = make_core(load_elf(image), target.core, target.layout)
    tree = core.trace_calls()
    core.reset()
    assert core.run().reason == "exit"
    nodes = list(tree.nodes(core.cycles, core.instructions))
    assert tree.lost == 702 - DEEPEST and sum(node.cycles for node in nodes) == core.cycles


def test_tracing_needs_an_image() -> None:
    with pytest.raises(MachineError, match="no image"):
        Core("cortex-m4").trace_calls()
