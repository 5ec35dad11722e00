"""The core as a machine: calls, faults, timers, interrupts, devices, reports."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgesnn.boards import BOARDS
from edgesnn.errors import MachineError, UsageError
from edgesnn.sim.core import Core, CoreFault, MemoryMap, Region, load_elf, make_core, simulate_elf
from edgesnn.sim.core import operations as op

from .machines import HARD_TARGETS, M4, PROGRAMS, TARGETS, Target, compile_program, needs_gcc
from .timing_rules import assemble

pytestmark = needs_gcc
LAYOUT = MemoryMap(
    (Region(0, 0x1000, "flash"), Region(0x20000000, 0x1000, "ram"),
     Region(0x40000000, 0x10000, "peripheral"))
)  # fmt: skip


def _core(text: str, folder: Path, core: str = "cortex-m4") -> Core:
    """A core at the first instruction of `text`, its stack at the top of RAM."""
    made = Core(core, LAYOUT)
    made.memory.write(0x100, assemble(core, text, folder))
    made.regs[op.SP] = 0x20001000
    made.pc = 0x100
    return made


def _program(tmp_path: Path, text: str, target: Target = M4) -> Path:
    source = tmp_path / "program.c"
    source.write_text('#include "support.h"\n' + text)
    sources = [PROGRAMS / "support.c", source]
    return compile_program(target, sources, tmp_path / "a.elf", "-O2", f"-I{PROGRAMS}")


FAULTS = {
    "unknown instruction": (
        "nop; .inst.w 0xee300e10",
        r"0x00000102: unknown instruction 0xee300e10",
    ),
    "floating point while it is off": (
        "nop; vadd.f32 s0, s1, s2",
        r"vadd, 0x00000102: the floating point unit is off \(CPACR is 0x00000000\)",
    ),
    "load from nowhere": (
        "movs r0, #1; lsls r0, r0, #29; subs r0, #4; ldr r1, [r0]",
        r"ldr, 0x00000106: load from 0x1ffffffc \(4 bytes\): no memory there",
    ),
    "store to flash": (
        "movs r0, #0; str r0, [r0]",
        "store to 0x00000000 .*flash cannot be written",
    ),
    "jump to nowhere": ("ldr r0, =0x30000001; bx r0", "branch to 0x30000001, where no memory is"),
    "Arm state": ("movs r0, #0; bx r0", "branch to 0x00000000, which is not Thumb code"),
    "misaligned multiple": ("ldr r0, =0x20000002; ldmia r0!, {r1, r2}", "0x20000002.*misaligned"),
    "two words of a device": ("ldr r0, =0x40000000; ldmia r0!, {r1, r2}", "several words"),
    "semihosting call": ("movs r0, #0x77; bkpt #0xab", "semihosting call 0x77 is not supported"),
}


@pytest.mark.parametrize(("text", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_say_what_and_where_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    core = _core(text, tmp_path)
    with pytest.raises(CoreFault, match=message) as caught:
        core.run(instructions=100)
    assert "\n" not in str(caught.value)


def test_a_core_without_a_unit_says_so(tmp_path: Path) -> None:
    core = Core("cortex-m4+nofp", LAYOUT)
    core.memory.write(0x100, assemble("cortex-m4", "vadd.f32 s0, s1, s2", tmp_path))
    core.pc = 0x100
    with pytest.raises(CoreFault, match=r"vadd, 0x00000100: cortex-m4\+nofp has no floating"):
        core.run(instructions=1)


def test_a_condition_that_fails_needs_no_unit(tmp_path: Path) -> None:
    core = _core("cmp r0, #1; it eq; vaddeq.f32 s0, s1, s2; bkpt #0", tmp_path)
    assert core.run(instructions=10).reason == "breakpoint"


def test_doubles_need_a_unit_that_has_them(tmp_path: Path) -> None:
    for name, known in (("cortex-m7", True), ("cortex-m7+nofp.dp", False), ("cortex-m4", False)):
        core = Core(name, LAYOUT)
        core.memory.write(0x100, assemble("cortex-m7", "vadd.f64 d0, d1, d2; bkpt #0", tmp_path))
        core.fpu.write(0xED88, 0xF << 20)
        core.pc = 0x100
        if known:
            assert core.run(instructions=10).reason == "breakpoint"
        else:
            with pytest.raises(CoreFault, match="unknown instruction 0xee310b02"):
                core.run(instructions=10)


def test_features_of_cores_are_checked() -> None:
    with pytest.raises(UsageError, match="unknown feature 'fast' of cortex-m4"):
        Core("cortex-m4+fast")
    with pytest.raises(UsageError, match=r"unknown feature 'nofp\.dp' of cortex-m3"):
        Core("m3+nofp.dp")


def test_floating_point_reaches_the_registers_of_devices(tmp_path: Path) -> None:
    core = _core("vstr s0, [r0]; vldr s1, [r0]; bkpt #0", tmp_path)
    core.fpu.write(0xED88, 0xF << 20)
    core.regs[0], core.regs[op.S0] = 0x40000010, 0x3FC00000
    assert core.run(instructions=10).reason == "breakpoint"
    assert core.regs[op.S0 + 1] == 0x3FC00000


STACKING = """
#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
__attribute__((noinline, naked)) void through(void) { __asm__ volatile("svc #1\\n bx lr"); }
__attribute__((naked)) void on_svc(void)
{
#ifdef USES
    __asm__ volatile("vmov s1, s1");
#else
    __asm__ volatile("nop.w");
#endif
    __asm__ volatile("bx lr");
}
void run(void)
{
    REGISTER(0xe000ef34) = CONTEXT;
    __asm__ volatile("vmov s0, s0");
    for (int i = 0; i < 4; i++) through();
}
"""


@pytest.mark.parametrize(
    ("context", "uses", "words"),
    [(0xC0000000, False, 0), (0xC0000000, True, 2), (0x80000000, False, 2), (0, False, 0)],
    ids=["lazy and unused", "lazy and used", "eager", "automatic stacking off"],
)
def test_floating_point_state_costs_what_is_moved_of_it(
    tmp_path: Path, context: int, uses: bool, words: int
) -> None:
    """12 in, 10 out; and 17 each for saving and restoring s0..s15 and FPSCR where that happens."""
    text = f"#define CONTEXT {context:#x}u\n{'#define USES' if uses else ''}\n{STACKING}"
    image = _program(tmp_path, text, HARD_TARGETS[0])
    report = simulate_elf(image, "cortex-m4", layout=M4.layout, watch=["through"])
    plain = simulate_elf(
        _program(tmp_path, f"#define CONTEXT 0\n{STACKING}", HARD_TARGETS[0]), "cortex-m4",
        layout=M4.layout, watch=["through"],
    )  # fmt: skip
    assert report.spans[0].least == plain.spans[0].least + 17 * words


def test_a_cortex_m0_faults_on_every_misaligned_access(tmp_path: Path) -> None:
    text = "movs r0, #1; lsls r0, r0, #29; adds r0, #1; ldr r1, [r0]"
    with pytest.raises(CoreFault, match="misaligned"):
        _core(text, tmp_path, "cortex-m0").run(instructions=10)
    assert _core(text, tmp_path).run(instructions=4).reason == "instructions"


def test_execution_past_the_end_of_memory_is_reported(tmp_path: Path) -> None:
    core = _core("nop", tmp_path)
    core.memory.write(0xFFC, bytes.fromhex("00bf00bf"))
    core.pc = 0xFFC
    with pytest.raises(CoreFault, match="ran out of memory at 0x00001000"):
        core.run(instructions=10)


def test_division_by_zero_gives_zero_until_it_traps(tmp_path: Path) -> None:
    text = (
        "movs r0, #5; movs r1, #0; udiv r2, r0, r1; "
        "ldr r3, =0xe000ed14; movs r4, #16; str r4, [r3]; sdiv r2, r0, r1"
    )
    core = _core(text, tmp_path)
    with pytest.raises(CoreFault, match="division by zero"):
        core.run(instructions=100)
    assert core.regs[2] == 0


def test_the_stack_limit_of_armv8m_is_watched(tmp_path: Path) -> None:
    core = _core(
        "ldr r0, =0x20000f00; msr msplim, r0; 1: push {r0-r7}; b 1b", tmp_path, "cortex-m33"
    )
    with pytest.raises(CoreFault, match=r"stack overflow: sp = 0x20000ee0|stack overflow"):
        core.run(instructions=100)


def test_an_unknown_core_is_named() -> None:
    with pytest.raises(UsageError, match="unknown core 'cortex-a53'"):
        Core("cortex-a53")


def test_code_that_rewrites_itself_is_decoded_again(tmp_path: Path) -> None:
    core = Core("cortex-m4", LAYOUT)
    code = assemble("cortex-m4", "movs r0, #1; strh r2, [r1]; nop; movs r0, #7; bkpt #0", tmp_path)
    core.memory.write(0x20000000, code)
    for expected, patch in ((7, 0xBF00), (9, 0x2009)):
        core.pc = 0x20000000
        core.regs[1], core.regs[2] = 0x20000006, patch if patch != 0xBF00 else 0x2007
        assert core.run(instructions=10).reason == "breakpoint"
        assert core.regs[0] == expected


def test_code_that_has_been_overwritten_bears_on_nothing(tmp_path: Path) -> None:
    """Where an IT stood, the second program has a constant that it jumps over."""
    core = Core("cortex-m4", LAYOUT)
    for text in (
        "nop; nop; it ne; movne r0, #3; bkpt #0",
        "b 1f; .inst.w 0xf3af8000; 1: movs r0, #9; bkpt #0",
    ):
        core.memory.write(0x20000000, assemble("cortex-m4", text, tmp_path))
        core.exceptions.set_flags(1 << 30)
        core.pc = 0x20000000
        core.run(instructions=10)
    assert core.regs[0] == 9


def test_sleep_without_a_timer_ends_the_run(tmp_path: Path) -> None:
    assert _core("wfi; nop", tmp_path).run().reason == "sleeping"


def test_limits_are_counted_from_now_on(tmp_path: Path) -> None:
    core = _core("1: adds r0, #1; b 1b", tmp_path)
    assert core.run(instructions=10).reason == "instructions"
    assert core.run(cycles=100).reason == "cycles"
    assert core.instructions > 10 and 100 <= core.cycles - 15 < 104


def test_functions_can_be_called(tmp_path: Path) -> None:
    image = load_elf(_program(tmp_path, """
        __attribute__((noinline, used)) int weigh(int a, int b, int c, int d)
        { return a + 10 * b + 100 * c + 1000 * d; }
        __attribute__((noinline, used)) uint32_t total(const uint8_t *bytes, uint32_t count)
        { uint32_t sum = 0; while (count--) sum += *bytes++; return sum; }
        void run(void) { }
    """))  # fmt: skip
    core = make_core(image, "cortex-m4", M4.layout)
    assert core.call("weigh", 1, 2, 3, 4) == 4321
    core.memory.write(0x20001000, bytes(range(100)))
    assert core.call("total", 0x20001000, 100) == 4950
    with pytest.raises(MachineError, match="did not return: instructions"):
        core.call("total", 0x20001000, 100, limit=50)
    with pytest.raises(MachineError, match="only four"):
        core.call("weigh", 1, 2, 3, 4, 5)


TICKS = """
#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
static volatile uint32_t ticks;
void on_systick(void) { ticks++; }
void run(void)
{
    REGISTER(0xe000edfc) |= 1u << 24;
    REGISTER(0xe0001000) |= 1;
    REGISTER(0xe000e014) = 999;
    REGISTER(0xe000e018) = 0;
    const uint32_t begin = REGISTER(0xe0001004);
    REGISTER(0xe000e010) = 7;
    while (ticks < 20) {
#ifdef SLEEP
        __asm__ volatile("wfi");
#endif
    }
    const uint32_t spent = REGISTER(0xe0001004) - begin;
    print(spent > 19900 && spent < 20200 ? "on time\\n" : "late\\n");
}
"""


@pytest.mark.parametrize("sleep", ["", "#define SLEEP\n"])
def test_systick_interrupts_on_time_and_the_cycle_counter_agrees(
    tmp_path: Path, sleep: str
) -> None:
    report = simulate_elf(_program(tmp_path, sleep + TICKS), "cortex-m4", layout=M4.layout)
    assert report.output.startswith("on time")
    assert (report.asleep > 15_000) == bool(sleep)


COUNTED = "nop; adds r4, #1; ldr r5, [sp]; push {r4, r5}; pop {r4, r5}; "
READ_TWICE = "ldr r1, =0xe0001004; ldr r0, [r1]; " + COUNTED + "ldr r2, [r1]; bkpt #0"
ENABLE = (
    "ldr r1, =0xe000edfc; movs r0, #1; lsls r0, r0, #24; str r0, [r1]; "
    "ldr r1, =0xe0001000; movs r0, #1; str r0, [r1]; "
)


@pytest.mark.parametrize("name", ["cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_firmware_that_measures_itself_gets_the_simulators_cycles(
    name: str, tmp_path: Path
) -> None:
    """Between two readings of CYCCNT lie the cycles that the core counts between them."""
    core = _core("sub sp, #64; " + ENABLE + READ_TWICE, tmp_path, name)
    readings = []
    while core.run(instructions=1).reason != "breakpoint":
        reads = core.instruction().op == op.LDR and core.instruction().rd in (0, 2)
        if reads and core.regs[1] == 0xE0001004:
            readings.append(core.cycles)
    assert len(readings) == 2 and int(core.regs[2] - core.regs[0]) == readings[1] - readings[0] > 3


def test_the_cycle_counter_stands_still_until_it_is_enabled(tmp_path: Path) -> None:
    disabled = _core("sub sp, #64; " + READ_TWICE, tmp_path)
    assert disabled.run(instructions=100).reason == "breakpoint"
    assert (disabled.regs[0], disabled.regs[2]) == (0, 0)
    absent = _core("sub sp, #64; " + ENABLE + READ_TWICE, tmp_path, "cortex-m0")
    assert absent.run(instructions=100).reason == "breakpoint"
    assert (absent.regs[0], absent.regs[2]) == (0, 0)


def test_a_register_that_is_waited_for_changes(tmp_path: Path) -> None:
    """Code of a vendor that waits for a bit to be set, and for another to be cleared."""
    text = (
        "ldr r1, =0x40001000; 1: ldr r0, [r1]; lsls r0, r0, #6; bpl 1b; "
        "movs r0, #4; str r0, [r1, #4]; 2: ldr r0, [r1, #4]; lsls r0, r0, #29; bmi 2b; bkpt #0"
    )
    stuck = _core(text, tmp_path)
    assert stuck.run(instructions=2000).reason == "instructions"
    core = _core(text, tmp_path)
    core.patience = 64
    core.bus.reset()
    assert core.run(instructions=2000).reason == "breakpoint"
    assert core.bus.unmodelled.touched == {0x40001000, 0x40001004}


def test_a_uart_prints(tmp_path: Path) -> None:
    text = """
    void run(void)
    {
        for (const char *c = "hello"; *c; c++) *(volatile uint8_t *)0x40004000 = (uint8_t)*c;
    }
    """
    report = simulate_elf(_program(tmp_path, text), "cortex-m4")
    assert report.output.endswith("hello")


def test_files_are_read_and_written_in_memory(tmp_path: Path) -> None:
    text = """
    static intptr_t semihost(int n, const void *p)
    { register intptr_t r0 __asm__("r0") = n; register const void *r1 __asm__("r1") = p;
      __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory"); return r0; }
    void run(void)
    {
        static uint8_t bytes[8];
        const uintptr_t in[3] = {(uintptr_t)"in", 1, 2}, out[3] = {(uintptr_t)"out", 5, 3};
        const uintptr_t none[3] = {(uintptr_t)"none", 1, 4};
        const intptr_t reads = semihost(1, in), writes = semihost(1, out);
        mix((uint32_t)semihost(1, none));
        const uintptr_t get[3] = {(uintptr_t)reads, (uintptr_t)bytes, 8};
        const uintptr_t put[3] = {(uintptr_t)writes, (uintptr_t)bytes, 5};
        mix((uint32_t)semihost(6, get));
        semihost(5, put);
    }
    """
    core = make_core(
        load_elf(_program(tmp_path, text)), "cortex-m4", M4.layout, files={"in": b"abcde"}
    )
    assert core.run().reason == "exit"
    assert core.semihosting.written == {"out": bytearray(b"abcde")}


WATCHED = """
__attribute__((noinline)) void work(uint32_t n) { while (n--) mix(n); }
__attribute__((noinline)) uint32_t fall(uint32_t n) { return n ? fall(n - 1) * 3 + checksum : 1; }
void run(void) { for (uint32_t i = 0; i < 50; i++) work(i); mix(fall(5)); }
"""


def test_a_report_adds_up(tmp_path: Path) -> None:
    report = simulate_elf(
        _program(tmp_path, WATCHED), "cortex-m4", layout=M4.layout, watch=["work"]
    )
    assert sum(f.cycles for f in report.functions) == report.cycles
    assert sum(f.instructions for f in report.functions) == report.instructions
    assert sum(k.instructions for k in report.kinds) == report.instructions
    by_name = {f.name: f for f in report.functions}
    (span,) = report.spans
    assert by_name["work"].calls == span.calls == 50
    assert span.least < span.mean < span.p99 <= span.most
    assert abs(span.mean * 50 - by_name["work"].cycles) < 50 * 4
    assert 8 <= report.stack_bytes < 512
    assert 1 < report.cpi < 3
    assert report.as_dict()["functions"][0]["cycles"] == report.functions[0].cycles


def test_watching_changes_nothing(tmp_path: Path) -> None:
    image = _program(tmp_path, WATCHED)
    layout = replace(M4.layout, timing=BOARDS["nucleo-l4r5zi"].timing)
    plain = simulate_elf(image, "cortex-m33", layout=layout)
    watched = simulate_elf(image, "cortex-m33", layout=layout, watch=["work", "fall"])
    assert (plain.cycles, plain.instructions, plain.output) == (
        watched.cycles, watched.instructions, watched.output,
    )  # fmt: skip
    assert {span.name: span.calls for span in watched.spans}["fall"] >= 1


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.core)
def test_runs_repeat_to_the_cycle(tmp_path: Path, target: Target) -> None:
    image = _program(tmp_path, WATCHED, target)
    one, two = (simulate_elf(image, target.core, layout=target.layout) for _ in range(2))
    assert one == two


def test_an_endless_loop_ends_at_the_limit(tmp_path: Path) -> None:
    report = simulate_elf(
        _program(tmp_path, "void run(void) { for (;;) { } }"), "cortex-m4", limit=10_000
    )
    assert (report.stop, report.instructions) == ("instructions", 10_000)


WILD = """
__attribute__((noinline)) void wild(uint32_t where) { *(volatile uint32_t *)where = 1; }
void run(void) { wild(0x30000000u); }
"""


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.core)
def test_a_fault_names_the_function_or_enters_its_handler(tmp_path: Path, target: Target) -> None:
    image = _program(tmp_path, WILD, target)
    with pytest.raises(CoreFault, match=r"at str, 0x[0-9a-f]{8} in wild: store to 0x30000000"):
        simulate_elf(image, target.core, layout=target.layout)
    taken = simulate_elf(image, target.core, layout=target.layout, take_faults=True)
    assert (taken.stop, taken.code) == ("exit", 99)  # the program's fault handler says so


def test_a_fault_inside_the_fault_handler_is_reported(tmp_path: Path) -> None:
    core = _core("udf #0", tmp_path)
    core.memory.write(0, bytes(8) + (0x101).to_bytes(4, "little") * 4)
    core.take_faults = True
    with pytest.raises(CoreFault, match="unknown instruction 0xde00"):
        core.run(instructions=10)
