"""The input's encodings of docs/SPEC.md §2: direct, and delta as sample-and-hold."""

from __future__ import annotations

import torch
from torch import Tensor

from edgesnn.trainer import device


def sample_and_hold(features: Tensor, delta: int | None) -> tuple[Tensor, Tensor]:
    """What the synapses see, float32, and which channels were sent, bool; both `(T, B, channels)`.

    Args:
        features: int8 `(T, B, channels)`.
        delta: a channel is sent when it differs from what was sent last by more than this;
            None for the direct encoding, which sends everything.
    """
    x = features.float()
    if delta is None:
        return x, torch.ones_like(features, dtype=torch.bool)
    if device.is_fused(x):
        return device.sample_and_hold(x, delta)
    held = torch.zeros_like(x[0])
    seen, sent = [], []
    for frame in x:
        moved = (frame - held).abs() > delta
        held = torch.where(moved, frame, held)
        seen.append(held)
        sent.append(moved)
    return torch.stack(seen), torch.stack(sent)
