"""One pass over the training split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgesnn.progress import track
from edgesnn.trainer.activity import Activity, count
from edgesnn.trainer.checkpoint import State
from edgesnn.trainer.config import TrainConfig
from edgesnn.trainer.features import FeatureSet
from edgesnn.trainer.masking import mix, vary_batch
from edgesnn.trainer.objective import loss_of
from edgesnn.trainer.schedule import rate_at, set_rate


def train_epoch(
    state: State, training: FeatureSet, config: TrainConfig, seed: int, device: str
) -> dict[str, Any]:
    """Train epoch `state.epoch`; random numbers depend on `seed` and the epoch alone.

    Returns:
        Mean loss, training accuracy and activity, as a line of the log.
    """
    model = state.model
    model.train()
    torch.manual_seed(seed * 100_003 + state.epoch)
    random = np.random.default_rng((seed, state.epoch))
    batches = training.clips // min(config.optimiser.batch, training.clips)
    step, steps = state.epoch * batches, config.optimiser.epochs * batches
    total, right, activity = 0.0, 0, None
    title = f"epoch {state.epoch + 1} of {config.optimiser.epochs}"
    classes = model.readout.synapses.weight.shape[0]
    for features, targets in track(
        _batches(training, config, state.epoch + seed, classes, random), title, batches
    ):
        set_rate(state.optimiser, rate_at(step, steps, config.optimiser))
        outcome = model(features.to(device))
        loss = loss_of(model, outcome, targets.to(device), config.loss)
        _step(state, loss, config.optimiser.clip)
        state.average.update(model, step)
        step += 1
        total += float(loss.detach())
        right += int((outcome.logits[-1].argmax(1).cpu() == targets.argmax(1)).sum())
        part = count(model, outcome)
        activity = part if activity is None else activity + part
    return _line(total / batches, right, activity)


def _batches(
    training: FeatureSet,
    config: TrainConfig,
    variant: int,
    classes: int,
    random: np.random.Generator,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Shuffled batches: int8 `(T, B, channels)`, float32 `(B, classes)`; the rest is left out."""
    size = min(config.optimiser.batch, training.clips)
    clips = training.variant(variant)
    order = random.permutation(training.clips)
    for first in range(0, training.clips - size + 1, size):
        chosen = np.sort(order[first : first + size])
        varied = vary_batch(clips[chosen], config.augment, random)
        labels = training.labels[chosen]
        mixed, targets = mix(varied, labels, classes, config.augment.mixup, random)
        frames = np.ascontiguousarray(mixed.transpose(1, 0, 2))
        yield torch.from_numpy(frames), torch.from_numpy(targets)


def _step(state: State, loss: Tensor, clip: float) -> None:
    state.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    for parameter in state.model.parameters():
        # One tensor at a time: a neuron that runs away must not starve all the others.
        torch.nn.utils.clip_grad_norm_(parameter, clip)
    state.optimiser.step()


def _line(loss: float, right: int, activity: Activity | None) -> dict[str, Any]:
    assert activity is not None
    figures = {f"training_{name}": value for name, value in activity.summary().items()}
    return {"loss": round(loss, 5), "training_accuracy": round(right / activity.clips, 5)} | figures
