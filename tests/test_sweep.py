"""Sweeps: the space, the goals, the front, and whole small searches through the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch", reason="training needs edgesnn[train]")
optuna = pytest.importorskip("optuna", reason="a sweep needs edgesnn[train]")

from edgesnn.cli.boundary import run  # noqa: E402
from edgesnn.codegen import memory_plan  # noqa: E402
from edgesnn.errors import ConfigError, EdgesnnError, UsageError  # noqa: E402
from edgesnn.pipeline.datasets import Recordings  # noqa: E402
from edgesnn.pipeline.sweep import run as sweep_run  # noqa: E402
from edgesnn.pipeline.sweep import trial as trial_module  # noqa: E402
from edgesnn.pipeline.sweep.front import chosen_trial, knee, pareto_front  # noqa: E402
from edgesnn.pipeline.sweep.goals import GOALS, chosen_goals, dominates, table_bytes  # noqa: E402
from edgesnn.pipeline.sweep.run import Sweep, sweep  # noqa: E402
from edgesnn.pipeline.sweep.space import Choice, Range, apply, read_space  # noqa: E402
from edgesnn.pipeline.train import Training  # noqa: E402
from edgesnn.quantize import lower  # noqa: E402
from edgesnn.trainer.config import parse_config, preset  # noqa: E402
from edgesnn.trainer.convolutional import ImageClassifier, flash_bytes  # noqa: E402
from edgesnn.trainer.export_images import export_images  # noqa: E402

from .image_networks import MODELS, NAMES  # noqa: E402
from .made_up_words import write_words  # noqa: E402

CONFIG = """
name = "beeps"

[model]
hidden = [{ width = 16 }, { width = 8 }]

[augment]
variants = 0

[optimiser]
epochs = 2
batch = 8
"""
WIDTHS = "model.hidden.*.width=8:24:8"
GOAL_TUPLE = chosen_goals("accuracy,energy,flash")


def config():
    return parse_config({"model": {"hidden": [{"width": 16}, {"width": 8}]}}, "test")


def test_a_star_sets_every_entry_of_a_list():
    changed = apply(config(), {"model.hidden.*.width": 24, "model.hidden.*.taps": [0, 2]})
    assert [layer.width for layer in changed.model.hidden] == [24, 24]
    assert [layer.taps for layer in changed.model.hidden] == [[0, 2], [0, 2]]


def test_spaces_from_options_and_file(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text('"loss.energy.weight" = {low = 1e-4, high = 1e-2, log = true}\n')
    vary = (WIDTHS, "model.input.taps=[[0], [0, 3]]", "optimiser.rate=1e-3:1e-2:log")
    space = read_space(path, vary, config())
    assert space.keys == {
        "loss.energy.weight": Range(low=1e-4, high=1e-2, log=True),
        "model.hidden.*.width": Range(low=8, high=24, step=8),
        "model.input.taps": Choice(choices=[[0], [0, 3]]),
        "optimiser.rate": Range(low=1e-3, high=1e-2, log=True),
    }


def test_the_usual_space_suits_the_preset():
    keys = read_space(None, (), preset("balanced")).keys
    assert "model.input.delta" in keys and "loss.energy.weight" in keys
    assert sum(key.endswith(".width") for key in keys) == len(preset("balanced").model.hidden)
    with pytest.raises(ConfigError, match="--vary"):
        read_space(None, (), preset("teacher"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model.hidden.0.width", "write KEY=LOW:HIGH"),
        ("=1:2", "write KEY=LOW:HIGH"),
        ("model.hidden.0.width=8", "write KEY=LOW:HIGH"),
        ("model.hidden.0.width=8:16:2:3", "write KEY=LOW:HIGH"),
        ("model.hidden.0.width=16:8", "low must be below high"),
        ("model.hidden.0.width=8:x", "x is no number"),
        ("model.hidden.0.width=8:16:0.5", "step"),
        ("loss.energy.weight=0:1.0:log", "above 0"),
        ("model.input.taps=[[0]]", "at least 2"),
        ("model.input.taps=[[0], [", "no number or list"),
        ("model.hiden.0.width=8:16", "no key model.hiden"),
        ("model.hidden.7.width=8:16", "no key model.hidden.7"),
        ("model.hidden.0.width=0:16", "greater than or equal to 1"),
    ],
)
def test_impossible_spaces_are_refused_before_anything_runs(text, message):
    with pytest.raises(ConfigError, match=message):
        read_space(None, (text,), config())


def test_space_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="no file"):
        read_space(tmp_path / "none.toml", (), config())
    broken = tmp_path / "broken.toml"
    broken.write_text("x = [")
    with pytest.raises(ConfigError, match="cannot read"):
        read_space(broken, (), config())
    broken.write_text('"optimiser.rate" = 3\n')
    with pytest.raises(ConfigError, match=r"optimiser\.rate"):
        read_space(broken, (), config())


@pytest.mark.parametrize("text", ["accuracy,speed", "accuracy,flash,flash", "energy,flash"])
def test_goals_that_make_no_sense(text):
    with pytest.raises(UsageError):
        chosen_goals(text)


POINTS = st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=12)


@given(POINTS)
def test_the_front_is_what_nothing_dominates(points):
    names = [goal.name for goal in GOAL_TUPLE]
    trials = [
        {"number": n, "state": "complete", "values": dict(zip(names, point, strict=True))}
        for n, point in enumerate(points)
    ]
    front = pareto_front(trials, GOAL_TUPLE)
    for number, point in enumerate(points):
        beaten = any(dominates(GOAL_TUPLE, other, point) for other in points)
        assert (number in front) == (not beaten)
    assert [points[n][0] for n in front] == sorted((points[n][0] for n in front), reverse=True)
    assert knee([trials[n] for n in front], names) in front


def test_dominating_needs_one_better_and_none_worse():
    assert dominates(GOAL_TUPLE, (0.9, 10, 5), (0.9, 11, 5))
    assert not dominates(GOAL_TUPLE, (0.9, 10, 5), (0.9, 10, 5))
    assert not dominates(GOAL_TUPLE, (0.8, 1, 1), (0.9, 10, 5))


def test_a_choice_needs_a_finished_trial():
    record = {"trials": [{"number": 0, "values": None}], "front": [], "goals": ["accuracy"]}
    with pytest.raises(UsageError, match="no finished trial yet"):
        chosen_trial(record, None)


@pytest.mark.parametrize("name", MODELS)
def test_flash_of_convolutions_is_known_before_they_are_trained(name):
    """It rises with the width, and keeps near what the planner says of the integer network."""
    shape, settings = MODELS[name]
    counted, planned = [], []
    for width in (1, 2):
        wide = settings.model_copy(update={"width": float(width)})
        counted.append(flash_bytes(wide, shape, len(NAMES)))
        model = ImageClassifier(wide, shape, len(NAMES))
        network = lower(export_images(model, name="made", classes=NAMES))
        planned.append(memory_plan(network).flash_bytes)
    assert counted[0] < counted[1]
    for before, after in zip(counted, planned, strict=True):
        assert 0.6 * after < before < 1.4 * after


def test_goals_take_either_kind_of_network():
    data = SimpleNamespace(classes=tuple("0123456789"))
    small = parse_config({"model": {"hidden": [{"width": 16}]}}, "test")
    assert table_bytes(small, data) == 40 * 16 * 3  # bands, neurons, taps of the input
    blocks = 80 * (40 * 7) + 6 * 80 * 80 * 3
    shortcuts = 80 + 2 * 80 * 80
    neurons = 80 * (3 * 25 + 2 * 13 + 2 * 7)
    readout = 16 * 80 * 7  # classes in whole tiles, filters, places
    assert table_bytes(preset("resnet8"), data) == blocks + shortcuts + 4 * neurons + readout


# --- whole sweeps ---------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with two made-up words and a configuration; the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGESNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EDGESNN_DATA", raising=False)
    write_words(tmp_path / "words")
    (tmp_path / "beeps.toml").write_text(CONFIG)
    return tmp_path


def request(output, trials, **options):
    training = Training(Recordings("words"), "beeps.toml")
    vary = (WIDTHS, "optimiser.rate=1e-3:1e-2:log")
    return Sweep(training, trials, vary, output=Path(output), **options)


def outcomes(record):
    return [(trial["point"], trial["values"]) for trial in record["trials"] if trial["values"]]


def test_an_interrupted_sweep_goes_on_to_the_same_trials(place, monkeypatch):
    from edgesnn.trainer import run as trainer_run

    whole = sweep(request("whole", 3))
    real, calls = trainer_run.train_epoch, []

    def stop_in_the_second_trial(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(trainer_run, "train_epoch", stop_in_the_second_trial)
    with pytest.raises(EdgesnnError, match="run the same command again"):
        sweep(request("parts", 3))
    parts = sweep(request("parts", 3))
    assert outcomes(parts) == outcomes(whole)
    assert [trial["state"] for trial in parts["trials"]].count("fail") == 1
    folders = [trial["folder"] for trial in parts["trials"]]
    assert folders[1] == folders[2], "the interrupted trial went on in its own folder"
    again = sweep(request("parts", 3))
    assert again == parts, "nothing is left to do"


def test_the_command_line_from_a_sweep_to_firmware(place, capsys):
    base = ["sweep", "--dataset", "words", "--config", "beeps.toml", "-o", "found"]
    assert run([*base, "--vary", WIDTHS, "--trials", "2", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["front"] and record["goals"] == ["accuracy", "energy", "flash"]
    trial = record["trials"][0]
    assert trial["values"]["flash"] > 0 and trial["values"]["energy"] > 0
    table = (place / "found" / "trials.csv").read_text().splitlines()
    assert len(table) == 3 and table[0].startswith("trial,state,front,accuracy,energy,flash,")
    assert (place / "found" / "front.png").read_bytes().startswith(b"\x89PNG")

    assert run([*base, "--vary", WIDTHS, "--trials", "0"]) == 0
    assert "Pareto front" in capsys.readouterr().out
    assert run([*base, "--vary", "model.hidden.0.width=8:16", "--trials", "3"]) == 2
    assert "begun with another space" in capsys.readouterr().err
    if shutil.which("arm-none-eabi-gcc") is None and shutil.which("zig") is None:
        pytest.skip("no compiler for Cortex-M")
    log = (place / "found" / trial["folder"] / "run" / "log.jsonl").read_text()
    build = ["build", "--from-sweep", "found", "--trial", "0", "-o", "built", "--rungs", "pytorch"]
    assert run([*build, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (place / "built" / "run" / "log.jsonl").read_text() == log, "not trained again"
    width = report["training"]["config"]["model"]["hidden"][0]["width"]
    assert width == trial["point"]["model.hidden.*.width"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "--storage", "mysql://me:secret@nowhere/x"], "pip install mysqlclient"),
        (
            ["sweep", "--storage", "postgresql+psycopg2://me:secret@no/x"],
            "pip install psycopg2-binary",
        ),
        (["sweep", "--storage", "mysql+pymysql://me:secret@no/x"], "pip install pymysql"),
        (["sweep", "--storage", "nonsense"], "cannot use the storage nonsense"),
        (["sweep", "--goals", "speed"], "there is no goal"),
        (["sweep", "--config", "teacher"], "dense network"),
        (["sweep", "-o", "words"], "holds no sweep"),
        (["sweep", "-o", "new", "--trials", "0"], "there is no sweep in new"),
        (["build", "--from-sweep", "words"], "there is no sweep in words"),
        (["build", "--trial", "3"], "add --from-sweep"),
        (["build", "--from-sweep", "x", "--pretrained", "gsc"], "exclude each other"),
        (["build", "--from-sweep", "x", "--epochs", "3"], "--epochs is in the sweep's trial"),
    ],
)
def test_wrong_usage_is_one_line(place, capsys, arguments, message):
    named = ["--dataset", "words", "--config", "beeps.toml"]
    if arguments[0] == "sweep" and "--config" not in arguments:
        arguments = [*arguments, *named]
    assert run(arguments) in (1, 2)
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and "secret" not in error


@pytest.mark.parametrize("command", ["sweep", "build"])
def test_only_training_runs_under_torchrun(place, monkeypatch, capsys, command):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert run([command, "--dataset", "words", "--config", "beeps.toml", "-o", "found"]) == 2
    assert "only train runs under torchrun" in capsys.readouterr().err
    assert not (place / "found").exists()


class _Run:
    """Stands in for training: tells the lines of a log that was made up."""

    def __init__(self, accuracies):
        self.accuracies = accuracies

    def __call__(self, ready, folder, say, *, watch, test):
        history = []
        for epoch, accuracy in enumerate(self.accuracies[folder.name], start=1):
            cycles = {"speech": 1e6, "made quiet": 1e5}
            line = {"epoch": epoch, "validation_accuracy": accuracy, "wall_s": 1.0}
            line |= {"predicted_cycles": cycles, "synaptic_operations": 9, "first_layer_macs": 1}
            history.append(line)
            watch(line)
        return SimpleNamespace(history=history, trained=object(), folder=folder)


def test_hopeless_trials_are_given_up_and_points_not_trained_twice(place, monkeypatch):
    import edgesnn.codegen
    import edgesnn.pipeline.lower

    good, bad = [0.5, 0.7, 0.8, 0.85, 0.9], [0.1, 0.2, 0.2, 0.2, 0.2]
    curves = {f"{number:04d}": bad if number == 3 else good for number in range(9)}
    monkeypatch.setattr(trial_module, "train", _Run(curves))
    monkeypatch.setattr(edgesnn.pipeline.lower, "lower", lambda trained: (trained, {}))
    plan = SimpleNamespace(flash_bytes=100)
    monkeypatch.setattr(edgesnn.codegen, "memory_plan", lambda network: plan, raising=False)
    monkeypatch.setattr(trial_module, "MARGIN", 0.01)
    training = Training(Recordings("words"), "beeps.toml", epochs=5)
    vary = ("optimiser.rate=1e-3:1e-2:log",)
    record = sweep(Sweep(training, 6, vary, output=Path("found"), goals="accuracy,energy"))
    assert [trial["state"] for trial in record["trials"]] == [
        *["complete"] * 3,
        "pruned",
        *["complete"] * 2,
    ]

    twins = Sweep(training, 9, ("model.hidden.0.width=8:16:8",), output=Path("twins"))
    record = sweep(twins)
    folders = {trial["folder"] for trial in record["trials"]}
    assert len(record["trials"]) == 9 and len(folders) == 2


def test_a_space_without_a_possible_point_ends(place, monkeypatch):
    monkeypatch.setattr(sweep_run, "HOPELESS", 3)
    training = Training(Recordings("words"), "beeps.toml")
    monkeypatch.setattr(
        trial_module, "apply", lambda *_: (_ for _ in ()).throw(ConfigError("impossible"))
    )
    with pytest.raises(ConfigError, match="3 points of the space and none possible"):
        sweep(Sweep(training, 9, ("optimiser.rate=1e-3:1e-2",), output=Path("found")))


def test_usage_goals_are_documented():
    text = (Path(__file__).parent.parent / "docs" / "SWEEP.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in GOALS)
