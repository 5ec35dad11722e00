"""The networks of benchmarks/sparsity.py, and its variants: what each changes of a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgesnn.trainer.changes import changed
from edgesnn.trainer.config import TrainConfig, preset

Changes = list[str]


def kd(weight: float, temperature: float, steps: float) -> Changes:
    """Changes that add a teacher."""
    return [
        "loss.distillation.teacher={runs}/teacher",
        f"loss.distillation.weight={weight}",
        f"loss.distillation.temperature={temperature}",
        f"loss.distillation.steps={steps}",
    ]


def activations(l1: float) -> Changes:
    """Changes that add a price on firing rates."""
    return [f"loss.activations.l1={l1}"]


def logits(l2: float) -> Changes:
    """Changes that add a price on scores."""
    return [f"loss.logits.l2={l2}"]


def energy(weight: float, silence: float) -> Changes:
    """Changes that add prices on microjoules, of all clips and of quiet ones."""
    return [f"loss.energy.weight={weight}", f"loss.silence.weight={silence}"]


@dataclass(frozen=True)
class Tried:
    """A network, and what is tried on it.

    Attributes:
        dataset: what it learns from, by its name on the command line.
        preset: the configuration to start from.
        plain: changes that all variants share: the baseline's.
        epochs: of a variant that does not say so itself.
        variants: what each adds to `plain`.
        strengths: variants from which the settings of `variants` were chosen on validation.
        against: baselines of those that are not held against `baseline`: trained for as long.
        teacher: preset and changes of the network that teaches.
    """

    dataset: str
    preset: str
    plain: Changes
    epochs: int
    variants: dict[str, Changes]
    strengths: dict[str, Changes]
    against: Mapping[str, str]
    teacher: tuple[str, Changes] = ("teacher", [])

    def config(self, variant: str, seed: int, runs: Path, epochs: int | None) -> TrainConfig:
        """The whole configuration of a run, for `epochs` instead of the network's own."""
        count = epochs or self.epochs
        own = (self.variants | self.strengths)[variant]
        texts = [f"optimiser.epochs={count}", *self.plain, *own]
        values = {"runs": runs, "seed": seed}
        return changed(preset(self.preset), [text.format(**values) for text in texts])

    def teacher_config(self) -> TrainConfig:
        """The configuration of the teacher, which hears as its pupils do."""
        name, changes = self.teacher
        heard = self.config("baseline", 0, Path(), None).frontend
        return changed(preset(name), changes).model_copy(update={"frontend": heard})


def methods(kd: Changes, activations: Changes, logits: Changes) -> dict[str, Changes]:
    """The three methods of Louis et al. (2024), alone and together."""
    return {
        "baseline": [],
        "kd": kd,
        "activations": activations,
        "logits": logits,
        "kd, activations": kd + activations,
        "kd, logits": kd + logits,
        "activations, logits": activations + logits,
        "all three": kd + activations + logits,
    }


def on_from(variant: str) -> Changes:
    """Changes that let a run go on from that of `variant` with its seed: epochs once more."""
    return [f"start.run={{runs}}/{variant}/seed{{seed}}", "loss.ramp=0"]


#: On from the network that paid for energy, without its idle neurons.
PRUNED = [*on_from("energy_kd"), "start.prune=1e-3"]

#: On from that for half as long: no synapses of the smallest weights, fewer changes of the input.
THINNED = [
    *on_from("energy_kd_pruned"),
    "start.prune=1e-3",
    "optimiser.epochs=6",
    "optimiser.rate=2e-3",
    "model.hidden.1.dead_zone=1",
    "model.hidden.2.dead_zone=1",
    "model.input.delta=16",
]
TEACHER, ENERGY, DOUBLE = kd(0.5, 2, 0.3), energy(6e-3, 2e-4), energy(1.2e-2, 2e-4)

#: Copies varied as the presets varied them when the short runs were made: less than today's.
VARIED = [
    "augment.variants=12",
    "augment.speed=0.1",
    "augment.gain_db=6.0",
    "augment.colour_db=0.0",
]

#: A small network that streams: what all its variants share.
SMALL = [
    "augment.band_width=4",
    "augment.chain=1",
    "model.input.delta=10",
    "loss.ramp=0.3",
    "loss.false_accepts.weight=0",
    *energy(0, 0),
    *(f"model.hidden.{layer}.width=48" for layer in range(3)),
]

#: What is tried on it, however long it trains.
PRICED = {
    **methods(TEACHER, activations(0.4), logits(5e-3)),
    "energy": ENERGY,
    "energy, kd": ENERGY + TEACHER,
}

#: A dense network for it to learn from.
SMALL_TEACHER = (
    "teacher",
    [*VARIED, "augment.mixup=0.0", "model.widths=[32,48,64,96]", "optimiser.epochs=40"],
)

#: Trained through: 70 epochs a run. That takes a GPU: 25 seconds a run, nine runs at a time.
STREAMING = Tried(
    dataset="gsc",
    preset="balanced",
    plain=SMALL,
    epochs=70,
    variants={
        **PRICED,
        "double energy": DOUBLE,
        "double energy, kd": DOUBLE + TEACHER,
        "double energy, strong kd": DOUBLE + kd(0.9, 2, 0.3),
        "fourfold energy, kd": energy(2.4e-2, 4e-4) + TEACHER,
    },
    strengths={},
    against={},
    teacher=SMALL_TEACHER,
)

#: The same network for two cores, 12 epochs a run, and what can be made of it then.
SHORT = Tried(
    dataset="gsc",
    preset="balanced",
    plain=[*VARIED, *SMALL],
    epochs=12,
    variants={
        **PRICED,
        "baseline, trained on": on_from("baseline"),
        "energy, kd, pruned": ENERGY + TEACHER + PRUNED,
        "energy, kd, pruned, thinned": ENERGY + TEACHER + THINNED,
        "double energy, kd, pruned": DOUBLE + TEACHER + PRUNED,
    },
    strengths={
        "kd 0.9 T2": kd(0.9, 2, 0.3),
        "kd 0.9 T4": kd(0.9, 4, 0.3),
        "activations 0.2": activations(0.2),
        "activations 1.5": activations(1.5),
        "logits 1e-3": logits(1e-3),
        "logits 2e-2": logits(2e-2),
        "energy 2e-3": energy(2e-3, 2e-4),
    },
    against=dict.fromkeys(
        ("energy, kd, pruned", "energy, kd, pruned, thinned", "double energy, kd, pruned"),
        "baseline, trained on",
    ),
    teacher=SMALL_TEACHER,
)

RESNET8 = Tried(
    dataset="gsc",
    preset="resnet8",
    plain=["frontend.floor=10240", "frontend.silence_bits=4", "model.width=0.4"],
    epochs=8,
    variants={
        **methods(kd(0.5, 2, 0), activations(0.2), logits(5e-3)),
        "energy": ["loss.ramp=0.3", *energy(3e-3, 0)],
    },
    strengths={},
    against={},
)

#: As small as an hour of one core asks for; with a GPU, --epochs 100 is the preset's own. Its
#: teacher is the network without rounding, trained for longer.
VGG11 = Tried(
    dataset="cifar10",
    preset="vgg11",
    plain=["model.width=0.125", "optimiser.batch=128"],
    epochs=3,
    variants={
        **methods(kd(0.5, 2, 0), activations(0.05), logits(5e-3)),
        "energy": ["loss.ramp=0.3", *energy(3e-3, 0)],
    },
    strengths={"activations 0.2": activations(0.2)},
    against={},
    teacher=(
        "vgg11",
        ["model.width=0.125", "model.bits=float", "optimiser.batch=128", "optimiser.epochs=5"],
    ),
)

NETWORKS = {"streaming": STREAMING, "short": SHORT, "resnet8": RESNET8, "vgg11": VGG11}
