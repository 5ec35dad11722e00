"""`edgesnn flash`: an image onto a board, and its self-test against the simulation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from edgesnn.cli import options
from edgesnn.cli.output import announce, console, facts, print_json, table


def flash(
    source: options.Source,
    board: Annotated[
        str, typer.Option(help="Board to flash; `edgesnn boards` lists them.", metavar="NAME")
    ],
    image: Annotated[
        str, typer.Option(help="selftest, serve or listen.", metavar="NAME")
    ] = "selftest",
    backend: Annotated[
        str | None,
        typer.Option(
            help="pyocd, uf2, openocd or qemu; default: what suits the board.", metavar="NAME"
        ),
    ] = None,
    probe: Annotated[
        str | None,
        typer.Option(
            help="The debug probe's identifier or a part of it; for uf2 the drive's path.",
            metavar="ID",
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Read flash back and compare.")
    ] = True,
    erase: Annotated[
        bool, typer.Option("--erase", help="Erase the whole chip first; also clears a locked one.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compile and say what would be done; touch no board.")
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Hear the self-test and hold it against oracle and simulation."
        ),
    ] = False,
    port: Annotated[
        str | None,
        typer.Option(
            help="Serial port to hear the board on; default: the only one.", metavar="NAME"
        ),
    ] = None,
    clips: Annotated[int, typer.Option(help="Test clips in the self-test.", min=1)] = 4,
    audio: Annotated[
        Path | None,
        typer.Option(
            help="A C file with edgesnn_audio_read(), for --image listen.", metavar="FILE"
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Put an image of a network on a board, verify it and start it.

    With --check the board's labels, spikes and membranes must be the oracle's, and its cycles are
    set against those of the same image in the simulated core. Status 3 where they differ.
    """
    from edgesnn.errors import VerifyError
    from edgesnn.pipeline.flash import FlashRequest, flash_source

    request = FlashRequest(
        source, board, image, backend, probe, verify, erase, check, port, clips, audio, dry_run
    )
    record = flash_source(request, announce)
    if json:
        print_json(record)
    else:
        _print(record)
    found = record["check"]
    if found and found["faults"]:
        raise VerifyError(f"{board} and the oracle differ: {found['faults'][0]}")


def _print(record: Mapping[str, Any]) -> None:
    screen = console()
    done = record["flashed"]
    rows: list[tuple[str, object]] = [
        ("network", f"{record['network']}  sha256 {record['sha256'][:16]}"),
        ("image", record["image"]),
        ("size", f"{record['flash_bytes']:,} bytes of flash, {record['ram_bytes']:,} of RAM"),
        ("clock", f"{record['clock_hz'] / 1e6:g} MHz; serial on {record['serial']}"),
    ]
    if record["unverified"]:
        rows.append(("not verified", ", ".join(record["unverified"])))
    if done:
        verdict = "read back and right" if done["verified"] else done["note"] or "not read back"
        rows.append(("flashed", f"{done['bytes']:,} bytes to {done['where']}, {verdict}"))
    screen.print(facts(f"{record['board']} by {record['backend']}", rows))
    if not done:
        for step in record["plan"]:
            screen.print(f"would {step}", markup=False)
    if record["check"]:
        print_check(record["check"], record["clips_from"])


def print_check(check: Mapping[str, Any], origin: str) -> None:
    """Print what agrees, and cycles by part."""
    screen = console()
    verdict = "agree" if not check["faults"] else f"DIFFER in {len(check['faults'])} places"
    screen.print(
        f"labels, spikes and membranes {verdict}: {origin}, {check['steps']:,} steps",
        markup=False,
    )
    for fault in check["faults"][:8]:
        screen.print(f"  {fault}", markup=False)
    rows = [
        (
            part["part"],
            f"{part['simulated']:,.0f}",
            "not counted" if part["measured"] is None else f"{part['measured']:,.0f}",
            "" if part["ratio"] is None else f"{part['ratio']:.3f}",
        )
        for part in check["parts"]
    ]
    clock = f"{check['clock_hz'] / 1e6:g} MHz"
    columns = ("part", "simulated", "measured", "ratio")
    if check["timing_hz"] not in (0, check["clock_hz"]):
        screen.print(
            f"the simulated flash has the wait states of {check['timing_hz'] / 1e6:g} MHz, the "
            "board's those of its own clock",
            markup=False,
        )
    screen.print(table(f"cycles a step, {check['board']} at {clock}", columns, rows))
