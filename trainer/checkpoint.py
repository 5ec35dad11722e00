"""Checkpoints: everything that the next epoch depends on, in safetensors, never pickled.

Random numbers need no place in it: each epoch draws from generators seeded by run and epoch.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from edgesnn.errors import FileFormatError
from edgesnn.files import write_atomic
from edgesnn.trainer.average import Average
from edgesnn.trainer.layers import RESTING
from edgesnn.trainer.model import Spotter

CHECKPOINT = "checkpoint.safetensors"


@dataclass
class State:
    """A run between two epochs.

    Attributes:
        model: being trained.
        average: its moving average.
        optimiser: with its moments.
        epoch: epochs done.
        key: of the configuration, data and seed; another one does not resume.
        history: one line of the log an epoch.
    """

    model: Spotter
    average: Average
    optimiser: torch.optim.Optimizer
    epoch: int
    key: str
    history: list[dict[str, Any]]


def save(state: State, folder: Path) -> None:
    """Write the checkpoint, whole or not at all."""
    tensors = {f"model.{k}": v for k, v in state.model.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in state.average.model.state_dict().items()}
    for index, moments in state.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v) for k, v in moments.items()}
    whole = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    facts = {"epoch": state.epoch, "key": state.key, "history": state.history}
    digest = _digest(whole)
    text = json.dumps(facts | {"digest": digest}, sort_keys=True)
    write_atomic(folder / CHECKPOINT, save_tensors(whole, {"edgesnn": text}))


def restore(state: State, folder: Path) -> bool:
    """Bring `state` to the folder's checkpoint; false where there is none for this run.

    Raises:
        FileFormatError: the checkpoint is damaged.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return False
    tensors, facts = _read(path)
    if facts["key"] != state.key:
        return False
    state.model.load_state_dict(_under("model.", tensors))
    state.average.model.load_state_dict(_under("average.", tensors))
    _restore_optimiser(state.optimiser, _under("optimiser.", tensors))
    state.epoch, state.history = facts["epoch"], facts["history"]
    return True


def average_of(folder: Path) -> dict[str, Tensor]:
    """The moving average after the last whole epoch of the run in `folder`, as a state dict.

    Raises:
        FileFormatError: there is no checkpoint, or it is damaged.
    """
    return _under("average.", _read(folder / CHECKPOINT)[0])


def run_key(facts: dict[str, Any]) -> str:
    """A digest of what decides a run."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


def _restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".", 1)
        moments.setdefault(int(index), {})[key] = tensor
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": moments, "param_groups": groups})


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    damaged = FileFormatError(f"checkpoint {path} is damaged; delete it to start the run anew")
    try:
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        facts = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["edgesnn"])
        tensors = load_tensors(content)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError):
        raise damaged from None
    if facts.get("digest") != _digest(tensors):
        raise damaged
    return tensors, facts


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()


def save_model(model: nn.Module, path: Path) -> None:
    """Write a model's tensors, whole or not at all."""
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in model.state_dict().items()}
    write_atomic(path, save_tensors(tensors))


def load_model(model: nn.Module, path: Path) -> None:
    """Read what `save_model` wrote into `model`.

    What a layer knows of silence stays as it is where the file does not have it, and is left out
    where the model has no use for it: a network may be asked to rest later on.

    Raises:
        FileFormatError: the file is missing, damaged, or of another architecture.
    """
    try:
        tensors = load_tensors(path.read_bytes())
        known = {k: v for k, v in model.state_dict().items() if k.endswith(RESTING)}
        kept = {k: v for k, v in tensors.items() if k in known or not k.endswith(RESTING)}
        model.load_state_dict(known | kept)
    except (OSError, RuntimeError, SafetensorError):
        raise FileFormatError(f"{path} is no model of this architecture; train again") from None
