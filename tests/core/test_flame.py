"""The picture of call stacks, and the text that other tools read."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from edgesnn.sim.core.calls import CallNode
from edgesnn.sim.core.flame import MARGIN, NARROWEST, WIDTH, boxes, collapsed, flame_graph

SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.sampled_from(["main", "step", 'a<b>&"c"', "on_systick", "x" * 80])
PATHS = st.lists(st.lists(NAMES, min_size=1, max_size=6).map(tuple), unique=True, max_size=12)
NODES = PATHS.flatmap(
    lambda paths: st.tuples(
        *(
            st.builds(
                CallNode, st.just(path), st.integers(1, 9), st.integers(0, 10**9), st.integers(0, 9)
            )
            for path in paths
        )
    )
)


def _rows(picture: str) -> dict[int, list[tuple[float, float]]]:
    """Left and right edges of the boxes, by the row they stand in, the lowest first."""
    rows: dict[int, list[tuple[float, float]]] = {}
    for group in ElementTree.fromstring(picture).iter(f"{SVG}g"):
        box = group.find(f"{SVG}rect")
        assert box is not None
        left = float(box.attrib["x"])
        edges = (left, left + float(box.attrib["width"]))
        rows.setdefault(-int(box.attrib["y"]), []).append(edges)
    return dict(sorted(rows.items()))


@given(NODES)
def test_boxes_nest_and_never_overlap(nodes: tuple[CallNode, ...]) -> None:
    below = [(float(MARGIN), float(WIDTH - MARGIN))]
    for row in _rows(flame_graph(nodes, "a & b")).values():
        ordered = sorted(row)
        for (_, right), (left, _) in pairwise(ordered):
            assert right <= left + 0.02
        for left, right in ordered:
            assert any(low - 0.02 <= left and right <= high + 0.02 for low, high in below)
        below = ordered


@given(NODES)
def test_text_and_picture_hold_all_cycles(nodes: tuple[CallNode, ...]) -> None:
    total = sum(node.cycles for node in nodes)
    lines = collapsed(nodes).splitlines()
    assert sum(int(line.rsplit(" ", 1)[1]) for line in lines) == total == boxes(nodes).cycles
    assert f"{max(total, 1):,} cycles" in flame_graph(nodes, "t")


def test_a_box_says_its_share_and_its_calls() -> None:
    nodes = (CallNode(("main",), 0, 25, 9), CallNode(("main", "work"), 3, 75, 30))
    picture = flame_graph(nodes, "demo")
    assert "work: 75 cycles, 75.00 %; 75 of its own, 3 calls" in picture
    assert "main  100.0 %" in picture and "script" not in picture
    assert _rows(picture)[list(_rows(picture))[2]] == [(MARGIN, MARGIN + 0.75 * (WIDTH - 24))]
    assert collapsed(nodes) == "main 25\nmain;work 75\n"


def test_narrow_boxes_are_left_out_and_counted() -> None:
    nodes = (CallNode(("main",), 0, 10**6, 9), CallNode(("main", "tiny"), 1, 1, 1))
    picture = flame_graph(nodes, "demo")
    assert "1 boxes too narrow" in picture and NARROWEST > (WIDTH - 2 * MARGIN) / 10**6
