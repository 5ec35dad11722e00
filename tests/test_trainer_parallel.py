"""Training in two processes, started by torchrun on this machine's processor cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")
safetensors = pytest.importorskip("safetensors.torch")
if not torch.distributed.is_available():
    pytest.skip("this PyTorch has no torch.distributed", allow_module_level=True)

from edgesnn.cli.boundary import run  # noqa: E402
from edgesnn.errors import UsageError  # noqa: E402
from edgesnn.trainer.batch import Batch  # noqa: E402
from edgesnn.trainer.parallel import World  # noqa: E402

from .made_up_words import write_words  # noqa: E402

CONFIG = """
name = "beeps"

[model]
normalise = {normalise}
hidden = [{{ width = 16 }}, {{ width = 8 }}]

[augment]
variants = 0

[loss.silence]
clips = 0

[optimiser]
epochs = {epochs}
batch = 8
"""


@pytest.fixture
def words(tmp_path, monkeypatch):
    """A folder with two made-up words."""
    monkeypatch.setenv("EDGESNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EDGESNN_DATA", raising=False)
    write_words(tmp_path / "words")
    return tmp_path


def arguments(place: Path, output: str, **settings: object) -> list[str]:
    """Of the command line."""
    values = {"normalise": "true", "epochs": 2} | settings
    (place / "beeps.toml").write_text(CONFIG.format(**values))
    return ["train", "--dataset", "words", "--config", "beeps.toml", "-o", output, "--json"]


def train_in_two(place: Path, output: str, **settings: object) -> str:
    """Train with the command line, in two processes; returns their standard output."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", "-m", "edgesnn", *arguments(place, output, **settings)]
    path = os.pathsep.join(filter(None, sys.path))
    environment = os.environ | {"PYTHONPATH": path, "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tensors(place: Path, output: str) -> dict[str, torch.Tensor]:
    return dict(safetensors.load_file(place / output / "run" / "checkpoint.safetensors"))


def test_two_processes_take_the_steps_of_one(words, monkeypatch, capsys):
    # Without batch statistics, which are each process's own, only the order of sums differs.
    monkeypatch.chdir(words)
    assert run(arguments(words, "one", normalise="false", epochs=1)) == 0, capsys.readouterr().err
    out = train_in_two(words, "two", normalise="false", epochs=1)
    assert json.loads(out)["name"] == "beeps", "one document, from the first process"
    one, two = tensors(words, "one"), tensors(words, "two")
    for name, value in one.items():
        if name.startswith("model."):
            torch.testing.assert_close(two[name], value, rtol=1e-3, atol=1e-4)


def test_two_processes_agree_and_repeat(words):
    outputs = [train_in_two(words, name) for name in ("first", "second")]
    notes = [{k: v for k, v in json.loads(o).items() if k not in ("run", "next")} for o in outputs]
    assert notes[0] == notes[1]
    first, second = tensors(words, "first"), tensors(words, "second")
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_shares_are_whole_chains_and_cover_the_batch():
    clips, links = 14, 2
    labels = torch.arange(clips, dtype=torch.float32)
    batch = Batch(labels.expand(5, clips)[:, :, None], labels[:, None], labels > 3, labels[:, None])
    shares = [World(rank, 3).share(batch, links) for rank in range(3)]
    heard = sorted(int(x) for share in shares for x in share.targets[:, 0])
    assert heard == list(range(clips))
    for share in shares:
        half = len(share.targets) // links
        first, last = share.targets[:half, 0], share.targets[half:, 0]
        assert torch.equal(first + clips // links, last), "a chain stays together"
        assert torch.equal(share.features[0, :, 0], share.targets[:, 0])
    weights = [World(r, 3).weight(len(s.targets), links, clips) for r, s in enumerate(shares)]
    assert sum(weights) == pytest.approx(3)
    with pytest.raises(UsageError, match="start fewer"):
        World(0, 8).share(batch, links)
