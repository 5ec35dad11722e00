"""A trial of a sweep as something to build from."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from edgesnn.errors import UsageError
from edgesnn.pipeline.datasets import Recordings
from edgesnn.pipeline.sweep.front import chosen_trial, read_sweep
from edgesnn.pipeline.sweep.trial import CONFIG
from edgesnn.pipeline.train import RUN, Training


@dataclass(frozen=True)
class Point:
    """A finished trial to build from.

    Attributes:
        number: of the trial.
        training: what to train it with.
        run: its training run, where it lies on this machine.
    """

    number: int
    training: Training
    run: Path | None


def take_point(folder: Path, number: int | None, data_dir: Path | None = None) -> Point:
    """Trial `number` of the sweep in `folder`, or the knee of its front.

    Raises:
        UsageError: there is no sweep or no such finished trial, or its settings are not here.
    """
    record = read_sweep(folder)
    trial = chosen_trial(record, number)
    place = folder / str(trial["folder"])
    if not (place / CONFIG).is_file():
        raise UsageError(
            f"trial {trial['number']} was trained on another machine: copy its "
            f"{trial['folder']} into {folder} first"
        )
    named = record["recordings"]
    recordings = Recordings(named["dataset"], named["task"], data_dir or _path(named["data_dir"]))
    training = Training(recordings, str(place / CONFIG), record["settings"]["seed"])
    run = place / RUN
    return Point(trial["number"], training, run if run.is_dir() else None)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def adopt(point: Point, folder: Path) -> None:
    """Copy the trial's run into the build folder `folder`, so that nothing is trained twice."""
    target = folder / RUN
    if point.run is None or target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".partial-{RUN}"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        shutil.copytree(point.run, partial)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
