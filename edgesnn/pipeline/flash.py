"""`edgesnn flash` as a function: an image for a board, onto it, and what it says of itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesnn.boards import Board, find_board
from edgesnn.errors import UsageError
from edgesnn.network import identity
from edgesnn.pipeline.datasets import Clips
from edgesnn.pipeline.firmware import generating_command, staged
from edgesnn.pipeline.folder import BuildFolder, Loaded, load_source, write_json
from edgesnn.pipeline.naming import require_free
from edgesnn.pipeline.say import Say, silent
from edgesnn.wiring import unverified, wiring_of

if TYPE_CHECKING:
    from edgesnn.codegen.emit import GeneratedCode
    from edgesnn.codegen.flash.backend import Advance, Flashed
    from edgesnn.codegen.image import Firmware
    from edgesnn.pipeline.hold import Check

IMAGES = ("selftest", "serve", "listen")

PATIENCE = 120.0
"""Seconds that a board has for its self-test."""


@dataclass(frozen=True)
class FlashRequest:
    """What to flash and how, as the options of `edgesnn flash` say it.

    Attributes:
        source: a build folder or a `.esnn` file.
        board: a name of the board table.
        image: one of IMAGES.
        backend: None for the board's own.
        probe: of the back end, see `edgesnn.codegen.flash.backend.Options`.
        verify, erase: likewise.
        check: read the self-test back and hold it against oracle and simulation.
        port: the serial port; None to find the only one.
        clips: in the self-test.
        audio: a C file with `edgesnn_audio_read`, for the listening image.
        dry_run: say what would be done, compile, and touch no board.
    """

    source: Path
    board: str
    image: str = "selftest"
    backend: str | None = None
    probe: str | None = None
    verify: bool = True
    erase: bool = False
    check: bool = False
    port: str | None = None
    clips: int = 4
    audio: Path | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Prepared:
    """An image ready to be flashed, and what it runs."""

    loaded: Loaded
    board: Board
    firmware: Firmware
    clips: Clips


def flash_source(request: FlashRequest, say: Say = silent) -> dict[str, Any]:
    """Compile, flash, and where asked check; returns the record, also in `flash/BOARD.json`.

    Raises:
        UsageError, BoardError: the request cannot be met; no board was touched.
        CompileError: no compiler.
        MachineError: no board, a locked chip, an unplugged cable, a garbled answer …
    """
    from edgesnn.codegen.flash.backend import Options, Target, choose_backend

    _require_sense(request)
    board = find_board(request.board)
    backend = choose_backend(board, request.backend)
    prepared = prepare_image(request, board, say)
    target = Target(prepared.firmware.elf, board, ends=request.image != "serve")
    options = Options(request.probe, request.verify, request.erase)
    plan = backend.plan(target, options)
    record = _record(prepared, request, backend.name, plan)
    if request.dry_run:
        return record
    say(f"flash {board.title} by {backend.name}")
    flashed, check = _flash(
        request, prepared, lambda advance: backend.program(target, options, advance), say
    )
    record |= {"flashed": _flashed_record(flashed), "check": check.record() if check else None}
    if prepared.loaded.folder is not None:
        write_json(prepared.loaded.folder.path / "flash" / f"{board.name}.json", record)
    return record


def _require_sense(request: FlashRequest) -> None:
    if request.image not in IMAGES:
        raise UsageError(f"no image is called {request.image!r}; choose from {', '.join(IMAGES)}")
    if request.audio is not None and request.image != "listen":
        raise UsageError("--audio is for the listening image; add --image listen")
    if request.check and request.image != "selftest":
        raise UsageError("--check reads the self-test; leave out --image or --check")


def prepare_image(request: FlashRequest, board: Board, say: Say = silent) -> Prepared:
    """Generate C and compile the image into the build folder, whole or not at all."""
    from edgesnn.codegen import generate
    from edgesnn.codegen.fit import layout_for

    loaded = load_source(request.source)
    network = loaded.network
    require_free(network.name)
    clips = _fitting_clips(loaded, board, request.clips)
    say(f"compile the {request.image} for {board.title}")
    folder = loaded.folder or BuildFolder(loaded.path.parent / network.name, network.name)
    with staged(folder.path) as work:
        layout = layout_for(network, board)
        command = generating_command(network, layout)
        code = generate(network, work / folder.c.name, command=command, layout=layout)
        place = work / folder.firmware.name / f"{board.name}-{request.image}"
        firmware = _compile(request, code, board, clips, place)
        for each in firmware.elf.parent.glob("*.o"):
            each.unlink()
        final = folder.path / firmware.elf.relative_to(work)
    return Prepared(loaded, board, replace(firmware, elf=final), clips)


def _compile(
    request: FlashRequest, code: GeneratedCode, board: Board, clips: Clips, place: Path
) -> Firmware:
    from edgesnn.codegen.listen import compile_listen
    from edgesnn.codegen.selftest import compile_selftest
    from edgesnn.codegen.serve import compile_serve

    if request.image == "serve":
        return compile_serve(code, board, folder=place)
    if request.image == "listen":
        return compile_listen(code, board, audio=request.audio, folder=place)
    given = clips.features if clips.pcm is None else clips.pcm
    return compile_selftest(code, board, given, folder=place)


def _fitting_clips(loaded: Loaded, board: Board, wanted: int) -> Clips:
    """As many clips of the test set as were asked for, or as flash has room for."""
    from edgesnn.codegen.fit import code_bytes, layout_for
    from edgesnn.codegen.plan import memory_plan
    from edgesnn.pipeline.verify import stimulus

    clips = stimulus(loaded.network, None, loaded.recorded(), wanted)
    given = clips.features if clips.pcm is None else clips.pcm
    layout = layout_for(loaded.network, board)
    plan = memory_plan(loaded.network, layout)
    room = board.flash.size - plan.flash_bytes - code_bytes(layout)
    return clips.some(max(1, min(wanted, room // given[0].nbytes)))


def _flash(
    request: FlashRequest, prepared: Prepared, program: Callable[[Advance], Flashed], say: Say
) -> tuple[Flashed, Check | None]:
    """Program, with the serial port open before the board starts; then listen and compare."""
    from edgesnn.codegen.flash.serial_port import choose_port, hear_selftest, open_port
    from edgesnn.progress import progress

    heard = ""
    with contextlib.ExitStack() as stack:
        port = None
        if request.check and prepared.board.emulator is None:
            port = stack.enter_context(open_port(choose_port(request.port)))
        with progress(f"flash {prepared.board.name}", 1.0) as advance:
            flashed = program(_steps(advance))
        if port is not None:
            say("listen to the self-test")
            heard = hear_selftest(port, PATIENCE)
    if not request.check:
        return flashed, None
    say("run the same image in the simulated core")
    return flashed, check_selftest(prepared, heard or flashed.output)


def _steps(advance: Callable[[float], None]) -> Callable[[float], None]:
    """From shares of the whole, as back ends tell them, to steps of a progress bar."""
    done = 0.0

    def to(share: float) -> None:
        nonlocal done
        if share > done:
            advance(share - done)
            done = share

    return to


def check_selftest(prepared: Prepared, heard: str) -> Check:
    """Hold what a board said against the oracle and the simulated core."""
    from edgesnn.codegen.flash.report import parse_selftest
    from edgesnn.law import Oracle
    from edgesnn.pipeline.hold import expected_of, hold
    from edgesnn.pipeline.selftest import simulate_selftest

    network = prepared.loaded.network
    timing = prepared.board.timing
    said = parse_selftest(heard)
    expected = expected_of(network, Oracle(network).run(prepared.clips.features))
    return hold(
        network, expected, said, simulate_selftest(prepared.firmware),
        counts_cycles=prepared.board.emulator is None, timing_hz=timing.clock_hz if timing else 0,
    )  # fmt: skip


def _record(
    prepared: Prepared, request: FlashRequest, backend: str, plan: list[str]
) -> dict[str, Any]:
    sizes, board = prepared.firmware.sizes, prepared.board
    wiring = wiring_of(board)
    return {
        "network": prepared.loaded.network.name,
        "sha256": identity(prepared.loaded.network),
        "board": board.name,
        "core": board.core.title,
        "image": str(prepared.firmware.elf),
        "kind": request.image,
        "clips_from": prepared.clips.origin,
        "flash_bytes": sizes.flash_bytes,
        "ram_bytes": sizes.ram_bytes,
        "backend": backend,
        "plan": plan,
        "clock_hz": wiring.clock.hz,
        "serial": wiring.port.pins,
        "unverified": list(unverified(board)),
        "flashed": None,
        "check": None,
    }


def _flashed_record(flashed: Flashed) -> dict[str, Any]:
    return {
        "where": flashed.where,
        "bytes": flashed.count,
        "verified": flashed.verified,
        "note": flashed.note,
    }
