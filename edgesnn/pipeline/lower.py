"""`edgesnn lower` as a function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgesnn.errors import UsageError
from edgesnn.network import Network, save_network
from edgesnn.trained import TrainedNetwork, load_trained

SUFFIX = ".trained"


def lower(trained: TrainedNetwork) -> tuple[Network, dict[str, Any]]:
    """The integer network of a trained model, and what lowering found, as plain values.

    Raises:
        LoweringError: the model has no exact integer network; names the layer.
    """
    from edgesnn.quantize import lower_with_report

    network, report = lower_with_report(trained)
    return network, report.to_dict()


def lower_file(
    source: Path, output: Path | None, show: Callable[[str, str], None] | None = None
) -> dict[str, Any]:
    """Lower a `.trained` file, or the one in a build folder, into a `.esnn` file.

    `show` is called after each pass with its name and a listing.

    Raises:
        UsageError: there is no such file, or no trained model in the folder.
        FileFormatError: it is damaged or of another version.
        LoweringError: the model has no exact integer network.
    """
    from edgesnn.quantize import lower_with_report

    path = _trained_path(source)
    network, report = lower_with_report(load_trained(path), show=show)
    target = output or path.with_name(f"{network.name}.esnn")
    save_network(network, target)
    return {"network": str(target), **report.to_dict(), "next": f"edgesnn show {target}"}


def _trained_path(source: Path) -> Path:
    if source.is_file():
        return source
    found = sorted(source.glob(f"*{SUFFIX}")) if source.is_dir() else []
    if len(found) != 1:
        what = f"{len(found)} {SUFFIX} files" if found else f"no {SUFFIX} file"
        raise UsageError(f"there is {what} at {source}; name one that edgesnn train made")
    return found[0]
