"""Pieces of Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from costs.plots import TITLES


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; integers get thousands separators."""

    def cell(value: object) -> str:
        return f"{value:,}" if isinstance(value, int) else str(value)

    lines = [head, ["---"] * len(head), *([cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def core_title(name: str) -> str:
    return f"Cortex-{TITLES[name]}"


def figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
