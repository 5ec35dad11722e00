"""The one dependency rule (ARCHITECTURE.md), read off every import in the source."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

STAGES = ("trainer", "quantize", "codegen", "sim")
TORCH = ("torch", "snntorch", "brevitas")
HEAVY = (*TORCH, "numba", "scipy", "numpy", "matplotlib", "soundfile", "pydantic", "jinja2")


class Import(NamedTuple):
    module: str
    line: int
    at_module_level: bool


def package_folder(name: str) -> Path:
    """Where a package lies: in a checkout or installed, without its being imported."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).resolve().parent


def sources(package: str) -> list[Path]:
    folder = package_folder(package)
    inner = [
        path for path in folder.rglob("*.py") if path.relative_to(folder).parts[0] not in STAGES
    ]
    assert inner, f"no source found of {package}"
    return inner


def imports(path: Path) -> Iterator[Import]:
    """All imports of a file, those within functions and under TYPE_CHECKING too."""
    tree = ast.parse(path.read_text("utf-8"), str(path))
    outer = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, id(node) in outer)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield Import(node.module or "", node.lineno, id(node) in outer)
            for alias in node.names:
                yield Import(f"{node.module}.{alias.name}", node.lineno, id(node) in outer)


def stage_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "edgesnn" and parts[1] in STAGES else None


def is_front(module: str) -> bool:
    """Whether a module is one of those that may know all stages."""
    return f"{module}.".startswith(("edgesnn.cli.", "edgesnn.pipeline."))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_only_the_spine(stage: str) -> None:
    wrong = [
        f"{path.name}:{found.line} imports {found.module}"
        for path in sources(f"edgesnn.{stage}")
        for found in imports(path)
        if stage_of(found.module) not in (None, stage) or is_front(found.module)
    ]
    assert wrong == []


def test_the_spine_imports_no_stage() -> None:
    folder = package_folder("edgesnn")
    wrong = [
        f"{path.relative_to(folder)}:{found.line} imports {found.module}"
        for path in sources("edgesnn")
        if path.relative_to(folder).parts[0] not in ("cli", "pipeline", "__main__.py")
        for found in imports(path)
        if stage_of(found.module) is not None or is_front(found.module)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["edgesnn.cli", "edgesnn.pipeline"])
def test_stages_are_imported_within_functions(package: str) -> None:
    wrong = [
        f"{path.name}:{found.line} imports {found.module}"
        for path in sources(package)
        for found in imports(path)
        if found.at_module_level and stage_of(found.module) is not None
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["edgesnn", "edgesnn.codegen", "edgesnn.sim"])
def test_only_training_knows_torch(package: str) -> None:
    wrong = [
        f"{path.name}:{found.line} imports {found.module}"
        for path in sources(package)
        for found in imports(path)
        if found.module.split(".")[0] in TORCH
    ]
    assert wrong == []


def test_help_imports_nothing_heavy() -> None:
    """`edgesnn --help` answers at once because none of these is imported."""
    program = (
        "import sys; from edgesnn.cli.boundary import run; status = run(['--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], status, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.stderr.strip() == "[] 0"
    assert "build" in done.stdout and "simulate" in done.stdout


CHECKOUT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def packaging() -> dict[str, Any]:
    """The packaging table of pyproject.toml; the tests may run without a checkout around them."""
    project = CHECKOUT / "pyproject.toml"
    if not project.is_file():
        pytest.skip("pyproject.toml is not beside the tests")
    table: dict[str, Any] = tomllib.loads(project.read_text("utf-8"))["tool"]["setuptools"]
    return table


def folder_in_checkout(package: str, packaging: dict[str, Any]) -> Path:
    for prefix, place in sorted(packaging["package-dir"].items(), key=lambda pair: -len(pair[0])):
        if f"{package}.".startswith(f"{prefix}."):
            return CHECKOUT / place / Path(*package.removeprefix(prefix).strip(".").split("."))
    raise AssertionError(f"{package} lies nowhere")


def test_every_package_is_listed(packaging: dict[str, Any]) -> None:
    listed = {folder_in_checkout(name, packaging) for name in packaging["packages"]}
    present = {
        init.parent
        for top in ("edgesnn", *STAGES)
        for init in (CHECKOUT / top).rglob("__init__.py")
        if top != "edgesnn" or init.relative_to(CHECKOUT).parts[1] not in STAGES
    }
    assert listed == present


def test_every_data_file_is_packed(packaging: dict[str, Any]) -> None:
    """What lies in a package and is no module must be named by a pattern, or wheels lack it."""
    packed = {
        path
        for package, patterns in packaging["package-data"].items()
        for pattern in patterns
        for path in folder_in_checkout(package, packaging).glob(pattern)
    }
    missing = [
        str(path.relative_to(CHECKOUT))
        for package in packaging["packages"]
        for path in folder_in_checkout(package, packaging).rglob("*")
        if path.is_file() and not ignored(path) and path.resolve() not in map(Path.resolve, packed)
    ]
    assert missing == []


def ignored(path: Path) -> bool:
    inner = path.relative_to(CHECKOUT).parts
    return (
        path.suffix == ".py"
        or "__pycache__" in inner
        or (inner[0] == "edgesnn" and inner[1] in STAGES)
        or any(part.startswith(".") for part in inner)
    )
