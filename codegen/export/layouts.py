"""Where the files lie for each build system, and the files that it reads itself."""

from __future__ import annotations

import json

from edgesnn.codegen.export.library import Library

#: Path in the export, `/` between parts, to its content.
Files = dict[str, str | bytes]


def _common(library: Library) -> Files:
    return {
        "LICENSE": library.render("LICENSE"),
        "README.md": library.render("README.md"),
    }


def _code(library: Library, source: str, include: str) -> Files:
    """The interface in `include`, all else in `source`; folders end in `/`."""
    files: Files = {f"{source}{name}": text for name, text in library.runtime.items()}
    files[f"{source}{library.source}"] = library.own[library.source]
    files[f"{include}{library.header}"] = library.own[library.header]
    return files


def cmake(library: Library) -> Files:
    """A CMake project: `add_subdirectory` it and link `edgesnn::NAME`."""
    return {
        **_common(library),
        **_code(library, "src/", "include/"),
        "CMakeLists.txt": library.render("CMakeLists.txt"),
        "example/main.c": library.render("main.c", printf="printf", include="<stdio.h>"),
    }


def arduino(library: Library) -> Files:
    """An Arduino library in the 1.5 layout; every core's compiler takes C11."""
    sketch = "examples/listen/listen.ino"
    return {
        **_common(library),
        **_code(library, "src/", "src/"),
        "library.properties": library.render("library.properties"),
        "keywords.txt": library.render("keywords.txt"),
        sketch: library.render("listen.ino"),
    }


def platformio(library: Library) -> Files:
    """A PlatformIO library for any framework."""
    manifest = {
        "name": library.name,
        "version": library.version,
        "description": f"Spiking keyword spotting: {library.words}"[:255],
        "keywords": ["keyword-spotting", "spiking-neural-network", "tinyml"],
        "license": "MIT-0",
        "authors": [{"name": "edgesnn"}],
        "frameworks": "*",
        "platforms": "*",
        "headers": [library.header],
        "examples": [{"name": "listen", "base": "examples/listen", "files": ["main.c"]}],
        "build": {"srcDir": "src", "includeDir": "include"},
    }
    return {
        **_common(library),
        **_code(library, "src/", "include/"),
        "library.json": json.dumps(manifest, indent=2) + "\n",
        "examples/listen/main.c": library.render("main.c", printf="printf", include="<stdio.h>"),
    }


def zephyr(library: Library) -> Files:
    """A Zephyr module: west finds `zephyr/module.yml`, Kconfig switches it on."""
    symbol = library.name.upper()
    sample = "samples/listen/"
    return {
        **_common(library),
        **_code(library, "src/", "include/"),
        "zephyr/module.yml": library.render("module.yml"),
        "zephyr/CMakeLists.txt": library.render("zephyr.CMakeLists.txt", symbol=symbol),
        "zephyr/Kconfig": library.render("Kconfig", symbol=symbol),
        f"{sample}CMakeLists.txt": library.render("sample.CMakeLists.txt"),
        f"{sample}prj.conf": f"# SPDX-License-Identifier: MIT-0\nCONFIG_{symbol}=y\n",
        f"{sample}sample.yaml": library.render("sample.yaml", symbol=symbol),
        f"{sample}src/main.c": library.render(
            "main.c", printf="printk", include="<zephyr/sys/printk.h>"
        ),
    }
