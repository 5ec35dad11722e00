"""What a training run is: every setting, in TOML, checked by pydantic, echoed into the run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edgesnn.errors import ConfigError, NetworkError
from edgesnn.frontend import FrontEnd
from edgesnn.network.synapses import MAX_DELAY
from edgesnn.network.validate import name_faults

Bits = Literal[8, 4, 2]
Delay = Annotated[int, Field(ge=0, le=255)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """Base: no unknown key, no silent conversion, frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class InputSettings(Settings):
    """How features enter: `direct`, or `delta`: only changes above `delta` LSB are sent."""

    encoding: Literal["direct", "delta"] = "direct"
    delta: Annotated[int, Field(ge=0, le=127)] = 0
    taps: Annotated[list[Delay], Field(min_length=1)] = [0, 3, 6]
    bits: Bits = 8
    graded_shift: Annotated[int, Field(ge=0, le=16)] = 6

    @model_validator(mode="after")
    def _only_delta_has_a_threshold(self) -> InputSettings:
        if self.encoding == "direct" and self.delta:
            raise ValueError("delta needs encoding = 'delta'")
        return self


class LayerSettings(Settings):
    """A spiking layer and the synapses that feed it.

    `taps` are delays in steps; the first layer takes the input's instead. `axonal_delay`, if
    not 0, gives each presynaptic neuron and tap a fixed random delay up to that many steps
    on top. `recurrent` adds synapses from the layer to itself, one step back.
    """

    width: Annotated[int, Field(ge=1, le=4096)]
    taps: Annotated[list[Delay], Field(min_length=1)] = [0]
    axonal_delay: Delay = 0
    bits: Bits = 4
    neuron: Literal["leaky", "adaptive"] = "adaptive"
    reset: Literal["subtract", "zero"] = "subtract"
    reset_delay: bool = False
    recurrent: bool = False

    @model_validator(mode="after")
    def _delays_fit(self) -> LayerSettings:
        if max(self.taps) + self.axonal_delay > MAX_DELAY:
            raise ValueError(f"taps and axonal_delay together must not pass {MAX_DELAY} steps")
        return self


class ReadoutSettings(Settings):
    """The non-spiking readout."""

    taps: Annotated[list[Delay], Field(min_length=1)] = [0]
    bits: Bits = 8


class ModelSettings(Settings):
    """The network. `normalise` trains with batch normalisation, folded into thresholds."""

    input: InputSettings = InputSettings()
    hidden: Annotated[list[LayerSettings], Field(min_length=1, max_length=16)]
    readout: ReadoutSettings = ReadoutSettings()
    normalise: bool = True
    surrogate_slope: Positive = 2.0
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0


class AugmentSettings(Settings):
    """How training clips are varied.

    `variants` augmented copies of the whole training split are made once, cached as features,
    and taken in turn, one an epoch; the rest is drawn anew in each batch.
    """

    variants: Annotated[int, Field(ge=0, le=64)] = 12
    shift_ms: Annotated[float, Field(ge=0.0, le=500.0)] = 100.0
    speed: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.1
    gain_db: NotNegative = 6.0
    noise: Share = 0.7
    noise_snr_db: Annotated[list[float], Field(min_length=2, max_length=2)] = [5.0, 30.0]
    shift_frames: Annotated[int, Field(ge=0, le=25)] = 2
    band_masks: Annotated[int, Field(ge=0, le=8)] = 1
    band_width: Count = 6
    time_masks: Annotated[int, Field(ge=0, le=8)] = 1
    time_width: Count = 8
    mixup: NotNegative = 0.0

    @model_validator(mode="after")
    def _noise_is_a_range(self) -> AugmentSettings:
        low, high = self.noise_snr_db
        if low > high:
            raise ValueError("noise_snr_db must be [lowest, highest]")
        return self


class LossSettings(Settings):
    """What is minimised: cross-entropy at the last step, and for the rest see docs/TRAINING.md."""

    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.05
    later_steps: Share = 0.3
    activity: NotNegative = 0.0
    firing: NotNegative = 0.0


class OptimiserSettings(Settings):
    """AdamW with a warm-up and a cosine down to zero; `average` is the decay of the EMA."""

    epochs: Count = 60
    batch: Annotated[int, Field(ge=2)] = 256
    rate: Positive = 3e-3
    neuron_rate: Positive = 1.0
    warmup: Share = 0.1
    weight_decay: NotNegative = 1e-2
    clip: Positive = 1.0
    average: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.995


class FrontEndSettings(Settings):
    """The integer front-end; offsets and shift are fitted to the training split."""

    fft: Literal[256, 512] = 512
    window: Annotated[int, Field(ge=16, le=512)] = 512
    hop: Annotated[int, Field(ge=8, le=512)] = 320
    bands: Annotated[int, Field(ge=4, le=128)] = 40
    low: Count = 60
    high: Count = 7600

    @model_validator(mode="after")
    def _front_end_exists(self) -> FrontEndSettings:
        try:
            FrontEnd(**self.model_dump())
        except NetworkError as error:
            raise ValueError(str(error)) from None
        return self


class TrainConfig(Settings):
    """A whole training run."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)] = "keywords"
    frontend: FrontEndSettings = FrontEndSettings()
    model: ModelSettings
    augment: AugmentSettings = AugmentSettings()
    loss: LossSettings = LossSettings()
    optimiser: OptimiserSettings = OptimiserSettings()

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
    key = ".".join(str(part) for part in fault["loc"]) or "the file"
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key}"
    if fault["type"] == "missing":
        return f"key {key} is missing"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{key}: {message}, got {fault['input']!r}"[:300]
