"""The serving image in QEMU and the simulated core: packets, and MLPerf Tiny's dialogue."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from edgesnn.boards import BOARDS, find_board
from edgesnn.codegen import compile_selftest, generate
from edgesnn.codegen.flash.link import FEATURES, Packet, frame
from edgesnn.codegen.flash.session import QemuPort, Session, Transport
from edgesnn.codegen.image import STACK_BYTES
from edgesnn.codegen.record import records_of
from edgesnn.codegen.serve import buffer_bytes, clip_bytes, compile_serve
from edgesnn.errors import BoardError, UsageError
from edgesnn.frontend import features as features_of
from edgesnn.law import Oracle
from edgesnn.network import Network
from edgesnn.pipeline.selftest import simulate_selftest
from edgesnn.pipeline.served import SimulatedPort
from edgesnn.sim.core.operations import S_STACK_LOW

from .codegen_networks import keyword_network, sounds, tiny_network
from .strategies import clips

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is not installed"
)
#: The self-test has been on all of them; one of each serial port speaks both ways.
EMULATED = [
    pytest.param(
        name,
        marks=[] if name in ("microbit", "mps2-an505", "netduinoplus2") else [pytest.mark.slow],
    )
    for name, board in BOARDS.items()
    if board.emulator
]


def _hold_steps(session: Session, network: Network, given: np.ndarray, pcm: bool = False) -> None:
    """One clip, step by step: every membrane and spike of every step is the oracle's."""
    heard = given
    if pcm:
        assert network.frontend is not None
        heard = features_of(given.reshape(1, -1), network.frontend)[0]
    traces = Oracle(network).run(heard[None])
    records = records_of(network, traces)
    session.reset()
    for number, step in enumerate(given):
        (session.step_pcm if pcm else session.step_features)(step)
        assert session.state() == records[0, number].tobytes()
    decision, scores = session.scores()
    assert decision == traces.decisions(network)[0]
    assert scores.tolist() == traces.scores(network)[0].tolist()


@needs_qemu
@pytest.mark.parametrize("name", EMULATED)
def test_every_membrane_over_the_serial_port(name: str, tmp_path: Path) -> None:
    network, board = tiny_network(), find_board(name)
    firmware = compile_serve(generate(network, tmp_path), board)
    with QemuPort(board, firmware.elf) as port:
        session = Session(port)
        found = session.identify()
        assert (found.name, found.parts, found.channels, found.hop) == ("tiny", 5, 4, 0)
        assert found.sha256 == firmware.generated.sha256 and found.clock_hz == board.clock_hz
        _hold_steps(session, network, clips(network, 3, count=1, steps=6)[0])
        assert session.cycles().steps == 6
        with pytest.raises(UsageError, match="takes 0 values, not 320"):
            session.step_pcm(np.zeros(320, np.int16))
        port.write(frame(Packet(FEATURES, 1, bytes(5))) + frame(Packet(FEATURES, 2, bytes(900))))
        _hold_steps(session, network, clips(network, 4, count=1, steps=3)[0])


@pytest.fixture(scope="module")
def keywords(tmp_path_factory: pytest.TempPathFactory) -> tuple[Network, Path]:
    return keyword_network(), tmp_path_factory.mktemp("keywords")


def test_samples_in_the_simulated_core_with_cycles(keywords: tuple[Network, Path]) -> None:
    network, folder = keywords
    code, board = generate(network, folder), find_board("nrf52840-dk")
    pcm = sounds(2, count=1, steps=4)
    session = Session(SimulatedPort(compile_serve(code, board)))
    assert session.identify().clock_hz == 64_000_000
    _hold_steps(session, network, pcm.reshape(4, -1), pcm=True)
    counted = session.cycles()
    told = simulate_selftest(compile_selftest(code, board, pcm)).clips[0]
    assert counted.steps == told.steps == 4 and sum(counted.laps) > counted.most > 10_000
    # The same code in another image: equal but for where it lies and what the cache holds.
    assert np.allclose(counted.laps, told.laps, rtol=0.05)


@pytest.mark.parametrize("name", ["nucleo-f446re", pytest.param("pico", marks=pytest.mark.slow)])
def test_the_stack_of_an_image_suffices(
    keywords: tuple[Network, Path], name: str, tmp_path: Path
) -> None:
    """Both languages spoken and a clip heard, the main stack has room left."""
    network, board = keywords[0], find_board(name)
    port = SimulatedPort(compile_serve(generate(network, tmp_path), board))
    assert network.frontend is not None
    pcm = sounds(2, count=1, steps=2)
    _hold_steps(Session(port), network, pcm.reshape(2, -1), pcm=True)
    _dialogue(port, features_of(pcm, network.frontend)[0], network)
    port.core.run(instructions=1)
    used = port.core.stack_top - int(port.core.state[S_STACK_LOW])
    assert 300 < used < STACK_BYTES - 200


def _command(port: Transport, line: str) -> list[str]:
    """Send a command as the public runner does; its answer's lines up to `m-ready`."""
    port.write(f"{line}%".encode())
    said, end = "", time.monotonic() + 20
    while not said.endswith("m-ready\r\n") and time.monotonic() < end:
        said += port.read(0.5).decode()
    assert said.endswith("m-ready\r\n"), said
    return said.split("\r\n")[:-2]


def _values(lines: list[str], pattern: str) -> list[str]:
    return [found[1] for line in lines for found in [re.fullmatch(pattern, line)] if found]


def _dialogue(port: Transport, features: np.ndarray, network: Network) -> list[int]:
    """The public runner's performance mode, command by command; returns the lap times."""
    assert _values(_command(port, "name"), r"m-name-dut-\[([^]]+)]") == [f"edgesnn {network.name}"]
    profile = _command(port, "profile")
    assert _values(profile, r"m-profile-\[([^]]+)]") == ["ULPMark for tinyML Firmware V0.0.1"]
    assert _values(profile, r"m-model-\[([^]]+)]") == ["kws01"]
    data = features.astype(np.int8).tobytes()
    assert _command(port, f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
    for at in range(0, len(data), 31):
        said = _command(port, f"db {data[at : at + 31].hex()}")
        assert said == (["m-load-done"] if at + 31 >= len(data) else [])
    printed = _values(_command(port, "db print"), r"m-buffer-([0-9a-f-]+)")
    assert bytes.fromhex("".join(printed).replace("-", "")) == data
    said = _command(port, "infer 3 1")
    assert said[0] == "m-warmup-start-1" and said[1] == "m-warmup-done"
    assert said[2] == "m-infer-start-3" and said[5] == "m-infer-done"
    results = _values(said, r"m-results-\[([^]]+)]")
    assert _values(_command(port, "results"), r"m-results-\[([^]]+)]") == results
    scores = Oracle(network).run(features[None]).scores(network)[0]
    assert [float(each) for each in results[0].split(",")] == scores.tolist()
    assert any("infer N" in line for line in _command(port, "help"))
    laps = _values([*said, *_command(port, "timestamp")], r"m-lap-us-(\d+)")
    return [int(each) for each in laps]


@needs_qemu
def test_the_public_runners_dialogue_in_qemu(keywords: tuple[Network, Path]) -> None:
    network, folder = keywords
    board = find_board("mps2-an386")
    firmware = compile_serve(generate(network, folder), board)
    steps = features_of(sounds(7, count=1, steps=50), network.frontend)[0]  # type: ignore[arg-type]
    with QemuPort(board, firmware.elf) as port:
        said = ""
        while not said.endswith("m-ready\r\n"):
            said += port.read(5).decode()
        assert re.fullmatch(
            r"m-timestamp-mode-performance\r\nm-lap-us-\d+\r\nm-init-done\r\nm-ready\r\n", said
        )
        before, after, last = _dialogue(port, steps, network)
        assert before <= after == last
        assert Session(port).identify().name == "keywords"  # both languages on one port


def test_microseconds_are_cycles_of_the_clock(tmp_path: Path) -> None:
    network, board = tiny_network(), find_board("nrf52840-dk")
    port = SimulatedPort(compile_serve(generate(network, tmp_path), board))
    port.read(0)
    given = clips(network, 3, count=1, steps=10)[0]
    before, after, _last = _dialogue(port, given, network)
    session = Session(port)
    session.reset()
    total = sum(session.step_features(step) for step in given)
    assert (after - before) / 3 == pytest.approx(total / 64, rel=0.05)


def test_buffers_fit_the_board(tmp_path: Path) -> None:
    network = keyword_network()
    assert buffer_bytes(network)["LINK_BYTES"] == 646 + 2 + 2
    code = generate(network, tmp_path)
    assert clip_bytes(code, find_board("nrf52840-dk")) == 50 * 40
    assert 0 < clip_bytes(code, find_board("microbit")) <= 50 * 40
    from dataclasses import replace

    small = find_board("microbit")
    cramped = replace(small, ram=replace(small.ram, size=code.plan.ram_bytes + 3000))
    with pytest.raises(BoardError, match="no room for the serving image's buffers"):
        clip_bytes(code, cramped)
