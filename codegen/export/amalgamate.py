"""One header that is interface and implementation: drop it in, define one name, done."""

from __future__ import annotations

import re

from edgesnn.codegen.export.layouts import Files
from edgesnn.codegen.export.library import Library
from edgesnn.errors import EdgesnnError

_OWN = re.compile(r'^#include "([^"]+)"\n', re.M)


def single_file(library: Library) -> Files:
    """`NAME.h` with everything in it; C++ may include it, C must compile its implementation."""
    header = library.own[library.header]
    parts = _ordered(library)
    bodies = [_OWN.sub("", text).strip() + "\n" for text in parts]
    whole = library.render("single.h", header=header, bodies=bodies)
    return {
        library.header: whole,
        "example.c": library.render("main.c", printf="printf", include="<stdio.h>", single=True),
        "LICENSE": library.render("LICENSE"),
    }


def _ordered(library: Library) -> list[str]:
    """The runtime's headers and the source, each behind what it includes.

    Raises:
        EdgesnnError: a file is included that is not there.
    """
    files = {**library.runtime, library.source: library.own[library.source], library.header: ""}
    placed: dict[str, str] = {}

    def place(name: str) -> None:
        if name in placed:
            return
        if name not in files:
            raise EdgesnnError(f"the generated code includes {name}, which is not part of it")
        for inner in _OWN.findall(files[name]):
            place(inner)
        placed[name] = files[name]

    place(library.source)
    del placed[library.header]
    return list(placed.values())
