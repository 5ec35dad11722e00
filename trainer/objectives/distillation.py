"""Knowledge distillation: the scores of another network as soft labels.

G. Hinton, O. Vinyals, J. Dean, "Distilling the Knowledge in a Neural Network", 2015
(arXiv 1503.02531). That it makes spiking networks quieter was found by Louis et al., ICANN 2024
(arXiv 2406.18350).
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import kl_div, log_softmax

from edgesnn.trainer.loss_settings import DistillationSettings
from edgesnn.trainer.objectives.labels import later_half


def divergence(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """`T² · mean of KL(softmax(teacher/T) ‖ softmax(student/T))` over all rows, `()`.

    T² keeps the gradients' size whatever the temperature (Hinton et al., section 2).

    Args:
        student, teacher: float32 `(…, classes)`, scores; they broadcast.
        temperature: T, above 0.
    """
    student, teacher = student / temperature, (teacher / temperature).expand_as(student)
    rows = kl_div(
        log_softmax(student, -1), log_softmax(teacher, -1), reduction="none", log_target=True
    )
    return temperature**2 * rows.sum(-1).mean()


def distillation_loss(student: Tensor, teacher: Tensor, settings: DistillationSettings) -> Tensor:
    """`(1 − σ)·D(z_T, z'_T) + σ·mean of D(z_t, z'_t) over t ≥ T/2`, `()`; σ is `steps`.

    D is `divergence`. A teacher with scores for the whole clip alone has one step, which stands
    for all of them.

    Args:
        student: float32 `(T, B, classes)`.
        teacher: float32 `(T, B, classes)` or `(1, B, classes)`, without gradient.
        settings: temperature and σ.
    """
    warm, share = settings.temperature, settings.steps
    loss = (1 - share) * divergence(student[-1], teacher[-1], warm)
    if share:
        asked = teacher if len(teacher) == 1 else later_half(teacher)
        loss = loss + share * divergence(later_half(student), asked, warm)
    return loss
