"""The list of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from edgesnn import __version__
from edgesnn.cli import (
    boards,
    build,
    check,
    data,
    evaluate,
    export,
    flash,
    listen,
    show,
    simulate,
    stages,
    sweep,
    verify,
)

_EPILOG = "Start with: edgesnn build (five minutes, no recordings and no board needed)."

app = typer.Typer(
    name="edgesnn",
    help="Spoken keywords to a microcontroller: train, quantise, generate C, prove it exact.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"edgesnn {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print and leave."),
    ] = False,
) -> None:
    pass


_WHOLE, _STAGES, _LOOK = "The whole line", "Single stages", "Look and check"

app.command(rich_help_panel=_WHOLE)(build.build)
app.command(rich_help_panel=_WHOLE)(verify.verify)
app.command(rich_help_panel=_WHOLE)(simulate.simulate)
app.command(rich_help_panel=_WHOLE)(flash.flash)
app.command(rich_help_panel=_WHOLE)(boards.calibrate)
app.command(rich_help_panel=_WHOLE)(evaluate.evaluate)
app.command(rich_help_panel=_WHOLE)(listen.listen)
app.command(rich_help_panel=_WHOLE)(sweep.sweep)
app.command(rich_help_panel=_STAGES)(stages.train)
app.command(rich_help_panel=_STAGES)(stages.lower)
app.command(rich_help_panel=_STAGES)(stages.generate)
app.command("compile", rich_help_panel=_STAGES)(stages.compile_)
app.command(rich_help_panel=_STAGES)(export.export)
app.command(rich_help_panel=_LOOK)(show.show)
app.command(rich_help_panel=_LOOK)(check.check)
app.command(rich_help_panel=_LOOK)(boards.boards)
app.command(rich_help_panel=_LOOK)(show.schema)
app.add_typer(data.app, name="data", rich_help_panel=_LOOK)
