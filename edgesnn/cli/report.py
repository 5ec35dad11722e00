"""The end of a build as a person reads it: figures, rungs, files, what to type next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from edgesnn.cli.activity import percent
from edgesnn.cli.output import console, facts, table

if TYPE_CHECKING:
    from rich.table import Table


def print_report(report: Mapping[str, Any]) -> None:
    """Print the report of `edgesnn.pipeline.build.build`."""
    screen = console()
    network = report["network"]
    screen.print(f"{network['name']}  sha256 {network['sha256'][:16]}", markup=False)
    screen.print(facts("what it does", figures(report)))
    screen.print()
    screen.print(rung_table(report["verification"]))
    screen.print(facts("files", list(report["files"].items())))
    screen.print("\nnext", style="bold")
    for command in report["next"]:
        screen.print(f"   {command}", markup=False)


def figures(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The few numbers that a build is judged by; every one of them is also in the JSON."""
    activity, firmware = report["activity"], report["firmware"]
    clip, plan = activity["conditions"][0]["activity"]["total"], firmware["plan"]
    rows = []
    for split in ("validation", "testing"):
        stated = report["network"]["notes"].get(f"{split}_accuracy")
        if stated is not None:
            rows.append((f"{split} accuracy, PyTorch", percent(float(stated))))
    if activity["accuracy"] is not None:
        measured = percent(activity["accuracy"]["accuracy"])
        rows.append(("accuracy, integer network", f"{measured} of {activity['clips_from']}"))
    if "detector" in report["training"]:
        rows.append(("in an hour of validation", _detections(report["training"]["detector"])))
    return [
        *rows,
        (
            "spikes a clip",
            f"{clip['spikes']:,.0f} ({percent(clip['firing_rate'])} of neuron steps)",
        ),
        ("operations a clip", _operations(clip)),
        ("flash, tables", f"{plan['flash_bytes']:,} bytes"),
        ("RAM, all state", f"{plan['ram_bytes']:,} bytes"),
        (f"test image for {firmware['board']}", _image(firmware)),
        ("time", f"{report['seconds']:,.0f} s"),
    ]


def _detections(error: Mapping[str, Any]) -> str:
    missed = percent(error["false_reject_rate"])
    return f"{missed} of {error['words']} keywords missed, {error['false_accepts']} false accepts"


def _operations(clip: Mapping[str, Any]) -> str:
    return (
        f"{clip['effective_acs']:,.0f} Effective_ACs, {clip['effective_macs']:,.0f} "
        f"Effective_MACs (dense: {clip['dense']:,.0f})"
    )


def _image(firmware: Mapping[str, Any]) -> str:
    return (
        f"{firmware['flash_bytes']:,} bytes of flash, {firmware['ram_bytes']:,} of RAM "
        f"({firmware['core']}, {firmware['compiler']})"
    )


def rung_table(verification: Mapping[str, Any]) -> Table:
    """One line a rung of the exactness ladder."""
    rows = [
        (each["name"], each["status"], each["clips"] or "", f"{each['values']:,}", each["detail"])
        for each in verification["rungs"]
    ]
    columns = ("rung", "verdict", "clips", "values compared", "machine or reason")
    return table(
        f"against the {verification['reference']} engine, {verification['stimulus']}", columns, rows
    )


def print_lowering(record: Mapping[str, Any]) -> None:
    """Print what lowering proved: ranges of each layer, warnings, where the network is."""
    screen = console()
    rows = [
        (
            each["layer"],
            _range(each["current"]),
            _range(each["membrane"]),
            "can clip" if each["saturates"] else "never clips",
            _range(each["adaptation"]),
        )
        for each in record["ranges"]
    ]
    columns = ("layer", "current", "membrane", "16 bits", "adaptation")
    screen.print(table("proven ranges", columns, rows))
    for warning in record["warnings"]:
        screen.print(f"warning: {warning}", markup=False)
    screen.print(f"{record['network']}  sha256 {record['sha256'][:16]}", markup=False)
    screen.print(f"next: {record['next']}", markup=False)


def _range(ends: Sequence[int]) -> str:
    return f"{ends[0]} … {ends[1]}"


def print_code(record: Mapping[str, Any]) -> None:
    """Print the memory plan of generated C, layer by layer, and where the C is."""
    screen = console()
    screen.print(plan_table(record["plan"]))
    screen.print(f"{record['source']}  sha256 {record['sha256'][:16]}", markup=False)


def plan_table(plan: Mapping[str, Any]) -> Table:
    """Flash and RAM by layer."""
    rows = [
        (
            each["name"],
            f"{each['neurons'] or ''}",
            f"{each['synapses']:,}" if each["synapses"] else "",
            f"{each['density']:.3f}" if each["synapses"] else "",
            f"{each['flash_bytes']:,}",
            f"{each['ram_bytes']:,}",
        )
        for each in plan["rows"]
    ]
    rows.append(("all", "", "", "", f"{plan['flash_bytes']:,}", f"{plan['ram_bytes']:,}"))
    columns = ("layer", "neurons", "synapses", "density", "flash bytes", "RAM bytes")
    return table("tables and state", columns, rows)


def print_image(record: Mapping[str, Any]) -> None:
    """Print what an image takes of its board."""
    rows = [
        (name, f"{record[f'{key}_bytes']:,}", f"{record[f'{key}_present']:,}")
        for name, key in (("flash", "flash"), ("RAM, stack included", "ram"))
    ]
    screen = console()
    screen.print(table(f"{record['board']}, {record['core']}", ("", "bytes", "present"), rows))
    screen.print(f"{record['image']}  by {record['compiler']}", markup=False)
    if record["note"]:
        screen.print(f"note: {record['board']} {record['note']}", markup=False)
    if not record["verified"]:
        screen.print("note: map not verified; check it against the chip's manual", markup=False)


def print_record(title: str, record: Mapping[str, Any]) -> None:
    """Print a flat record as names and values."""
    console().print(facts(title, [(key.replace("_", " "), value) for key, value in record.items()]))
