"""The labels' part: cross-entropy of the scores at the end and on the way there."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import cross_entropy

from edgesnn.trainer.loss_settings import LogitSettings, LossSettings


def later_half(logits: Tensor) -> Tensor:
    """The second half of the steps of `(T, B, classes)`: a word has mostly been said by then."""
    return logits[len(logits) // 2 :]


def label_loss(logits: Tensor, targets: Tensor, settings: LossSettings) -> Tensor:
    """`(1 − κ)·CE(z_T, y) + κ·CE(mean of z_t over t ≥ T/2, y)`, `()`; κ is `later_steps`.

    Args:
        logits: float32 `(T, B, classes)`.
        targets: float32 `(B, classes)`, probabilities.
        settings: κ, and the smoothing of the labels.
    """
    smoothing, later = settings.label_smoothing, settings.later_steps
    loss = (1 - later) * cross_entropy(logits[-1], targets, label_smoothing=smoothing)
    if later:
        mean = later_half(logits).mean(0)
        loss = loss + later * cross_entropy(mean, targets, label_smoothing=smoothing)
    return loss


def logit_penalty(logits: Tensor, settings: LogitSettings) -> Tensor:
    """`λ · mean over the batch of ‖z_T‖²`, `()`; λ is `l2`, z_T the scores of the last step.

    Logits regularisation of Louis et al., ICANN 2024 (arXiv 2406.18350): small scores need few
    spikes.
    """
    return settings.l2 * (logits[-1] ** 2).sum(-1).mean()
