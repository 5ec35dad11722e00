"""The energy report: what `edgesnn simulate --board … --json` says, and its published schema.

The models are the schema: docs/energy.schema.json is made from them (`edgesnn schema`), and a
test holds the two together. Energies are microjoules of a step unless a name says otherwise.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Frozen, and strict about names."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(Model):
    """A figure and what it may be."""

    low: float
    likely: float
    high: float


class Spread(Model):
    """Cycles of a step over all steps that were simulated."""

    least: int
    mean: float
    p99: int = Field(description="99th percentile")
    most: int


class FlashModel(Model):
    """How flash was simulated."""

    wait_states: int
    line_bytes: int
    prefetch: bool
    code_cache_bytes: int
    data_cache_bytes: int = Field(description="0 where constants share the cache or have none")
    shared: bool = Field(description="constants go through the cache of instructions")
    source: str
    verified: bool


class Awake(Model):
    """What a cycle costs."""

    picojoules_per_cycle: Range
    source: str


class AsleepModel(Model):
    """What sleep and waking up cost."""

    mode: str
    microamperes: Range
    wake_microseconds: Range
    source: str


class BoardModel(Model):
    """The board and the conditions that all figures hold for."""

    name: str
    title: str
    chip: str
    core: str
    clock_hz: int
    volts: float
    regulator: Literal["LDO", "SMPS"]
    flash: FlashModel | None = Field(description="null: flash answered at once")
    awake: Awake
    asleep: AsleepModel


class LineModel(Model):
    """One part of a step."""

    name: str = Field(description="front-end, a layer, `rest of network`, `wake-up` or `sleep`")
    cycles: float = Field(description="mean of a step; 0 for wake-up and sleep")
    spread: Spread | None = Field(description="null where it was not timed on its own")
    microjoules: Range
    algorithmic_45nm_microjoules: float | None = Field(
        description="energy of the operations alone in a 45 nm process (docs/METRICS.md): compares "
        "networks, says nothing about this board"
    )


class LayerFitModel(Model):
    """cycles of a layer in a step = base + the sum of cost · count; a cost of 0 is not used."""

    layer: str
    base: float
    per_event: float = Field(description="an event that arrives at the layer's synapses")
    per_spike: float = Field(description="a spike that it fires")
    per_reached_step: float = Field(description="a step in which anything arrives")
    per_active_step: float = Field(
        description="a step, unless nothing arrives, nothing fires and no state changes"
    )
    error: float = Field(description="held-out, relative, root mean square")


class FrontEndFitModel(Model):
    """cycles of the front-end in a step = base + the sum of cost · count."""

    base: float = Field(description="a silent frame")
    per_transformed_frame: float
    per_faint_frame: float = Field(description="one whose energy decides whether it is transformed")
    error: float = Field(description="held-out, relative, root mean square")


class FitModel(Model):
    """How the sample prices all clips."""

    clips_fitted: int
    clips_wanted: int = Field(description="more than clips_fitted: some costs were not fitted")
    clips_priced: int
    layers: list[LayerFitModel]
    front_end: FrontEndFitModel | None = Field(description="null: the network is given features")
    constant: float = Field(description="cycles of a step outside the layers, over all clips")
    error: float = Field(
        description="of a step on held-out clips: root mean square, relative to the mean step"
    )
    worst_error: float = Field(description="the largest, relative to its own clip's step")
    poor: bool = Field(description="true: the sample's mean was used instead")
    mean: float = Field(description="cycles of a step over all clips")
    p99: float = Field(description="of the means of clips")
    most: float


class CalibrationModel(Model):
    """What this very board measured, on the desk."""

    ratio: float = Field(description="measured over simulated cycles; the lines are multiplied")
    steps: int = Field(description="measured")
    clock_hz: int
    text: str


class FunctionModel(Model):
    """One function, callees apart."""

    name: str
    calls: int
    instructions: int
    cycles: int


class KindModel(Model):
    """One class of instructions."""

    kind: str
    instructions: int
    cycles: int


class ProfileModel(Model):
    """Counts of the whole run: start-up and the test image's own work included."""

    cycles: int
    instructions: int
    cpi: float = Field(description="cycles an instruction")
    loads: int
    stores: int
    flash_reads: int
    stack_bytes: int = Field(description="high-water mark")
    functions: list[FunctionModel]
    kinds: list[KindModel]


class BatteryModel(Model):
    """A cell; losses of conversion are left out."""

    name: str
    milliampere_hours: float
    volts: float
    days: Range


class BoardEnergy(Model):
    """What a network costs on one board."""

    board: BoardModel
    clips_simulated: int
    step_seconds: float
    steps_per_decision: int
    cycles: Spread = Field(description="of whole steps")
    lines: Annotated[list[LineModel], Field(min_length=2)]
    fit: FitModel | None = Field(description="null: too few clips to fit")
    calibration: CalibrationModel | None = Field(description="null: simulated, not measured")
    profile: ProfileModel
    latency_ms: float
    worst_latency_ms: float = Field(description="of the longest step that was simulated")
    duty: float = Field(description="share of the time awake, waking up included, 0 to 1")
    active_uj: Range = Field(description="a step's work, without waking up and sleep")
    step_uj: Range
    decision_uj: Range
    day_j: Range
    battery: BatteryModel


class EnergyReport(Model):
    """What a network costs on boards; microphone, its clock and all other parts are left out."""

    schema_version: Literal["1.1"] = "1.1"
    network: str
    sha256: str
    clips_from: str
    boards: Annotated[list[BoardEnergy], Field(min_length=1)]


def schema_text() -> str:
    """The JSON Schema of EnergyReport, as it is published."""
    schema = EnergyReport.model_json_schema(mode="serialization")
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps({"$schema": dialect, **schema}, indent=2, ensure_ascii=False) + "\n"
