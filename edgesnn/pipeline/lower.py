"""`edgesnn lower` as a function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edgesnn.errors import UsageError
from edgesnn.network import Network, save_network
from edgesnn.pipeline.folder import TRAINED
from edgesnn.trained import TrainedNetwork, load_trained


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
    """Lower a trained model, or the one in a build folder, into a `.esnn` file.

    `show` is called after each pass with its name and a listing.

    Raises:
        UsageError: there is no such file, or no trained model in the folder.
        FileFormatError: it is damaged or of another version.
        LoweringError: the model has no exact integer network.
    """
    from edgesnn.quantize import lower_with_report

    path = _trained_path(source)
    network, report = lower_with_report(load_trained(path), show=show)
    target = output or _beside(path, network.name)
    save_network(network, target)
    return {"network": str(target), **report.to_dict(), "next": f"edgesnn show {target}"}


def _beside(trained: Path, name: str) -> Path:
    """`NAME.esnn` in the build folder that the trained model belongs to, or next to it."""
    in_run = trained.name == TRAINED and trained.parent.name == "run"
    return (trained.parent.parent if in_run else trained.parent) / f"{name}.esnn"


def _trained_path(source: Path) -> Path:
    """The trained model that `source` means: a file, a run folder, or a build folder."""
    for path in (source, source / TRAINED, source / "run" / TRAINED):
        if path.is_file():
            return path
    if not source.exists():
        raise UsageError(f"{source} does not exist; name a folder that edgesnn train made")
    raise UsageError(f"there is no trained model in {source}; run edgesnn train -o {source}")
