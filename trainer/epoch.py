"""One pass over the training split."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from edgesnn.progress import track
from edgesnn.trainer.activity import Activity, count
from edgesnn.trainer.batch import Material, batch_count, batches
from edgesnn.trainer.chain import chained, unchained
from edgesnn.trainer.checkpoint import State
from edgesnn.trainer.config import TrainConfig
from edgesnn.trainer.objectives import Objective
from edgesnn.trainer.parallel import ALONE, World
from edgesnn.trainer.schedule import rate_at, set_rate


def train_epoch(
    state: State,
    material: Material,
    objective: Objective,
    config: TrainConfig,
    seed: int,
    device: str,
    world: World = ALONE,
) -> dict[str, Any]:
    """Train epoch `state.epoch`; random numbers depend on `seed` and the epoch alone.

    Returns:
        Mean loss, training accuracy and activity, as a line of the log; where several processes
        share the batches, of this one's part.
    """
    model = state.model
    model.train()
    torch.manual_seed(seed * 100_003 + state.epoch)
    random = np.random.default_rng((seed, state.epoch))
    count_of = batch_count(material, config)
    links = config.augment.chain
    step, steps = state.epoch * count_of, config.optimiser.epochs * count_of
    total, right, activity = 0.0, 0, None
    title = f"epoch {state.epoch + 1} of {config.optimiser.epochs}"
    drawn = batches(material, config, state.epoch + seed, random)
    for given in track(drawn, title, count_of):
        batch = world.share(given, links).to(device)
        set_rate(state.optimiser, rate_at(step, steps, config.optimiser))
        outcome = unchained(model(chained(batch.features, links)), links)
        loss = objective.after(step / steps)(model, outcome, batch)
        part_of = world.weight(len(batch.targets), links, len(given.targets))
        _step(state, loss, config.optimiser.clip, world, part_of)
        state.average.update(step)
        step += 1
        total += float(loss.detach())
        right += int((outcome.logits[-1].argmax(1) == batch.targets.argmax(1)).sum())
        part = count(model, outcome)
        activity = part if activity is None else activity + part
    return _line(total / count_of, right, activity)


def _step(state: State, loss: Tensor, clip: float, world: World, weight: float) -> None:
    state.optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    world.average_gradients(state.model, weight)
    world.average_statistics(state.model)
    for parameter in state.model.parameters():
        # One tensor at a time: a neuron that runs away must not starve all the others.
        if parameter.grad is not None:
            shorten(parameter.grad, clip)
    state.optimiser.step()


def shorten(gradient: Tensor, longest: float) -> None:
    """Scale `gradient` in place to a norm of at most `longest`.

    Its norm is taken by rows: a sum over all of a large tensor is split among threads, and
    rounds as they are many.
    """
    rows = gradient.reshape(-1, gradient.shape[-1] if gradient.dim() else 1)
    norm = torch.linalg.vector_norm(torch.linalg.vector_norm(rows, dim=1))
    gradient.mul_((longest / (norm + 1e-6)).clamp(max=1.0))


def _line(loss: float, right: int, activity: Activity | None) -> dict[str, Any]:
    assert activity is not None
    figures = {f"training_{name}": value for name, value in activity.summary().items()}
    return {"loss": round(loss, 5), "training_accuracy": round(right / activity.clips, 5)} | figures
