"""What is minimised: one table an objective, each off until its weight is set.

The equations are in `edgesnn.trainer.objectives` and docs/TRAINING.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edgesnn.trainer.settings import NotNegative, Positive, Settings, Share


class DistillationSettings(Settings):
    """Knowledge distillation from the network in the run folder `teacher`, or from several.

    Several teachers answer with the mean of their scores. `weight` is α, the teacher's share
    against the labels', `temperature` T; `steps` is the share of the teacher that is asked at each
    step of the later half, not at the last alone.
    """

    teacher: str | list[str] = ""
    weight: Share = 0.0
    temperature: Positive = 2.0
    steps: Share = 0.0

    @model_validator(mode="after")
    def _somebody_teaches(self) -> DistillationSettings:
        if self.weight and not self.teacher:
            raise ValueError("weight needs a teacher: the folder of a training run")
        return self

    @property
    def teachers(self) -> list[str]:
        """The folders named by `teacher`."""
        return [self.teacher] if isinstance(self.teacher, str) else self.teacher


class ActivationSettings(Settings):
    """Regularisation of spike counts, by `l1` or `l2` of each layer's firing rates.

    `layers` weighs the layers, all alike where empty; rates up to `target` cost nothing.
    """

    l1: NotNegative = 0.0
    l2: NotNegative = 0.0
    target: Share = 0.0
    layers: list[NotNegative] = Field(default=[])


class LogitSettings(Settings):
    """Regularisation of the scores by their squared L2 norm."""

    l2: NotNegative = 0.0


class EnergySettings(Settings):
    """What spikes cost on the core, `weight` a microjoule and second of sound."""

    weight: NotNegative = 0.0


class FalseAcceptSettings(Settings):
    """The lead of a wrong keyword at the step where it is largest, as a detector sees it."""

    weight: NotNegative = 0.0


class SilenceSettings(Settings):
    """What spikes cost while nothing is said, `weight` a microjoule and second.

    `clips` made ones (digital silence, hum, noise) join each batch, as silence where it is a class.
    """

    weight: NotNegative = 0.0
    clips: Annotated[int, Field(ge=0, le=4096)] = 0


class CostSettings(Settings):
    """What the kernels of a core cost, cycles; the energy of a cycle, picojoules.

    `mac` serves a synapse of the analog input, `ac8` … `ac2` one that carries a spike, by weight
    bits; `leaky` and `adaptive` update a neuron; `channel` encodes an input channel, both once a
    step. Defaults: Cortex-M4, the planned costs of the event-driven kernels; a Nucleo-L4R5ZI at
    1.8 V (MLPerf Tiny v1.2, 352 pJ).
    """

    core: Literal["m0plus", "m3", "m4", "m7", "m33"] = "m4"
    mac: NotNegative = 0.8
    ac8: NotNegative = 1.0
    ac4: NotNegative = 0.55
    ac2: NotNegative = 0.55
    leaky: NotNegative = 5.0
    adaptive: NotNegative = 8.0
    channel: NotNegative = 4.0
    picojoules: Positive = 352.0


class LossSettings(Settings):
    """Cross-entropy at the last step and over the later half, and the objectives beside it.

    Over the share `ramp` of the training the weights of energy and silence rise from 0: paid for
    from the start, neurons die before they have learned what they are for.
    """

    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    later_steps: Share = 0.3
    activity: NotNegative = 0.0
    firing: NotNegative = 0.0
    distillation: DistillationSettings = DistillationSettings()
    activations: ActivationSettings = ActivationSettings()
    logits: LogitSettings = LogitSettings()
    energy: EnergySettings = EnergySettings()
    silence: SilenceSettings = SilenceSettings()
    false_accepts: FalseAcceptSettings = FalseAcceptSettings()
    ramp: Share = 0.0

    @property
    def penalises_spikes(self) -> bool:
        """Whether a term needs spikes."""
        rates = self.activity or self.firing or self.activations.l1 or self.activations.l2
        return bool(rates or self.energy.weight or self.silence.weight)


class StartSettings(Settings):
    """Weights to start from: those of the network in the run folder `run`; anew where empty.

    `run` may also be a network file (`.esnn`), whose hidden layers then give the widths. With
    `prune`, neurons that fire in a smaller share of the steps of the training clips are left
    out; the widths of the hidden layers then follow from the earlier run. With `grow`, layers may
    have more neurons than the earlier run's, and more taps (grow.py).
    """

    run: str = ""
    prune: Share = 0.0
    grow: bool = False

    @model_validator(mode="after")
    def _changed_from_something(self) -> StartSettings:
        changes = [name for name in ("prune", "grow") if getattr(self, name)]
        for name in changes:
            if not self.run:
                raise ValueError(f"{name} needs a run to start from")
            if self.run.endswith(".esnn"):
                raise ValueError(f"{name} needs a run folder; a network file is taken as it is")
        if len(changes) > 1:
            raise ValueError("a network is pruned or grown, one after the other in two runs")
        return self
