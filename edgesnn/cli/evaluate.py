"""`edgesnn evaluate --stream`: false accepts an hour and missed keywords over long audio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgesnn.cli import options
from edgesnn.cli.boundary import refuse
from edgesnn.cli.output import announce, console, facts, print_json

if TYPE_CHECKING:
    from edgesnn.pipeline.stream import StreamResult


def evaluate(
    source: options.Source,
    stream: Annotated[
        bool, typer.Option("--stream", help="Listen to an endless stream, as a device does.")
    ] = False,
    hours: Annotated[float, typer.Option(help="Hours of audio.", min=0.001, max=100)] = 1.0,
    split: Annotated[
        str, typer.Option(help="training, validation or testing.", metavar="SPLIT")
    ] = "testing",
    choose: Annotated[
        float | None,
        typer.Option(
            help="Choose the detector on the validation split, for at most so many false accepts "
            "an hour, and write it into the network's file.",
            min=0.0,
            metavar="RATE",
        ),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Also run the generated C, which must detect the same.")
    ] = False,
    det: Annotated[
        Path | None, typer.Option(help="Draw the DET curve as PNG.", metavar="FILE")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the stream.", min=0)] = 0,
    dataset: options.DatasetName = None,
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Detect keywords in hours of audio: false accepts an hour, and the share that is missed.

    The audio is made of the recordings: words of one split, with pauses, over changing noise.
    """
    from edgesnn.pipeline.datasets import named_recordings
    from edgesnn.pipeline.stream import choose_detector, draw_det, evaluate_stream

    if not stream:
        refuse("say --stream; for single clips there is edgesnn simulate")
    if choose is not None and exact:
        refuse("--choose and --exact are two runs; choose first")
    recordings = named_recordings(dataset, data_dir)
    if choose is not None:
        result = choose_detector(source, choose, recordings, hours, seed, announce)
    else:
        result = evaluate_stream(source, recordings, split, hours, seed, exact, announce)
    if det is not None:
        draw_det(result, det)
    if json:
        print_json(result.record())
    else:
        _print(result)


def _print(result: StreamResult) -> None:
    detector, error = result.network.detector, result.error
    assert detector is not None
    rows: list[tuple[str, object]] = [
        ("stream", result.origin),
        (
            "detector",
            f"margin ≥ {detector.threshold}, smoothed over {1 << detector.smoothing} steps, "
            f"{detector.refractory} steps refractory",
        ),
        ("keywords said", f"{error.words}"),
        ("missed", f"{error.rejected} ({100 * error.false_reject_rate:.1f} %)"),
        ("false accepts", f"{error.false_accepts} ({error.false_accepts_an_hour:.1f} an hour)"),
    ]
    if result.exact_steps:
        rows.append(("generated C", f"the same in all {result.exact_steps:,} steps"))
    console().print(facts(f"{result.network.name}, listening", rows))
