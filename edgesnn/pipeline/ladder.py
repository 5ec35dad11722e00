"""The exactness ladder: every implementation at hand against the Numba engine, clip by clip."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgesnn.errors import EdgesnnError, MachineError, NoRoomError, UsageError, VerifyError
from edgesnn.machine import Machine, Traces, first_divergence
from edgesnn.network import Network, identity
from edgesnn.pipeline.datasets import spread
from edgesnn.pipeline.folder import TRAINED
from edgesnn.pipeline.say import Say, silent

CORES = ("m0", "m3", "m4", "m7", "m33")
"""Cortex-M cores that have a QEMU machine."""

RUNGS = (
    "numpy",
    "pytorch",
    "host",
    *(f"core-{core}" for core in CORES),
    *(f"qemu-{core}" for core in CORES),
)
"""What can be held against the Numba engine, in the ladder's order."""

BLOCK = 32
"""Clips whose traces are held in memory at a time."""

_OTHER_RUN = "the run beside it is of another network"

AGREES, DIFFERS, FAILED, NOT_RUN = "agrees", "differs", "failed", "not run"

Features = npt.NDArray[np.int8]
Pcm = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Rung:
    """What one implementation gave.

    Attributes:
        name: one of RUNGS.
        status: `agrees`, `differs`, `failed` (it ran and broke) or `not run` (a tool is missing,
            or the board is too small).
        clips: clips run.
        values: membranes, adaptation currents and spikes compared, one a neuron and step.
        seconds: wall time.
        detail: the machine's own name; the first divergence; or why it was not run.
    """

    name: str
    status: str
    clips: int = 0
    values: int = 0
    seconds: float = 0.0
    detail: str = ""

    def record(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "seconds": round(self.seconds, 3)}


@dataclass(frozen=True)
class Subject:
    """What stands on the ladder.

    Attributes:
        network: the integer network.
        features: int8 `(clips, steps, channels)`.
        pcm: int16 `(clips, samples)` of the same clips, for the machines that have a front-end of
            their own; None for a network without one.
        run: the training run for PyTorch, or None.
        emulated_clips: clips for the slow rungs, `numpy`, `core` and `qemu`, evenly spread.
        core_clips: clips for the `core` rungs instead; 0 for all.
    """

    network: Network
    features: Features
    pcm: Pcm | None = None
    run: Path | None = None
    emulated_clips: int = 5
    core_clips: int | None = None

    def clips_for(self, rung: str) -> npt.NDArray[np.int64]:
        """Indices of the clips that a rung runs."""
        if rung.startswith("core") and self.core_clips is not None:
            return spread(len(self.features), self.core_clips)
        slow = rung == "numpy" or rung.startswith(("core", "qemu"))
        return spread(len(self.features), self.emulated_clips if slow else 0)


def chosen_rungs(text: str | None) -> tuple[str, ...]:
    """The rungs of a comma-separated list, `core` and `qemu` meaning all cores; all for None.

    Raises:
        UsageError: there is no such rung.
    """
    if text is None:
        return RUNGS
    names: list[str] = []
    for word in (part.strip() for part in text.split(",")):
        family = word in ("core", "qemu")
        names += [f"{word}-{core}" for core in CORES] if family else [word]
    unknown = [name for name in names if name not in RUNGS]
    if unknown:
        raise UsageError(f"no rung is called {unknown[0]!r}; the rungs are {', '.join(RUNGS)}")
    return tuple(name for name in RUNGS if name in names)


def climb(subject: Subject, rungs: Sequence[str], say: Say = silent) -> list[Rung]:
    """Hold each rung against the Numba engine; a rung that differs does not stop the others."""
    from edgesnn.sim.engine import Engine

    reference = Engine(subject.network)
    verdicts = []
    for name in rungs:
        say(f"verify {name}")
        verdicts.append(_one_rung(name, subject, reference))
    return verdicts


def require_agreement(verdicts: Sequence[Rung], required: Sequence[str] = ()) -> None:
    """Raise for a rung that differs, or that was required and did not run.

    Raises:
        VerifyError: a rung differs; names the first step, layer and neuron.
        MachineError: a rung failed, or was required and not run; says why.
    """
    for rung in verdicts:
        if rung.status == DIFFERS:
            raise VerifyError(f"{rung.name} and numba differ: {rung.detail}")
    for rung in verdicts:
        if rung.status == FAILED:
            raise MachineError(f"{rung.name} failed: {rung.detail}")
        if rung.name in required and rung.status == NOT_RUN:
            raise MachineError(f"{rung.name} was required but not run: {rung.detail}")


def _one_rung(name: str, subject: Subject, reference: Machine) -> Rung:
    missing = what_is_missing(name, subject)
    if missing:
        return Rung(name, NOT_RUN, detail=missing)
    clips = subject.clips_for(name)
    started = time.perf_counter()

    def verdict(status: str, detail: str, values: int = 0) -> Rung:
        return Rung(name, status, len(clips), values, time.perf_counter() - started, detail)

    try:
        machine = _machine(name, subject)
        hears = subject.pcm is not None and hasattr(machine, "run_pcm")
        values = compare_blocks(subject, reference, machine, clips, hears)
    except VerifyError as error:
        return verdict(DIFFERS, str(error))
    except NoRoomError as error:  # of the rung's board
        return Rung(name, NOT_RUN, detail=str(error))
    except EdgesnnError as error:
        return verdict(FAILED, str(error))
    return verdict(AGREES, f"{machine.name}{', from PCM' if hears else ''}", values)


def what_is_missing(name: str, subject: Subject) -> str:
    """Why a rung cannot be run here; empty where it can."""
    try:
        if name == "pytorch":
            return _missing_for_pytorch(subject)
        if name == "host":
            from edgesnn.codegen.toolchain import host_compiler

            host_compiler()
        elif name.startswith("core"):
            from edgesnn.codegen.toolchain import cross_compiler

            cross_compiler()
        elif name.startswith("qemu"):
            from edgesnn.codegen.qemu import find_qemu
            from edgesnn.codegen.toolchain import cross_compiler

            cross_compiler()
            find_qemu()
    except EdgesnnError as error:
        return str(error)
    return ""


def _missing_for_pytorch(subject: Subject) -> str:
    if subject.run is None:
        return "there is no training run beside the network"
    absent = [name for name in ("torch", "snntorch", "brevitas") if find_spec(name) is None]
    if absent:
        return f"{absent[0]} is not installed: pip install 'edgesnn[train]'"
    return "" if _is_run_of(subject.run, subject.network) else _OTHER_RUN


def _is_run_of(run: Path, network: Network) -> bool:
    """Whether the run's trained model lowers to `network`, but for its name and detector."""
    from edgesnn.pipeline.lower import lower
    from edgesnn.trained import load_trained

    lowered, _ = lower(load_trained(run / TRAINED))
    named = replace(lowered, name=network.name, notes=network.notes, detector=network.detector)
    return identity(named) == identity(network)


def compare_blocks(
    subject: Subject, left: Machine, right: Any, clips: npt.NDArray[np.int64], hears: bool = False
) -> int:
    """Compare two machines block by block; returns the number of values compared.

    `hears`: the right one makes its features itself, from PCM, by its own front-end.

    Raises:
        VerifyError: they differ; names the subject's clip, the step, layer and neuron.
    """
    values = 0
    for start in range(0, len(clips), BLOCK):
        block = clips[start : start + BLOCK]
        expected = left.run(subject.features[block])
        found = _run(right, subject, block, hears)
        divergence = first_divergence(subject.network, expected, found)
        if divergence is not None:
            there = replace(divergence, clip=int(block[divergence.clip]))
            raise VerifyError(f"{left.name} against {right.name}: {there}")
        values += _size(expected)
    return values


def _run(machine: Any, subject: Subject, block: npt.NDArray[np.int64], hears: bool) -> Traces:
    traces: Traces
    if hears:
        assert subject.pcm is not None
        traces = machine.run_pcm(subject.pcm[block])
    else:
        traces = machine.run(subject.features[block])
    return traces


def _size(traces: Traces) -> int:
    kinds = (traces.v, traces.a, traces.spikes)
    return sum(array.size for kind in kinds for array in kind.values())


def _machine(name: str, subject: Subject) -> Machine:
    if name == "numpy":
        from edgesnn.law import Oracle

        return Oracle(subject.network)
    if name == "host":
        from edgesnn.codegen.host import HostC

        return HostC(subject.network)
    if name == "pytorch":
        from edgesnn.trainer.machine import load_machine

        assert subject.run is not None
        return load_machine(subject.run, subject.network.classes, subject.network.input.shape)
    if name.startswith("core"):
        from edgesnn.pipeline.simulated import Simulated

        return Simulated(subject.network, name.removeprefix("core-"))
    from edgesnn.codegen.qemu import Qemu

    return Qemu(subject.network, name.removeprefix("qemu-"))
