"""The tables of docs/PERFORMANCE.md that hold other software beside this."""

from __future__ import annotations

from typing import Any

from costs.markdown import core_title, table

Results = dict[str, Any]

PEERS = {
    "snn2mcu": "snn2mcu, event-driven, 16-bit weights, CMSIS-DSP",
    "qualia": "Qualia-CodeGen with its SNN plugin, dense, portable C, 16-bit",
}


def peers(results: Results) -> str:
    """Other software and this, on the network of the rates table: 32 steps, all its code."""
    rows: list[list[object]] = []
    found = results["peers"]
    for core in ("m4", "m7", "m33"):
        ours = results["rates"]["gcc"][core]["8"]["rates"]
        rows.append([core_title(core), "edgesnn, int8", *_at_rates(ours)])
        for peer, title in PEERS.items():
            if peer in found:
                rows.append(
                    [core_title(core), title, *_at_rates(found[peer]["cores"][core]["rates"])]
                )
        for kernel, dense in results["against"]["gcc"][core]["40-128-128-12"]["dense"].items():
            cycles = round(32 * dense["cycles"])
            rows.append(
                [core_title(core), f"opponent, dense, {kernel}", "", "", cycles, "", cycles]
            )
        if "cmsis_nn" in found:
            dense = found["cmsis_nn"]["cores"][core]
            pair = [32 * dense["instructions"], 32 * dense["cycles"]]
            rows.append(
                [core_title(core), "CMSIS-NN, dense, int8, synapses only", "", *pair, *pair]
            )
    head = ["core", "", "cycles at 0 %", "instructions at 10 %", "cycles at 10 %",
            "instructions at 50 %", "cycles at 50 %"]  # fmt: skip
    return table(head, rows)


def _at_rates(rows: list[dict[str, Any]]) -> list[int]:
    picked = {row["rate"]: row for row in rows}
    costs = [picked[0.0]["cycles"]]
    for rate in (0.1, 0.5):
        costs += [picked[rate]["instructions"], picked[rate]["cycles"]]
    return costs


def versions(results: Results) -> str:
    """Which revision of each."""
    found = results["peers"]
    rows = [[name, found[name]["revision"]] for name in found]
    if "snn2mcu" in found:
        rows.append(["CMSIS-DSP (for snn2mcu)", found["snn2mcu"]["cmsis_dsp"]])
    return table(["project", "revision"], rows)
