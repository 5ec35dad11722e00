"""The pages of the documentation against the command line that they describe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from edgesnn.cli.app import app
from edgesnn.trainer.config import presets

ROOT = Path(__file__).parent.parent
if not (ROOT / "README.md").is_file():
    pytest.skip("README.md is not beside the tests", allow_module_level=True)
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]


def _options(command: typer.core.TyperGroup | typer.core.TyperCommand) -> set[str]:
    return {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help"}


GROUP = typer.main.get_command(app)
COMMANDS = {name: _options(command) for name, command in GROUP.commands.items()}


def _commands_of(page: Path) -> list[tuple[str, str]]:
    """Each command that a page names as code, with what follows it."""
    prose, fenced = [], []
    for number, part in enumerate(page.read_text("utf-8").split("```")):
        (fenced if number % 2 else prose).append(part)
    texts = [line.partition("  #")[0] for part in fenced for line in part.splitlines()]
    texts += [text for part in prose for text in re.findall(r"`([^`\n]+)`", part)]
    return [
        (found[1], found[2])
        for text in texts
        for found in re.finditer(r"\bedgesnn ([a-z]+)\b([^|]*)", text)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Path) -> None:
    wrong = [
        f"edgesnn {command} {option}"
        for command, rest in _commands_of(page)
        for option in ["", *re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest)]
        if command not in COMMANDS or (option and option not in COMMANDS[command])
    ]
    assert wrong == []


def test_every_command_is_in_a_page() -> None:
    named = {command for page in PAGES for command, _ in _commands_of(page)}
    assert set(COMMANDS) - named == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_and_presets_that_are_named_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    pages = re.findall(r"\b((?:docs/)?[A-Z]{3,}\.md)\b", text)
    missing = [name for name in pages if not any(p.name == Path(name).name for p in PAGES)]
    unknown = {
        name
        for _, rest in _commands_of(page)
        for name in re.findall(r"--config ([a-z0-9_]+)(?!\S)", rest)
    } - set(presets())
    assert (missing, unknown) == ([], set())
