"""What stands around a region's pieces: the way in, the way out, and where words are kept."""

from __future__ import annotations

from collections.abc import Mapping

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.blocks.ledger import Ledger
from edgesnn.sim.core.blocks.place import Place
from edgesnn.sim.core.blocks.waits import PREDICTIONS, flash_functions
from edgesnn.sim.core.blocks.words import FLAGS

NAME = "region"
DECLARED = """
declare i32 @llvm.fshr.i32(i32, i32, i32)
declare i32 @llvm.umin.i32(i32, i32)
declare i32 @llvm.smin.i32(i32, i32)
declare i32 @llvm.smax.i32(i32, i32)
declare i64 @llvm.smin.i64(i64, i64)
declare i64 @llvm.smax.i64(i64, i64)
declare i32 @llvm.abs.i32(i32, i1)
declare i32 @llvm.ctlz.i32(i32, i1)
declare i32 @llvm.bswap.i32(i32)
declare i32 @llvm.bitreverse.i32(i32)
!0 = !{!"branch_weights", i32 1000, i32 1}
"""
FIELDS = 4  # of a way out: row, pipeline state, cycles, instructions
BITS = {"N": op.S_N, "Z": op.S_Z, "C": op.S_C, "V": op.S_V, "Q": op.S_Q, "G": op.S_GE}
COUNTS = {"cycles": op.S_CYCLES, "instructions": op.S_INSTRUCTIONS, "line": op.S_LINE,
          "stalls": op.S_STALLS}  # fmt: skip
Lines = list[str]


def frame(
    body: str,
    entries: Mapping[tuple[int, int, int], str],
    ledger: Ledger,
    longest: tuple[int, int],
    place: Place,
) -> str:
    """The whole module.

    Args:
        body: the pieces.
        entries: labels of those at which the function can be entered.
        ledger: passes and ways out.
        longest: cycles and instructions that nothing between two looks at the limits exceeds.
        place: what is waited for.
    """
    lines = [_passes(ledger)]
    lines.append(
        f"define void @{NAME}(ptr noalias %state, ptr noalias %regs, ptr noalias %octets, "
        "ptr noalias %counters, i64 %limit) {\nentry:"
    )
    lines += [*_slots(), *_words_in(), *_counts_in(longest), *_dispatch(entries), body]
    lines += [*_way_out(ledger), *_counts_out(), *_words_out(), "ret void\n}", DECLARED]
    if place.flash is not None:
        lines.append(flash_functions(place.flash))
    if place.pairs:
        lines.append(PREDICTIONS)
    return "\n".join(lines)


def _passes(ledger: Ledger) -> str:
    """Constants of every pass, by counter."""
    fields: list[int] = []
    for found in ledger.passes:
        cycles = sum(cycles for _, cycles in found.rows)
        fields += [found.at, found.state, cycles, len(found.rows)]
    values = ", ".join(f"i64 {field}" for field in fields)
    return f"@passes = private constant [{len(fields)} x i64] [{values}]"


def _slots() -> Lines:
    lines = [f"%f{flag} = alloca i32" for flag in (*FLAGS, "T", "L")]
    lines += [f"%{name} = alloca i64" for name in COUNTS]
    lines += ["%low = alloca i32", "store i32 0, ptr %fT"]
    return lines + [
        f"%r{number} = getelementptr i64, ptr %regs, i64 {number}" for number in range(15)
    ]


def _loaded(slot: int, name: str) -> Lines:
    return [
        f"%p.{name} = getelementptr i64, ptr %state, i64 {slot}",
        f"%s.{name} = load i64, ptr %p.{name}",
    ]


def _words_in() -> Lines:
    """Flags as `words` keeps them, and the address of the last load."""
    lines: Lines = []
    for flag, slot in (*BITS.items(), ("L", op.S_LOADED)):
        lines += [*_loaded(slot, flag), f"%w.{flag} = trunc i64 %s.{flag} to i32"]
        source = f"%w.{flag}"
        if flag in "NV":
            lines.append(f"%v.{flag} = shl i32 %w.{flag}, 31")
            source = f"%v.{flag}"
        elif flag == "Z":
            lines.append("%v.Z = xor i32 %w.Z, 1")
            source = "%v.Z"
        lines.append(f"store i32 {source}, ptr %f{flag}")
    return lines


def _counts_in(longest: tuple[int, int]) -> Lines:
    """Cycles and instructions, how far they may go, and how deep the stack has been."""
    lines: Lines = []
    for name, slot in COUNTS.items():
        lines += [*_loaded(slot, name), f"store i64 %s.{name}, ptr %{name}"]
    return [
        *lines,
        *_loaded(op.S_DEADLINE, "deadline"),
        *_loaded(op.S_STACK_LOW, "low"),
        f"%last_cycle = sub i64 %s.deadline, {longest[0] + 1}",
        f"%last_instruction = sub i64 %limit, {longest[1] + 1}",
        f"%p.sp = getelementptr i64, ptr %regs, i64 {op.SP}",
        "%s.sp = load i64, ptr %p.sp",
        "%w.low = trunc i64 %s.low to i32",
        "store i32 %w.low, ptr %low",
        "%soon = icmp sle i64 %s.cycles, %last_cycle",
        "%few = icmp sle i64 %s.instructions, %last_instruction",
        "%shallow = icmp sge i64 %s.sp, %s.low",
        "%still = icmp eq i64 %s.stalls, 0",
        "%near = and i1 %soon, %few",
        "%plain = and i1 %shallow, %still",
        "%enter = and i1 %near, %plain",
    ]


def _dispatch(entries: Mapping[tuple[int, int, int], str]) -> Lines:
    cases = " ".join(
        f"i64 {at << 2 | state}, label %{label}" for (at, state, _), label in entries.items()
    )
    return [
        "br i1 %enter, label %dispatch, label %never",
        "dispatch:",
        *_loaded(op.S_AT, "at"),
        *_loaded(op.S_PIPELINE, "pipeline"),
        "%scaled = shl i64 %s.at, 2",
        "%key = or i64 %scaled, %s.pipeline",
        f"switch i64 %key, label %never [ {cases} ]",
        "never:",
        "ret void",
    ]


def _way_out(ledger: Ledger) -> Lines:
    """Count the way out, and look up where it leads and what has been done since the last edge."""
    sources = ", ".join(f"[ {number}, %{block} ]" for number, block in ledger.ways_out)
    lines = [
        "leave:",
        f"%way = phi i64 {sources}",
        "%counter = getelementptr i64, ptr %counters, i64 %way",
        "%passed = load i64, ptr %counter",
        "%passed.more = add i64 %passed, 1",
        "store i64 %passed.more, ptr %counter",
        f"%first = mul i64 %way, {FIELDS}",
        "%row = getelementptr i64, ptr @passes, i64 %first",
    ]
    for field, name in enumerate(("at", "pipeline", "cycles", "instructions")):
        lines += [
            f"%e.{name} = getelementptr i64, ptr %row, i64 {field}",
            f"%x.{name} = load i64, ptr %e.{name}",
        ]
    return lines


def _counts_out() -> Lines:
    lines: Lines = []
    for name in COUNTS:
        lines.append(f"%l.{name} = load i64, ptr %{name}")
        value = f"%l.{name}"
        if name in ("cycles", "instructions"):
            lines.append(f"%a.{name} = add i64 %l.{name}, %x.{name}")
            value = f"%a.{name}"
        lines.append(f"store i64 {value}, ptr %p.{name}")
    return [
        *lines,
        "store i64 %x.pipeline, ptr %p.pipeline",
        "%computed = load i32, ptr %fT",
        "%wide = zext i32 %computed to i64",
        "%fixed = icmp sge i64 %x.at, 0",
        "%a.at = select i1 %fixed, i64 %x.at, i64 %wide",
        "store i64 %a.at, ptr %p.at",
    ]


def _words_out() -> Lines:
    lines: Lines = []
    for flag in (*FLAGS, "L"):
        lines.append(f"%o.{flag} = load i32, ptr %f{flag}")
        bit = f"%o.{flag}"
        if flag in "NV":
            lines.append(f"%b.{flag} = lshr i32 {bit}, 31")
            bit = f"%b.{flag}"
        elif flag == "Z":
            lines += ["%c.Z = icmp eq i32 %o.Z, 0", "%b.Z = zext i1 %c.Z to i32"]
            bit = "%b.Z"
        lines += [f"%q.{flag} = zext i32 {bit} to i64", f"store i64 %q.{flag}, ptr %p.{flag}"]
    return lines
