"""What lies where in a folder that `edgesnn build` fills, and reading a network back from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgesnn.errors import FileFormatError, UsageError
from edgesnn.files import write_atomic
from edgesnn.network import Network, load_network

SUFFIX = ".esnn"

TRAINED = "trained.safetensors"
"""The trained model in a run folder, as `edgesnn.trainer` names it."""


_MADE = ("run", "report.json")
"""What tells a build folder from any other."""


@dataclass(frozen=True)
class BuildFolder:
    """The places in a build folder; none of them need exist.

    Attributes:
        path: the folder itself.
        name: the network's name, which its files and the C code carry.
    """

    path: Path
    name: str

    @property
    def network(self) -> Path:
        """The integer network, `NAME.esnn`."""
        return self.path / f"{self.name}{SUFFIX}"

    @property
    def run(self) -> Path:
        """The training run: resolved configuration, checkpoints, history."""
        return self.path / "run"

    @property
    def trained(self) -> Path:
        """The trained model before lowering."""
        return self.run / TRAINED

    @property
    def c(self) -> Path:
        """Generated C and its runtime."""
        return self.path / "c"

    @property
    def firmware(self) -> Path:
        """One ELF image a board."""
        return self.path / "firmware"

    @property
    def report(self) -> Path:
        """What was built and what it costs, JSON."""
        return self.path / "report.json"

    @property
    def verify(self) -> Path:
        """What was compared on the exactness ladder, JSON."""
        return self.path / "verify.json"

    def require_own(self) -> None:
        """Raise UsageError where the folder holds another network."""
        others = [each.name for each in self.path.glob(f"*{SUFFIX}") if each != self.network]
        if others:
            raise UsageError(f"{self.path} holds {others[0]} already; name another --output")


@dataclass(frozen=True)
class Loaded:
    """A network and the build folder that it was found in, if any."""

    network: Network
    path: Path
    folder: BuildFolder | None

    def recorded(self) -> Mapping[str, str | None]:
        """The recordings' part of the build's report; empty without one.

        Raises:
            FileFormatError: the report is damaged.
        """
        if self.folder is None:
            return {}
        path = self.folder.report
        recordings = read_json(path).get("recordings", {})
        if not isinstance(recordings, dict):
            raise FileFormatError(f"{path}: recordings is no object; run edgesnn build again")
        for key, value in recordings.items():
            if not isinstance(value, str | None):
                raise FileFormatError(f"{path}: {key} is no text; run edgesnn build again")
        return recordings


def load_source(source: Path) -> Loaded:
    """Read a network from a build folder or a `.esnn` file.

    The folder of a file is its build folder where it holds a report or a training run.

    Raises:
        UsageError: there is no such path, or no network in the folder.
        FileFormatError: the file is damaged or of another version.
        NetworkError: the network breaks a rule.
    """
    path = network_path(source)
    network = load_network(path)
    built = source.is_dir() or any((path.parent / made).exists() for made in _MADE)
    inside = path.parent if built else None
    return Loaded(network, path, BuildFolder(inside, path.stem) if inside else None)


def network_path(source: Path) -> Path:
    """The `.esnn` file that `source` means; raises UsageError where it means none."""
    if source.is_file():
        return source
    if not source.is_dir():
        raise UsageError(
            f"there is no network at {source}; name what edgesnn build made, or a .esnn file"
        )
    found = sorted(source.glob(f"*{SUFFIX}"))
    if not found:
        raise UsageError(f"there is no {SUFFIX} file in {source}; run edgesnn build -o {source}")
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise UsageError(f"{source} holds several networks ({names}); name one of them")
    return found[0]


def claim(path: Path) -> None:
    """Refuse a path where no build folder can be made.

    Raises:
        UsageError: it is a file, or a folder that holds other things than a build.
    """
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; name another folder with --output")
    if path.is_dir() and any(path.iterdir()) and not _looks_built(path):
        raise UsageError(f"{path} is not empty and was not made by edgesnn; name another --output")


def _looks_built(path: Path) -> bool:
    return any((path / name).exists() for name in _MADE) or any(path.glob(f"*{SUFFIX}"))


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write `document` to `path`, whole or not at all."""
    write_atomic(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Mapping[str, Any]:
    """Read what `write_json` wrote; empty where there is no file.

    Raises:
        FileFormatError: it is not a JSON object.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{path} is damaged ({error}); run edgesnn build again") from error
    if not isinstance(document, dict):
        raise FileFormatError(f"{path} is not a report; run edgesnn build again")
    return document
