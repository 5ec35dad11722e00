"""The board table."""

from __future__ import annotations

import itertools

import pytest

from edgesnn.boards import BOARDS, CORES, EMULATED_CORES, emulated_board, find_board
from edgesnn.errors import BoardError


def test_boards_are_found_in_any_case() -> None:
    assert find_board("NUCLEO-L4R5ZI").chip == "STM32L4R5ZI"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nucleo-l4r5", "did you mean nucleo-l4r5zi"),
        ("pico3", "did you mean pico"),
        ("zzz", "known are microbit"),
    ],
)
def test_a_wrong_name_gets_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(BoardError, match=hint):
        find_board(name)


def test_every_emulated_core_has_its_machine() -> None:
    assert {emulated_board(core).core.name for core in EMULATED_CORES} == set(EMULATED_CORES)
    with pytest.raises(BoardError, match="m0plus"):
        emulated_board("m0plus")


def test_memories_are_plausible() -> None:
    """Flash and RAM are apart, aligned, and every core of the table is on some board."""
    for board in BOARDS.values():
        regions = sorted((board.flash, board.ram, *board.more_ram), key=lambda each: each.origin)
        for left, right in itertools.pairwise(regions):
            assert left.end <= right.origin, board.name
        assert all(each.origin % 256 == 0 and each.size % 256 == 0 for each in regions), board.name
        for fixed in board.fixed:
            assert fixed.offset >= 64, "the vector table comes first"
    assert {board.core.name for board in BOARDS.values()} == set(CORES)


def test_every_board_that_can_be_bought_has_a_sourced_timing_of_flash() -> None:
    for board in BOARDS.values():
        assert (board.timing is None) == (board.emulator is not None), board.name
        if board.timing is not None:
            assert board.timing.clock_hz == board.clock_hz and board.timing.source, board.name
