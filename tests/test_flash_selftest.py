"""The self-test image: onto each board of QEMU's, through the simulated core, and read back."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgesnn.boards import BOARDS, find_board
from edgesnn.cli.boundary import run
from edgesnn.codegen import Firmware, compile_selftest, generate
from edgesnn.codegen.flash.backend import Options, Target, choose_backend
from edgesnn.codegen.flash.report import SelftestReport, is_complete, parse_selftest
from edgesnn.codegen.laps import part_names, with_laps
from edgesnn.errors import BoardError, CompileError, MachineError
from edgesnn.law import Oracle
from edgesnn.network import Network, save_network
from edgesnn.pipeline.hold import Expected, expected_of, hold
from edgesnn.pipeline.selftest import board_devices, simulate_selftest

from .codegen_networks import tiny_network
from .strategies import clips

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is not installed"
)
EMULATED = [name for name, board in BOARDS.items() if board.emulator]
REAL = [name for name, board in BOARDS.items() if not board.emulator]
#: One of each start-up file and of most serial ports; the nRF52840 has tests of its own.
QUICK = {"nucleo-l4r5zi", "nucleo-f767zi", "frdm-k64f", "lpcxpresso55s69", "pico"}
#: Their images stay on the clock of reset, and say so.
SLOW_CLOCKS = {"nucleo-h743zi", "nucleo-h7a3zi-q", "frdm-k64f", "lpcxpresso55s69"}


@pytest.fixture(scope="module")
def network() -> Network:
    return tiny_network()


@pytest.fixture(scope="module")
def stimulus(network: Network) -> np.ndarray:
    return clips(network, 5, count=2, steps=8)


@pytest.fixture(scope="module")
def expected(network: Network, stimulus: np.ndarray) -> Expected:
    return expected_of(network, Oracle(network).run(stimulus))


def _firmware(network: Network, board: str, stimulus: np.ndarray, folder: Path) -> Firmware:
    return compile_selftest(generate(network, folder), find_board(board), stimulus)


@needs_qemu
@pytest.mark.parametrize("board", EMULATED)
def test_flashed_heard_and_held_exactly(
    board: str, network: Network, stimulus: np.ndarray, expected: Expected, tmp_path: Path
) -> None:
    firmware = _firmware(network, board, stimulus, tmp_path)
    done = choose_backend(firmware.board).program(Target(firmware.elf, firmware.board), Options())
    heard, simulated = parse_selftest(done.output), simulate_selftest(firmware)
    check = hold(network, expected, heard, simulated, counts_cycles=False)
    assert check.faults == () and heard.passed and simulated.passed
    assert (check.clips, check.steps) == (2, 16)
    assert [part.part for part in check.parts] == [*part_names(network), "all"]
    assert all(part.simulated > 0 and part.measured is None for part in check.parts)
    assert simulated.clips[0].cycles > sum(clip.least for clip in simulated.clips)


@pytest.mark.parametrize(
    "board",
    [pytest.param(b, marks=[] if b in QUICK else [pytest.mark.slow]) for b in REAL],
)
def test_the_image_of_a_real_board_runs_in_the_simulated_core(
    board: str, network: Network, stimulus: np.ndarray, expected: Expected, tmp_path: Path
) -> None:
    """Start-up, clock, pins and serial driver included: what it says came over its own port."""
    firmware = _firmware(network, board, stimulus, tmp_path)
    simulated = simulate_selftest(firmware)
    check = hold(network, expected, simulated, simulated)
    assert check.faults == ()
    assert (simulated.clock_hz == firmware.board.clock_hz) == (board not in SLOW_CLOCKS)
    assert check.parts[-1].ratio == 1


def test_a_clock_that_never_becomes_ready_is_told(
    network: Network, stimulus: np.ndarray, tmp_path: Path
) -> None:
    from edgesnn.sim.core import board_map, load_elf, make_core

    firmware = _firmware(network, "nucleo-l476rg", stimulus, tmp_path)
    port, _ready = board_devices(firmware.board)
    layout = board_map(firmware.board)
    core = make_core(load_elf(firmware.elf), "m4", layout, devices=(port,))
    assert core.run().reason == "sleeping"
    heard = parse_selftest(port.output.decode())
    assert heard.passed and heard.clock_hz == 4_000_000
    port.output.clear()
    port.incoming += b"\n"  # any character makes it run again
    assert core.run().reason == "sleeping"
    assert parse_selftest(port.output.decode()).passed


TEXT = (
    "noise\r\nedgesnn tiny " + "0" * 64 + "\r\nboard pico clock 07ed6b40 counter systick\r\n"
    "parts input hidden readout\r\nclip 00000000 decision 00000002 checksum e3f224c5 ok\r\n"
    "spikes 00000000 00000033\r\nsteps 00000000 00000008 00000057 00000145\r\n"
    "laps 00000000 00000001 00000010 00000003\r\npass\r\n"
)


def test_a_report_is_read() -> None:
    report = parse_selftest(TEXT)
    assert (report.network, report.board, report.clock_hz) == ("tiny", "pico", 133_000_000)
    assert (report.clips[0].decision, report.clips[0].spikes) == (2, (0x33,))
    assert (report.clips[0].cycles, report.clips[0].steps, report.clips[0].most) == (0x14, 8, 0x145)
    assert parse_selftest(TEXT + TEXT.replace("00000033", "00000044")).clips[0].spikes == (0x44,)
    assert is_complete(TEXT) and not is_complete(TEXT[:-2])


@settings(deadline=None)
@given(st.data())
def test_a_damaged_report_is_refused_or_right(data: st.DataObject) -> None:
    """Nothing but a clear error comes of any damage; what parses has the shape of a report."""
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, len(TEXT)))
    damaged = TEXT[:start] + data.draw(st.text(max_size=20)) + TEXT[end:]
    try:
        report = parse_selftest(damaged)
    except MachineError as error:
        assert "\n" not in str(error)
    else:
        assert all(len(clip.laps) == len(report.parts) for clip in report.clips)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "said nothing"),
        ("hello\r\n", "not heard whole; it said 'hello'"),
        (TEXT[:-20], "not heard whole"),
        ("exit 00000063\r\n", "the image crashed"),
        (TEXT.replace("counter", "countre"), "garbled"),
        (TEXT.replace("00000010 00000003", "00000010"), "other parts"),
    ],
)
def test_what_is_wrong_with_a_report(text: str, told: str) -> None:
    with pytest.raises(MachineError, match=told):
        parse_selftest(text)


def _two_layers() -> tuple[Network, SelftestReport, Expected]:
    network = tiny_network()
    report = replace(
        parse_selftest(TEXT), parts=part_names(network),
    )  # fmt: skip
    clip = replace(report.clips[0], spikes=(1, 2, 3), laps=(1, 2, 3, 4, 5), decision=1)
    expected = Expected((1,), (clip.checksum,), ((1, 2, 3),))
    return network, replace(report, clips=(clip,)), expected


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"decision": 0}, "decision of clip 0 is 0, not 1"),
        ({"spikes": (1, 9, 3)}, "spikes of layer places in clip 0 is 9, not 2"),
        ({"checksum": 7}, "membrane checksum of clip 0 is 7"),
        ({"spikes": (1, 2)}, "has 2 layers"),
    ],
)
def test_any_difference_is_named(change: dict[str, object], told: str) -> None:
    network, report, expected = _two_layers()
    assert hold(network, expected, report, report).faults == ()
    clip = replace(report.clips[0], **change)  # type: ignore[arg-type]
    heard = replace(report, clips=(clip,))
    (fault,) = hold(network, expected, heard, report).faults
    assert told in fault


def test_cycles_are_compared_by_ratio() -> None:
    network, report, expected = _two_layers()
    clip = replace(report.clips[0], laps=tuple(2 * each for each in report.clips[0].laps))
    check = hold(network, expected, replace(report, clips=(clip,)), report, timing_hz=1)
    assert [part.ratio for part in check.parts] == [2.0] * 6
    assert check.record()["parts"][-1] == {
        "part": "all", "simulated": 15 / 8, "measured": 30 / 8, "ratio": 2.0,
    }  # fmt: skip


def test_code_without_its_layers_cannot_be_measured() -> None:
    with pytest.raises(CompileError, match="layer hidden is called 0 times"):
        with_laps("int main(void);\n", tiny_network())


@needs_qemu
def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_network(tiny_network(), tmp_path / "build" / "tiny.esnn")
    command = ["flash", str(tmp_path / "build"), "--board", "netduinoplus2", "--check"]
    assert run([*command, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["check"]["agrees"] and record["check"]["clips"] == 4
    assert record["flashed"]["bytes"] == record["flash_bytes"]
    assert (tmp_path / "build/flash/netduinoplus2.json").is_file()
    assert run([*command, "--dry-run"]) == 0
    assert "would " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--board", "nucleo"], 1, "no board is called 'nucleo'"),
        (["--board", "pico", "--image", "x"], 2, "no image is called 'x'"),
        (["--board", "pico", "--backend", "x"], 2, "no back end is called 'x'"),
        (["--board", "pico", "--backend", "qemu"], 1, "QEMU does not emulate pico"),
        (["--board", "nrf52840-dk", "--backend", "uf2"], 1, "takes UF2 files"),
    ],
)
def test_wrong_requests_end_in_one_line(
    arguments: list[str], status: int, told: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    save_network(tiny_network(), tmp_path / "tiny.esnn")
    assert run(["flash", str(tmp_path / "tiny.esnn"), *arguments]) == status
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


def test_an_image_for_another_board_is_refused(
    network: Network, stimulus: np.ndarray, tmp_path: Path
) -> None:
    from edgesnn.codegen.flash.content import flash_content

    firmware = _firmware(network, "nucleo-l476rg", stimulus, tmp_path)
    assert flash_content(firmware.elf, firmware.board)[0].address == 0x08000000
    with pytest.raises(BoardError, match="an image for another board"):
        flash_content(firmware.elf, find_board("pico"))
