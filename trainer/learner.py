"""One optimiser step: a batch through the network, its loss, and what the loss asks of weights.

On a GPU a step of these networks is a thousand launches of a microsecond of work each, and
telling the GPU to do them takes five times as long as doing them. So a step is recorded once, as
a CUDA graph, and replayed: one launch. What changes from step to step (batch, learning rate, rise
of the energy terms, decay of the average) lies in tensors that the graph reads.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from edgesnn.trainer.activity import tally
from edgesnn.trainer.batch import Batch
from edgesnn.trainer.chain import chained, unchained
from edgesnn.trainer.checkpoint import State
from edgesnn.trainer.config import TrainConfig
from edgesnn.trainer.device import has_triton
from edgesnn.trainer.objectives import Objective
from edgesnn.trainer.parallel import ALONE, World
from edgesnn.trainer.schedule import rate_at, set_rate

#: Steps before one is recorded: libraries choose and load their kernels in the first.
WARM_STEPS = 3


class Learned(NamedTuple):
    """What a step found out, on the device.

    Attributes:
        loss, right: loss and number of right answers, `()`.
        tallied: `activity.tally`.
        steps, clips: of the batch.
    """

    loss: Tensor
    right: Tensor
    tallied: Tensor
    steps: int
    clips: int


@dataclass
class Learner:
    """Takes optimiser steps, one after another.

    Attributes:
        state: what is trained; its model on `device`.
        objective: to score batches by.
        config: of the run.
        device: a PyTorch device.
        world: the processes that share each batch.
    """

    state: State
    objective: Objective
    config: TrainConfig
    device: str
    world: World = ALONE

    @property
    def links(self) -> int:
        """Clips that are heard one behind another."""
        return self.config.augment.chain

    def step(self, given: Batch, step: int, steps: int) -> Learned:
        """Learn from this process's part of `given`, as optimiser step `step` of `steps`."""
        batch = self.world.share(given, self.links)
        weight = self.world.weight(len(batch.targets), self.links, len(given.targets))
        set_rate(self.state.optimiser, rate_at(step, steps, self.config.optimiser))
        learned = self._learn(batch.to(self.device), self.objective.after(step / steps), weight)
        self.state.average.update(step)
        return learned

    def _learn(self, batch: Batch, objective: Objective, weight: float = 1.0) -> Learned:
        model = self.state.model
        outcome = unchained(model(chained(batch.features, self.links)), self.links)
        loss = objective(model, outcome, batch)
        self._descend(loss, weight)
        right = (outcome.logits[-1].argmax(1) == batch.targets.argmax(1)).sum()
        steps, clips = outcome.sent.shape[:2]
        return Learned(loss.detach(), right, tally(outcome), steps, clips)

    def _descend(self, loss: Tensor, weight: float) -> None:
        state, clip = self.state, self.config.optimiser.clip
        state.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.world.average_gradients(state.model, weight)
        self.world.average_statistics(state.model)
        # One tensor at a time: a neuron that runs away must not starve all the others.
        gradients = [p.grad for p in state.model.parameters() if p.grad is not None]
        if gradients and gradients[0].is_cuda:
            shorten_together(gradients, clip)
        else:
            for gradient in gradients:
                shorten(gradient, clip)
        state.optimiser.step()


@dataclass
class RecordedLearner(Learner):
    """Records a step on a GPU and replays it; for batches that are all of one shape."""

    def __post_init__(self) -> None:
        self._rise = torch.ones((), device=self.device)
        self._share = torch.ones((), device=self.device)
        self._warm = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._batch: Batch | None = None
        self._learned: Learned | None = None

    def step(self, given: Batch, step: int, steps: int) -> Learned:
        """Learn from `given`, as optimiser step `step` of `steps`."""
        set_rate(self.state.optimiser, rate_at(step, steps, self.config.optimiser))
        self._rise.fill_(self.objective.after(step / steps).rise)
        self._share.fill_(self.state.average.share_at(step))
        if self._batch is None:
            self._batch = given.to(self.device)
        for mine, new in zip(self._batch, given, strict=True):
            mine.copy_(new)
        if self._warm < WARM_STEPS:
            return self._warm_up()
        if self._graph is None:
            self._record()
        assert self._graph is not None
        self._graph.replay()
        assert self._learned is not None
        return self._learned

    def _whole(self) -> Learned:
        assert self._batch is not None
        learned = self._learn(self._batch, replace(self.objective, rise=self._rise))
        self.state.average.take_in(self._share)
        return learned

    def _warm_up(self) -> Learned:
        self._warm += 1
        here, aside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            learned = self._whole()
        here.wait_stream(aside)
        return learned

    def _record(self) -> None:
        """Recording runs nothing; gradients must be made in it, not found there."""
        self.state.optimiser.zero_grad()
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._learned = self._whole()


def make_learner(
    state: State,
    objective: Objective,
    config: TrainConfig,
    device: str,
    world: World = ALONE,
) -> Learner:
    """The fastest that there is for `device`."""
    records = device.startswith("cuda") and has_triton() and world.size == 1
    return (RecordedLearner if records else Learner)(state, objective, config, device, world)


def shorten(gradient: Tensor, longest: float) -> None:
    """Scale `gradient` in place to a norm of at most `longest`.

    Its norm is taken by rows: a sum over all of a large tensor is split among threads, and
    rounds as they are many.
    """
    rows = gradient.reshape(-1, gradient.shape[-1] if gradient.dim() else 1)
    norm = torch.linalg.vector_norm(torch.linalg.vector_norm(rows, dim=1))
    gradient.mul_((longest / (norm + 1e-6)).clamp(max=1.0))


def shorten_together(gradients: list[Tensor], longest: float) -> None:
    """`shorten` each of `gradients`, in a handful of launches for all of them."""
    norms = torch.stack(list(torch._foreach_norm(gradients)))
    torch._foreach_mul_(gradients, list((longest / (norms + 1e-6)).clamp(max=1.0).unbind()))
