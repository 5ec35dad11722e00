"""What a sweep found: all trials and the best trades among them, as JSON, CSV and a picture."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.errors import UsageError
from edgesnn.files import atomic_path, write_atomic
from edgesnn.pipeline.folder import read_json, write_json
from edgesnn.pipeline.sweep.goals import GOALS, Goal, dominates
from edgesnn.pipeline.sweep.study import FOLDER, REFUSED, SETTINGS
from edgesnn.pipeline.sweep.trial import SECONDS

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

RECORD, TABLE, PICTURE = "sweep.json", "trials.csv", "front.png"


def write_front(
    folder: Path, study: Study, goals: Sequence[Goal], recordings: Mapping[str, Any]
) -> dict[str, Any]:
    """Write `sweep.json`, `trials.csv` and `front.png` into `folder`; returns the first.

    `recordings` says where they lie on this machine, for a build from one of the trials.
    """
    trials = [_trial_record(trial, goals) for trial in study.trials]
    front = pareto_front(trials, goals)
    record = {
        "study": study.study_name,
        "settings": study.user_attrs[SETTINGS],
        "recordings": dict(recordings),
        "goals": [goal.name for goal in goals],
        "front": front,
        "trials": trials,
    }
    write_json(folder / RECORD, record)
    write_atomic(folder / TABLE, _csv(record))
    draw_front(record, folder / PICTURE)
    return record


def pareto_front(trials: Sequence[Mapping[str, Any]], goals: Sequence[Goal]) -> list[int]:
    """Numbers of the finished trials that no other one dominates, the most accurate first."""
    finished = [trial for trial in trials if trial["state"] == "complete"]
    values = {trial["number"]: [trial["values"][goal.name] for goal in goals] for trial in finished}
    best = [
        number
        for number, mine in values.items()
        if not any(dominates(goals, theirs, mine) for theirs in values.values())
    ]
    accuracy = next(index for index, goal in enumerate(goals) if goal.name == "accuracy")
    return sorted(best, key=lambda number: (-values[number][accuracy], number))


def _trial_record(trial: FrozenTrial, goals: Sequence[Goal]) -> dict[str, Any]:
    values = trial.values if trial.state.name == "COMPLETE" else None
    names = [goal.name for goal in goals]
    return {
        "number": trial.number,
        "state": "refused" if REFUSED in trial.user_attrs else trial.state.name.lower(),
        "values": dict(zip(names, values, strict=True)) if values else None,
        "point": {key: _plain(trial, key) for key in trial.params},
        "folder": trial.user_attrs.get(FOLDER),
        "seconds": trial.user_attrs.get(SECONDS),
        "reason": trial.user_attrs.get(REFUSED),
    }


def _plain(trial: FrozenTrial, key: str) -> Any:
    from optuna.distributions import CategoricalDistribution

    value = trial.params[key]
    is_choice = isinstance(trial.distributions[key], CategoricalDistribution)
    return json.loads(value) if is_choice else value


def _csv(record: Mapping[str, Any]) -> str:
    keys = list(dict.fromkeys(key for trial in record["trials"] for key in trial["point"]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "state", "front", *record["goals"], *keys, "seconds", "folder"])
    for trial in record["trials"]:
        values = trial["values"] or {}
        writer.writerow(
            [
                trial["number"],
                trial["state"],
                int(trial["number"] in record["front"]),
                *(values.get(goal, "") for goal in record["goals"]),
                *(trial["point"].get(key, "") for key in keys),
                trial["seconds"] or "",
                trial["folder"] or "",
            ]
        )
    return text.getvalue()


def draw_front(record: Mapping[str, Any], path: Path) -> None:
    """Accuracy against each of the costs: every finished trial, the front marked and numbered."""
    from matplotlib.figure import Figure

    costs = [name for name in record["goals"] if name != "accuracy"]
    finished = [trial for trial in record["trials"] if trial["values"]]
    figure = Figure(figsize=(5.5 * max(len(costs), 1), 4), layout="constrained")
    panels = figure.subplots(1, max(len(costs), 1), squeeze=False)[0]
    for axes, cost in zip(panels, costs or [None], strict=True):
        _panel(axes, finished, record["front"], cost)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, metadata={"Software": None})


def _panel(axes: Any, trials: Sequence[Mapping[str, Any]], front: list[int], cost: Any) -> None:
    for chosen, colour, label in ((False, "0.7", "dominated"), (True, "C0", "Pareto front")):
        some = [trial for trial in trials if (trial["number"] in front) == chosen]
        across = [trial["values"][cost] if cost else trial["number"] for trial in some]
        up = [100 * trial["values"]["accuracy"] for trial in some]
        axes.scatter(across, up, color=colour, label=label, zorder=2 + chosen)
        for trial, x, y in zip(some, across, up, strict=True):
            if chosen:
                place = {"textcoords": "offset points", "xytext": (4, 4), "fontsize": 7}
                axes.annotate(str(trial["number"]), (x, y), **place)
    axes.set(xlabel=GOALS[cost].title if cost else "trial", ylabel="validation accuracy (%)")
    axes.grid(alpha=0.3)
    if trials:
        axes.legend()


def read_sweep(folder: Path) -> Mapping[str, Any]:
    """The record of the sweep in `folder`.

    Raises:
        UsageError: there is none.
        FileFormatError: it is damaged.
    """
    record = read_json(folder / RECORD)
    if not record:
        raise UsageError(f"there is no sweep in {folder}; edgesnn sweep -o {folder} makes one")
    return record


def chosen_trial(record: Mapping[str, Any], number: int | None) -> dict[str, Any]:
    """Trial `number`, or the front's knee: the nearest to the best of each goal, all scaled alike.

    Raises:
        UsageError: there is no such finished trial, or none at all.
    """
    finished: dict[int, dict[str, Any]] = {t["number"]: t for t in record["trials"] if t["values"]}
    if not finished:
        raise UsageError("the sweep has no finished trial yet; run edgesnn sweep again to go on")
    if number is not None:
        if number not in finished:
            known = ", ".join(str(each) for each in record["front"])
            raise UsageError(f"no finished trial {number} in the sweep; on the front: {known}")
        return finished[number]
    return finished[knee([finished[each] for each in record["front"]], record["goals"])]


def knee(front: Sequence[Mapping[str, Any]], names: Sequence[str]) -> int:
    """Number of the trial of `front` with the least distance to the best value of every goal."""

    def losses(name: str) -> list[float]:
        values = [-GOALS[name].sign * trial["values"][name] for trial in front]
        low, high = min(values), max(values)
        return [(value - low) / (high - low) if high > low else 0.0 for value in values]

    table = zip(*(losses(name) for name in names), strict=True)
    distances = [sum(loss * loss for loss in row) for row in table]
    return int(front[distances.index(min(distances))]["number"])
