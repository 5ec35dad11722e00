"""The decoder against objdump on the C library, and on every bit pattern there is."""

import re
import subprocess
from pathlib import Path

import pytest

from edgesnn.sim.core import operations as op
from edgesnn.sim.core.architecture import (
    FPV4_SP,
    FPV5_D16,
    FPV5_SP,
    NO_FPU,
    V6M,
    V7EM,
    V7M,
    V8M,
)
from edgesnn.sim.core.decode import decode, is_wide, it_after
from edgesnn.sim.core.instruction import ALWAYS, Instruction

from .machines import GCC, needs_gcc

LINE = re.compile(r"^\s*[0-9a-f]+:\t((?:[0-9a-f]{4} ?)+)\s*\t(\S+)")
CONDITIONS = [
    "eq",
    "ne",
    "cs",
    "cc",
    "mi",
    "pl",
    "vs",
    "vc",
    "hi",
    "ls",
    "ge",
    "lt",
    "gt",
    "le",
    "al",
]
# objdump's spelling -> the manual's, where the two name one encoding differently.
SYNONYMS = {
    "ldmia": {"pop"}, "stmdb": {"push"}, "addw": {"add", "adr"}, "subw": {"sub", "adr"},
    "neg": {"rsb"},
    "mov": {"lsl", "lsr", "asr", "ror", "rrx"}, "add": {"adr"}, "nop": {"mov"},
}  # fmt: skip


def _listed(library: str) -> list[tuple[int, bool, str] | None]:
    """Encodings and mnemonics of a library; None where a stretch of code ends."""
    text = subprocess.run(
        [GCC.replace("gcc", "objdump"), "-d", library], capture_output=True, text=True, check=True
    ).stdout
    found: list[tuple[int, bool, str] | None] = []
    for line in text.splitlines():
        match = LINE.match(line)
        halves = match[1].split() if match else []
        usable = match is not None and not match[2].startswith(".")
        found.append((int("".join(halves), 16), len(halves) == 2, match[2]) if usable else None)
    return found


def _spellings(i: Instruction) -> set[str]:
    """How objdump may write the instruction."""
    names = {i.mnemonic} | {k for k, v in SYNONYMS.items() if i.mnemonic in v}
    suffix = "" if i.cond == ALWAYS else CONDITIONS[i.cond]
    return {name + flags + suffix for name in names for flags in ("", "s")}


@needs_gcc
@pytest.mark.parametrize(
    ("cpu", "level", "fpu", "name"),
    [("cortex-m0", V6M, NO_FPU, "libc.a"), ("cortex-m3", V7M, NO_FPU, "libc.a"),
     ("cortex-m4+nofp", V7EM, NO_FPU, "libc.a"), ("cortex-m33+nofp", V8M, NO_FPU, "libc.a"),
     ("cortex-m4", V7EM, FPV4_SP, "libm.a"), ("cortex-m7", V7EM, FPV5_D16, "libm.a"),
     ("cortex-m33", V8M, FPV5_SP, "libm.a")],
)  # fmt: skip
def test_decodes_the_libraries_as_objdump_does(cpu: str, level: int, fpu: int, name: str) -> None:
    floats = "hard" if fpu else "soft"
    library = subprocess.run(
        [GCC, f"-mcpu={cpu}", f"-mfloat-abi={floats}", "-mthumb", f"-print-file-name={name}"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    if not Path(library).is_file():
        pytest.skip("this compiler has no C library")
    it, compared = 0, 0
    for entry in _listed(library):
        if entry is None:
            it = 0
            continue
        word, wide, mnemonic = entry
        found = decode(word, wide, level, 0x1000, it, fpu)
        it = it_after(found)
        written = mnemonic.split(".")[0]
        if found.mnemonic == "it":
            assert written.startswith("it")
        else:
            assert written in _spellings(found), f"{word:x} {mnemonic}: {found}"
        compared += 1
    assert compared > (15_000 if fpu else 50_000)


@pytest.mark.parametrize("level", [V6M, V8M])
def test_every_halfword_decodes_to_a_row_of_sound_fields(level: int) -> None:
    for word in range(0x10000):
        if not is_wide(word):
            _check(decode(word, False, level, 0x2000))


def _check(i: Instruction) -> None:
    """Nothing in a row may lead the loop, which checks no bounds, outside its arrays."""
    assert all(0 <= register < op.REGISTERS for register in (i.rd, i.rn, i.rm, i.ra, i.writeback))
    assert i.size in (2, 4)
    assert 0 <= i.cond <= ALWAYS and 0 <= i.it < 256
    assert 0 <= i.lsl < 32 and 0 <= i.kind < 16 and 0 <= i.amount < 256
    assert op.ZERO not in (i.rd, i.writeback), "the zero register must stay zero"
    if i.op in (op.VFP_LOAD, op.VFP_STORE):
        assert i.rd >= op.S0 and i.amount > 0 and i.rd + i.amount <= op.REGISTERS and i.rn < 32
    if i.op in (op.LDM, op.STM):
        assert abs(i.extra) == 4 * i.imm.bit_count() and 0 < i.imm < 0x10000
    if i.op == op.VFP:
        assert i.rd + (i.extra >> op.V_RESULT & 3 == op.DOUBLE) < op.REGISTERS
        assert max(i.rn, i.rm) + (i.extra >> op.V_SOURCE & 3 == op.DOUBLE) < op.REGISTERS
    assert len(i.row()) == op.ROW


def test_random_floating_point_words_decode_to_rows_of_sound_fields() -> None:
    word, decoded = 1, 0
    for _ in range(60_000):
        word = (word * 6364136223846793005 + 1442695040888963407) % 2**64
        found = decode(0xEC000A00 | word >> 32 & 0x13FFF1FF, True, V8M, 0x2000, 0, FPV5_D16)
        _check(found)
        decoded += found.op != op.UNDEFINED
    assert decoded > 5_000


def test_random_wide_words_decode_to_rows_of_sound_fields() -> None:
    word, decoded = 1, 0
    for _ in range(60_000):
        word = (word * 6364136223846793005 + 1442695040888963407) % 2**64
        halves = 0xE800 | word >> 40 & 0x17FF, word >> 16 & 0xFFFF
        found = decode(halves[0] << 16 | halves[1], True, V8M, 0x2000)
        _check(found)
        decoded += found.op != op.UNDEFINED
    assert decoded > 5_000


@pytest.mark.parametrize(
    ("word", "wide", "level"),
    [(0xB100, False, V6M), (0xBF18, False, V6M), (0xF04F30FF, True, V6M), (0xFB21F203, True, V7M),
     (0xE8D01FAF, True, V7EM), (0xEE300A00, True, V8M)],
    ids=["cbz", "it", "mov.w", "smuad", "lda", "floating point"],
)  # fmt: skip
def test_an_architecture_has_only_its_own_instructions(word: int, wide: bool, level: int) -> None:
    assert decode(word, wide, level, 0).op == op.UNDEFINED


@pytest.mark.parametrize(
    ("word", "first"),
    [(0xEE300A81, FPV4_SP), (0xEEA00A81, FPV4_SP), (0xED2D8B10, FPV4_SP), (0xEEB60A40, FPV5_SP),
     (0xFE000A81, FPV5_SP), (0xFEBC0A40, FPV5_SP), (0xEE310B02, FPV5_D16), (0xEEB70AC0, FPV5_D16)],
    ids=["vadd", "vfma", "vpush of doubles", "vrintr", "vseleq", "vcvta", "vadd.f64", "vcvt.f64"],
)  # fmt: skip
def test_a_unit_has_only_its_own_instructions(word: int, first: int) -> None:
    known = [decode(word, True, V8M, 0, 0, fpu).op != op.UNDEFINED for fpu in range(4)]
    assert known == [fpu >= first for fpu in range(4)]


def test_the_same_bits_set_flags_only_outside_it_blocks() -> None:
    assert decode(0x1888, False, V7M, 0).op == op.ADDS
    inside = decode(0x1888, False, V7M, 0, it=0x08)
    assert (inside.op, inside.cond) == (op.ADD, 0)
