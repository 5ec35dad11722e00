"""`edgesnn build` as a function: train, lower, generate, compile, measure, verify, report."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn import __version__
from edgesnn.network import Network, identity, save_network
from edgesnn.pipeline.datasets import (
    Recordings,
    named_recordings,
    recordings_at_hand,
    require_at_hand,
)
from edgesnn.pipeline.folder import BuildFolder, claim, write_json
from edgesnn.pipeline.ladder import Subject, climb
from edgesnn.pipeline.lower import lower
from edgesnn.pipeline.measure import measure
from edgesnn.pipeline.say import Say, silent
from edgesnn.pipeline.stream import with_detector
from edgesnn.pipeline.train import Training, prepare, require_spiking, train
from edgesnn.pipeline.verify import Verification, stimulus
from edgesnn.progress import require_alone

if TYPE_CHECKING:
    from edgesnn.pipeline.sweep.point import Point


@dataclass(frozen=True)
class Request:
    """What to build, as the options of `edgesnn build` say it.

    Attributes:
        training: recordings, configuration, seed; with `pretrained` the recordings alone count,
            to measure with.
        pretrained: a shipped network to take instead of training, or None.
        point: a trial of a sweep that `training` is of, whose run is taken over, or None.
        board: a name of the board table.
        output: the build folder; None for `build/` and the recordings' name, or the shipped
            network's with `-pretrained` behind it.
        rungs: of the exactness ladder to climb; none where empty.
        clips, emulated_clips: see `edgesnn.pipeline.verify.verify_source`.
        layout: words of `edgesnn generate --layout`.
    """

    training: Training = field(default_factory=lambda: Training(Recordings()))
    pretrained: str | None = None
    point: Point | None = None
    board: str = ""
    output: Path | None = None
    rungs: tuple[str, ...] = ()
    clips: int = 100
    emulated_clips: int = 3
    layout: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The build folder's path."""
        if self.output is not None:
            return self.output
        name = self.training.recordings.name
        if self.pretrained:
            name = f"{self.pretrained}-pretrained"
        elif self.point is not None:
            name = f"{name}-trial{self.point.number}"
        return Path("build") / name


@dataclass(frozen=True)
class Obtained:
    """A network to build, where from, and what to measure it with."""

    network: Network
    folder: BuildFolder
    recordings: Recordings
    record: dict[str, Any]


def build(request: Request, say: Say = silent) -> dict[str, Any]:
    """Do everything and return the report, which is also in `report.json`.

    Nothing is written before the request has been understood whole. Training goes on where an
    earlier, interrupted build of the same request stopped.

    Raises:
        UsageError, ConfigError, DataError, BoardError: the request cannot be met.
        LoweringError, CompileError: a stage refuses; says why.
        VerifyError: an implementation is not bit-exact; the report is written nevertheless.
    """
    from edgesnn.boards import find_board
    from edgesnn.codegen.choose import parse_layout
    from edgesnn.pipeline.firmware import make_firmware, require_compiler
    from edgesnn.pipeline.ladder import require_agreement

    require_alone(f"train with it, -o {request.folder}, then build there without")
    started = time.perf_counter()
    claim(request.folder)
    board = find_board(request.board)
    parse_layout(request.layout)  # refused before anything is trained
    require_compiler()
    made = _pretrained(request) if request.pretrained else _trained(request, say)
    firmware = make_firmware(made.network, made.folder, board, say, request.layout)
    save_network(made.network, made.folder.network)
    activity, verification = _evidence(made, request, say)
    report = {
        "edgesnn": __version__,
        "network": _network_record(made.network),
        "recordings": made.recordings.record(),
        "training": made.record,
        "firmware": firmware,
        "activity": activity,
        "verification": verification.record(),
        "seconds": round(time.perf_counter() - started, 1),
        "files": _files(made.folder, firmware["image"]),
        "next": _next(made.network, made.folder),
    }
    write_json(made.folder.report, report)
    require_agreement(verification.rungs)
    return report


def _pretrained(request: Request) -> Obtained:
    from edgesnn.pipeline.pretrained import load_pretrained

    network = load_pretrained(str(request.pretrained))
    asked = request.training.recordings
    named = named_recordings(asked.dataset, asked.data_dir) or recordings_at_hand(network, {})
    folder = BuildFolder(request.folder, network.name)
    folder.require_own()
    require_at_hand(named)
    return Obtained(network, folder, named, {"pretrained": request.pretrained})


def _trained(request: Request, say: Say) -> Obtained:
    from edgesnn.trainer.data import Dataset

    ready = prepare(request.training, say)
    require_spiking(ready.config)
    folder = BuildFolder(request.folder, ready.config.name)
    folder.require_own()
    if request.point is not None:
        from edgesnn.pipeline.sweep.point import adopt

        adopt(request.point, request.folder)
    started = time.perf_counter()
    trained = train(ready, request.folder, say).trained
    assert trained is not None
    record: dict[str, Any] = {
        "config": ready.config.model_dump(),
        "seed": request.training.seed,
        "seconds": round(time.perf_counter() - started, 1),
    }
    say("lower to integers")
    lowered, record["lowering"] = lower(trained)
    if not isinstance(ready.dataset, Dataset) or lowered.frontend is None:
        return Obtained(lowered, folder, request.training.recordings, record)
    listened = with_detector(lowered, ready.dataset, say=say)
    record["detector"] = listened.error.record()
    return Obtained(listened.network, folder, request.training.recordings, record)


def _evidence(made: Obtained, request: Request, say: Say) -> tuple[dict[str, Any], Verification]:
    """Measure the whole test split, then climb the ladder with some of its clips."""
    say("run the test split")
    heard = stimulus(made.network, made.recordings, {}, 0)
    activity = {"clips_from": heard.origin} | measure(made.network, heard).to_dict()
    run = made.folder.run if "config" in made.record else None
    some = heard.some(request.clips)
    subject = Subject(made.network, some.features, some.pcm, run, request.emulated_clips)
    rungs = tuple(climb(subject, request.rungs, say))
    verification = Verification(made.network, some.origin, rungs)
    write_json(made.folder.verify, verification.record())
    return activity, verification


def _network_record(network: Network) -> dict[str, Any]:
    return {
        "name": network.name,
        "sha256": identity(network),
        "classes": list(network.classes),
        "notes": {**network.notes},
    }


def _files(folder: BuildFolder, image: str) -> dict[str, str]:
    places = {
        "network": folder.network,
        "training run": folder.run,
        "C code": folder.c,
        "firmware": Path(image),
        "report": folder.report,
        "verification": folder.verify,
    }
    return {what: str(path) for what, path in places.items() if path.exists() or what == "report"}


def _next(network: Network, folder: BuildFolder) -> list[str]:
    commands = ["simulate {}", "verify {} --clips 0", "evaluate {} --stream", "show {}"]
    if network.frontend is None:
        del commands[2]
    return [f"edgesnn {command.format(folder.path)}" for command in commands]
