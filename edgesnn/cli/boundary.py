"""Where every error of the command line ends: one line on standard error and an exit status.

The statuses are listed in docs/CLI.md.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from edgesnn.errors import EdgesnnError, SettingsWarning
from edgesnn.progress import leads

FAILED, WRONG_USAGE, BUG, INTERRUPTED = 1, 2, 70, 130
"""Exit statuses: 70 is EX_SOFTWARE of sysexits.h, 130 is 128 + SIGINT."""


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; never raises an `Exception`."""
    if sys.stdout is None:  # closed by the caller, as in `edgesnn data >&-`
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            status = _invoke(arguments)
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        return _close_quietly()
    except Exception as error:
        return _explain(error, arguments)
    if status == INTERRUPTED:
        _complain("interrupted; what was finished is kept, run the same command to go on")
    return status


def _invoke(arguments: Sequence[str]) -> int:
    from edgesnn.cli.app import app

    status = app(args=list(arguments) or ["--help"], prog_name="edgesnn", standalone_mode=False)
    sys.stdout.flush()
    return status if isinstance(status, int) else 0


def _close_quietly() -> int:
    """The reader of our output has gone (`| head`): say nothing more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED


def _explain(error: Exception, arguments: Sequence[str]) -> int:
    if os.environ.get("EDGESNN_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, EdgesnnError):
        return _complain(str(error), error.exit_code)
    if hasattr(error, "format_message"):  # typer's own: an unknown option, a missing argument
        return _complain(f"{error.format_message()} ({_help_for(error)})", WRONG_USAGE)
    if isinstance(error, ModuleNotFoundError) and _extra_of(error):
        return _complain(_extra_of(error))
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return _complain(f"{error.strerror}{where}; free some space or check the path")
    if isinstance(error, MemoryError):
        return _complain("out of memory; use fewer clips, a smaller batch or a smaller network")
    return _complain(
        f"this is a bug in edgesnn, please report it: {type(error).__name__}: {error} "
        "(EDGESNN_DEBUG=1 shows where)",
        BUG,
    )


def _complain(message: str, status: int = FAILED) -> int:
    print(f"edgesnn: error: {' '.join(message.split())}", file=sys.stderr)
    return status


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning: ours as one line, a package's as Python would."""
    if not issubclass(category, SettingsWarning):
        text = warnings.formatwarning(message, category, filename, lineno, line)
        (file or sys.stderr).write(text)
    elif leads():
        print(f"edgesnn: warning: {message}", file=sys.stderr)


def _help_for(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path if context else 'edgesnn'} --help"


_EXTRAS = {
    "train": ("torch", "snntorch", "brevitas", "matplotlib", "optuna"),
    "compile": ("ziglang",),
    "flash": ("pyocd", "serial"),
    "test": ("unicorn", "neurobench", "hypothesis"),
}


def _extra_of(error: ModuleNotFoundError) -> str:
    """What to install for a module of an optional extra; empty for any other."""
    module = (error.name or "").partition(".")[0]
    for extra, modules in _EXTRAS.items():
        if module in modules:
            return f"{module} is not installed; run: pip install 'edgesnn[{extra}]'"
    return ""


def refuse(message: str) -> NoReturn:
    """Raise the error of an argument that cannot be meant."""
    from edgesnn.errors import UsageError

    raise UsageError(message)
