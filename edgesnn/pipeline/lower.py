"""`edgesnn lower` as a function."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgesnn.errors import UsageError
from edgesnn.network import Network, identity, save_network
from edgesnn.trained import TrainedNetwork, load_trained

SUFFIX = ".trained"


def lower(trained: TrainedNetwork) -> Network:
    """The integer network of a trained model.

    Raises:
        LoweringError: the model has no exact integer network; names the layer.
    """
    from edgesnn.quantize import lower as lower_network

    return lower_network(trained)


def lower_file(source: Path, output: Path | None) -> dict[str, Any]:
    """Lower a `.trained` file, or the one in a build folder, into a `.esnn` file.

    Raises:
        UsageError: there is no such file, or no trained model in the folder.
        FileFormatError: it is damaged or of another version.
        LoweringError: the model has no exact integer network.
    """
    path = _trained_path(source)
    network = lower(load_trained(path))
    target = output or path.with_name(f"{network.name}.esnn")
    save_network(network, target)
    return {
        "network": str(target),
        "sha256": identity(network),
        "next": f"edgesnn show {target}",
    }


def _trained_path(source: Path) -> Path:
    if source.is_file():
        return source
    found = sorted(source.glob(f"*{SUFFIX}")) if source.is_dir() else []
    if len(found) != 1:
        what = f"{len(found)} {SUFFIX} files" if found else f"no {SUFFIX} file"
        raise UsageError(f"there is {what} at {source}; name one that edgesnn train made")
    return found[0]
