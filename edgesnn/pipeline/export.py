"""`edgesnn export` as a function: a network as a library of another build system."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.errors import UsageError
from edgesnn.network import Network, identity
from edgesnn.pipeline.firmware import plan_record
from edgesnn.pipeline.folder import load_source
from edgesnn.pipeline.naming import require_free

if TYPE_CHECKING:
    from edgesnn.codegen.choose import Layout


@dataclass(frozen=True)
class ExportRequest:
    """What to export, as the options of `edgesnn export` say it.

    Attributes:
        source: a build folder or `.esnn` file.
        form: one of `edgesnn.codegen.export.FORMATS`.
        core, board: names of what the code is to be fast on, at most one of them; None for both:
            cores with the DSP extension.
        layout: words of `edgesnn generate --layout`.
        output: the export's folder; None for `export/FORMAT` in the build folder.
        version, url: of the package.
    """

    source: Path
    form: str
    core: str | None = None
    board: str | None = None
    layout: tuple[str, ...] = ()
    output: Path | None = None
    version: str = "1.0.0"
    url: str = "https://example.org"

    def command(self, network: Network) -> str:
        """What the files say made them: the same wherever the network lies."""
        aim = {"core": self.core, "board": self.board}
        named = [f" --{option} {name.lower()}" for option, name in aim.items() if name is not None]
        words = [f" --layout {word}" for word in self.layout]
        return "".join([f"edgesnn export {network.name} --format {self.form}", *named, *words])


def export_from(request: ExportRequest) -> dict[str, Any]:
    """Write a network for a build system.

    Raises:
        UsageError: no such format, core, version or network, a layout that cannot be, core and
            board at once; the folder holds something else.
        BoardError: no such board.
        ConfigError: the network has the name of a file that stands beside it.
        EdgesnnError: the folder cannot be written.
    """
    from edgesnn.codegen.choose import TITLES
    from edgesnn.codegen.export import Library, export

    loaded = load_source(request.source)
    network = loaded.network
    require_free(network.name)
    layout = planned(network, request)
    library = Library(network, request.version, request.url, request.command(network), layout)
    base = loaded.folder.path if loaded.folder is not None else Path("build")
    folder = request.output or base / "export" / request.form
    done = export(library, request.form, folder)
    return {
        "format": request.form,
        "folder": str(done.folder),
        "files": list(done.files),
        "sha256": identity(network),
        "cores": TITLES[layout.cores],
        "plan": plan_record(library.plan),
    }


def planned(network: Network, request: ExportRequest) -> Layout:
    """The layout of `network` for the core or the board of `request`."""
    from edgesnn.boards import CORES, find_board, find_core
    from edgesnn.codegen.choose import parse_layout
    from edgesnn.codegen.fit import layout_for

    wanted = parse_layout(request.layout)
    named = [word for word in request.layout if word in CORES]
    if named and (request.core or request.board):
        raise UsageError(f"--core and --board say what to plan for; leave out --layout {named[0]}")
    if request.board is not None:
        if request.core is not None:
            raise UsageError("--board says what its core is; leave out --core")
        return layout_for(network, find_board(request.board), wanted)
    return wanted if request.core is None else wanted.on(find_core(request.core))
