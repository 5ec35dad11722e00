"""The exactness ladder finds what differs, and tells a missing tool from a broken machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgesnn.errors import BoardError, EdgesnnError, MachineError, UsageError, VerifyError
from edgesnn.law import Oracle
from edgesnn.machine import Machine, Traces
from edgesnn.network import Dense, Input, Layer, Leaky, Network, Readout
from edgesnn.pipeline import ladder
from edgesnn.pipeline.ladder import RUNGS, Subject, chosen_rungs, climb, require_agreement
from edgesnn.pipeline.pretrained import load_pretrained


def network() -> Network:
    random = np.random.default_rng(3)
    neuron = Leaky(threshold=np.full(6, 40), decay=np.full(6, 200))
    first = Dense(source="input", weight=random.integers(-20, 21, (6, 5)))
    last = Dense(source="hidden", weight=random.integers(-20, 21, (3, 6)))
    return Network(
        name="tiny",
        input=Input(shape=(5,)),
        layers=(
            Layer(name="hidden", shape=(6,), synapses=(first,), bias=np.zeros(6), neuron=neuron),
            Layer(
                name="out",
                shape=(3,),
                synapses=(last,),
                bias=np.zeros(3),
                neuron=Readout(decay=np.full(3, 250)),
            ),
        ),
        classes=("a", "b", "c"),
    )


class Altered:
    """A machine that agrees but for one membrane of one clip."""

    name = "altered"

    def __init__(self, true: Machine, alter: Callable[[Traces], None]) -> None:
        self.true, self.alter, self.calls = true, alter, 0

    def run(self, features: np.ndarray) -> Traces:
        traces = self.true.run(features)
        self.calls += 1
        if self.calls == 2:
            self.alter(traces)
        return traces


@pytest.fixture
def subject() -> Subject:
    features = np.random.default_rng(4).integers(-128, 128, (40, 7, 5), np.int8)
    return Subject(network(), features, emulated_clips=4)


def test_the_simulated_core_can_run_more_clips_than_qemu() -> None:
    features = np.zeros((20, 2, 3), np.int8)
    subject = Subject(network(), features, emulated_clips=4, core_clips=0)
    counts = [len(subject.clips_for(rung)) for rung in ("numpy", "qemu-m4", "core-m4", "host")]
    assert counts == [4, 4, 20, 20]


def test_one_wrong_membrane_in_a_later_block_is_named(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alter(traces: Traces) -> None:
        traces.v["hidden"][3, 5, 2] += 1

    monkeypatch.setattr(
        ladder, "_machine", lambda name, subject: Altered(Oracle(subject.network), alter)
    )
    verdicts = climb(subject, ["host"])
    assert [each.status for each in verdicts] == ["differs"]
    with pytest.raises(
        VerifyError, match=r"altered: clip 35, step 5, layer hidden, neuron 2: v is -?\d+ against"
    ):
        require_agreement(verdicts)


@pytest.mark.parametrize("error", [MachineError, BoardError])
def test_a_machine_that_breaks_is_no_missing_tool(
    error: type[EdgesnnError], subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str, subject: Subject) -> Machine:
        raise error("it answered nonsense")

    monkeypatch.setattr(ladder, "_machine", broken)
    verdicts = climb(subject, ["numpy"])
    assert verdicts[0].status == "failed"
    with pytest.raises(MachineError, match="numpy failed: it answered nonsense"):
        require_agreement(verdicts)


def test_the_oracle_agrees_and_every_value_is_counted(subject: Subject) -> None:
    (verdict,) = climb(subject, ["numpy"])
    assert verdict.status == "agrees"
    assert verdict.clips == 4
    assert verdict.values == 4 * 7 * (6 + 3 + 6)  # two membranes and one population of spikes
    require_agreement([verdict], ["numpy"])


def test_without_a_compiler_the_host_is_not_run_unless_required(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr("edgesnn.codegen.toolchain._has_zig", lambda: False)
    verdicts = climb(subject, ["host", "qemu-m4"])
    assert [each.status for each in verdicts] == ["not run", "not run"]
    assert "edgesnn[compile]" in verdicts[0].detail
    require_agreement(verdicts)
    with pytest.raises(MachineError, match=r"host was required but not run: no C compiler"):
        require_agreement(verdicts, ["host"])


def test_a_network_without_room_on_an_emulated_board_is_not_run_unless_required() -> None:
    network = load_pretrained("accurate")
    verdicts = climb(
        Subject(network, np.zeros((1, 4, 40), np.int8)), ["core-m0", "qemu-m0", "numpy"]
    )
    assert [each.status for each in verdicts] == ["not run", "not run", "agrees"]
    assert "too big for the flash of microbit" in verdicts[0].detail
    require_agreement(verdicts)
    with pytest.raises(MachineError, match="core-m0 was required but not run: network accurate"):
        require_agreement(verdicts, ["core-m0"])


def test_pytorch_needs_the_training_run(subject: Subject) -> None:
    (verdict,) = climb(subject, ["pytorch"])
    assert (verdict.status, verdict.detail) == (
        "not run",
        "there is no training run beside the network",
    )


@pytest.mark.parametrize(
    ("text", "rungs"),
    [
        (None, RUNGS),
        ("host", ("host",)),
        ("qemu-m4, numpy", ("numpy", "qemu-m4")),
        ("qemu", ("qemu-m0", "qemu-m3", "qemu-m4", "qemu-m7", "qemu-m33")),
    ],
)
def test_lists_of_rungs(text: str | None, rungs: tuple[str, ...]) -> None:
    assert chosen_rungs(text) == rungs


def test_an_unknown_rung_is_refused() -> None:
    with pytest.raises(UsageError, match="no rung is called 'm4'; the rungs are numpy, pytorch"):
        chosen_rungs("host,m4")
