"""`edgesnn build` as a function: train, lower, generate, compile, verify, report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgesnn.errors import UsageError
from edgesnn.network import Network, identity, save_network
from edgesnn.pipeline.datasets import Recordings
from edgesnn.pipeline.folder import BuildFolder, claim, load_source, write_json

Say = Callable[[str], None]

DEFAULT_BOARD = "nucleo-l476rg"


@dataclass(frozen=True)
class Request:
    """What to build, as the options of `edgesnn build` say it.

    Attributes:
        recordings: to train on; with `pretrained`, to measure with.
        pretrained: a shipped network to take instead of training, or None.
        config: a preset's name or a TOML file; None for the dataset's own preset.
        board: a name of the board table.
        output: the build folder; None for `build/` and the dataset's or network's name.
        seed: of the training.
        epochs: instead of the configuration's, or None.
        fresh: drop an unfinished run.
        rungs: of the exactness ladder to climb.
        clips, emulated_clips: see `edgesnn.pipeline.verify.verify_source`.
    """

    recordings: Recordings = field(default_factory=Recordings)
    pretrained: str | None = None
    config: str | None = None
    board: str = DEFAULT_BOARD
    output: Path | None = None
    seed: int = 0
    epochs: int | None = None
    fresh: bool = False
    rungs: tuple[str, ...] = ()
    clips: int = 100
    emulated_clips: int = 3

    @property
    def folder(self) -> Path:
        """The build folder's path."""
        return self.output or Path("build") / (self.pretrained or self.recordings.name)


def build(request: Request, say: Say = lambda _: None) -> dict[str, Any]:
    """Do everything and return the report, which is also in `report.json`.

    Nothing is written before the request has been understood whole. Training goes on where an
    earlier, interrupted build of the same request stopped.

    Raises:
        UsageError, ConfigError, DataError, BoardError: the request cannot be met.
        LoweringError, CompileError: a stage refuses; says why.
        VerifyError: an implementation is not bit-exact.
    """
    from edgesnn.boards import board

    started = time.perf_counter()
    claim(request.folder)
    target = board(request.board)
    network, training = _obtain(request, say)
    folder = BuildFolder(request.folder, network.name)
    save_network(network, folder.network)
    report = {
        "edgesnn": _version(),
        "network": _identity(network),
        "recordings": request.recordings.record(),
        "training": training,
        **_firmware(network, folder, target, say),
        **_evidence(request, say),
    }
    report["seconds"] = round(time.perf_counter() - started, 1)
    report["files"] = _files(folder)
    write_json(folder.report, report)
    return report
