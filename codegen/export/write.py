"""Writing an export: all text first, then whole files, then what an earlier export left over."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from edgesnn.codegen.export.amalgamate import single_file
from edgesnn.codegen.export.layouts import Files, arduino, cmake, platformio, zephyr
from edgesnn.codegen.export.library import Library
from edgesnn.codegen.export.pack import cmsis_pack
from edgesnn.errors import FileFormatError, UsageError
from edgesnn.files import write_atomic

FORMATS: Mapping[str, Callable[[Library], Files]] = MappingProxyType(
    {
        "cmake": cmake,
        "arduino": arduino,
        "platformio": platformio,
        "zephyr": zephyr,
        "cmsis-pack": cmsis_pack,
        "single-file": single_file,
    }
)

#: Tells a folder that we may fill again from any other, and what of it is ours.
MANIFEST = "edgesnn-export.json"


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        folder: holds all of it.
        files: in order of their names, relative to the folder.
    """

    folder: Path
    files: tuple[str, ...]


def export(library: Library, form: str, folder: Path) -> Exported:
    """Write `library` for a build system into `folder`.

    A folder that holds an earlier export is brought up to date: files that are no longer part of
    it go. The same network and version give the same bytes.

    Args:
        form: one of FORMATS.
        folder: made if it is not there.

    Raises:
        UsageError: no such format; the folder holds something else.
        EdgesnnError: the folder cannot be written.
    """
    if form not in FORMATS:
        raise UsageError(f"no format is called {form!r}; there are {', '.join(FORMATS)}")
    before = _earlier(folder)
    files = FORMATS[form](library)
    for name, content in files.items():
        write_atomic(folder / name, content)
    for name in before - set(files):
        (folder / name).unlink(missing_ok=True)
    listed = {"format": form, "network": library.sha256, "files": sorted(files)}
    write_atomic(folder / MANIFEST, json.dumps(listed, indent=2) + "\n")
    return Exported(folder, tuple(sorted(files)))


def _earlier(folder: Path) -> set[str]:
    """The files of an earlier export in `folder`; refuses a folder that holds anything else."""
    if not folder.exists():
        return set()
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder")
    manifest = folder / MANIFEST
    if not manifest.is_file():
        if any(folder.iterdir()):
            raise UsageError(f"{folder} is not empty and holds no export; name another --output")
        return set()
    try:
        names = json.loads(manifest.read_text("utf-8"))["files"]
        inside = {str(name) for name in names if _is_inside(str(name))}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(f"{manifest} is damaged; remove {folder} and export again") from error
    return inside


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
