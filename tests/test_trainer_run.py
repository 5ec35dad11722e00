"""Whole training runs on a toy task: resume, interruption, logs, reports."""

from __future__ import annotations

import copy
import json
import shutil
import tomllib
from pathlib import Path

import numba
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.errors import ConfigError, FileFormatError, UsageError  # noqa: E402
from edgesnn.quantize import lower  # noqa: E402
from edgesnn.sim.engine import Engine  # noqa: E402
from edgesnn.trained import load_trained  # noqa: E402
from edgesnn.trainer import run as run_module  # noqa: E402
from edgesnn.trainer.checkpoint import CHECKPOINT, average_of, save_model  # noqa: E402
from edgesnn.trainer.config import parse_config  # noqa: E402
from edgesnn.trainer.data.dataset import Clip, Dataset  # noqa: E402
from edgesnn.trainer.features import fit_front_end, split_features, training_features  # noqa: E402
from edgesnn.trainer.run import InterruptedTrainingError, choose_device, train  # noqa: E402

CONFIG = {
    "name": "tones",
    "frontend": {"fft": 256, "window": 256, "hop": 256, "bands": 8},
    "model": {
        "input": {"taps": [0, 2]},
        "hidden": [{"width": 12}, {"width": 8, "taps": [0, 1]}],
        "dropout": 0.1,
    },
    "augment": {"variants": 1, "band_masks": 1, "band_width": 2},
    "loss": {"activity": 0.1, "firing": 0.1},
    "optimiser": {"epochs": 8, "batch": 16, "rate": 2e-2, "average": 0.8},
}


class Tone:
    """A second of a tone in noise."""

    def __init__(self, hertz, seed):
        self.hertz, self.seed = hertz, seed

    def pcm(self):
        random = np.random.default_rng(self.seed)
        wave = 6000 * np.sin(2 * np.pi * self.hertz * np.arange(16000) / 16000)
        return np.rint(wave * (self.hertz > 0) + random.normal(0, 60, 16000)).astype(np.int16)

    def key(self):
        return f"tone:{self.hertz}:{self.seed}"


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDGESNN_CACHE", str(tmp_path_factory.mktemp("tones")))
        yield made_tones()


def made_tones():
    """Two pitches and silence, a third of the clips each."""
    pitches = (500, 2500, 0)
    clips = [
        Clip(f"{split}/{label}/{n}", label, f"{split}{n}", split, Tone(hertz, 100 * part + n))
        for part, (split, count) in enumerate(
            [("training", 32), ("validation", 8), ("testing", 8)], start=1
        )
        for label, hertz in enumerate(pitches)
        for n in range(count)
    ]
    noise = {"training": (Tone(0, 7),)}
    return Dataset("tones", ("low", "high", "silence"), tuple(clips), noise)


@pytest.fixture(scope="module")
def whole(tones, tmp_path_factory):
    """A run of `CONFIG` from end to end, which tests read and none changes."""
    return train(parse_config(CONFIG, "test"), tones, tmp_path_factory.mktemp("whole"), seed=3)


@pytest.fixture
def copied(whole, tmp_path):
    """The folder of that run, to be changed."""
    return Path(shutil.copytree(whole.folder, tmp_path / "copied"))


def without_clock(history):
    clock = {"wall_s", "cpu_s", "load"}
    return [{k: v for k, v in line.items() if k not in clock} for line in history]


def test_resumed_run_equals_uninterrupted_run(whole, tones, tmp_path, monkeypatch):
    config = parse_config(CONFIG, "test")
    assert whole.evaluations["testing"].accuracy > 0.9

    real, calls = run_module.train_epoch, []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(run_module, "train_epoch", interrupted)
    with pytest.raises(InterruptedTrainingError, match="epoch 3 of 8; epoch 2 is kept") as caught:
        train(config, tones, tmp_path / "parts", seed=3)
    assert caught.value.exit_code == 130
    assert not (tmp_path / "parts" / "report.json").exists()
    monkeypatch.setattr(run_module, "train_epoch", real)
    parts = train(config, tones, tmp_path / "parts", seed=3)

    one = (whole.folder / "trained.safetensors").read_bytes()
    assert one == (parts.folder / "trained.safetensors").read_bytes()
    assert without_clock(whole.history) == without_clock(parts.history)
    assert [line["epoch"] for line in parts.history] == list(range(1, 9))
    # Of another seed is another run: it starts anew.
    short = parse_config(CONFIG | {"optimiser": CONFIG["optimiser"] | {"epochs": 1}}, "test")
    another = [train(short, tones, tmp_path / "parts", seed=s, test=False) for s in (3, 4)]
    assert [len(run.history) for run in another] == [1, 1]
    assert another[0].history[0]["loss"] != another[1].history[0]["loss"]


def test_runs_agree_whatever_the_number_of_threads(tones, tmp_path):
    """Of a size at which a matrix product splits its sums, and norms are of many numbers."""
    hidden = [{"width": 96}, {"width": 176, "taps": [0, 1]}]
    values = CONFIG | {"model": {"input": {"taps": [0, 2, 4]}, "hidden": hidden}}
    values |= {"loss": {"activity": 0.1, "activations": {"l1": 1e-2, "l2": 1e-2}}}
    values |= {"optimiser": {"epochs": 1, "batch": 96, "rate": 1e-2, "clip": 1e-4}}
    before = torch.get_num_threads(), numba.get_num_threads()
    states = []
    try:
        for threads in (1, 2):  # Numba's loops and PyTorch's share one pool
            torch.set_num_threads(threads)
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
            run = train(parse_config(values, "test"), tones, tmp_path / str(threads), test=False)
            states.append(run.model.state_dict())
    finally:
        torch.set_num_threads(before[0])
        numba.set_num_threads(before[1])
    for name, value in states[0].items():
        assert all(torch.equal(value, other[name]) for other in states[1:]), name


def test_run_folder_tells_everything(whole, tones):
    config, result = parse_config(CONFIG, "test"), whole
    echoed = tomllib.loads((result.folder / "config.toml").read_text())
    assert parse_config(echoed, "echo") == config
    lines = [json.loads(text) for text in (result.folder / "log.jsonl").read_text().splitlines()]
    assert lines == result.history
    wanted = {"loss", "training_accuracy", "validation_accuracy", "firing_rates", "spikes"}
    assert wanted | {"synaptic_operations", "first_layer_macs", "wall_s"} <= lines[0].keys()
    report = json.loads((result.folder / "report.json").read_text())
    assert np.sum(report["testing"]["confusion"]) == 24
    assert report["testing"]["by_kind"].keys() == {"speech", "silence"}
    for name in ("curves.png", "confusion_validation.png", "confusion_testing.png"):
        assert (result.folder / name).read_bytes()[:4] == b"\x89PNG"
    # The exported network decides as the model did, clip by clip, in another engine.
    network = lower(load_trained(result.folder / "trained.safetensors"))
    split = split_features(tones, "testing", network.frontend)
    decisions = Engine(network).classify(np.array(split.variant(0))).decisions
    confusion = np.zeros((3, 3), np.int64)
    np.add.at(confusion, (split.labels, decisions), 1)
    assert np.array_equal(confusion, result.evaluations["testing"].confusion)


def test_log_counts_what_the_layers_did(whole):
    activity = whole.evaluations["validation"].activity
    frames = 16000 // 256
    assert activity.macs / activity.clips == frames * 8 * 2 * 12  # channels, taps, neurons
    assert activity.operations == activity.spikes[0] * 8 * 2 + activity.spikes[1] * 3


def test_varied_copies_differ_and_are_repeatable(tones, tmp_path, monkeypatch):
    config = parse_config(CONFIG, "test")
    frontend = fit_front_end(tones, config)
    first = np.array(training_features(tones, frontend, config.augment).variants)
    monkeypatch.setenv("EDGESNN_CACHE", str(tmp_path / "elsewhere"))
    again = training_features(tones, frontend, config.augment).variants
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1])


def taught(teacher, **loss):
    """The toy task with a teacher, and with what spikes and silence cost."""
    lesson = {"teacher": teacher, "weight": 0.5, "steps": 0.5}
    prices = {"energy": {"weight": 1e-3}, "silence": {"weight": 1e-2, "clips": 4}}
    values = CONFIG | {"loss": {"distillation": lesson} | prices | loss}
    return parse_config(values | {"optimiser": CONFIG["optimiser"] | {"epochs": 3}}, "test")


def test_a_dense_teacher_teaches_and_runs_repeat(tones, tmp_path):
    dense = {"kind": "dense", "widths": [8, 8], "kernel": 3}
    values = CONFIG | {"model": dense, "loss": {"label_smoothing": 0.1}}
    teacher = train(parse_config(values, "test"), tones, tmp_path / "teacher" / "run", test=False)
    assert teacher.trained is None
    assert teacher.evaluations["validation"].accuracy > 0.9
    assert teacher.history[-1]["firing_rates"] == []
    runs = [
        train(taught(str(tmp_path / "teacher")), tones, tmp_path / name, seed=2, test=False)
        for name in ("one", "two")
    ]
    one, two = ((run.folder / "trained.safetensors").read_bytes() for run in runs)
    assert one == two
    assert without_clock(runs[0].history) == without_clock(runs[1].history)
    twice = train(
        taught([str(tmp_path / "teacher")] * 2), tones, tmp_path / "both", seed=2, test=False
    )
    assert (twice.folder / "trained.safetensors").read_bytes() == one
    cycles = runs[0].history[-1]["predicted_cycles"]
    assert cycles.keys() == {"speech", "silence", "made quiet"}


def test_a_run_starts_from_another(whole, tones, tmp_path):
    again = CONFIG | {"start": {"run": str(whole.folder)}}
    again |= {"optimiser": CONFIG["optimiser"] | {"epochs": 1, "rate": 1e-6, "average": 0.0}}
    second = train(parse_config(again, "test"), tones, tmp_path / "second", test=False)
    assert "testing" not in second.evaluations
    assert second.history[0]["validation_accuracy"] == max(
        line["validation_accuracy"] for line in whole.history
    )


def test_a_pruned_run_keeps_its_widths(whole, copied, tones, tmp_path):
    model = copy.deepcopy(whole.model)
    with torch.no_grad():
        model.hidden[0].bias[2:7] = -1e3
    save_model(model, copied / "best.safetensors")
    again = CONFIG | {"start": {"run": str(copied), "prune": 1e-6}}
    again |= {"optimiser": CONFIG["optimiser"] | {"epochs": 1}}
    second = train(parse_config(again, "test"), tones, tmp_path / "second", test=False)
    echoed = tomllib.loads((second.folder / "config.toml").read_text())
    widths = [layer["width"] for layer in echoed["model"]["hidden"]]
    assert widths == [layer.settings.width for layer in second.model.hidden]
    assert widths == [8, 8]  # seven of twelve may fire, and a tile is eight
    assert parse_config(echoed, "echo").start.prune == 1e-6
    network = lower(load_trained(second.folder / "trained.safetensors"))
    assert [layer.size for layer in network.spiking] == widths


def test_a_run_starts_from_a_smaller_one(whole, tones, tmp_path):
    again = copy.deepcopy(CONFIG) | {"start": {"run": str(whole.folder), "grow": True}}
    again["model"]["hidden"][0]["width"] = 20
    again["model"]["hidden"][1]["taps"] = [0, 1, 4]
    again |= {"optimiser": CONFIG["optimiser"] | {"epochs": 1, "rate": 1e-6, "average": 0.0}}
    second = train(parse_config(again, "test"), tones, tmp_path / "second", test=False)
    assert [layer.settings.width for layer in second.model.hidden] == [20, 8]
    best = max(line["validation_accuracy"] for line in whole.history)
    assert abs(second.history[0]["validation_accuracy"] - best) < 0.05


def test_a_run_lets_silent_neurons_begin_anew(whole, copied, tones, tmp_path):
    model = copy.deepcopy(whole.model)
    with torch.no_grad():
        model.hidden[0].bias[2:7] = -1e3
    save_model(model, copied / "best.safetensors")
    again = CONFIG | {"start": {"run": str(copied)}}
    again |= {"optimiser": CONFIG["optimiser"] | {"epochs": 4, "revive": 2}}
    second = train(parse_config(again, "test"), tones, tmp_path / "second", test=False)
    revived = [line.get("revived") for line in second.history]
    assert [count is not None for count in revived] == [True, False, True, False]
    assert revived[0] >= 5
    assert (second.model.hidden[0].bias > -100).all()


def test_nothing_is_kept_before_the_ramp_ends(tones, tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(
        run_module.checkpoint,
        "save_model",
        lambda model, path: kept.append(save_model(model, path)),
    )
    late = CONFIG | {"loss": {"ramp": 1.0}, "optimiser": CONFIG["optimiser"] | {"epochs": 2}}
    train(parse_config(late, "test"), tones, tmp_path / "late", test=False)
    assert len(kept) == 1
    soon = late | {"loss": {"ramp": 0.5}}
    train(parse_config(soon, "test"), tones, tmp_path / "soon", test=False)
    assert len(kept) >= 2


def test_the_last_network_is_kept_where_asked(tones, tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(
        run_module.checkpoint,
        "save_model",
        lambda model, path: kept.append(copy.deepcopy(model)) or save_model(model, path),
    )
    last = {"optimiser": CONFIG["optimiser"] | {"epochs": 4, "keep": "last"}}
    config = parse_config(CONFIG | last | {"loss": {"ramp": 0.5}}, "test")
    result = train(config, tones, tmp_path / "last", test=False)
    assert len(kept) == 3  # after epochs 2, 3 and 4
    assert torch.equal(result.model.readout.bias, kept[-1].readout.bias)
    assert not torch.equal(result.model.readout.bias, kept[0].readout.bias)
    average = average_of(tmp_path / "last")
    assert torch.equal(average["readout.bias"], kept[-1].readout.bias)
    with pytest.raises(FileFormatError, match="damaged"):
        average_of(tmp_path)


def test_earlier_runs_must_be_there_and_fit(tones, tmp_path):
    with pytest.raises(ConfigError, match=r"loss.distillation.teacher: no training run in .*none"):
        train(taught(str(tmp_path / "none")), tones, tmp_path / "run", test=False)
    other = CONFIG | {"frontend": CONFIG["frontend"] | {"floor": 9000}}
    short = {"optimiser": CONFIG["optimiser"] | {"epochs": 1}}
    train(parse_config(other | short, "test"), tones, tmp_path / "other", test=False)
    with pytest.raises(ConfigError, match="hears through another front-end"):
        train(taught(str(tmp_path / "other")), tones, tmp_path / "run", test=False)
    wide = short | {"model": {"hidden": [{"width": 9}]}, "start": {"run": str(tmp_path / "other")}}
    with pytest.raises(FileFormatError, match="no model of this architecture"):
        train(parse_config(CONFIG | wide, "test"), tones, tmp_path / "run", test=False)


def test_damaged_checkpoint_is_refused(copied, tones):
    config = parse_config(CONFIG, "test")
    path = copied / CHECKPOINT
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(FileFormatError, match="delete it to start the run anew"):
        train(config, tones, copied, seed=3, test=False)
    path.write_bytes(bytes(content[:100]))
    with pytest.raises(FileFormatError, match="damaged"):
        train(config, tones, copied, seed=3, test=False)
    short = parse_config(CONFIG | {"optimiser": CONFIG["optimiser"] | {"epochs": 1}}, "test")
    assert len(train(short, tones, copied, seed=3, resume=False, test=False).history) == 1


def test_device_is_named_or_found():
    assert choose_device("cpu") == "cpu"
    with pytest.raises(UsageError, match="no device 'nonsense'"):
        choose_device("nonsense")


@pytest.mark.parametrize("wanted", [None, "auto", "cuda"])
def test_each_process_of_torchrun_has_a_gpu_of_its_own(wanted, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert choose_device(wanted) == "cuda:1"
