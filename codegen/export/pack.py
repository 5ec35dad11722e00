"""An Open-CMSIS-Pack: a description in XML, and the archive that carries it and its files."""

from __future__ import annotations

import io
import zipfile

from edgesnn.codegen.export.layouts import Files
from edgesnn.codegen.export.library import Library

VENDOR = "edgesnn"

#: The only time that a file in the archive has: the same network gives the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)


def cmsis_pack(library: Library) -> Files:
    """The description, its files, and the `.pack` that tools install."""
    files: Files = {f"src/{name}": text for name, text in library.runtime.items()}
    files[f"src/{library.source}"] = library.own[library.source]
    files[f"include/{library.header}"] = library.own[library.header]
    files["LICENSE"] = library.render("LICENSE")
    files["README.md"] = library.render("README.md")
    files["example/main.c"] = library.render("main.c", printf="printf", include="<stdio.h>")
    described = f"{VENDOR}.{library.network.name}.pdsc"
    private = sorted(f"src/{name}" for name in library.runtime)
    files[described] = library.render("pack.pdsc", vendor=VENDOR, private=private)
    archive = f"{VENDOR}.{library.network.name}.{library.version}.pack"
    return {**files, archive: _zip(files)}


def _zip(files: Files) -> bytes:
    """A zip archive with the files in order of their names and no times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(files):
            content = files[path]
            entry = zipfile.ZipInfo(path, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content if isinstance(content, bytes) else content.encode())
    return out.getvalue()
