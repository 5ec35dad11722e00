"""What a self-test image says of itself (`templates/selftest.c.j2`), as values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edgesnn.errors import MachineError

_FIRST = re.compile(r"edgesnn (\w+) ([0-9a-f]{64})")
_BOARD = re.compile(r"board (\S+) clock ([0-9a-f]{8}) counter (dwt|systick)")
_PARTS = re.compile(r"parts((?: \w+)+)")
_CLIP = re.compile(r"clip ([0-9a-f]{8}) decision ([0-9a-f]{8}) checksum ([0-9a-f]{8}) (ok|WRONG)")
_NUMBERS = re.compile(r"(spikes|steps|laps)((?: [0-9a-f]{8})+)")
_END = ("pass", "FAIL")
_CRASHED = "exit 00000063"


@dataclass(frozen=True)
class ClipReport:
    """One clip.

    Attributes:
        decision: the class.
        checksum: FNV-1a, 32 bits, over every trace of every step.
        agrees: whether the image found both to be the oracle's.
        spikes: of each spiking layer, over the clip.
        steps: how many.
        least, most: cycles of a step; 0 where the machine counts none.
        laps: cycles of each part of the network, over the clip.
    """

    decision: int
    checksum: int
    agrees: bool
    spikes: tuple[int, ...]
    steps: int
    least: int
    most: int
    laps: tuple[int, ...]

    @property
    def cycles(self) -> int:
        """Over the clip, all parts."""
        return sum(self.laps)


@dataclass(frozen=True)
class SelftestReport:
    """A whole run.

    Attributes:
        network: its name.
        sha256: its identity.
        board: what the image was made for.
        clock_hz: what the core runs at, as the image found.
        counter: `dwt` or `systick`.
        parts: names of the network's parts.
        clips: one report a clip.
        passed: the image's own verdict.
    """

    network: str
    sha256: str
    board: str
    clock_hz: int
    counter: str
    parts: tuple[str, ...]
    clips: tuple[ClipReport, ...]
    passed: bool


def is_complete(text: str) -> bool:
    """Whether `text` holds the end of a run, or of the program."""
    return any(line in _END or line.startswith("exit ") for line in _lines(text))


def parse_selftest(text: str) -> SelftestReport:
    """The last whole run in what a board has said; anything before it is passed over.

    Raises:
        MachineError: there is no whole run, or the image crashed; says what was heard.
    """
    lines = _lines(text)
    ends = [number for number, line in enumerate(lines) if line in _END]
    starts = [n for n, line in enumerate(lines) if _FIRST.fullmatch(line) and ends and n < ends[-1]]
    if not starts:
        raise MachineError(_nothing(lines))
    return _parse(lines[starts[-1] : ends[-1] + 1])


def _lines(text: str) -> list[str]:
    """Whole lines only: the last one may have been cut."""
    return [line.strip("\r") for line in text.split("\n")[:-1]]


def _nothing(lines: Sequence[str]) -> str:
    if _CRASHED in lines:
        return "the image crashed (a fault was taken); build it again, or report this network"
    if not any(lines):
        return "the board said nothing; is this its serial port, and is it free?"
    return f"the board's self-test was not heard whole; it said {lines[-1][:60]!r} at last"


def _parse(lines: Sequence[str]) -> SelftestReport:
    first, board, parts = (
        _match(pattern, lines, number) for number, pattern in enumerate((_FIRST, _BOARD, _PARTS))
    )
    body = lines[3:-1]
    if len(body) % 4:
        raise MachineError(f"the board's self-test has {len(body)} lines of clips, an odd number")
    clips = tuple(_clip(body[at : at + 4], at // 4) for at in range(0, len(body), 4))
    names = tuple(parts[1].split())
    if any(len(clip.laps) != len(names) for clip in clips):
        raise MachineError("the board's self-test counts other parts than it names")
    return SelftestReport(
        first[1], first[2], board[1], int(board[2], 16), board[3], names, clips, lines[-1] == "pass"
    )


def _match(pattern: re.Pattern[str], lines: Sequence[str], number: int) -> re.Match[str]:
    found = pattern.fullmatch(lines[number]) if number < len(lines) else None
    if found is None:
        said = lines[number][:60] if number < len(lines) else ""
        raise MachineError(f"the board's self-test is garbled: it said {said!r}")
    return found


def _clip(lines: Sequence[str], number: int) -> ClipReport:
    head = _match(_CLIP, lines, 0)
    found = {}
    for at, what in enumerate(("spikes", "steps", "laps"), start=1):
        numbers = _match(_NUMBERS, lines, at)
        values = tuple(int(each, 16) for each in numbers[2].split())
        if numbers[1] != what or values[0] != number or int(head[1], 16) != number:
            raise MachineError(f"the board's self-test is garbled: it said {lines[at][:60]!r}")
        found[what] = values[1:]
    if len(found["steps"]) != 3:
        raise MachineError(f"the board's self-test is garbled: it said {lines[2][:60]!r}")
    return ClipReport(
        int(head[2], 16), int(head[3], 16), head[4] == "ok", found["spikes"], *found["steps"],
        laps=found["laps"],
    )  # fmt: skip
