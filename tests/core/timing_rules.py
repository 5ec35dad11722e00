"""Micro-benchmarks with documented cycle counts: the truth that the timing tables answer to.

Each rule is a few lines of assembler whose repetition costs a documented number of cycles.
Sources: [A] Arm's technical reference manuals (M0 DDI0432C, M0+ DDI0484C, M3 DDI0337, M4
100166_0001, tables 3-1 and the notes on pairing, M4 also 7-1); [J] Jan Oleksiewicz, measured on
STM32F103, F407, H743 and RP2350 (jnk0le/random, CC0); [P] eprint 2025/523 and
compendium.i-0.nl (instruction alignment) on 32-bit instructions across words.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from edgesnn.sim.core import Core, MemoryMap, Region

from .float_rules import FLOAT_RULES
from .rule import Rule, rules

FLASH, RAM = 0x0, 0x20000000
FEW, MANY = 8, 24
FPU = {"cortex-m4": "fpv4-sp-d16", "cortex-m33": "fpv5-sp-d16", "cortex-m7": "fpv5-d16"}


_M3_M4 = (
    ("addition", "add.w r0, r1, r2", 1),
    ("shifted operand", "add.w r0, r1, r2, lsl #3", 1),
    ("bit field", "ubfx r0, r1, #3, #7", 1),
    ("multiplication", "mul r0, r1, r2", 1),
    ("load, alone", "ldr.w r0, [r8]; add.w r1, r2, r3", 3),
    ("four loads in a row: N + 1",
     "ldr r0, [r7]; ldr r1, [r7, #4]; ldr r2, [r7, #8]; ldr r3, [r7, #12]; add.w r4, r5, r6", 6),
    ("store, immediate offset", "str.w r0, [r8, #4]; add.w r1, r2, r3", 2),
    ("store, register offset", "str.w r0, [r8, r10]; add.w r1, r2, r3", 3),
    ("load multiple of four: 1 + N", "ldmia.w r8, {r0-r3}; add.w r1, r2, r3", 6),
    ("store multiple of three: 1 + N", "stmia.w r8, {r0-r2}; add.w r1, r2, r3", 5),
    ("address loaded just before", "ldr.w r4, [r8]; ldr.w r0, [r4]; add.w r1, r2, r3", 5),
    ("double load", "ldrd r0, r1, [r8]; add.w r1, r2, r3", 4),
    ("push and pop of two", "push {r0, r1}; pop {r0, r1}; nop.w; add.w r1, r2, r3", 8),
    ("division that ends at once", "udiv r0, r1, r11; add.w r1, r2, r3", 3),
    ("longest division", "udiv r0, r11, r12; add.w r1, r2, r3", 13),
    ("IT folds into a 16-bit instruction", "adds r0, r0, #0; it eq; addeq.w r1, r2, r3", 2),
    ("condition that fails",
     "cmp.w r11, #0; itt eq; muleq r0, r1, r2; ldreq.w r3, [r8]; add r4, r5", 5),
    ("branch not taken", "cmp r7, #0; beq.n 2f; 2: nop.w", 3),
    ("table branch: 2, 1 and P", "movs r4, #0; nop.w; tbb [pc, r4]; .byte 1, 0; 2: nop.w", (9, 12)),
    ("load of the program counter: 2 and 3",
     "ldr.w pc, 2f; .balign 4; 2: .word 3f + 1; .balign 4; 3: nop.w", 6),
    ("call, return by POP: 1 + N + P",
     "bl 2f; b.n 3f; 2: push {r4, lr}; pop {r4, pc}; .balign 4; 3: nop.w", (12, 18)),
    ("call and return: 1 + P each", "bl 2f; b.n 3f; 2: bx lr; .balign 4; 3: nop.w", (7, 13)),
)  # fmt: skip

_M3_M4_P = (
    ("third of three across words, behind a load",
     "ldr r0, [r7]; add.w r1, r2, r3; add.w r4, r5, r2; add.w r1, r2, r3; adds r2, r2, #0", 7),
    ("two across words, behind a load",
     "ldr r0, [r7]; add.w r1, r2, r3; add.w r4, r5, r2; adds r2, r2, #0", 5),
    ("branch to an instruction across words",
     "b.w 2f; nop; 2: nop.w; adds r2, r2, #0; b.w 3f; 3: nop.w", 2 + 2 + 1 + 2 + 1),
)  # fmt: skip

_M3_M4_J = (
    ("branch not taken among 32-bit instructions", "cmp.w r11, #0; beq.w 2f; 2: nop.w", 4),
    ("a load eats a NOP", "ldr.w r0, [r8]; nop; add.w r1, r2, r3; add r4, r5", 4),
    ("store after a load hides its stall",
     "ldr.w r0, [r8]; str.w r1, [r9, #4]; add.w r1, r2, r3", 3),
    ("load after a store", "str.w r1, [r9, #4]; ldr.w r0, [r8]; add.w r1, r2, r3", 5),
    ("a register-offset store eats a NOP", "str.w r0, [r8, r10]; nop.w; add.w r1, r2, r3", 3),
    ("address made by the instruction before",
     "add.w r4, r8, r10; ldr.w r0, [r4]; add.w r1, r2, r3", 5),
    ("store address made just before", "add.w r4, r8, r10; str.w r0, [r4]; add.w r1, r2, r3", 4),
    ("a loop of nineteen: taken branch 2",
     ".balign 8; 1: " + "nop.w; " * 17 + "subs.w r6, r6, #1; bne.w 1b", 20),
)  # fmt: skip

_M4_ONLY = (
    *rules("cortex-m4", "A",
        ("multiply-accumulate", "mla r0, r1, r2, r3", 1),
        ("long multiplication", "smull r0, r1, r2, r3", 1),
        ("long multiply-accumulate", "umlal r0, r1, r2, r3", 1),
        ("dual multiply-accumulate", "smlad r0, r1, r2, r3", 1),
        ("parallel addition", "sadd16 r0, r1, r2", 1),
    ),
    *rules("cortex-m4", "J",
        ("post-indexed loads, same base, do not chain",
         "ldr.w r0, [r8], #4; ldr.w r1, [r8], #-4; add.w r1, r2, r3", 5),
        ("post-indexed loads, two bases, chain",
         "ldr.w r0, [r8], #0; ldr.w r1, [r9], #0; add.w r1, r2, r3", 4),
    ),
)  # fmt: skip

_M3_ONLY = rules("cortex-m3", "A",
    ("multiply-accumulate", "mla r0, r1, r2, r3", 2),
    ("long multiplication, short operands", "umull r0, r1, r10, r10", 3),
    ("long multiplication, long operands", "umull r0, r1, r11, r11", 5),
    ("long multiply-accumulate", "umlal r0, r1, r10, r10", (4, 7)),
)  # fmt: skip


def _small(core: str, taken: int, link: int, pop: int, system: int) -> list[Rule]:
    return rules(core, "A",
        ("addition", "adds r0, r1, r2", 1),
        ("multiplication, fast", "muls r0, r1", 1),
        ("load", "ldr r0, [r7]", 2),
        ("store", "str r0, [r7]", 2),
        ("byte load, register offset", "movs r4, #1; ldrb r0, [r7, r4]", 3),
        ("load multiple of three: 1 + N", "mov r4, r7; ldmia r4!, {r0-r2}", 5),
        ("push and pop of two", "push {r0, r1}; pop {r0, r1}", 6),
        ("branch not taken", "cmp r7, #0; beq 2f; 2: nop", 3),
        ("branch", "b 2f; nop; 2: nop", taken + 1),
        ("call and return", "bl 2f; b 3f; 2: bx lr; 3: nop", link + 2 * taken + 1),
        ("call, return by POP", "bl 2f; b 3f; 2: push {r4, lr}; pop {r4, pc}; 3: nop",
         link + 3 + (3 + pop) + taken + 1),
        ("system register", "mrs r0, apsr", system),
    )  # fmt: skip


_M33 = rules("cortex-m33", "J",
    ("addition", "add.w r0, r1, r2", 1),
    ("result of a load used at once", "ldr.w r0, [r8]; add.w r1, r0, r3", 3),
    ("load, then stored", "ldr.w r0, [r8]; str.w r0, [r9]", 2),
    ("load into an accumulator", "ldr.w r0, [r8]; mla r1, r2, r3, r0", 2),
    ("load, something else, use", "ldr.w r0, [r8]; add.w r2, r3, r4; add.w r1, r0, r3", 3),
    ("result of a shifted operand", "add.w r0, r1, r2, ror #24; add.w r3, r0, r4", 3),
    ("accumulators chain", "mla r0, r1, r2, r0", 1),
    ("product used at once", "mul r0, r1, r2; add.w r3, r0, r4", 3),
    ("SIMD result used at once", "qsub r0, r1, r2; add.w r3, r0, r4", 3),
    ("MULS", "muls r0, r1", 2),
    ("flags by a rotated constant", "adds.w r0, r1, #0x1fc0", 2),
    ("load multiple of four: N", "ldmia.w r8, {r0-r3}; add.w r4, r5, r6", 5),
    ("first word of a multiple load used at once", "ldmia.w r8, {r0-r3}; add.w r4, r0, r6", 5),
    ("last word of a multiple load used at once", "ldmia.w r8, {r0-r3}; add.w r4, r3, r6", 6),
    ("double load", "ldrd r0, r1, [r8]; add.w r4, r5, r6", 3),
    ("16-bit instruction with NOP", "adds r0, r1; nop; adds r2, r3", 2),
    ("32-bit instruction with NOP", "add.w r0, r1, r2; nop", 2),
    ("two additions do not pair", "add r0, r1; add r2, r3", 2),
    ("branch not taken pairs", "cmp r7, #0; beq.n 2f; 2: add.w r0, r1, r2", 2),
    ("predicated out: no latency",
     "mov.n r4, r4; it eq; addeq.w r0, r1, r2, ror #23; add r0, r3", 3),
    ("loop: flags, branch", ".balign 8; 1: subs r6, #1; bne.n 1b", 3),
    ("loop: flags, plain, branch", ".balign 8; 1: subs r6, #1; add r0, r1; bne.n 1b", 3),
    ("loop: flags, load multiple, branch",
     ".balign 8; 1: mov r5, r7; subs r6, #1; ldmia r5!, {r0-r3}; bne.n 1b", 7),
)  # fmt: skip

_M7 = rules("cortex-m7", "J",
    ("independent additions", "add.w r0, r1, r2; add.w r3, r4, r5", 1),
    ("chain of additions", "add.w r0, r0, r1; add.w r0, r0, r2", 2),
    ("early ALU to late ALU", "add.w r0, r1, r2; eor.w r3, r0, r4", 1),
    ("two bit-field instructions", "uxtab r0, r1, r2; uxtab r3, r4, r5", 2),
    ("two shifted operands", "add.w r0, r1, r2, ror #3; add.w r3, r4, r5, ror #3", 2),
    ("two multiplications", "mul r0, r1, r2; mul r3, r4, r5", 2),
    ("multiplication and addition", "mul r0, r1, r2; add.w r3, r4, r5", 1),
    ("multiplication and store", "mul r0, r1, r2; str.w r3, [r8]", 2),
    ("two stores", "str.w r0, [r8]; str.w r1, [r8, #4]", 2),
    ("load and store", "ldr.w r0, [r8]; str.w r1, [r9]", 1),
    ("store of what was just loaded", "ldr.w r0, [r8]; str.w r0, [r9]", 1),
    ("MOVW and MOVT", "movw r0, #1; movt r0, #2", 1),
    ("load multiple of four", "ldmia.w r8, {r0-r3}", 2),
    ("load multiple of three", "ldmia.w r8, {r0-r2}", 2),
    ("word load, late ALU a cycle later", "ldr.w r0, [r8]; eor.w r1, r0, r2", 1),
    ("byte load, late ALU two cycles later", "ldrb.w r0, [r8]; eor.w r1, r0, r2", 2),
    ("product, used two cycles later", "mul r0, r1, r2; eor.w r3, r0, r4", 2),
    ("accumulators chain", "mla r0, r1, r2, r0", 1),
    ("UXTB beside a shifted operand", "uxtb.w r0, r1, ror #8; eor.w r2, r3, r4, ror #8", 1),
    ("UXTAB beside a shifted operand", "uxtab r0, r1, r2; eor.w r3, r4, r5, ror #8", 2),
    ("bit field of the early ALU's result",
     "add.w r0, r1, r2; nop.w; ubfx r3, r0, #3, #4; nop.w", 2),
    ("bit field of the late ALU's result",
     "eor.w r0, r1, r2; nop.w; ubfx r3, r0, #3, #4; nop.w", 3),
    ("shift of the late ALU's result",
     "eor.w r0, r1, r2; nop.w; eor.w r3, r4, r0, ror #8; nop.w", 3),
    ("word load, shifted operand", "ldr.w r0, [r8]; nop.w; eor.w r1, r2, r0, ror #8; nop.w", 3),
    ("word load beside a shifted operand",
     "ldr.w r0, [r8]; nop.w; eor.w r1, r0, r2, ror #8; nop.w", 3),
    ("word load, then multiplied", "ldr.w r0, [r8]; nop.w; mul r1, r0, r2; nop.w", 3),
    ("byte load into an accumulator", "ldrb.w r0, [r8]; nop.w; mla r1, r2, r3, r0; nop.w", 2),
    ("address made by the late ALU", "eor.w r4, r7, #0; nop.w; ldr.w r0, [r4]; nop.w", 3),
    ("address made by the early ALU", "add.w r4, r7, #4; nop.w; ldr.w r0, [r4]; nop.w", 2),
    ("base written back, next cycle", "ldr.w r0, [r8], #0; nop.w; ldr.w r1, [r8], #0; nop.w", 2),
    ("two loads, two banks", "ldr.w r0, [r8]; ldr.w r1, [r9, #4]", 1),
    ("two loads, one bank", "ldr.w r0, [r8]; ldr.w r1, [r9, #8]", 2),
    ("misaligned load", "ldr.w r0, [r8, #1]; nop.w", 4),
    ("predicated out, the same cycles", "cmp.w r11, #0; it eq; ldmiaeq.w r8, {r0-r3}", 3),
    ("end of a long loop, flags late",
     ".balign 8; 1: movs.w r5, #40; nop.w; 3: subs.w r5, r5, #1; bne.w 3b; "
     "subs.w r6, r6, #1; bne.w 1b", 1 + 40 + 8 + 1),
    ("end of a long loop, flags early",
     ".balign 8; 1: movs.w r5, #40; nop.w; 3: subs.w r5, r5, #1; " + "nop.w; " * 5 + "bne.w 3b; "
     "subs.w r6, r6, #1; bne.w 1b", 1 + 160 + 6 + 1),
    ("loop of twenty", ".balign 8; 1: " + "nop.w; " * 18 + "subs.w r6, r6, #1; bne.w 1b", 10),
)  # fmt: skip

RULES = (
    *_small("cortex-m0plus", 2, 3, 2, 3),
    *_small("cortex-m0", 3, 4, 3, 4),
    *(rule for core in ("cortex-m3", "cortex-m4") for rule in rules(core, "A", *_M3_M4)),
    *(rule for core in ("cortex-m3", "cortex-m4") for rule in rules(core, "J", *_M3_M4_J)),
    *(rule for core in ("cortex-m3", "cortex-m4") for rule in rules(core, "P", *_M3_M4_P)),
    *_M3_ONLY,
    *_M4_ONLY,
    *_M33,
    *_M7,
    *FLOAT_RULES,
)


def assemble(core: str, text: str, folder: Path) -> bytes:
    """Machine code of `text`."""
    source, object_file, flat = (folder / name for name in ("a.s", "a.o", "a.bin"))
    unit = f".fpu {FPU[core]}\n" if core in FPU else ""
    lines = text.replace(";", "\n")
    source.write_text(f".syntax unified\n.thumb\n.cpu {core}\n{unit}{lines}\n")
    subprocess.run(["arm-none-eabi-as", str(source), "-o", str(object_file)], check=True)
    copy = ["arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", str(object_file), str(flat)]
    subprocess.run(copy, check=True)
    return flat.read_bytes()


def run_cycles(core: str, code: bytes, rounds: int) -> int:
    """Cycles until execution reaches the end of `code`."""
    machine = Core(core, MemoryMap((Region(FLASH, 0x4000, "flash"), Region(RAM, 0x4000, "ram"))))
    machine.memory.write(FLASH, code)
    machine.fpu.write(0xED88, 0xF << 20)  # CPACR: the unit is on
    machine.regs[:15] = 3
    machine.regs[7:10] = RAM + 0x100
    machine.regs[10], machine.regs[11], machine.regs[12] = 4, 0x80000000, 1
    machine.regs[6], machine.regs[13] = rounds, RAM + 0x3000
    machine.pc = FLASH
    last = 2 if core in ("cortex-m0", "cortex-m0plus") else 4
    machine.watch(FLASH + len(code) - last, lambda: machine.stop("done"))
    machine.run(instructions=100_000)
    return machine.cycles


def measure(rule: Rule, folder: Path) -> float:
    """Cycles of one repetition, of many less few, so that beginnings cancel out."""
    ends = "nop.w; nop.w; nop.w; nop.w"
    if rule.core in ("cortex-m0", "cortex-m0plus"):
        ends = ends.replace(".w", "")
    if rule.loop:
        code = assemble(rule.core, f"{rule.code}; .balign 4; {ends}", folder)
        few, many = (run_cycles(rule.core, code, rounds) for rounds in (FEW, MANY))
    else:
        few, many = (
            run_cycles(
                rule.core,
                assemble(rule.core, f".rept {n}; {rule.code}; .endr; .balign 4; {ends}", folder),
                0,
            )
            for n in (FEW, MANY)
        )
    return (many - few) / (MANY - FEW)


def residual(rule: Rule, measured: float) -> float:
    """Cycles off the documented count or range."""
    low, high = rule.cycles if isinstance(rule.cycles, tuple) else (rule.cycles, rule.cycles)
    return min(measured - low, 0.0) + max(measured - high, 0.0)
