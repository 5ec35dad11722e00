"""One header that is interface and implementation: drop it in, define one name, done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edgesnn.codegen.export.layouts import Files
from edgesnn.codegen.export.library import Library
from edgesnn.errors import EdgesnnError

_OWN = re.compile(r'#include "([^"]+)"\s*')
_OPENS = re.compile(r"#\s*if")
_CLOSES = re.compile(r"#\s*endif")


def single_file(library: Library) -> Files:
    """`NAME.h` with everything in it; C++ may include it, C must compile its implementation."""
    header = library.own[library.header]
    whole = library.render("single.h", header=header, body=_expanded(library))
    return {
        library.header: whole,
        "example.c": library.render("main.c", printf="printf", include="<stdio.h>", single=True),
        "LICENSE": library.render("LICENSE"),
    }


def _expanded(library: Library) -> str:
    """The source, with the runtime's headers in the place of the lines that include them.

    Raises:
        EdgesnnError: a file is included that is not there.
    """
    files = {**library.runtime, library.source: library.own[library.source]}

    def lines_of(name: str, placed: set[str]) -> Iterator[str]:
        if name not in files:
            raise EdgesnnError(f"the generated code includes {name}, which is not part of it")
        depth = 0 if name == library.source else -1  # a header is within its own guard
        for line in files[name].splitlines():
            depth += bool(_OPENS.match(line)) - bool(_CLOSES.match(line))
            inner = _OWN.fullmatch(line)
            if inner is None:
                yield line
            elif inner[1] not in placed:
                # What stands in one branch is not there in another; guards drop what is twice.
                seen = set(placed) if depth > 0 else placed
                seen.add(inner[1])
                yield from lines_of(inner[1], seen)

    return "\n".join(lines_of(library.source, {library.header}))
