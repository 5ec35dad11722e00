"""What the commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgesnn.progress import is_shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document, keys in the order given."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def console() -> Console:
    """Standard output: Rich on a terminal, plain text of a fixed width in a pipe."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 120)


def announce(message: str) -> None:
    """One line on what is being done, on standard error and only for a terminal."""
    if is_shown():
        from rich.console import Console

        Console(stderr=True, highlight=False).print(f"[bold]edgesnn[/bold] {message}")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A Rich table; all columns but the first are set to the right where they are numbers."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        numeric = number and all(_is_number(row[number]) for row in rows)
        made.add_column(
            column,
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=bool(numeric) or number == 0,
        )
    for row in rows:
        made.add_row(*(escape(str(cell)) for cell in row))
    return made


def fits(screen: Console, made: Table) -> bool:
    """Whether a table is shown without folding a cell or a word of its heading."""
    from rich.measure import Measurement

    unlimited = screen.options.update(width=10_000)
    return Measurement.get(screen, unlimited, made).maximum <= screen.width


def fitting_table(
    screen: Console,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    spare: Sequence[str],
) -> Table:
    """A table without those of the `spare` columns, the first ones first, that do not fit."""
    for dropped in range(len(spare) + 1):
        kept = [number for number, name in enumerate(columns) if name not in spare[:dropped]]
        made = table(
            title, [columns[number] for number in kept], [[row[n] for n in kept] for row in rows]
        )
        if fits(screen, made):
            break
    return made


def facts(title: str, rows: Sequence[tuple[str, object]]) -> Table:
    """Names and values, without a heading."""
    from rich.markup import escape
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False)
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(f"  {escape(name)}", escape(str(value)))
    return made


def figure(value: float) -> str:
    """Three significant digits, or a whole number from a hundred on; never an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if 0 < abs(value) < 1e-3:
        return f"{value:.1g}"
    return f"{value:.3g}"


def _is_number(cell: object) -> bool:
    text = str(cell).replace(" ", "").replace(",", "").replace("%", "")
    return isinstance(cell, int | float) or text[:1].isdigit() or text[:1] in ("-", "–", "·", "")
