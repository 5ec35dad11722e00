"""Call stacks as a picture, and as the text that other tools draw from.

A flame graph: one box a function, its caller below it, as wide as its share of all cycles with
what it calls; boxes of one caller stand in the order of their names. The SVG is complete in
itself: no script, no font, no reference to anything outside.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.sax.saxutils import escape

from edgesnn.sim.core.calls import CallNode

WIDTH, MARGIN, ROW, HEAD, FOOT = 1200, 12, 19, 56, 8
CHARACTER = 6.7  # advance of the 11 px font; monospace fonts differ by a few per cent
NARROWEST = 0.4  # boxes below this width are left out, and said to be
STYLE = (
    "text{font:11px ui-monospace,Menlo,Consolas,monospace;fill:#1b1b1b}"
    ".title{font-size:15px;font-weight:600}.note{fill:#666}"
    "rect{stroke:#fff;stroke-width:.7}g:hover rect{stroke:#000;stroke-width:1}"
)


@dataclass
class Box:
    """A function on one path, with all that it calls."""

    name: str
    own: int = 0
    calls: int = 0
    inner: dict[str, Box] = field(default_factory=dict)

    @property
    def cycles(self) -> int:
        """Its own and those of all that it calls."""
        return self.own + sum(box.cycles for box in self.inner.values())

    @property
    def height(self) -> int:
        """Rows of boxes, itself included."""
        return 1 + max((box.height for box in self.inner.values()), default=0)


class Placed(NamedTuple):
    """A box with its place."""

    box: Box
    left: float
    width: float
    level: int


def collapsed(nodes: Iterable[CallNode]) -> str:
    """One line a path: functions joined by semicolons, and the cycles of the last one alone."""
    lines = (f"{';'.join(node.path)} {node.cycles}\n" for node in nodes if node.cycles)
    return "".join(sorted(lines))


def boxes(nodes: Iterable[CallNode]) -> Box:
    """The tree of all paths below one box for the whole run."""
    whole = Box("all")
    for node in nodes:
        box = whole
        for name in node.path:
            box = box.inner.setdefault(name, Box(name))
        box.own += node.cycles
        box.calls += node.calls
    return whole


def flame_graph(nodes: Iterable[CallNode], title: str) -> str:
    """An SVG picture of the cycles of a run, headed by `title`."""
    whole = boxes(nodes)
    total = max(whole.cycles, 1)
    scale = (WIDTH - 2 * MARGIN) / total
    placed = list(_place(whole, MARGIN, 0, scale))
    shown = [each for each in placed if each.width >= NARROWEST]
    bottom = HEAD + max((each.level for each in shown), default=0) * ROW
    body = "".join(_drawn(each, bottom - each.level * ROW, total) for each in shown)
    left_out = len(placed) - len(shown)
    note = f"{total:,} cycles; width is share of cycles, callers below those they call"
    if left_out:
        note += f"; {left_out} boxes too narrow to draw"
    height = bottom + ROW + FOOT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}"><style>{STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fffdf8"/>'
        f'<text class="title" x="{MARGIN}" y="24">{escape(title)}</text>'
        f'<text class="note" x="{MARGIN}" y="43">{escape(note)}</text>{body}</svg>\n'
    )


def _place(box: Box, left: float, level: int, scale: float) -> Iterator[Placed]:
    yield Placed(box, left, box.cycles * scale, level)
    for name in sorted(box.inner):
        inner = box.inner[name]
        yield from _place(inner, left, level + 1, scale)
        left += inner.cycles * scale


def _drawn(placed: Placed, top: int, total: int) -> str:
    box, left, width, level = placed
    cycles = box.cycles
    tip = f"{box.name}: {cycles:,} cycles, {100 * cycles / total:.2f} %"
    if level:
        tip += f"; {box.own:,} of its own, {box.calls:,} calls"
    room = int((width - 6) / CHARACTER)
    text = ""
    if room >= 3:
        label = _label(box.name, f"{100 * cycles / total:.1f} %", room)
        text = f'<text x="{left + 3:.2f}" y="{top + 13}">{escape(label)}</text>'
    return (
        f'<g><title>{escape(tip)}</title><rect x="{left:.2f}" y="{top}" width="{width:.2f}" '
        f'height="{ROW - 1}" rx="1.5" fill="{_colour(box.name)}"/>{text}</g>'
    )


def _label(name: str, share: str, room: int) -> str:
    """What fits into so many characters: name and share, the name, or its beginning."""
    if len(name) + len(share) + 2 <= room:
        return f"{name}  {share}"
    return name if len(name) <= room else f"{name[: room - 1]}…"


def _colour(name: str) -> str:
    """A light warm colour, always the same for a name."""
    code = zlib.crc32(name.encode())
    return f"hsl({18 + code % 36},{72 + (code >> 8) % 20}%,{66 + (code >> 16) % 14}%)"
