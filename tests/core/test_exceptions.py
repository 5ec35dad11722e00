"""Exceptions: chained handlers, and what the fault status registers say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgesnn.sim.core import CORES, Core, MemoryMap, Region
from edgesnn.sim.core import operations as op

from .machines import needs_gcc
from .timing_rules import assemble

pytestmark = needs_gcc
RAM = 0x20000000
MAP = MemoryMap((Region(0, 0x1000, "flash"), Region(RAM, 0x2000, "ram")))
VECTORS = (
    ".word 0x20001000, start + 1, other + 1, hard + 1, other + 1, bus + 1, usage + 1, 0, 0, 0, 0;"
    ".word call + 1, 0, 0, pended + 1, other + 1\n"
)
HANDLERS = """
.balign 4; other: bkpt #1; hard: movs r7, #3; bkpt #2; bus: movs r7, #5; bkpt #2
usage: movs r7, #6; bkpt #2
"""
NOTHING = "call_ends: call: pended: done: bx lr\n"
# SVC's handler asks for PendSV, which runs as soon as it has ended.
CHAIN = """
start: ldr r4, =0xE000ED04; movs r5, #1; lsls r5, r5, #28; movs r0, #7; movs r6, #0
svc #0; done: bkpt #0
call: str r5, [r4]; movs r0, #9; call_ends: bx lr
.balign 4; pended: adds r6, #1; mov r3, lr; bx lr; .ltorg
"""


def _machine(core: str, text: str, folder: Path) -> tuple[Core, dict[str, int]]:
    """A core on `text`, and the address of each of its labels."""
    labels = ("done", "call_ends", "pended")
    marks = f".balign 4; .word {', '.join(labels)}"
    whole = VECTORS + text + ("" if text.startswith(CHAIN[:20]) else NOTHING) + HANDLERS + marks
    code = assemble(core, whole, folder)
    machine = Core(core, MAP)
    machine.memory.write(0, code)
    machine.regs[op.SP] = RAM + 0x1000
    machine.pc = int.from_bytes(code[4:8], "little") & ~1
    places = np.frombuffer(code[-12:], "<u4").tolist()
    return machine, dict(zip(labels, places, strict=True))


@pytest.mark.parametrize("name", CORES)
def test_a_handler_that_ends_hands_its_frame_to_the_next(name: str, tmp_path: Path) -> None:
    """Six cycles between the two, no word moved, and all registers come back at the end."""
    core, places = _machine(name, CHAIN, tmp_path)
    core.exceptions.controller.priority = {11: 0, 14: 0xC0}
    seen: dict[str, tuple[int, int]] = {}
    for label in ("call_ends", "pended"):
        core.watch(
            places[label],
            lambda label=label: seen.setdefault(label, (core.cycles, int(core.regs[op.SP]))),
        )
    assert core.run(instructions=100).reason == "breakpoint" and core.pc == places["done"]
    row = core.memory.flat(places["call_ends"]) >> 1
    branch = int(core.profile[row, 1])
    assert core.timing.dynamic.exception_chain == 6
    assert seen["pended"][0] - seen["call_ends"][0] == branch + 6
    assert seen["pended"][1] == seen["call_ends"][1] == RAM + 0x1000 - 0x20
    assert core.regs[[0, 6]].tolist() == [7, 1] and core.regs[op.SP] == RAM + 0x1000
    assert core.exceptions.number == 0 and not core.exceptions.controller.pending


def test_an_exception_that_would_not_preempt_waits(tmp_path: Path) -> None:
    """PendSV below the handler that is returned to: the frame is unstacked first."""
    text = CHAIN.replace("movs r0, #9;", "movs r0, #9; cpsid i;")
    core, places = _machine("cortex-m4", text, tmp_path)
    core.exceptions.controller.priority = {11: 0, 14: 0xC0}
    assert core.run(instructions=100).reason == "breakpoint" and core.pc == places["done"]
    assert core.regs[6] == 0 and core.exceptions.controller.pending == {14}


def test_a_chained_handler_of_a_thread_returns_to_its_stack(tmp_path: Path) -> None:
    text = CHAIN.replace("movs r6, #0", "movs r6, #0; ldr r1, =0x20001800; msr psp, r1; "
                         "movs r1, #2; msr control, r1; isb")  # fmt: skip
    core, places = _machine("cortex-m3", text, tmp_path)
    core.exceptions.controller.priority = {11: 0, 14: 0xC0}
    assert core.run(instructions=100).reason == "breakpoint" and core.pc == places["done"]
    assert core.regs[op.SP] == RAM + 0x1800 and core.regs[6] == 1
    assert core.exceptions.other_stack == RAM + 0x1000


ENABLE_ALL = 7 << 16  # SHCSR: memory, bus and usage faults
FAULTS = [
    ("start: vadd.f32 s0, s0, s1", "cortex-m4", 1 << 19),
    ("start: vmov s0, r0", "cortex-m4+nofp", 1 << 19),
    ("start: udf #0", "cortex-m4", 1 << 16),
    ("start: movs r0, #0; bx r0", "cortex-m4", 1 << 17),
    ("start: ldr r0, =0x20000001; ldrd r1, r2, [r0]; .ltorg", "cortex-m4", 1 << 24),
    ("start: ldr r0, =0x30000000; ldr r1, [r0]; .ltorg", "cortex-m4", 1 << 9 | 1 << 15),
]


@pytest.mark.parametrize(("text", "name", "status"), FAULTS)
def test_the_status_registers_tell_a_fault(
    text: str, name: str, status: int, tmp_path: Path
) -> None:
    for enabled in (False, True):
        core, _ = _machine("cortex-m4", text + "\n", tmp_path)
        if name != "cortex-m4":
            other = Core(name, MAP)
            other.memory.write(0, core.memory.read(0, 0x200))
            other.regs[:], other.pc = core.regs, core.pc
            core = other
        space = core.bus.control_space
        core.take_faults = True
        space.write(0xED24, ENABLE_ALL * enabled, 4)
        assert core.run(instructions=20).reason == "breakpoint"
        taken = (5 if status & 0xFF00 else 6) if enabled else 3
        assert (core.regs[7], core.exceptions.number) == (taken, taken)
        assert space.read(0xED28, 4) == status
        assert space.read(0xED2C, 4) == (0 if enabled else 1 << 30)
        if status & 1 << 15:
            assert space.read(0xED38, 4) == 0x30000000
        space.write(0xED28, status, 4)
        assert space.read(0xED28, 4) == 0


def test_half_of_the_status_is_read_and_cleared_alone(tmp_path: Path) -> None:
    core, _ = _machine("cortex-m4", "start: vadd.f32 s0, s0, s1\n", tmp_path)
    core.take_faults = True
    core.run(instructions=20)
    space = core.bus.control_space
    assert space.read(0xED2A, 2) == 1 << 3  # UFSR.NOCP
    space.write(0xED2A, 1 << 3, 2)
    assert space.read(0xED28, 4) == 0


def test_a_unit_for_privileged_code_only_is_off_for_the_rest(tmp_path: Path) -> None:
    """CPACR 01: fine until the thread gives up its privilege."""
    text = "start: vmov s0, r0; movs r1, #1; msr control, r1; isb; vmov s1, r0\n"
    core, _ = _machine("cortex-m4", text, tmp_path)
    core.take_faults = True
    core.fpu.write(0xED88, 0x5 << 20)
    assert core.run(instructions=20).reason == "breakpoint"
    assert core.bus.control_space.read(0xED28, 4) == 1 << 19
    assert core.instructions == 4 + 1  # up to ISB, and the handler's first
