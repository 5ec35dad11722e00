"""The sum of the objectives that a configuration asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor, nn

from edgesnn.trainer.batch import Batch
from edgesnn.trainer.costs import fan_out, spike_cycles, waking_cycles
from edgesnn.trainer.dense import DenseSpotter
from edgesnn.trainer.loss_settings import CostSettings, LossSettings
from edgesnn.trainer.model import SpikingModel, Spotter
from edgesnn.trainer.objectives.activations import activation_penalty, spike_share
from edgesnn.trainer.objectives.distillation import distillation_loss
from edgesnn.trainer.objectives.energy import spike_energy
from edgesnn.trainer.objectives.false_accepts import false_accept_loss
from edgesnn.trainer.objectives.labels import label_loss, logit_penalty
from edgesnn.trainer.response import Outcome


@dataclass(frozen=True)
class Objective:
    """What a batch is scored by.

    Attributes:
        settings: weights of the terms.
        costs: of the core, for the energy terms.
        step_s: seconds of a time step.
        teacher: of the distillation, or None.
        keywords: which classes a detector may detect; none are where it is empty.
        rise: factor of the energy terms, 0 … 1.
    """

    settings: LossSettings
    costs: CostSettings
    step_s: float
    teacher: nn.Module | None = None
    keywords: tuple[bool, ...] = ()
    rise: float | Tensor = 1.0

    def __call__(self, model: Spotter, outcome: Outcome, batch: Batch) -> Tensor:
        """The loss `()`: the sum of `terms`."""
        return torch.stack(list(self.terms(model, outcome, batch).values())).sum()

    def terms(self, model: Spotter, outcome: Outcome, batch: Batch) -> dict[str, Tensor]:
        """`(1 − α)·L_labels + α·L_teacher + λ_F·F + λ_A·A + λ_R·R + activations + logits + λ_E·E
        + λ_S·S`.

        F is `false_accept_loss`, A and R are `spike_share` with fan-out and without, E is
        `spike_energy` over all clips, S over those in which nothing is said; λ_E and λ_S rise over
        the ramp. Terms that weigh nothing are left out.
        """
        wanted, traces = self.settings, outcome.layers
        taught = wanted.distillation.weight if self.teacher is not None else 0.0
        terms = {"labels": (1 - taught) * label_loss(outcome.logits, batch.targets, wanted)}
        if taught:
            scores = distillation_loss(outcome.logits, self._asked(batch), wanted.distillation)
            terms["distillation"] = taught * scores
        terms |= self._at_worst(outcome, batch)
        if isinstance(model, DenseSpotter):
            return terms | self._of_logits(outcome)
        if wanted.activity:
            terms["activity"] = wanted.activity * spike_share(traces, fan_out(model))
        if wanted.firing:
            terms["firing"] = wanted.firing * spike_share(traces, [1] * len(traces))
        if wanted.activations.l1 or wanted.activations.l2:
            terms["activations"] = activation_penalty(traces, wanted.activations)
        return terms | self._of_logits(outcome) | self._energies(model, outcome, batch)

    def _at_worst(self, outcome: Outcome, batch: Batch) -> dict[str, Tensor]:
        weight = self.settings.false_accepts.weight
        if not weight or not any(self.keywords):
            return {}
        keywords = _on(batch.targets.device, self.keywords)
        said, before = _said(batch.targets), _said(batch.before)
        loss = false_accept_loss(outcome.logits, said, before, keywords)
        return {"false accepts": weight * loss}

    def _of_logits(self, outcome: Outcome) -> dict[str, Tensor]:
        if not self.settings.logits.l2:
            return {}
        return {"logits": logit_penalty(outcome.logits, self.settings.logits)}

    def _energies(self, model: SpikingModel, outcome: Outcome, batch: Batch) -> dict[str, Tensor]:
        always, silent = self.settings.energy.weight, self.settings.silence.weight
        seconds, costs = len(outcome.logits) * self.step_s, self.costs
        terms = {}
        if always:
            cycles = spike_cycles(model, costs)
            energy = spike_energy(outcome.layers, cycles, costs, seconds)
            terms["energy"] = self.rise * always * energy.mean()
        if silent and (batch.quiet.is_cuda or bool(batch.quiet.any())):
            cycles = waking_cycles(model, costs)
            energy = spike_energy(outcome.layers, cycles, costs, seconds)
            terms["silence"] = self.rise * silent * _mean_of(energy, batch.quiet)
        return terms

    def after(self, share: float) -> Objective:
        """The objective when `share` of the training is done: energies rise, from nothing."""
        ramp = self.settings.ramp
        return replace(self, rise=min(1.0, share / ramp) if ramp else 1.0)

    @torch.no_grad()
    def _asked(self, batch: Batch) -> Tensor:
        assert self.teacher is not None
        logits: Tensor = self.teacher(batch.features).logits
        return logits


@cache
def _on(device: torch.device, keywords: tuple[bool, ...]) -> Tensor:
    """`keywords` on a device, sent there once."""
    return torch.tensor(keywords, device=device)


def _mean_of(values: Tensor, chosen: Tensor) -> Tensor:
    """The mean `()` of those of `values` `(B,)` that are `chosen`; on a GPU 0 of none."""
    if values.is_cuda:  # to pick them out is to wait until it is known how many there are
        return (values * chosen).sum() / chosen.sum().clamp(min=1)
    return values[chosen].mean()


def _said(targets: Tensor) -> Tensor:
    """Which classes a clip holds, bool: those with more than their share of `(B, classes)`."""
    return targets > 1.5 / targets.shape[1]
