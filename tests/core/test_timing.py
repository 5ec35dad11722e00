"""The timing tables against documented cycle counts, rule by rule."""

from pathlib import Path
from typing import Any

import pytest

from edgesnn.boards import BOARDS, Board, Cache, FlashTiming
from edgesnn.errors import MachineError
from edgesnn.sim.core import CORES, Core, MemoryMap, Region, board_map, core_model
from edgesnn.sim.core import operations as op
from edgesnn.sim.core.decode import decode
from edgesnn.sim.core.timing.model import REFILLED, Step, price
from edgesnn.sim.core.timing.tables import TABLES

from .machines import needs_gcc
from .timing_rules import RULES, assemble, measure, residual, run_cycles

TIMING_PAGE = Path(__file__).parents[2] / "docs" / "TIMING.md"


@needs_gcc
@pytest.mark.parametrize("core", CORES)
def test_documented_cycle_counts_are_reproduced(core: str, tmp_path: Path) -> None:
    off = {}
    for rule in (rule for rule in RULES if rule.core == core):
        measured = measure(rule, tmp_path)
        if residual(rule, measured):
            off[rule.name] = f"{measured} for {rule.cycles}"
    assert not off


def test_every_rule_is_in_the_documentation() -> None:
    page = TIMING_PAGE.read_text()
    missing = [
        rule for rule in RULES if f"| {core_model(rule.core).name} | {rule.name} |" not in page
    ]
    assert not missing


def test_a_price_packs_four_states_and_three_detours() -> None:
    packed = price([Step(1, 1), Step(2, 2), Step(3, 3), Step(63, 0)], Step(1, 2), 5)
    assert packed.timing == 0x01 | 1 << 6 | (2 | 2 << 6) << 8 | (3 | 3 << 6) << 16 | 63 << 24
    assert packed.detour == (1 | 2 << 6) | 5 << 8
    with pytest.raises(ValueError, match="does not fit"):
        price([Step(64, 0)] * 4, Step(1, 0), 0)


@pytest.mark.parametrize("name", TABLES)
def test_tables_price_every_encoding(name: str) -> None:
    """No instruction, alone or after another, may have a cost that does not fit its byte."""
    table = TABLES[name]
    previous = decode(0x1888, False, 3, 0)
    for word in range(0, 0xE800, 7):
        code = [previous, decode(word, False, 3, 2)]
        for timing, _ in table.price(code):
            assert timing >> 8 * REFILLED & 63 < 64
        previous = code[1]


@pytest.mark.parametrize("name", ["m4", "m7", "m33"])
def test_tables_price_floating_point(name: str) -> None:
    table, word, code = TABLES[name], 1, []
    for address in range(0, 80_000, 4):
        word = (word * 6364136223846793005 + 1442695040888963407) % 2**64
        encoding = 0xEC000A00 | word >> 32 & 0x13FFF1FF
        code = [*code[-3:], decode(encoding, True, 3, address, 0, 3)]
        assert all(timing & 63 < 64 for timing, _ in table.price(code))


REGIONS = (Region(0, 0x1000, "flash"), Region(0x20000000, 0x1000, "ram"))


def _flash_cycles(code: bytes, instructions: int = 16, waits: int = 0, **flash: Any) -> Core:
    layout = MemoryMap(REGIONS, FlashTiming(1, waits, 16, waits, waits, **flash))
    core = Core("cortex-m4", layout)
    core.memory.write(0, code)
    core.pc = 0
    core.run(instructions=instructions)
    return core


NOPS = bytes.fromhex("00bf") * 64
LOOP = bytes.fromhex("00bf" * 15 + "efe7")  # two lines of sixteen bytes, the last a branch


def test_flash_wait_states_are_paid_once_a_line() -> None:
    none, four = _flash_cycles(NOPS), _flash_cycles(NOPS, waits=4)
    assert none.cycles == 16
    assert four.cycles == 16 + 2 * 4  # sixteen 2-byte instructions are two lines of 16 bytes


def test_prefetch_hides_what_the_line_before_took() -> None:
    fast = _flash_cycles(NOPS, waits=4, prefetch=True)
    slow = _flash_cycles(NOPS, waits=14, prefetch=True)
    assert fast.cycles == 16 + 4  # eight cycles of the first line hide the second's four
    assert slow.cycles == 16 + 14  # 14 + 8 cycles after the first was asked for, it is there


def test_an_instruction_cache_pays_once() -> None:
    without = _flash_cycles(LOOP, 160, waits=4)
    with_cache = _flash_cycles(LOOP, 160, waits=4, code_cache=Cache(4, 1))
    perfect = _flash_cycles(LOOP, 160)
    assert with_cache.cycles == perfect.cycles + 2 * 4
    assert without.cycles == perfect.cycles + 20 * 4


def test_data_read_from_flash_waits_and_is_counted() -> None:
    code = bytes.fromhex("06480649") + NOPS  # ldr r0 and r1 from two words of one line
    plain = _flash_cycles(code)
    waited = _flash_cycles(code, waits=3)
    cached = _flash_cycles(code, waits=3, data_cache=Cache(2, 2))
    assert int(waited.state[op.S_FLASH_READS]) == int(cached.state[op.S_FLASH_READS]) == 2
    assert waited.cycles == plain.cycles + 2 * 3 + 2 * 3
    assert cached.cycles == plain.cycles + 2 * 3 + 1 * 3


def _loads(places: list[int], **flash: Any) -> int:
    """Cycles that loads from flash at `places` wait for it, a line being 16 bytes."""
    core = Core("cortex-m4", MemoryMap(REGIONS, FlashTiming(1, 0, 16, 0, 7, **flash)))
    core.memory.write(0, bytes.fromhex("0868") * len(places))  # ldr r0, [r1]
    core.pc = 0
    spent = []
    for place in places:
        core.regs[1] = place
        before = core.cycles
        core.run(instructions=1)
        spent.append(core.cycles - before)
    return sum(cycles >= 7 for cycles in spent)


def test_two_ways_keep_what_one_way_throws_out() -> None:
    """Lines 0x800 and 0x840 share a set of four; a third one evicts the least recently used."""
    turns = [0x800, 0x840, 0x800, 0x840, 0x800, 0x840]
    assert _loads(turns) == 6
    assert _loads(turns, data_cache=Cache(4, 1)) == 6
    assert _loads(turns, data_cache=Cache(8, 2)) == 2
    assert _loads([0x800, 0x840, 0x804, 0x880, 0x808], data_cache=Cache(8, 2)) == 3
    assert _loads([0x800, 0x840, 0x880, 0x800], data_cache=Cache(8, 2)) == 4
    assert _loads([0x800, 0x840, 0x880, 0x800], data_cache=Cache(8, 8)) == 3


def test_a_shared_cache_serves_constants_from_lines_of_code() -> None:
    assert _loads([0x00, 0x04], code_cache=Cache(8, 2), shared=True) == 0
    assert _loads([0x00, 0x04], code_cache=Cache(8, 2), data_cache=Cache(8, 2)) == 1


@pytest.mark.parametrize(
    "timing",
    [
        FlashTiming(1, 1, 12, 1, 1),
        FlashTiming(1, 1, 16, 1 << 20, 1),
        FlashTiming(1, 1, 16, 1, -1),
        FlashTiming(1, 1, 16, 1, 1, code_cache=Cache(12, 2)),
        FlashTiming(1, 1, 16, 1, 1, data_cache=Cache(8, 3)),
    ],
)
def test_impossible_flash_is_refused(timing: FlashTiming) -> None:
    with pytest.raises(MachineError, match=r"power of two|waits for flash"):
        MemoryMap(REGIONS, timing)


@pytest.mark.parametrize("board", [b for b in BOARDS.values() if b.timing], ids=lambda b: b.name)
def test_a_board_waits_for_its_flash(board: Board) -> None:
    """A loop over more constants than any cache holds, on every board that can be bought."""
    waits, ideal = (
        Core(board.core.name, board_map(board, zero_wait=zero)) for zero in (False, True)
    )
    code = bytes.fromhex("08684031fce7")
    for core in (waits, ideal):
        core.memory.write(board.flash.origin, code)  # 1: ldr r0, [r1]; adds r1, #64; b 1b
        core.pc, core.regs[1] = board.flash.origin, board.flash.origin
        core.run(instructions=3000)
    assert board.timing is not None
    assert waits.cycles - ideal.cycles == pytest.approx(1000 * board.timing.data_wait, rel=0.01)


@needs_gcc
@pytest.mark.parametrize(("offset", "more"), [(1, 2), (2, 1), (3, 2)])
def test_unaligned_words_take_two_or_three_transfers(
    offset: int, more: int, tmp_path: Path
) -> None:
    aligned, unaligned = (
        run_cycles(
            "cortex-m4", assemble("cortex-m4", f"ldr.w r0, [r8, #{n}]; {'nop.w;' * 4}", tmp_path), 0
        )
        for n in (0, offset)
    )
    assert unaligned == aligned + more


@needs_gcc
@pytest.mark.parametrize(("inner", "missed"), [(20, 0), (31, 0), (32, 0), (33, 8), (50, 8)])
def test_ends_of_short_regular_loops_are_foretold(inner: int, missed: int, tmp_path: Path) -> None:
    """Thirty-one branches back and one forward are the longest loop that is learnt."""
    code = (
        f".balign 8; 1: movs.w r5, #{inner}; nop.w; 3: subs.w r5, r5, #1; bne.w 3b; "
        "subs.w r6, r6, #1; bne.w 1b; .balign 4; nop.w; nop.w; nop.w; nop.w"
    )
    flat = assemble("cortex-m7", code, tmp_path)
    few, many = (run_cycles("cortex-m7", flat, rounds) for rounds in (8, 24))
    assert many - few == 16 * (1 + inner + missed + 1)


@needs_gcc
def test_returns_to_another_caller_are_mispredicted(tmp_path: Path) -> None:
    code = (
        "mov.w r5, r6; 1: bl 2f; nop.w; {} subs.w r6, r6, #1; bne.w 1b; b.w 3f; "
        "2: nop.w; bx lr; .balign 4; 3: nop.w; nop.w; nop.w; nop.w"
    )
    cycles = []
    for text in (code.format(""), code.format("bl 2f; nop.w;")):
        flat = assemble("cortex-m7", text, tmp_path)
        few, many = (run_cycles("cortex-m7", flat, rounds) for rounds in (8, 24))
        cycles.append((many - few) // 16)
    assert cycles[1] - cycles[0] >= 2 * 8
