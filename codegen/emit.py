"""Write an integer network as C: two files of its own beside the runtime's headers."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edgesnn.codegen.choose import AUTO, Layout
from edgesnn.codegen.compose import build_program
from edgesnn.codegen.plan import MemoryPlan, plan_of
from edgesnn.codegen.program import Program
from edgesnn.codegen.text import render
from edgesnn.files import write_atomic
from edgesnn.network import Network, identity

#: The hand-written C that generated networks include.
RUNTIME = Path(__file__).resolve().parent / "runtime"


@dataclass(frozen=True, eq=False)
class GeneratedCode:
    """Generated C in a folder.

    Attributes:
        network: what it computes.
        folder: holds all files.
        files: every file that was written.
        source: the one file to compile; the others are headers.
        plan: memory of tables and state.
        sha256: identity of the network.
        layout: what the planner was asked for.
    """

    network: Network
    folder: Path
    files: tuple[Path, ...]
    source: Path
    plan: MemoryPlan
    sha256: str
    layout: Layout = AUTO

    @property
    def header(self) -> Path:
        """The network's interface."""
        return self.source.with_suffix(".h")


def generate(
    network: Network,
    folder: Path,
    *,
    command: str = "edgesnn generate",
    layout: Layout = AUTO,
) -> GeneratedCode:
    """Write `NAME.h`, `NAME.c` and the runtime's headers to `folder`.

    The same network and command give the same bytes. All text is made before the first file is
    written, and each file appears whole or not at all.

    Args:
        network: the network to write; its name prefixes all that has external linkage.
        folder: made if it is not there.
        command: stated in the files as what made them.
        layout: what is forced on the layout planner.

    Raises:
        NetworkError: the network has more input channels than generated code takes.
        UsageError: `layout` forces what a layer cannot have, or names no layer.
        EdgesnnError: the folder cannot be written.
    """
    program = build_program(network, layout)
    sha256 = identity(network)
    texts = render_network(program, command, sha256) | runtime_texts(network)
    for name, text in texts.items():
        write_atomic(folder / name, text)
    files = tuple(folder / name for name in texts)
    return GeneratedCode(
        network, folder, files, folder / f"{network.name}.c", plan_of(program), sha256, layout
    )


def render_network(program: Program, command: str, sha256: str) -> dict[str, str]:
    """The text of a program's own two files by file name."""
    name = program.network.name
    stated = {"command": command, "version": package_version(), "sha256": sha256}
    return {
        f"{name}.h": render("network.h.j2", program, **stated),
        f"{name}.c": render("network.c.j2", program, **stated),
    }


def package_version() -> str:
    """This package's version; `0` where it is not installed."""
    try:
        return version("edgesnn")
    except PackageNotFoundError:
        return "0"


def runtime_texts(network: Network) -> dict[str, str]:
    """The runtime's headers; those of front-end and detector only where there is one."""
    absent = []
    if network.frontend is None:
        absent.append("edgesnn_frontend")
    if network.detector is None:
        absent.append("edgesnn_detector")
    headers = sorted(RUNTIME.glob("edgesnn_*.h"))
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in headers
        if not path.name.startswith(tuple(absent))
    }
