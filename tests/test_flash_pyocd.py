"""The pyOCD and OpenOCD back ends against fakes: calls in order, and each way to fail."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from edgesnn.boards import find_board
from edgesnn.codegen import Firmware, compile_selftest, generate
from edgesnn.codegen.flash.backend import Options, Target
from edgesnn.codegen.flash.content import flash_content
from edgesnn.codegen.flash.openocd import OpenOcd
from edgesnn.codegen.flash.pyocd import PyOcd, connected_probes
from edgesnn.errors import MachineError, MissingExtraError

from .codegen_networks import tiny_network
from .strategies import clips

BOARD = find_board("nrf52840-dk")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Target:
    network = tiny_network()
    code = generate(network, tmp_path_factory.mktemp("nrf"))
    image: Firmware = compile_selftest(code, BOARD, clips(network, 1, count=1, steps=2))
    return Target(image.elf, BOARD)


class FakeProbe:
    """What pyOCD lists of a probe, and no more."""

    found: ClassVar[list[FakeProbe]] = []

    def __init__(self, uid: str = "683001234", part: str = "nrf52840") -> None:
        self.unique_id, self.description = uid, "Segger J-Link"
        self.associated_board_info = SimpleNamespace(target=part) if part else None

    @classmethod
    def get_all_connected_probes(cls, _uid: str | None, _explicit: bool) -> list[FakeProbe]:
        return cls.found

    @classmethod
    def get_probe_with_id(cls, uid: str, _explicit: bool) -> FakeProbe | None:
        return next((each for each in cls.found if each.unique_id == uid), None)

    def create_associated_board(self) -> None:
        return None


class FakeChip:
    """Flash behind a session and a loader; writes down what is asked of it, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.flash: dict[int, int] = {}
        self.settings: dict[str, Any] = {}
        self.fails: dict[str, Exception] = {}

    def did(self, call: str) -> None:
        self.calls.append(call)
        if call in self.fails:
            raise self.fails[call]

    def session(self, probe: FakeProbe, options: dict[str, Any]) -> Any:
        self.settings = options
        self.did("session")
        return SimpleNamespace(
            open=lambda: self.did("open"), close=lambda: self.did("close"), target=self, chip=self
        )

    def loader(self, session: Any, progress: Any, chip_erase: str) -> Any:
        self.did(f"loader {chip_erase}")
        pending: dict[int, int] = {}

        def add(address: int, content: bytes) -> None:
            self.did("add")
            pending.update({address + n: each for n, each in enumerate(content)})

        def commit() -> None:
            progress(0.5)
            self.did("commit")
            self.flash |= pending
            progress(1.0)

        return SimpleNamespace(add_data=add, commit=commit)

    def read_memory_block8(self, address: int, count: int) -> list[int]:
        self.did("read")
        return [self.flash[address + n] for n in range(count)]

    def reset(self) -> None:
        self.did("reset")


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> FakeChip:
    """One probe on the right board, with nothing wrong."""
    pytest.importorskip("pyocd")
    made = FakeChip()
    monkeypatch.setattr("pyocd.probe.aggregator.PROBE_CLASSES", {"fake": FakeProbe})
    monkeypatch.setattr(FakeProbe, "found", [FakeProbe()])
    monkeypatch.setattr("pyocd.core.session.Session", made.session)
    monkeypatch.setattr("pyocd.flash.loader.FlashLoader", made.loader)
    return made


def test_the_calls_come_in_order(chip: FakeChip, target: Target) -> None:
    shares: list[float] = []
    done = PyOcd().program(target, Options(), shares.append)
    blocks = flash_content(target.elf, BOARD)
    added = ["add"] * len(blocks)
    read = [call for call in chip.calls if call == "read"]
    assert chip.calls == [
        "session", "open", "loader sector", *added, "commit", *read, "reset", "close",
    ]  # fmt: skip
    assert (done.where, done.verified, shares) == ("683001234", True, [0.5, 1.0])
    assert chip.settings["target_override"] == "nrf52840" and not chip.settings["auto_unlock"]
    for block in blocks:
        found = bytes(chip.flash[block.address + n] for n in range(len(block.content)))
        assert found == block.content


def test_options_reach_pyocd(chip: FakeChip, target: Target) -> None:
    PyOcd().program(target, Options(verify=False, erase=True))
    assert "read" not in chip.calls and "loader chip" in chip.calls
    assert chip.settings["auto_unlock"]


def test_probes_are_listed(chip: FakeChip) -> None:
    (found,) = connected_probes()
    assert (found.uid, found.title, found.target) == ("683001234", "Segger J-Link", "nrf52840")


def _fails(target: Target, told: str, options: Options | None = None) -> None:
    with pytest.raises(MachineError, match=told) as caught:
        PyOcd().program(target, options or Options())
    assert "\n" not in str(caught.value)


def test_no_probe_two_probes_and_the_wrong_board(
    chip: FakeChip, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeProbe, "found", [])
    _fails(target, "no debug probe is plugged in; connect nRF52840-DK")
    _fails(target, "no debug probe '77' is plugged in", Options(probe="77"))
    monkeypatch.setattr(FakeProbe, "found", [FakeProbe("1"), FakeProbe("2")])
    _fails(target, r"2 debug probes are plugged in \(1, 2\); choose --probe")
    assert PyOcd().program(target, Options(probe="2")).where == "2"
    monkeypatch.setattr(FakeProbe, "found", [FakeProbe(part="stm32f446re")])
    _fails(target, "on a board with stm32f446re, but nrf52840-dk has nrf52840; nothing was written")
    monkeypatch.setattr(FakeProbe, "found", [FakeProbe(part="")])
    assert PyOcd().program(target, Options()).verified


def test_each_way_to_fail_says_what_became_of_the_board(chip: FakeChip, target: Target) -> None:
    from pyocd.core import exceptions

    cases: list[tuple[str, Exception, str]] = [
        (
            "open",
            exceptions.TargetError("APPROTECT enabled"),
            "is locked .*--erase clears it",
        ),
        (
            "open",
            exceptions.TransferFaultError(0x20),
            "not reach the chip.*nothing was written",
        ),
        ("open", exceptions.ProbeError("busy"), "cannot be opened .busy.*nothing was written"),
        ("open", OSError(13, "Permission denied"), "cannot be opened .*Permission denied"),
        ("commit", exceptions.FlashProgramFailure("page 3"), "programming failed.*half an image"),
        ("commit", exceptions.ProbeDisconnected("disconnected"), "was lost.*holds half an image"),
        ("commit", OSError(19, "No such device"), "was lost.*holds half an image"),
        ("read", exceptions.TransferError("no ack"), "could not be read back.*half an image"),
        ("reset", exceptions.TransferError("no ack"), "was programmed but could not be started"),
    ]
    for call, error, told in cases:
        chip.fails = {call: error}
        _fails(target, told)
        assert chip.calls[-1] == "close" or call == "open"


def test_wrong_bytes_are_found(
    chip: FakeChip, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(address: int, count: int) -> list[int]:
        right = [chip.flash[address + n] for n in range(count)]
        return [*right[:-1], right[-1] ^ 1]

    monkeypatch.setattr(chip, "read_memory_block8", wrong)
    _fails(target, "flash at 0x0.* holds 0x.* and not 0x.*half an image")


def test_a_part_without_a_pack_names_the_command(
    target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The real session of pyOCD, which knows no such part, on the fake probe."""
    pytest.importorskip("pyocd")
    network, board = tiny_network(), find_board("nucleo-l4r5zi")
    image = compile_selftest(generate(network, tmp_path), board, clips(network, 1, 1, 2))
    monkeypatch.setattr("pyocd.probe.aggregator.PROBE_CLASSES", {"fake": FakeProbe})
    monkeypatch.setattr(FakeProbe, "found", [FakeProbe(part="")])
    monkeypatch.setattr(
        "pyocd.target.pack.pack_target.ManagedPacks.populate_target", lambda _part: None
    )
    with pytest.raises(MachineError, match=r"run: pyocd pack install stm32l4r5zi$"):
        PyOcd().program(Target(image.elf, board), Options())


def test_without_pyocd_the_extra_is_named(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "pyocd":
            raise ModuleNotFoundError(name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'edgesnn\[flash\]'"):
        PyOcd().program(target, Options())


def test_plans_are_commands() -> None:
    board = find_board("nucleo-l4r5zi")
    plan = PyOcd().plan(Target(Path("x.elf"), board), Options(probe="0669"))
    assert plan[0] == "pyocd pack install stm32l4r5zi"
    assert "pyocd load --no-wait --target stm32l4r5zitx --uid 0669 --erase sector x.elf" in plan


def _fake_openocd(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = folder / "openocd"
    tool.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_openocd_is_one_command(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_openocd(
        tmp_path, f"open({str(tmp_path / 'said')!r}, 'w').write('|'.join(sys.argv[1:]))",
        monkeypatch,
    )  # fmt: skip
    done = OpenOcd().program(target, Options(probe="42"))
    said = (tmp_path / "said").read_text()
    assert said.startswith("-f|interface/jlink.cfg|") and "adapter serial 42" in said
    assert said.endswith(f"program {{{target.elf.resolve()}}} verify reset exit") and done.verified


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("Error: no device found", "no debug probe answers"),
        ("** Programming Started **\\nError: verify failed", "other bytes.*half an image"),
        ("Error: Device is locked", "locked: run this again with --erase"),
        ("Error: something new", "openocd failed: Error: something new"),
    ],
)
def test_openocd_errors_are_one_line(
    output: str, told: str, target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake_openocd(tmp_path, f"print('{output}', file=sys.stderr); sys.exit(1)", monkeypatch)
    with pytest.raises(MachineError, match=told) as caught:
        OpenOcd().program(target, Options())
    assert "\n" not in str(caught.value)


def test_no_openocd_is_told(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match="openocd is not installed"):
        OpenOcd().program(target, Options())
