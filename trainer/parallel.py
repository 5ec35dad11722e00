"""Training in several processes that `torchrun` started, each with a part of every batch.

Data parallelism (Li et al., "PyTorch Distributed", VLDB 2020), without its buckets: networks for a
microcontroller have so few weights that one message a step carries them all. All processes draw
the same batches, keep the same model, and validate alike; whoever comes first on a machine writes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, nn
from torch import distributed as dist

from edgesnn.errors import UsageError
from edgesnn.trainer.batch import Batch

#: How long one process waits for another: the first one makes the features for all.
PATIENCE = timedelta(hours=3)


@dataclass(frozen=True)
class World:
    """The processes of a run and this one's place among them.

    Attributes:
        rank: of this process, from 0.
        size: how many there are.
        local: rank among those of this machine.
        device: that its messages travel from.
    """

    rank: int = 0
    size: int = 1
    local: int = 0
    device: str = "cpu"

    @property
    def writes(self) -> bool:
        """Whether this process writes the run's files on its machine."""
        return self.local == 0

    def share(self, batch: Batch, links: int) -> Batch:
        """This process's chains of `links` clips out of a batch.

        Raises:
            UsageError: a batch has fewer chains than there are processes.
        """
        if self.size == 1:
            return batch
        chains = batch.targets.shape[0] // links
        if chains < self.size:
            raise UsageError(
                f"a batch has {chains} clips or chains for {self.size} processes; start fewer, or "
                "raise optimiser.batch"
            )
        columns = torch.arange(chains * links).reshape(links, chains)[:, self.rank :: self.size]
        chosen = columns.flatten()
        features, *labels = batch
        return Batch(features[:, chosen], *(each[chosen] for each in labels))

    def weight(self, mine: int, links: int, clips: int) -> float:
        """What this process's mean counts in the mean of means, if it has `mine` of `clips`."""
        return self.size * mine / (clips // links * links)

    def average_gradients(self, model: nn.Module, weight: float) -> None:
        """Give all processes the mean of their gradients, each times its `weight`."""
        if self.size > 1:
            gradients = [p.grad for p in model.parameters() if p.grad is not None]
            _average(gradients, weight / self.size)

    def average_statistics(self, model: nn.Module) -> None:
        """Give all processes the mean of their running statistics."""
        if self.size > 1:
            _average([b for b in model.buffers() if b.is_floating_point()], 1 / self.size)

    @contextlib.contextmanager
    def first_of_machine(self) -> Iterator[None]:
        """Run the block in the first process of a machine, then in the others."""
        if self.size > 1 and self.local > 0:
            dist.barrier()
        yield
        if self.size > 1 and self.local == 0:
            dist.barrier()

    def require_same(self, epoch: int) -> None:
        """Raise UsageError where the processes begin after different epochs."""
        if self.size == 1:
            return
        ends = torch.tensor([epoch, -epoch], device=self.device)
        dist.all_reduce(ends, dist.ReduceOp.MAX)
        if ends[0] != -ends[1]:
            raise UsageError(
                f"the machines' checkpoints are of epochs {-int(ends[1])} to {int(ends[0])}; copy "
                "one run folder to all of them, or give --fresh"
            )

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            dist.barrier()


ALONE = World()


@torch.no_grad()
def _average(tensors: Iterable[Tensor], weight: float) -> None:
    """Sum each of `tensors` times `weight` over all processes, in one message."""
    every = list(tensors)
    if not every:
        return
    flat = torch.cat([each.flatten() for each in every]).mul_(weight)
    dist.all_reduce(flat)
    parts = torch.split(flat, [each.numel() for each in every])
    for each, mean in zip(every, parts, strict=True):
        each.copy_(mean.view_as(each))


def local_rank() -> int | None:
    """This process's number on its machine where `torchrun` started it, else None."""
    text = os.environ.get("LOCAL_RANK")
    return int(text) if text is not None else None


@contextlib.contextmanager
def joined(device: str) -> Iterator[World]:
    """The processes that `torchrun` started together, or this one alone.

    Raises:
        UsageError: this PyTorch cannot talk between processes, or they do not find each other.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World()
        return
    if not dist.is_available():
        raise UsageError("this PyTorch has no torch.distributed; run edgesnn without torchrun")
    backend = "nccl" if device.startswith("cuda") else "gloo"
    if backend == "nccl":
        torch.cuda.set_device(device)
    try:
        dist.init_process_group(backend, timeout=PATIENCE)
    except (ValueError, RuntimeError) as error:
        raise UsageError(f"cannot join {size} processes: {str(error).splitlines()[0]}") from None
    try:
        yield World(dist.get_rank(), dist.get_world_size(), local_rank() or 0, device)
    finally:
        dist.destroy_process_group()
