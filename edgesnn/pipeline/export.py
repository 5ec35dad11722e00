"""`edgesnn export` as a function: a network as a library of another build system."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgesnn.network import identity
from edgesnn.pipeline.folder import load_source
from edgesnn.pipeline.naming import require_free


def export_from(
    source: Path, form: str, output: Path | None, version: str, url: str
) -> dict[str, Any]:
    """Write the network of a build folder or `.esnn` file for a build system.

    Raises:
        UsageError: no such format, version or network; the folder holds something else.
        ConfigError: the network has the name of a file that stands beside it.
        EdgesnnError: the folder cannot be written.
    """
    from edgesnn.codegen.export import Library, export

    loaded = load_source(source)
    require_free(loaded.network.name)
    command = f"edgesnn export {loaded.network.name} --format {form}"
    base = loaded.folder.path if loaded.folder is not None else Path("build")
    folder = output or base / "export" / form
    done = export(Library(loaded.network, version, url, command), form, folder)
    return {
        "format": form,
        "folder": str(done.folder),
        "files": list(done.files),
        "sha256": identity(loaded.network),
    }
