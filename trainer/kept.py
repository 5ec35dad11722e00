"""Which epoch's network a run keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edgesnn.trainer.config import TrainConfig

Line = Mapping[str, Any]


def pays_in_full(config: TrainConfig, epoch: int) -> bool:
    """Whether after `epoch`, counted from 1, energy has its whole weight: only then to be kept."""
    return epoch >= config.loss.ramp * config.optimiser.epochs


def kept_line(config: TrainConfig, history: Sequence[Line]) -> Line | None:
    """The line of the log whose network a run with this `history` keeps; None before there is one.

    The best on validation, the later of equals, or the last (`optimiser.keep`); of the epochs
    after the ramp.
    """
    eligible = [line for line in history if pays_in_full(config, line["epoch"])]
    if config.optimiser.keep == "last":
        return eligible[-1] if eligible else None
    return max(
        eligible, key=lambda line: (line["validation_accuracy"], line["epoch"]), default=None
    )
