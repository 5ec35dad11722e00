"""Firmware that is not, or goes wrong: one clear line and a status from the command line, and
whatever bytes a file or memory holds, never a crash or an access outside the simulator's arrays."""

from __future__ import annotations

import json
import re
import struct
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgesnn.cli.boundary import run
from edgesnn.errors import EdgesnnError
from edgesnn.sim.core import Core, MemoryMap, Region, load_elf, make_core, simulate_elf
from edgesnn.sim.core import operations as op
from edgesnn.sim.core import simulate as limits
from edgesnn.sim.core.architecture import CORES
from edgesnn.sim.core.decode import decode, is_wide
from edgesnn.sim.core.elf import LARGEST_IMAGE

from .machines import M4, PROGRAMS, compile_program, needs_gcc
from .test_elf import image_bytes

ENDLESS = bytes.fromhex("fee7")
ANYWHERE = bytes.fromhex("4ff04050 0047".replace(" ", ""))  # mov r0, #0x30000000; bx r0
UNKNOWN = bytes.fromhex("7fde7fde")  # udf #127
DEEP = bytes.fromhex("80b4fde7")  # 1: push {r7}; b 1b


def _sections(count: int, size: int, entry: int) -> bytes:
    """An image whose one section header is a symbol table of so many bytes."""
    whole = image_bytes(sections=(0x60, 40, count))
    header = struct.pack("<10I", 0, 2, 0, 0, 0x34, size, 0, 0, 4, entry)
    return whole.ljust(0x60, b"\0") + header * 2


CASES = {
    "not an ELF": (b"hello", "--core cortex-m4", r"fw\.elf is not an ELF file; give the linked"),
    "nothing": (b"", "--core cortex-m4", r"is not an ELF file"),
    "of a PC": (image_bytes(machine=62), "--core cortex-m4", r"is for X86_64, 32 bits; need"),
    "big-endian": (image_bytes(data=2), "--core cortex-m4", r"is big-endian"),
    "relocatable": (image_bytes(kind=1), "--core cortex-m4", r"relocatable object; link it first"),
    "no entry": (image_bytes(entry=0), "--core cortex-m4", r"no Thumb entry point"),
    "truncated": (image_bytes()[:-3], "--core cortex-m4", r"damaged or truncated"),
    "less than a header": (image_bytes()[:40], "--core cortex-m4",
                           r"damaged or truncated \(40 bytes are no header, which has 52\)"),
    "another core's board": (image_bytes(), "--core cortex-m7+nofp --board nrf52840-dk",
                             r"nrf52840-dk has a Cortex-M4; leave out --core cortex-m7\+nofp"),
    "a board of several": (image_bytes(), "--board pico --board nrf52840-dk",
                           r"pico: fw\.elf: segment at 0x00000000.*outside the memory map"),
    "no board of all": (image_bytes(address=0x60000000), "--board all",
                        r"no board has memory where .*fw\.elf is linked"),
    "a picture of several": (image_bytes(), "--board all --flame x.svg", r"give --board once"),
    "outside the map": (image_bytes(), "--board nucleo-l4r5zi", r"outside the memory map; choose"),
    "too many sections": (_sections(60_000, 16, 16), "--core cortex-m4", r"damaged.*sections"),
    "endless symbols": (_sections(2, 1 << 31, 16), "--core cortex-m4", r"damaged"),
    "symbols of a byte": (_sections(2, 64, 1), "--core cortex-m4", r"damaged"),
    "symbols of nothing": (_sections(2, 64, 0), "--core cortex-m4", r"damaged"),
    "no core named": (image_bytes(), "", r"name the --core or the --board"),
    "unknown core": (image_bytes(), "--core cortex-a8", r"unknown core 'cortex-a8'"),
    "endless loop": (image_bytes(ENDLESS), "--core cortex-m4", r"did not end within 5,000 instr"),
    "lost": (image_bytes(ANYWHERE), "--core cortex-m4",
             r"faulted at bx, 0x0000000c: branch to 0x30000000|not Thumb code"),
    "unknown instruction": (image_bytes(UNKNOWN), "--core cortex-m4",
                            r"0x00000008: unknown instruction 0xde7f"),
    "stack overflow": (image_bytes(DEEP), "--core cortex-m4", r"push.*stack overflow: sp = 0x2000"),
    "breakpoint": (image_bytes(bytes.fromhex("00be")), "--core cortex-m4", r"at a breakpoint"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "message"), CASES.values(), ids=CASES.keys())
def test_the_command_says_what_is_wrong_in_one_line(
    content: bytes,
    options: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(limits, "DEFAULT_LIMIT", 5000)
    path = tmp_path / "fw.elf"
    path.write_bytes(content)
    assert run(["simulate", str(path), *options.split()]) in (1, 2)
    error = capsys.readouterr().err
    assert re.fullmatch(r"edgesnn: error: [^\n]+\n", error) and re.search(message, error), error


def test_a_limit_that_was_asked_for_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "fw.elf"
    path.write_bytes(image_bytes(ENDLESS))
    assert run(["simulate", str(path), "--core", "cortex-m4", "--limit", "100"]) == 0


EXITS = bytes.fromhex("1820 0149 abbe fee7 26000200")  # semihosting: exit with status 0


def test_boards_run_a_file_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fw.elf"
    path.write_bytes(image_bytes(EXITS))
    command = ["simulate", str(path), "--json"]
    assert run([*command, "--board", "nrf52840-dk", "--board", "microbit"]) == 0
    found = json.loads(capsys.readouterr().out)["boards"]
    assert [each["board"] for each in found] == ["nrf52840-dk", "microbit"]
    assert [each["instructions"] for each in found] == [3, 3]
    assert found[0]["milliseconds"] == found[0]["cycles"] / 64e3
    assert run([*command, "--board", "all", "--core", "cortex-m4+nofp"]) == 0
    found = json.loads(capsys.readouterr().out)["boards"]
    assert {each["core"] for each in found} == {"cortex-m4+nofp"} and len(found) > 2


def test_a_board_that_cannot_run_a_file_is_told_beside_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """UDIV, of which Armv6-M knows nothing, before the exit."""
    path = tmp_path / "fw.elf"
    path.write_bytes(image_bytes(bytes.fromhex("b0fbf0f0") + EXITS))
    assert run(["simulate", str(path), "--board", "all"]) == 0
    screen = capsys.readouterr().out
    assert re.search(r"nrf52840-dk +cortex-m4", screen)
    assert re.search(r"microbit: the firmware faulted.*unknown instruction 0xfbb0f0f0", screen)


def test_a_few_bytes_cannot_ask_for_much_memory(tmp_path: Path) -> None:
    """Many program headers that each name the same bytes: refused by their sum."""
    content = bytearray(image_bytes())
    content[0x2C:0x2E] = struct.pack("<H", 3)
    header = struct.pack("<8I", 1, 0, 0, 0, LARGEST_IMAGE // 2, LARGEST_IMAGE // 2, 5, 4)
    path = tmp_path / "fw.elf"
    path.write_bytes(content[:0x34] + header * 3 + bytes(LARGEST_IMAGE // 2))
    with pytest.raises(EdgesnnError, match="damaged"):
        load_elf(path)


@cache
def _real() -> bytes:
    """A whole ELF of gcc's: sections, symbols, strings; as small as it gets without gcc."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        sources = [PROGRAMS / "support.c", PROGRAMS / "control.c"]
        image = compile_program(M4, sources, place / "a.elf", "-Os", f"-I{PROGRAMS}")
        return image.read_bytes()


FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@needs_gcc
@FEW
@given(data=st.data())
def test_flipped_bytes_of_a_real_file_never_crash(data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(_real())
    tail = len(content) - 3000  # section headers, symbols and names stand at the end
    places = st.one_of(st.integers(4, 0xB4), st.integers(tail, len(content) - 1))
    flips = st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=6)
    for place, value in data.draw(flips):
        content[place] = value
    length = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    path = tmp_path / "fuzzed.elf"
    path.write_bytes(content[:length])
    try:
        simulate_elf(path, "cortex-m4", limit=2000)
    except EdgesnnError as error:
        assert "\n" not in str(error)


LAYOUT = MemoryMap(
    (Region(0, 0x1000, "flash"), Region(0x20000000, 0x1000, "ram"),
     Region(0x40000000, 0x1000, "peripheral"))
)  # fmt: skip
ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1),
    st.integers(-16, 16).map(lambda near: near & 0xFFFFFFFF),
    *(st.integers(end - 16, end + 16) for end in (0x1000, 0x20000010, 0x20001000, 0x40001000)),
)


FLOATING_WORDS = st.integers(0, 2**32 - 1).map(
    lambda word: struct.pack("<HH", 0xEC00 | word >> 16 & 0x13FF, word & 0xF1FF | 0xA00)
)


def _as_one(halves: bytes) -> int:
    first, second = struct.unpack("<HH", halves)
    return int(first << 16 | second)


@FEW
@given(
    core=st.sampled_from(sorted(CORES)),
    code=st.one_of(
        st.binary(min_size=2, max_size=64),
        st.lists(FLOATING_WORDS, min_size=1, max_size=16).map(b"".join),
    ),
    regs=st.lists(ADDRESSES, min_size=13, max_size=13),
    stack=ADDRESSES,
    handled=st.booleans(),
)
def test_any_bytes_run_or_fault(
    core: str, code: bytes, regs: list[int], stack: int, handled: bool
) -> None:
    """Random code with registers at the edges of memory; guards around the arrays stay as they
    were, and everything that goes wrong is one line that names an address."""
    made = Core(core, LAYOUT)
    made.take_faults = handled
    made.memory.write(0x100, code)
    made.regs[:13], made.regs[op.SP] = regs, stack & ~3
    made.fpu.write(0xED88, 0xF << 20)
    made.pc = 0x100
    try:
        made.run(instructions=300, cycles=100_000)
    except EdgesnnError as error:
        assert "\n" not in str(error)
    assert ((made.regs >= 0) & (made.regs < 2**32)).all()
    assert 0 <= made.state[op.S_AT] < made.memory.table.size // op.ROW


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(st.integers(0, 2**32 - 1), FLOATING_WORDS.map(_as_one)),
    st.sampled_from(sorted({(m.level, m.fpu) for m in CORES.values()})),
    st.integers(0, 255),
)
def test_every_word_decodes_to_a_row_that_fits(word: int, has: tuple[int, int], it: int) -> None:
    wide, (level, fpu) = is_wide(word >> 16), has
    instruction = decode(word if wide else word >> 16, wide, level, 0x100, it % 0xE0, fpu)
    row = instruction.row(0, 0)
    assert len(row) == op.ROW and all(-(2**31) <= value < 2**31 for value in row)
    registers = row[op.R_REGISTERS]
    assert all((registers >> shift & 255) < op.REGISTERS for shift in (0, 8, 16, 24))


@needs_gcc
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"])
def test_a_stack_overflow_is_named_with_its_function(tmp_path: Path, core: str) -> None:
    from .machines import TARGETS

    target = next(target for target in TARGETS if target.core == core)
    source = tmp_path / "deep.c"
    source.write_text(
        '#include "support.h"\n'
        "__attribute__((noinline)) uint32_t dive(uint32_t n)"
        "{ volatile uint32_t room[16]; room[0] = n; return dive(n + 1) + room[0]; }\n"
        "void run(void) { mix(dive(0)); }\n"
    )
    sources = [PROGRAMS / "support.c", source]
    image = compile_program(target, sources, tmp_path / "a.elf", "-O1", f"-I{PROGRAMS}")
    made = make_core(load_elf(image), target.core, target.layout)
    with pytest.raises(EdgesnnError, match=r"in dive: .*stack overflow: sp = 0x[0-9a-f]{8}"):
        made.run(instructions=1_000_000)


def _whole(name: bytes = b"start", debug: bytes = b"\xff" * 64) -> bytes:
    """An image with a symbol table, its strings, and a section of debugging information."""
    strings = b"\0" + name + b"\0"
    names = b"\0.text\0.symtab\0.strtab\0.debug_info\0"
    base = image_bytes()
    at, parts = len(base), []
    symbol = bytes(16) + struct.pack("<IIIBBH", 1, 9, 2, 0x12, 0, 1)
    for content in (symbol, strings, debug, names):
        parts.append((at, len(content)))
        at += len(content)
    table = at
    rows = [
        (0,) * 10, (1, 1, 6, 0, 0x54, 10, 0, 0, 4, 0),
        (7, 2, 0, 0, *parts[0], 3, 1, 4, 16), (15, 3, 0, 0, *parts[1], 0, 0, 1, 0),
        (23, 1, 0, 0, *parts[2], 0, 0, 1, 0), (15, 3, 0, 0, *parts[3], 0, 0, 1, 0),
    ]  # fmt: skip
    whole = bytearray(base + symbol + strings + debug + names)
    whole += b"".join(struct.pack("<10I", *row) for row in rows)
    struct.pack_into("<I", whole, 0x20, table)
    struct.pack_into("<HHH", whole, 0x2E, 40, len(rows), 5)
    return bytes(whole)


def _ends_well(content: bytes, path: Path) -> str:
    """Load and run: what it printed as its error, one line or nothing."""
    path.write_bytes(content)
    try:
        simulate_elf(path, "cortex-m4", limit=50, layout=LAYOUT)
    except EdgesnnError as error:
        assert "\n" not in str(error) and str(error).isprintable()
        return str(error)
    return ""


def test_a_whole_file_runs_and_is_named(tmp_path: Path) -> None:
    assert _ends_well(_whole(), tmp_path / "fw.elf") == ""
    assert load_elf(tmp_path / "fw.elf").function_at(8) == "start"


def test_a_file_cut_at_any_byte_ends_in_one_line(tmp_path: Path) -> None:
    content = _whole()
    refused = [_ends_well(content[:length], tmp_path / "fw.elf") for length in range(len(content))]
    assert all(refused[: 0x54 + 10]), "nothing to load before the segment's end"


FIELDS = (0, 1, 2, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)


@pytest.mark.parametrize("value", FIELDS, ids=hex)
def test_any_word_of_the_headers_may_be_hostile(value: int, tmp_path: Path) -> None:
    content = _whole()
    (sections,) = struct.unpack_from("<I", content, 0x20)
    for place in (*range(4, 0x54, 2), *range(sections, len(content), 4)):
        hostile = bytearray(content)
        word = min(value, 0xFFFF) if place < 0x54 else value
        struct.pack_into("<H" if place < 0x54 else "<I", hostile, place, word)
        _ends_well(bytes(hostile), tmp_path / "fw.elf")
    for place in range(0x34, 0x54, 4):
        hostile = bytearray(content)
        struct.pack_into("<I", hostile, place, value)
        _ends_well(bytes(hostile), tmp_path / "fw.elf")


@FEW
@given(name=st.binary(max_size=40), debug=st.binary(max_size=200))
def test_names_and_debugging_information_may_be_garbage(
    name: bytes, debug: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "fw.elf"
    path.write_bytes(_whole(name.replace(b"\0", b"?"), debug))
    function = load_elf(path).function_at(8)
    assert function is None or function.isprintable()


@pytest.mark.parametrize(
    "name", [b"\x1b[2J\nedgesnn: error: all is well\r", b"[/bold]", b"[red]x", b"\xff\xfe"]
)
def test_a_name_cannot_steer_the_terminal(
    name: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "fw.elf"
    path.write_bytes(_whole(name))
    assert run(["simulate", str(path), "--core", "cortex-m4", "--limit", "50"]) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told and "\nedgesnn: error" not in told
