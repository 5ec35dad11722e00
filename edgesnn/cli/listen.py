"""`edgesnn listen`: the network on this computer's microphone, or on a sound file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgesnn.cli.boundary import refuse
from edgesnn.cli.output import console, print_json, table

if TYPE_CHECKING:
    from edgesnn.network.arrays import IntArray
    from edgesnn.pipeline.listen import Detection, Listener


def listen(
    source: Annotated[
        Path | None,
        typer.Argument(
            help="A folder that `edgesnn build` made, or a .esnn file.", metavar="BUILD|FILE"
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="A WAV, FLAC or Ogg file instead of the microphone.", metavar="SOUND"),
    ] = None,
    device: Annotated[
        int | None, typer.Option(help="Number of the microphone.", min=0, metavar="NUMBER")
    ] = None,
    devices: Annotated[bool, typer.Option("--devices", help="List the microphones.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a detection, a line each.")
    ] = False,
) -> None:
    """Listen, and say when a keyword was heard: the integers of the device, on this computer.

    On a terminal with a view of level, activity and margins. Ctrl-C ends it.
    """
    from edgesnn.pipeline.listen import file_chunks, load_listener, microphone_chunks

    if devices:
        _list_microphones(json)
        return
    if source is None:
        refuse("name the network to listen with: edgesnn listen BUILD")
    if file is not None and device is not None:
        refuse("--file and --device exclude each other")
    listener = load_listener(source)
    if file is not None:
        _follow(listener, file_chunks(file, listener), json)
        return
    try:
        _follow(listener, microphone_chunks(listener, device), json)
    except KeyboardInterrupt:
        return  # the way to end it


def _list_microphones(json: bool) -> None:
    from edgesnn.pipeline.listen import microphones

    found = microphones()
    if json:
        print_json({"microphones": found})
        return
    rows = [
        (each["index"], each["name"], each["channels"], "yes" if each["default"] else "")
        for each in found
    ]
    console().print(table("microphones", ("number", "name", "channels", "default"), rows))


def _follow(listener: Listener, chunks: Iterator[IntArray], json: bool) -> None:
    """Show what is heard: a view on a terminal, lines elsewhere."""
    if json or not sys.stdout.isatty():
        for chunk in chunks:
            for found in listener.push(chunk).detections:
                _say(found, json)
        return
    from rich.live import Live

    from edgesnn.cli.listen_view import ListenView

    view = ListenView(listener.network)
    with Live(view.picture(), console=console(), auto_refresh=False) as live:
        for chunk in chunks:
            view.take(listener.push(chunk))
            live.update(view.picture(), refresh=True)


def _say(found: Detection, json: bool) -> None:
    import json as encoder

    text = f"{found.seconds:9.2f} s  {found.word}  (margin {found.margin})"
    sys.stdout.write((encoder.dumps(found.record()) if json else text) + "\n")
    sys.stdout.flush()
