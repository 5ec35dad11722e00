"""What boards on the desk measured against the simulated core, kept for `edgesnn simulate`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgesnn import __version__
from edgesnn.boards import find_board
from edgesnn.errors import FileFormatError, UsageError
from edgesnn.pipeline.folder import read_json, write_json

FORMAT, VERSION = "edgesnn calibration", 1
PLACE = "EDGESNN_CALIBRATION"
"""Environment variable that names the folder of calibration files instead of the user's own."""

_LEAST, _MOST = 0.1, 20.0
"""Ratios beyond which something else than timing differs."""


@dataclass(frozen=True)
class Run:
    """One network on the board: cycles measured over simulated, of a step and by part."""

    network: str
    sha256: str
    clips: int
    steps: int
    ratio: float
    parts: Mapping[str, float]


@dataclass(frozen=True)
class Calibration:
    """A board's measured ratios.

    Attributes:
        board: its name.
        edgesnn: the version that simulated.
        clock_hz: what the board ran at.
        runs: one a network.
        path: the file they are kept in.
    """

    board: str
    edgesnn: str
    clock_hz: int
    runs: tuple[Run, ...]
    path: str = ""

    @property
    def steps(self) -> int:
        """Measured, over all runs."""
        return sum(run.steps for run in self.runs)

    @property
    def ratio(self) -> float:
        """Measured over simulated cycles, mean over the steps of all runs."""
        return sum(run.ratio * run.steps for run in self.runs) / self.steps

    @property
    def text(self) -> str:
        """One line for a report."""
        ratios = [run.ratio for run in self.runs]
        spread = f" ({min(ratios):.3f} to {max(ratios):.3f})" if ratios[1:] else ""
        return (
            f"× {self.ratio:.3f}{spread}, {self.steps:,} steps of {len(self.runs)} "
            f"network{'s' if ratios[1:] else ''} measured at {self.clock_hz / 1e6:g} MHz"
        )

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON and for the file."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "board": self.board,
            "edgesnn": self.edgesnn,
            "clock_hz": self.clock_hz,
            "steps": self.steps,
            "ratio": round(self.ratio, 4),
            "runs": [asdict(run) for run in self.runs],
        }


def calibration_path(board: str) -> Path:
    """Where the calibration of a board is kept."""
    import platformdirs

    named = os.environ.get(PLACE)
    folder = Path(named) if named else platformdirs.user_data_path("edgesnn") / "calibration"
    return folder / f"{board}.json"


def find_calibration(board: str) -> Calibration | None:
    """The calibration of a board; None where it has never been measured.

    Raises:
        FileFormatError: the file is damaged.
    """
    path = calibration_path(board)
    return read_calibration(path) if path.is_file() else None


def calibrate(sources: Sequence[Path], output: Path | None = None) -> Calibration:
    """Take the measurements of `edgesnn flash --check` into the board's calibration.

    Args:
        sources: records (`flash/BOARD.json`), or build folders with one of them.
        output: the file; by default the board's own, whose other networks are kept.

    Raises:
        UsageError: nothing was measured, on one board, at the clock that was simulated.
        FileFormatError: a record is damaged.
    """
    records = [_record_at(source) for source in sources]
    boards = {str(record["board"]) for record in records}
    if len(boards) != 1:
        raise UsageError(f"a calibration is of one board, not of {', '.join(sorted(boards))}")
    board = find_board(boards.pop()).name
    path = output or calibration_path(board)
    runs = {run.sha256: run for run in (_run_of(record) for record in records)}
    if path.is_file():
        runs = {run.sha256: run for run in read_calibration(path).runs} | runs
    clock = int(records[0]["check"]["clock_hz"])
    made = Calibration(board, __version__, clock, tuple(runs.values()), str(path))
    write_json(path, made.record())
    return made


def _record_at(source: Path) -> Mapping[str, Any]:
    found = sorted((source / "flash").glob("*.json")) if source.is_dir() else [source]
    if len(found) != 1 or not found[0].is_file():
        raise UsageError(
            f"{source} holds {len(found) if source.is_dir() else 'no'} records of flash --check; "
            "name one, such as build/gsc/flash/BOARD.json"
        )
    record = read_json(found[0])
    if not isinstance(record.get("check"), dict) or "board" not in record:
        raise UsageError(f"{found[0]} is no record of edgesnn flash --check")
    return record


def _run_of(record: Mapping[str, Any]) -> Run:
    """The measured ratios of a record, if they are of timing alone."""
    check = record["check"]
    board = record["board"]
    if find_board(str(board)).emulator is not None:
        raise UsageError(f"{board} is an emulator and counts no cycles; flash a board")
    if check["faults"]:
        raise UsageError(f"{board} did not agree with the oracle: {check['faults'][0]}")
    ratios = {part["part"]: part["ratio"] for part in check["parts"] if part["ratio"] is not None}
    if "all" not in ratios:
        raise UsageError(f"{board} counted no cycles")
    if check["timing_hz"] not in (0, check["clock_hz"]):
        raise UsageError(
            f"{board} ran at {check['clock_hz'] / 1e6:g} MHz and was simulated with the flash of "
            f"{check['timing_hz'] / 1e6:g} MHz, so its ratios say nothing of either"
        )
    whole = _sound(ratios.pop("all"), board)
    return Run(record["network"], record["sha256"], check["clips"], check["steps"], whole, ratios)


def _sound(ratio: float, board: object) -> float:
    if not _LEAST <= ratio <= _MOST:
        raise UsageError(
            f"{board} took {ratio:.3g} times the simulated cycles: is it the same image?"
        )
    return float(ratio)


def read_calibration(path: Path) -> Calibration:
    """Read a calibration file.

    Raises:
        FileFormatError: it is none, of another version, or damaged.
    """
    document = read_json(path)
    try:
        if (document["format"], document["version"]) != (FORMAT, VERSION):
            raise ValueError("another format or version")
        runs = tuple(_run(each) for each in document["runs"])
        if not runs:
            raise ValueError("no runs")
        return Calibration(
            str(document["board"]), str(document["edgesnn"]), int(document["clock_hz"]), runs,
            str(path),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"{path} is no calibration of edgesnn ({error}); remove it, or run edgesnn calibrate"
        ) from error


def _run(document: Mapping[str, Any]) -> Run:
    parts = {str(name): float(ratio) for name, ratio in document["parts"].items()}
    run = Run(
        str(document["network"]), str(document["sha256"]), int(document["clips"]),
        int(document["steps"]), float(document["ratio"]), parts,
    )  # fmt: skip
    if run.steps < 1 or not (math.isfinite(run.ratio) and _LEAST <= run.ratio <= _MOST):
        raise ValueError(f"a ratio of {run.ratio} over {run.steps} steps")
    return run
