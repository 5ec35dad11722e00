"""Wiring of the boards, what is plugged in, and what boards have measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgesnn.boards import BOARDS, find_board
from edgesnn.cli.boundary import run
from edgesnn.codegen.bringup import bring_up
from edgesnn.codegen.flash import pyocd, serial_port
from edgesnn.codegen.flash import volume as uf2_volume
from edgesnn.codegen.flash.session import SerialPort
from edgesnn.codegen.image import STARTUP
from edgesnn.errors import FileFormatError, MachineError, MissingExtraError, UsageError
from edgesnn.frontend import features
from edgesnn.pipeline.calibration import calibrate, find_calibration, read_calibration
from edgesnn.pipeline.connected import what_is_connected
from edgesnn.pipeline.datasets import Clips
from edgesnn.pipeline.energy import Pricing, energy_report
from edgesnn.pipeline.measure import measure
from edgesnn.sim.core.devices import UARTS
from edgesnn.wiring import Access, unverified, wiring_of

from .codegen_networks import keyword_network

REAL = [board for board in BOARDS.values() if board.emulator is None]


def test_at_least_fourteen_real_boards_are_wired() -> None:
    assert len(REAL) >= 14
    for board in BOARDS.values():
        wiring = wiring_of(board)
        assert (STARTUP / f"uart_{wiring.port.kind}.c").is_file()
        assert wiring.port.kind in UARTS and wiring.port.base in range(0x40000000, 0x60000000)
        assert wiring.clock.hz <= board.clock_hz and wiring.clock.reset_hz <= wiring.clock.hz
        assert all((STARTUP / each).is_file() for each in bring_up(board).startup)
        assert bool(wiring.tools.uf2_family) == bool(wiring.tools.uf2_board)
        if wiring.clock.hz != wiring.clock.reset_hz:
            assert any(each.waits for each in wiring.clock.accesses), board.name


def test_accesses_are_whole_words_and_set_no_bit_beyond_their_mask() -> None:
    for board in REAL:
        wiring = wiring_of(board)
        light = (*wiring.light.on, *wiring.light.off) if wiring.light else ()
        microphone = wiring.microphone.accesses if wiring.microphone else ()
        for each in (*wiring.clock.accesses, *wiring.port.accesses, *light, *microphone):
            assert each.address % 4 == 0 and 0x40000000 <= each.address < 0x60000000, board.name
            assert each.value & ~each.mask == 0 and each.mask, (board.name, hex(each.address))


def _registers(accesses: tuple[Access, ...]) -> dict[int, int]:
    """Registers after all accesses, from zero."""
    found: dict[int, int] = {}
    for each in accesses:
        if not each.waits:
            found[each.address] = found.get(each.address, 0) & ~each.mask | each.value
    return found


def _l4(r: dict[int, int]) -> float:
    pll = r[0x4002100C]
    assert pll & 3 == 2 and pll >> 24 & 1, "HSI16 in, PLLR out"
    vco = 16e6 / ((pll >> 4 & 7) + 1) * (pll >> 8 & 0x7F)
    assert 64e6 <= vco <= 344e6 and r[0x40021008] & 0xF3 == 3
    return vco / (2 * (pll >> 25 & 3) + 2)


def _f4(r: dict[int, int]) -> float:
    pll = r[0x40023804]
    vco = 16e6 / (pll & 63) * (pll >> 6 & 511)
    assert not pll >> 22 & 1 and 100e6 <= vco <= 432e6 and r[0x40023808] & 3 == 2
    return vco / (2 * (pll >> 16 & 3) + 2)


def _u5(r: dict[int, int]) -> float:
    settings, dividers = r[0x46020C28], r[0x46020C34]
    assert settings & 3 == 2 and settings >> 18 & 1 and r[0x46020C1C] & 3 == 3
    vco = 16e6 / ((settings >> 8 & 15) + 1) * ((dividers & 511) + 1)
    assert 128e6 <= vco <= 544e6 and r[0x46020C20] & 15 == 0
    return vco / ((dividers >> 24 & 127) + 1)


def _pico(base: int) -> Callable[[dict[int, int]], float]:
    def decode(r: dict[int, int]) -> float:
        vco = 12e6 / (r[base] & 63) * r[base + 8]
        assert 750e6 <= vco <= 1600e6
        return vco / (r[base + 12] >> 16 & 7) / (r[base + 12] >> 12 & 7)

    return decode


@pytest.mark.parametrize(
    ("board", "decode"),
    [
        ("nucleo-l4r5zi", _l4), ("nucleo-l476rg", _l4), ("b-l475e-iot01a", _l4),
        ("nucleo-f446re", _f4), ("stm32f407-discovery", _f4), ("nucleo-f767zi", _f4),
        ("nucleo-u575zi-q", _u5), ("b-u585i-iot02a", _u5),
        ("pico", _pico(0x40028000)), ("pico2", _pico(0x40050000)),
    ],
)  # fmt: skip
def test_the_pll_gives_the_stated_clock(
    board: str, decode: Callable[[dict[int, int]], float]
) -> None:
    """Fields of the PLL's registers as the reference manuals have them, read back into hertz."""
    clock = wiring_of(find_board(board)).clock
    assert decode(_registers(clock.accesses)) == clock.hz == find_board(board).clock_hz


@pytest.mark.parametrize("board", ["nucleo-f446re", "stm32f407-discovery"])
def test_a_port_on_the_bus_counts_the_clock_of_the_bus(board: str) -> None:
    wiring = wiring_of(find_board(board))
    divider = _registers(wiring.clock.accesses)[0x40023808] >> 10 & 7
    assert wiring.port.hz == wiring.clock.hz // (2 << divider - 4)


def test_flash_waits_before_the_clock_rises() -> None:
    """The wait states of the timing table are set, and before the clock is switched."""
    latencies = {
        "nucleo-l4r5zi": 0x40022000,
        "nucleo-f446re": 0x40023C00,
        "nucleo-f767zi": 0x40023C00,
        "nucleo-u575zi-q": 0x40022000,
    }
    for board, latency in latencies.items():
        accesses = wiring_of(find_board(board)).clock.accesses
        timing = find_board(board).timing
        waits = [n for n, each in enumerate(accesses) if each.address == latency]
        switch = next(n for n, each in enumerate(accesses) if each.mask == 3)
        assert timing is not None and waits and max(waits) < switch
        assert accesses[waits[0]].value & 0xF == timing.wait_states


def test_what_rests_on_memory_is_said() -> None:
    assert unverified(find_board("lpcxpresso55s69")) == ("serial port", "light")
    assert unverified(find_board("nrf52840-dk")) == ()


def test_the_table_and_its_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["boards"]) == 0
    assert "not verified" in capsys.readouterr().out
    assert run(["boards", "--json"]) == 0
    records = {each["name"]: each for each in json.loads(capsys.readouterr().out)["boards"]}
    assert records["pico"]["tools"]["uf2_family"] == 0xE48BFF56
    assert records["nucleo-l4r5zi"]["serial"]["pins"] == "PG7/PG8"
    assert records["nucleo-l4r5zi"]["energy"]["source"].startswith("MLPerf Tiny")
    assert records["nucleo-l476rg"]["energy"]["source"].startswith("STM32L476; 100 µA/MHz")
    assert records["nucleo-h743zi"]["energy"] is None
    assert records["nucleo-l476rg"]["more_ram"] == [{"origin": 0x10000000, "bytes": 32 << 10}]
    assert records["xiao-nrf52840-sense"]["microphone_driver"]["tried"] is False
    assert records["nucleo-h743zi"]["clock"] == {"hz": 64e6, "reset_hz": 64e6, "source": ""}


def test_what_is_plugged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "INFO_UF2.TXT").write_text("Board-ID: RPI-RP2\n")
    monkeypatch.setattr(uf2_volume, "_mounts", lambda: [tmp_path])
    probes = [pyocd.Probe("0669FF", "STM32 STLink", "stm32f446retx")]
    monkeypatch.setattr(pyocd, "connected_probes", lambda: probes)
    monkeypatch.setattr(serial_port, "serial_ports", lambda: [("/dev/ttyACM0", "STLink VCP")])
    found, missing = what_is_connected()
    assert [(each.kind, each.id, each.boards) for each in found] == [
        ("drive", str(tmp_path), ("pico",)),
        ("probe", "0669FF", ("nucleo-f446re",)),
        ("serial port", "/dev/ttyACM0", ()),
    ]
    assert missing == []

    def absent() -> list[Any]:
        raise MissingExtraError("pyOCD is not installed; run: pip install 'edgesnn[flash]'")

    monkeypatch.setattr(pyocd, "connected_probes", absent)
    assert run(["boards", "--connected"]) == 0
    told = capsys.readouterr().out
    assert "/dev/ttyACM0" in told and "not looked for: pyOCD is not installed" in told


def test_a_port_is_chosen_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ports: list[tuple[str, str]] = []
    monkeypatch.setattr(serial_port, "serial_ports", lambda: ports)
    with pytest.raises(MachineError, match="no serial port over USB"):
        serial_port.choose_port(None)
    ports.append(("a", ""))
    assert serial_port.choose_port(None) == "a" and serial_port.choose_port("b") == "b"
    ports.append(("c", ""))
    with pytest.raises(MachineError, match=r"2 serial ports are there \(a, c\); choose --port"):
        serial_port.choose_port(None)


class SilentThenHeard:
    """A board whose self-test was over before the port was open; it runs again when asked."""

    in_waiting = 0

    def __init__(self) -> None:
        self.asked = 0

    def read(self, _count: int) -> bytes:
        return b"pass\r\n" if self.asked else b""

    def write(self, content: bytes) -> None:
        self.asked += len(content)


def test_a_silent_board_is_asked_to_run_again() -> None:
    clock = iter(np.arange(0, 1000, 0.5).tolist())
    port = SilentThenHeard()
    assert serial_port.hear_selftest(port, 60, lambda: next(clock)) == "pass\r\n"
    assert port.asked == 1


class SilentForEver(SilentThenHeard):
    """A board that says nothing, on a port with a name."""

    port = "/dev/ttyACM0"

    def read(self, _count: int) -> bytes:
        return b""


def test_a_board_that_never_speaks_is_told_in_time() -> None:
    clock = iter(np.arange(0, 1000, 0.5).tolist())
    never = SilentForEver()
    with pytest.raises(MachineError, match=r"no answer from /dev/ttyACM0 within 2\d s: .* --port$"):
        serial_port.hear_selftest(never, 120, lambda: next(clock))
    assert never.asked >= 2 and next(clock) < 60


def test_a_board_that_stops_half_way_is_heard_as_far_as_it_spoke() -> None:
    clock = iter(np.arange(0, 1000, 0.5).tolist())
    half = SilentForEver()
    said = iter([b"edgesnn selftest 1\r\n"])
    half.read = lambda _count: next(said, b"")  # type: ignore[method-assign]
    assert serial_port.hear_selftest(half, 30, lambda: next(clock)) == "edgesnn selftest 1\r\n"
    assert next(clock) >= 15


class Unplugged(SilentForEver):
    """A port whose cable is pulled: which of its methods say so differs by system."""

    def __init__(self, where: str, error: Exception) -> None:
        super().__init__()
        self._where, self._error = where, error

    @property
    def in_waiting(self) -> int:  # type: ignore[override]
        return self._fail("in_waiting") or 0

    def read(self, _count: int) -> bytes:
        return self._fail("read") or b""

    def write(self, content: bytes) -> None:
        self._fail("write")

    def _fail(self, where: str) -> None:
        if where == self._where:
            raise self._error


@pytest.mark.parametrize("where", ["in_waiting", "read", "write"])
@pytest.mark.parametrize("error", ["serial", OSError(5, "Input/output error"), TypeError("None")])
def test_a_cable_that_is_pulled_is_one_line(where: str, error: Exception | str) -> None:
    serial = pytest.importorskip("serial")
    raised = serial.SerialTimeoutException("Write timeout") if isinstance(error, str) else error
    clock = iter(np.arange(0, 1000, 0.5).tolist())
    port = Unplugged(where, raised)
    with pytest.raises(
        MachineError, match=r"^serial port /dev/ttyACM0 is lost: [^\n]+ run this ag"
    ):
        serial_port.hear_selftest(port, 120, lambda: next(clock))
    served = SerialPort(port)
    with pytest.raises(MachineError, match="is lost"):
        served.write(b"x")
        served.read(0.1)


def test_a_port_that_cannot_be_opened_is_named() -> None:
    pytest.importorskip("serial")
    with (
        pytest.raises(MachineError, match=r"serial port /dev/none: .*yours to open\?"),
        serial_port.open_port("/dev/none"),
    ):
        pass


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGESNN_CALIBRATION", str(tmp_path / "kept"))
    return tmp_path / "kept"


def _record(
    folder: Path, board: str = "nrf52840-dk", ratio: float | None = 1.1, **other: Any
) -> Path:
    check = {
        "board": board, "clock_hz": 64_000_000, "timing_hz": 64_000_000, "clips": 4, "steps": 200,
        "faults": [], "parts": [
            {"part": "input", "simulated": 10, "measured": 12, "ratio": 1.2},
            {"part": "all", "simulated": 100, "measured": 110, "ratio": ratio},
        ],
    } | other.pop("check", {})  # fmt: skip
    record = {"network": "n", "sha256": "ab", "board": board, "check": check} | other
    path = folder / f"{board}-{record['sha256']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record))
    return path


def test_ratios_are_kept_by_network(kept: Path, tmp_path: Path) -> None:
    first = calibrate([_record(tmp_path)])
    assert (first.ratio, first.steps, first.path) == (1.1, 200, str(kept / "nrf52840-dk.json"))
    other = _record(tmp_path, ratio=1.3, sha256="cd", check={"steps": 600})
    both = calibrate([other])
    assert [run.sha256 for run in both.runs] == ["ab", "cd"]
    assert both.ratio == pytest.approx((200 * 1.1 + 600 * 1.3) / 800)
    assert "2 networks" in both.text and "1.100 to 1.300" in both.text
    again = calibrate([_record(tmp_path, ratio=1.0)])
    assert [run.ratio for run in again.runs] == [1.0, 1.3]
    assert find_calibration("nrf52840-dk") == again and find_calibration("pico") is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"check": {"faults": ["spikes of layer a"]}}, "did not agree with the oracle: spikes"),
        ({"ratio": None}, "counted no cycles"),
        ({"board": "mps2-an386"}, "is an emulator"),
        ({"check": {"clock_hz": 1_000_000}}, "say nothing of either"),
        ({"ratio": 200.0}, "took 200 times the simulated cycles"),
    ],
)
def test_only_ratios_that_mean_something_are_kept(
    kept: Path, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        calibrate([_record(tmp_path, **change)])
    assert not kept.exists()


def test_damaged_calibrations_and_records_are_told(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds 0 records of flash --check"):
        calibrate([tmp_path])
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(UsageError, match="is no record of edgesnn flash --check"):
        calibrate([tmp_path / "x.json"])
    with pytest.raises(UsageError, match="of one board, not of nrf52840-dk, pico"):
        calibrate([_record(tmp_path), _record(tmp_path, board="pico")])
    made = Path(calibrate([_record(tmp_path)]).path)
    whole = json.loads(made.read_text())
    for damage in ({"version": 2}, {"runs": []}, {"runs": [{"ratio": "x"}]}):
        made.write_text(json.dumps(whole | damage))
        with pytest.raises(FileFormatError, match="is no calibration of edgesnn"):
            read_calibration(made)


def test_simulate_uses_and_names_the_calibration(
    kept: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from edgesnn.cli.energy import print_energy

    network = keyword_network()
    assert network.frontend is not None
    pcm = np.random.default_rng(4).integers(-9000, 9000, (2, 3200), dtype=np.int16)
    clips = Clips(features(pcm, network.frontend), None, ("a", "b"), pcm, "noise")
    activity, boards, one = measure(network, clips), ["nrf52840-dk"], Pricing(sample=1)
    plain, _ = energy_report(network, boards, clips, activity, one)
    assert run(["calibrate", str(_record(tmp_path, ratio=1.5))]) == 0
    assert "× 1.500, 200 steps of 1 network" in capsys.readouterr().out
    priced, _ = energy_report(network, boards, clips, activity, one)
    (before,), (after,) = plain.boards, priced.boards
    assert before.calibration is None and after.calibration is not None
    assert after.active_uj.likely / before.active_uj.likely == pytest.approx(1.5)
    print_energy(priced)
    assert "calibrated" in capsys.readouterr().out
