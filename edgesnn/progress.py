"""Progress of long work: a bar on a terminal, silence in a pipe."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from edgesnn.errors import UsageError

T = TypeVar("T")


def leads() -> bool:
    """Whether this process speaks for all: the first of those that `torchrun` started together."""
    return os.environ.get("RANK", "0") == "0"


def require_alone(instead: str) -> None:
    """Raise UsageError, which says what to do `instead`, where `torchrun` started several."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError(f"of all commands only train runs under torchrun; {instead}")


def is_shown() -> bool:
    """Whether somebody watches: standard error is a terminal, and this process speaks for all."""
    return leads() and sys.stderr.isatty()


Advance = Callable[[float], None]


def track(items: Iterable[T], description: str, total: float | None = None) -> Iterator[T]:
    """Yield `items`, drawing a Rich progress bar on standard error if it is a terminal."""
    if not is_shown():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    yield from rich_track(items, description, total=total, console=console, transient=True)


@contextlib.contextmanager
def progress(description: str, total: float | None) -> Iterator[Advance]:
    """Yield `advance(amount)`; draws a bar on standard error only if it is a terminal.

    `total` is in the caller's unit (bytes, clips, steps); None where it is not known.
    """
    if not is_shown():
        yield lambda _amount: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda amount: bar.update(task, advance=amount)
