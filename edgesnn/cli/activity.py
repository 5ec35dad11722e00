"""The report of a simulated test set as a person reads it, on one screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgesnn.cli.output import console, fits, fitting_table, table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_activity(report: Mapping[str, Any], origin: str) -> None:
    """Print a `SimulationReport.to_dict()` of clips from `origin`."""
    screen = console()
    screen.print(f"{report['network']}  sha256 {report['sha256'][:16]}", markup=False)
    screen.print(f"{origin}, {report['steps']} steps each", markup=False)
    if report["accuracy"] is not None:
        screen.print(f"accuracy {percent(report['accuracy']['accuracy'])}", markup=False)
        screen.print(confusion_table(report["accuracy"], screen))
    screen.print(layer_table(report["conditions"][0]["activity"], screen))
    screen.print(condition_table(report, screen))


def percent(share: float | None) -> str:
    """A share as a percentage."""
    return "" if share is None else f"{100 * share:.1f} %"


def confusion_table(accuracy: Mapping[str, Any], screen: Console) -> Table:
    """Clips by true class (row) and decision (column); cut to the screen's width."""
    classes = accuracy["classes"]
    rows = [
        (name, *(count or "·" for count in counts), percent(recall))
        for name, counts, recall in zip(
            classes, accuracy["confusion"], accuracy["recall"], strict=True
        )
    ]
    for padding, letters in ((1, 7), (1, 5), (1, 3), (0, 5), (0, 3), (0, 2)):
        columns = ("", *(name[:letters] for name in classes), "right")
        made = table("decisions by true class", columns, rows)
        made.padding = (0, padding)
        if fits(screen, made):
            break
    return made


_SPARE = ("weight bytes", "MembraneUpdates", "Dense", "Effective_MACs", "neurons", "input sent")
"""Columns to leave out of a narrow screen, the first ones first."""

_LAYER_COLUMNS = (
    ("neurons", "neurons", ","),
    ("spikes", "spikes", ",.0f"),
    ("firing_rate", "firing", "%"),
    ("effective_acs", "Effective_ACs", ",.0f"),
    ("effective_macs", "Effective_MACs", ",.0f"),
    ("dense", "Dense", ",.0f"),
    ("membrane_updates", "MembraneUpdates", ",.0f"),
    ("weight_bytes", "weight bytes", ",.0f"),
)


def layer_table(activity: Mapping[str, Any], screen: Console) -> Table:
    """Spikes, operations and memory traffic of each layer, means of a clip."""
    rows = [_layer_row(layer) for layer in (*activity["layers"], activity["total"])]
    columns = ("layer", *(title for _, title, _ in _LAYER_COLUMNS))
    return fitting_table(screen, "a clip's mean", columns, rows, _SPARE)


def _layer_row(layer: Mapping[str, Any]) -> tuple[str, ...]:
    cells = [
        percent(layer[key]) if form == "%" else format(layer[key], form)
        for key, _, form in _LAYER_COLUMNS
    ]
    return (layer["layer"], *cells)


def condition_table(report: Mapping[str, Any], screen: Console) -> Table:
    """The whole network under each kind of sound."""
    rows = []
    for condition in report["conditions"]:
        activity = condition["activity"]
        total = activity["total"]
        rows.append(
            (
                condition["name"],
                activity["clips"],
                f"{total['spikes']:,.0f}",
                percent(total["firing_rate"]),
                percent(activity["input_rate"]),
                f"{total['effective_acs']:,.0f}",
                f"{total['effective_macs']:,.0f}",
            )
        )
    columns = ("sound", "clips", "spikes", "firing", "input sent", "Effective_ACs")
    return fitting_table(screen, "by what is heard", (*columns, "Effective_MACs"), rows, _SPARE)
