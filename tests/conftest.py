"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent


def find_speech_commands() -> Path | None:
    """The folder with the Google Speech Commands recordings, or None where it is absent."""
    named = os.environ.get("EDGESNN_DATA")
    for base in [Path(named)] if named else [CHECKOUT.parent / "shared" / "data"]:
        folder = base / "speech_commands"
        if (folder / "manifest.csv").is_file():
            return folder
    return None


@pytest.fixture(scope="session")
def speech_commands() -> Path:
    """The recordings' folder; skips where they are absent."""
    folder = find_speech_commands()
    if folder is None:
        pytest.skip(
            "no Google Speech Commands recordings: set EDGESNN_DATA to a folder that holds "
            "speech_commands/, or put it at ../shared/data beside the checkout"
        )
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes golden files anew instead of only comparing."""
    parser.addoption("--update-golden", action="store_true", help="write golden files anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written anew."""
    return bool(request.config.getoption("--update-golden"))
