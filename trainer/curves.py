"""Pictures of a run: learning curves and the confusion matrix, as PNG (matplotlib)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.files import atomic_path


def draw_curves(history: Sequence[dict[str, Any]], path: Path) -> None:
    """Accuracy, loss and activity over epochs, from the lines of the log."""
    from matplotlib.figure import Figure

    epochs = [line["epoch"] for line in history]
    figure = Figure(figsize=(9, 3), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    left.plot(epochs, [100 * line["training_accuracy"] for line in history], label="training")
    left.plot(epochs, [100 * line["validation_accuracy"] for line in history], label="validation")
    left.set(xlabel="epoch", ylabel="accuracy (%)")
    left.legend()
    middle.plot(epochs, [line["loss"] for line in history])
    middle.set(xlabel="epoch", ylabel="training loss")
    rates = np.array([line["firing_rates"] for line in history])
    for layer, rate in enumerate(rates.T, start=1):
        right.plot(epochs, 100 * rate, label=f"hidden{layer}")
    right.set(xlabel="epoch", ylabel="neurons firing a step (%)", ylim=(0, None))
    if rates.size:  # a dense network has no layers that fire
        right.legend()
    _write(figure, path)


def draw_confusion(
    confusion: npt.NDArray[np.int64], classes: Sequence[str], title: str, path: Path
) -> None:
    """A confusion matrix, rows true, columns decided, counts written in."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.5 + 0.45 * len(classes), 1.2 + 0.45 * len(classes)))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    share = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(classes))
    axes.set_xticks(ticks, classes, rotation=45, ha="right")
    axes.set_yticks(ticks, classes)
    axes.set(xlabel="decided", ylabel="true", title=title)
    for row, column in zip(*np.nonzero(confusion), strict=True):
        colour = "white" if share[row, column] > 0.5 else "black"
        text = str(confusion[row, column])
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=7)
    _write(figure, path)


def _write(figure: Any, path: Path) -> None:
    with atomic_path(path) as temporary:
        # No software version in the file: the same run gives the same bytes.
        figure.savefig(temporary, dpi=120, metadata={"Software": None})
