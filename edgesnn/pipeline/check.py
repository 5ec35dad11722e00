"""All faults of a file or folder at once, found by the parsers that the other commands use."""

from __future__ import annotations

from pathlib import Path

from edgesnn.errors import EdgesnnError


def find_faults(path: Path) -> tuple[str, list[str]]:
    """What `path` is, in a word or two, and every fault of it."""
    if not path.exists():
        return "missing", ["there is no such file or folder"]
    if path.is_dir():
        inside = sorted(path.glob("*.esnn"))
        if inside:
            return "build folder", [fault for each in inside for fault in network_faults(each)]
        from edgesnn.pipeline.describe import recording_faults

        return "recordings", recording_faults(path)
    if path.suffix == ".esnn":
        return "network", network_faults(path)
    if path.suffix == ".toml":
        return "configuration", config_faults(path)
    return "unknown", [f"edgesnn has no files of kind {path.suffix or path.name!r}: .esnn or .toml"]


def network_faults(path: Path) -> list[str]:
    """Faults of a `.esnn` file."""
    from edgesnn.network import InvalidNetworkError, load_network

    try:
        load_network(path)
    except InvalidNetworkError as error:
        return error.faults
    except EdgesnnError as error:
        return [str(error)]
    return []


def config_faults(path: Path) -> list[str]:
    """Faults of a training configuration."""
    from edgesnn.trainer.config import InvalidConfigError, load_config

    try:
        load_config(path)
    except InvalidConfigError as error:
        return error.faults
    except EdgesnnError as error:
        return [str(error)]
    return []
