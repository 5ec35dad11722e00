"""How the pipeline tells what it is doing."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]
"""Called with a few words when a step begins."""


def silent(_message: str) -> None:
    """Say nothing."""
