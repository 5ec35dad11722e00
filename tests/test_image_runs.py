"""Whole runs of networks that see an image: on sound, on images, with all objectives."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.cli.boundary import run  # noqa: E402
from edgesnn.errors import ConfigError, SettingsWarning, UsageError  # noqa: E402
from edgesnn.network import save_network  # noqa: E402
from edgesnn.pipeline.datasets import Recordings, clips_of  # noqa: E402
from edgesnn.pipeline.lower import lower_file  # noqa: E402
from edgesnn.pipeline.measure import simulate_source  # noqa: E402
from edgesnn.pipeline.train import (  # noqa: E402
    Training,
    prepare,
    require_spiking,
    train_only,
)
from edgesnn.pipeline.verify import verify_source  # noqa: E402
from edgesnn.quantize import lower  # noqa: E402
from edgesnn.sim.engine import Engine  # noqa: E402
from edgesnn.trainer.config import parse_config  # noqa: E402
from edgesnn.trainer.run import train  # noqa: E402

from .data.test_cifar import packed  # noqa: E402
from .test_trainer_run import tones  # noqa: E402, F401

FILTERS = [
    {"filters": 8, "kernel": 7, "stride": 4},
    {"filters": 8},
    {"filters": 8, "shortcut": 2},
]
SPEECH = {
    "name": "tones",
    "frontend": {"fft": 256, "window": 256, "hop": 256, "bands": 8},
    "model": {"kind": "convolutional", "hidden": FILTERS, "gain": 1.0},
    "augment": {"variants": 1, "band_masks": 1, "band_width": 2},
    "optimiser": {"epochs": 6, "batch": 16, "rate": 1e-2, "average": 0.8},
}
IMAGES = """
name = "stripes"

[model]
kind = "convolutional"
gain = 1.0
reset = "subtract"
hidden = [{ filters = 8, stride = 4 }, { filters = 12, stride = 2 }]

[pictures]
shift = 2

[optimiser]
epochs = 3
batch = 50
rate = 2e-2
average = 0.8
"""


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def striped(seed, images):
    """Records of images whose class is a colour and the direction of stripes."""
    random = np.random.default_rng(seed)
    labels = np.arange(images) % 10
    pixels = random.normal(128, 30, (images, 3, 32, 32))
    for image, label in zip(pixels, labels, strict=True):
        stripes = 60 * np.sign(np.sin(np.arange(32) * (0.4 + 0.3 * (label % 3))))
        image[label % 3] += stripes[:, None] if label < 5 else stripes[None, :]
        image[(label + 1) % 3] += 20 * (label - 4.5)
    flat = np.clip(pixels, 0, 255).astype(np.uint8).reshape(images, -1)
    return np.concatenate([labels[:, None].astype(np.uint8), flat], axis=1)


@pytest.fixture
def stripes(tmp_path, monkeypatch):
    """A folder with a made-up CIFAR-10, and a configuration for it."""
    monkeypatch.setenv("EDGESNN_CACHE", str(tmp_path / "cache"))
    names = [f"data_batch_{n}.bin" for n in range(1, 6)]
    files = {name: striped(n, 200).tobytes() for n, name in enumerate(names)}
    files["test_batch.bin"] = striped(9, 100).tobytes()
    packed(tmp_path / "cifar-10-binary.tar.gz", files)
    monkeypatch.setenv("EDGESNN_DATA", str(tmp_path))
    (tmp_path / "stripes.toml").write_text(IMAGES)
    return tmp_path


def test_images_from_the_archive_to_the_integer_network(stripes):
    config, folder = str(stripes / "stripes.toml"), stripes / "build"
    record = train_only(Training(Recordings("cifar10"), config), folder)
    assert float(record["testing_accuracy"]) > 0.4  # chance is 0.1
    lower_file(folder, None)
    report, heard = simulate_source(folder)
    assert heard.features.shape == (100, 4, 3072)
    assert report.accuracy is not None
    assert f"{report.accuracy.share:.4f}" == record["testing_accuracy"]
    rungs = verify_source(folder, ("numpy", "pytorch", "host"), clips=4, emulated_clips=2).rungs
    assert [rung.status for rung in rungs] == ["agrees"] * 3
    (line, *_) = (folder / "run" / "log.jsonl").read_text().splitlines()
    assert set(json.loads(line)["predicted_cycles"]) == {"images"}


def test_streaming_networks_do_not_see_images(stripes):
    with pytest.raises(ConfigError, match="holds images, which a spiking model cannot see"):
        train_only(Training(Recordings("cifar10"), "synthetic"), stripes / "build")
    with pytest.raises(UsageError, match="ten classes of its own"):
        train_only(Training(Recordings("cifar10", "yes,no")), stripes / "build")


def test_a_network_that_is_not_told_how_images_vary_says_so(stripes, capsys):
    plain = IMAGES.replace("[pictures]\nshift = 2\n", "").replace("epochs = 3", "epochs = 1")
    (stripes / "plain.toml").write_text(plain)
    command = ["train", "--dataset", "cifar10", "-o", str(stripes / "run")]
    assert run([*command, "--config", str(stripes / "plain.toml"), "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["epochs"] == "1"
    assert printed.err.startswith("edgesnn: warning: stripes does not say how images are varied")
    assert printed.err.count("\n") == 1
    told = ("pictures={mirror=true}",)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(Training(Recordings("cifar10"), str(stripes / "plain.toml"), changes=told))


def test_a_network_for_images_that_is_given_sound_says_so():
    with pytest.warns(
        SettingsWarning, match=r"synthetic holds sound: its \[pictures\] does nothing"
    ):
        prepare(Training(Recordings("synthetic"), "vgg11"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepare(Training(Recordings("synthetic"), "resnet8"))


TEACHER = SPEECH | {
    "model": {"kind": "dense", "widths": [8, 12], "kernel": 5},
    "optimiser": {"epochs": 2, "batch": 16},
}
EVERYTHING = {
    "distillation": {"weight": 0.5, "steps": 0.5},
    "activations": {"l1": 0.05, "l2": 0.05, "layers": [1.0, 2.0, 0.5]},
    "logits": {"l2": 1e-4},
    "activity": 0.1,
    "firing": 0.1,
    "energy": {"weight": 1e-5},
    "silence": {"weight": 1e-5, "clips": 4},
}


def test_speech_with_all_objectives_is_the_integer_network(tones, tmp_path):  # noqa: F811
    train(parse_config(TEACHER, "test"), tones, tmp_path / "teacher", test=False)
    loss = EVERYTHING | {
        "distillation": EVERYTHING["distillation"] | {"teacher": str(tmp_path / "teacher")}
    }
    result = train(parse_config(SPEECH | {"loss": loss}, "test"), tones, tmp_path / "run")
    accuracy = result.evaluations["testing"].accuracy
    assert accuracy > 0.6  # chance is 0.33
    assert {"speech", "silence", "made quiet"} == set(result.history[0]["predicted_cycles"])
    network = lower(result.trained)
    heard = clips_of(network, tones, "testing")
    decisions = Engine(network).run(heard.features).decisions(network)
    assert float(np.mean(decisions == heard.labels)) == pytest.approx(accuracy)
    save_network(network, tmp_path / "tones.esnn")


def test_a_float_network_is_for_comparison(tones, tmp_path):  # noqa: F811
    config = parse_config(SPEECH | {"model": SPEECH["model"] | {"bits": "float"}}, "test")
    result = train(config, tones, tmp_path / "run")
    assert result.trained is None
    assert result.evaluations["testing"].accuracy > 0.6
    again = train(config, tones, tmp_path / "run")  # goes on behind the last epoch
    assert again.history == result.history
    assert again.evaluations["testing"].summary() == result.evaluations["testing"].summary()
    with pytest.raises(UsageError, match=r"set model\.bits to 8, 4 or 2"):
        require_spiking(config)


def test_a_teacher_of_other_steps_is_asked_at_the_end_alone(tones, tmp_path):  # noqa: F811
    streaming = SPEECH | {"model": {"hidden": [{"width": 8}]}}
    streaming |= {"optimiser": {"epochs": 1, "batch": 16}}
    train(parse_config(streaming, "test"), tones, tmp_path / "teacher", test=False)
    asked = {"weight": 0.5, "teacher": str(tmp_path / "teacher"), "steps": 0.5}
    given = SPEECH | {"optimiser": {"epochs": 1, "batch": 16}}
    with pytest.raises(ConfigError, match="has other steps"):
        train(
            parse_config(given | {"loss": {"distillation": asked}}, "test"), tones, tmp_path / "r"
        )
    asked["steps"] = 0.0
    train(parse_config(given | {"loss": {"distillation": asked}}, "test"), tones, tmp_path / "r")
