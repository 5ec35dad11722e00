"""What a training run is: every setting, in TOML, checked by pydantic, echoed into the run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from edgesnn.errors import ConfigError, NetworkError
from edgesnn.frontend import FrontEnd
from edgesnn.frontend.settings import LOG_MAX
from edgesnn.network.validate import name_faults
from edgesnn.trainer.image_settings import ConvolutionalSettings, PictureSettings
from edgesnn.trainer.loss_settings import CostSettings, LossSettings, StartSettings
from edgesnn.trainer.model_settings import KINDS, SPIKING, AnyModel, DenseSettings
from edgesnn.trainer.settings import Count, NotNegative, Positive, Settings, Share


class AugmentSettings(Settings):
    """How training clips are varied.

    `variants` augmented copies of the whole training split are made once, cached as features,
    and taken in turn, one an epoch; the rest is drawn anew in each batch. `interpolation` is how
    a copy is read between the samples of a recording (resample.py). `colour_db` is the
    largest slope and the largest bend, dB, of a curve added over the bands. `chain` clips of a
    batch are heard one behind another without a reset.
    """

    variants: Annotated[int, Field(ge=0, le=64)] = 12
    shift_ms: Annotated[float, Field(ge=0.0, le=500.0)] = 100.0
    speed: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.1
    interpolation: Literal["linear", "sinc"] = "linear"
    gain_db: NotNegative = 6.0
    noise: Share = 0.7
    noise_snr_db: Annotated[list[float], Field(min_length=2, max_length=2)] = Field(
        default=[5.0, 30.0]
    )
    shift_frames: Annotated[int, Field(ge=0, le=25)] = 2
    colour_db: Annotated[float, Field(ge=0.0, le=30.0)] = 0.0
    band_masks: Annotated[int, Field(ge=0, le=8)] = 1
    band_width: Count = 6
    time_masks: Annotated[int, Field(ge=0, le=8)] = 1
    time_width: Count = 8
    mixup: NotNegative = 0.0
    chain: Annotated[int, Field(ge=1, le=8)] = 1

    @model_validator(mode="after")
    def _noise_is_a_range(self) -> AugmentSettings:
        low, high = self.noise_snr_db
        if low > high:
            raise ValueError("noise_snr_db must be [lowest, highest]")
        return self


class OptimiserSettings(Settings):
    """AdamW with a warm-up and a cosine down to zero; `average` is the decay of the EMA.

    Every `revive` epochs neurons that fell silent begin anew (revive.py); never where it is 0.
    What is kept is the average after the epoch with the best validation accuracy, or after the
    last: the best of many epochs is flattered, and may be of one before the rate fell.
    """

    epochs: Count = 60
    batch: Annotated[int, Field(ge=2)] = 256
    rate: Positive = 3e-3
    neuron_rate: Positive = 1.0
    warmup: Share = 0.1
    weight_decay: NotNegative = 1e-2
    clip: Positive = 1.0
    average: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.995
    revive: Annotated[int, Field(ge=0)] = 0
    keep: Literal["best", "last"] = "best"


class FrontEndSettings(Settings):
    """The integer front-end; offsets and shift are fitted to the training split."""

    sample_rate: Literal[8000, 16000] = 16000
    fft: Literal[256, 512] = 512
    window: Annotated[int, Field(ge=16, le=512)] = 512
    hop: Annotated[int, Field(ge=8, le=512)] = 320
    bands: Annotated[int, Field(ge=4, le=128)] = 40
    low: Count = 60
    high: Count = 7600
    floor: Annotated[int, Field(ge=0, le=LOG_MAX)] = 8192
    silence_bits: Annotated[int, Field(ge=0, le=14)] = 1

    @model_validator(mode="after")
    def _front_end_exists(self) -> FrontEndSettings:
        try:
            FrontEnd(**self.model_dump())
        except NetworkError as error:
            raise ValueError(str(error)) from None
        return self


class TrainConfig(Settings):
    """A whole training run; `pictures` says how images are varied, which they are not without."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)] = "keywords"
    frontend: FrontEndSettings = FrontEndSettings()
    model: AnyModel
    augment: AugmentSettings = AugmentSettings()
    pictures: PictureSettings | None = None
    loss: LossSettings = LossSettings()
    costs: CostSettings = CostSettings()
    start: StartSettings = StartSettings()
    optimiser: OptimiserSettings = OptimiserSettings()

    @property
    def is_float(self) -> bool:
        """Whether the network rounds nothing: one to compare with, that cannot be lowered."""
        return isinstance(self.model, ConvolutionalSettings) and self.model.is_float

    @model_validator(mode="after")
    def _only_streams_are_changed_so(self) -> TrainConfig:
        if self.model.kind == SPIKING:
            return self
        if self.augment.chain > 1:
            raise ValueError(
                f"a {self.model.kind} model takes a clip at once: augment.chain must be 1"
            )
        changes = {
            "start.prune": self.start.prune,
            "start.grow": self.start.grow,
            "optimiser.revive": self.optimiser.revive,
        }
        for name in (name for name, wanted in changes.items() if wanted):
            raise ValueError(f"a {self.model.kind} model knows no {name}; leave it out")
        return self

    @model_validator(mode="after")
    def _penalties_find_spikes(self) -> TrainConfig:
        layers = self.loss.activations.layers
        if isinstance(self.model, DenseSettings):
            if self.loss.penalises_spikes:
                raise ValueError("a dense model has no spikes: loss may hold no penalty on them")
        elif layers and len(layers) != len(self.model.hidden):
            raise ValueError(
                f"loss.activations.layers has {len(layers)} weights "
                f"for {len(self.model.hidden)} hidden layers"
            )
        return self

    @model_validator(mode="after")
    def _name_is_an_identifier(self) -> TrainConfig:
        for fault in name_faults("network", self.name):
            raise ValueError(fault)
        return self


class InvalidConfigError(ConfigError):
    """A configuration with impossible settings; `faults` lists them all."""

    def __init__(self, origin: str, faults: list[str]) -> None:
        more = f" (and {len(faults) - 1} more; `edgesnn check` lists them)" if faults[1:] else ""
        super().__init__(f"{origin}: {faults[0]}{more}")
        self.faults = faults


def parse_config(values: dict[str, Any], origin: str) -> TrainConfig:
    """Check `values` as read from `origin`.

    Raises:
        ConfigError: a key is unknown, missing, or has an impossible value; names the first.
    """
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        raise InvalidConfigError(origin, [_fault_text(f) for f in error.errors()]) from None


def load_config(path: Path) -> TrainConfig:
    """Read a TOML file.

    Raises:
        ConfigError: the file is missing, not TOML, or says something impossible.
    """
    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"no configuration file {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    return parse_config(values, str(path))


def presets() -> tuple[str, ...]:
    """Names of the configurations that come with the package."""
    folder = files("edgesnn.trainer").joinpath("configs")
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def preset(name: str) -> TrainConfig:
    """A configuration that comes with the package.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in presets():
        raise ConfigError(f"no preset {name!r}; there are: {', '.join(presets())}")
    text = files("edgesnn.trainer").joinpath("configs", f"{name}.toml").read_text(encoding="utf-8")
    return parse_config(tomllib.loads(text), f"preset {name}")


def _fault_text(fault: Mapping[str, Any]) -> str:
    where = [str(part) for part in fault["loc"]]
    if where[:1] == ["model"] and where[1:2] in ([kind] for kind in KINDS):
        del where[1]  # which kind of model it was taken for is no key of the file
    key = ".".join(where) or "the file"
    if fault["type"] == "union_tag_invalid":
        return f"{key}.kind: {', '.join(KINDS[:-1])} or {KINDS[-1]}, got {fault['ctx']['tag']!r}"
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}"
    if fault["type"] == "missing":
        return f"key {key} is missing"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{key}: {message}, got {fault['input']!r}"[:300]
