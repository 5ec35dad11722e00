"""The listening image: a stream through a driver of one's own, and the nRF52840's."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgesnn.boards import find_board
from edgesnn.codegen import Firmware, HostC, generate
from edgesnn.codegen.flash.backend import Options, Target, choose_backend
from edgesnn.codegen.listen import compile_listen
from edgesnn.errors import BoardError, CompileError, UsageError
from edgesnn.frontend import features
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray
from edgesnn.network.detector import Detector
from edgesnn.pipeline.selftest import board_devices

from .codegen_networks import keyword_network, sounds, tiny_network

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is not installed"
)


@pytest.fixture(scope="module")
def network() -> Network:
    plain = keyword_network("listener")
    return replace(plain, detector=Detector(smoothing=1, threshold=40, refractory=2))


@pytest.fixture(scope="module")
def stream() -> IntArray:
    return sounds(11, count=1, steps=40)[0]


@pytest.fixture(scope="module")
def expected(network: Network, stream: IntArray) -> list[str]:
    """What the generated C hears on this computer."""
    assert network.frontend is not None
    heard = features(stream[None], network.frontend)[0]
    _, detected = HostC(network).run_stream(heard)
    found = [f"heard {n} {network.classes[d]}" for n, d in enumerate(detected.tolist()) if d >= 0]
    assert found
    return found


def _own_driver(stream: IntArray, path: Path) -> Path:
    values = ", ".join(map(str, stream.tolist()))
    path.write_text(
        '#include "edgesnn_audio.h"\n'
        f"static const int16_t stream[{stream.size}] = {{{values}}};\n"
        "static uint32_t at;\n"
        "bool edgesnn_audio_read(int16_t *samples, uint32_t count)\n{\n"
        f"    if (at + count > {stream.size}u) {{\n        return false;\n    }}\n"
        "    for (uint32_t index = 0; index < count; index++) {\n"
        "        samples[index] = stream[at++];\n    }\n    return true;\n}\n"
    )
    return path


@needs_qemu
def test_a_stream_through_ones_own_driver(
    network: Network, stream: IntArray, expected: list[str], tmp_path: Path
) -> None:
    board = find_board("mps2-an386")
    driver = _own_driver(stream, tmp_path / "mine.c")
    firmware = compile_listen(generate(network, tmp_path), board, audio=driver)
    done = choose_backend(board).program(Target(firmware.elf, board), Options())
    assert done.output.splitlines() == [
        "edgesnn listener listens", *expected, f"end {stream.size // 320}"
    ]  # fmt: skip


class Pdm:
    """The nRF52840's PDM, filling the buffer that it was given at each END."""

    def __init__(self, stream: IntArray) -> None:
        self.base, self.size = 0x4001D000, 0x1000
        self.registers: dict[int, int] = {}
        self.buffers: list[int] = []
        self._left = stream.astype("<i2").tobytes()
        self._next = 0

    def read(self, offset: int, size: int) -> int:
        return self.registers.get(offset, 0)

    def write(self, offset: int, value: int, size: int) -> None:
        self.registers[offset] = value
        if offset == 0x000:
            self.registers[0x100] = 1  # STARTED: the first buffer is taken over
            self._next = self.registers[0x560]

    def deliver(self, core: object) -> bool:
        """One buffer's time has passed."""
        count = 2 * self.registers[0x564]
        if len(self._left) < count:
            return False
        core.memory.write(self._next, self._left[:count])  # type: ignore[attr-defined]
        self.buffers.append(self._next)
        self._left, self._next = self._left[count:], self.registers[0x560]
        self.registers[0x108] = 1
        return True


def _listen(firmware: Firmware, pdm: Pdm) -> list[str]:
    from edgesnn.sim.core import board_map, load_elf, make_core

    board = firmware.board
    port, devices = board_devices(board)
    layout = board_map(board)
    core = make_core(load_elf(firmware.elf), "m4", layout, devices=(pdm, *devices))
    while core.run().reason == "sleeping" and pdm.deliver(core):
        pass
    return port.output.decode().splitlines()


@pytest.mark.parametrize(
    ("board", "clock", "data"), [("nano-33-ble-sense", 26, 25), ("xiao-nrf52840-sense", 32, 16)]
)
def test_the_microphone_of_the_nrf52840(
    board: str, clock: int, data: int, network: Network, stream: IntArray, expected: list[str],
    tmp_path: Path,
) -> None:  # fmt: skip
    firmware = compile_listen(generate(network, tmp_path), find_board(board))
    pdm = Pdm(stream)
    assert _listen(firmware, pdm) == ["edgesnn listener listens", *expected]
    assert len(set(pdm.buffers)) == 2 and pdm.buffers[0::2] == pdm.buffers[:1] * 20
    set_up = {0x504: 0x0A000000, 0x520: 1, 0x508: 1, 0x564: 320, 0x540: clock, 0x544: data}
    assert {offset: pdm.registers[offset] for offset in set_up} == set_up


def test_what_cannot_listen_is_told(network: Network, tmp_path: Path) -> None:
    code, board = generate(network, tmp_path), find_board("pico")
    with pytest.raises(BoardError, match="no microphone driver is known for pico; name a C file"):
        compile_listen(code, board)
    with pytest.raises(UsageError, match=r"cannot read .*absent\.c"):
        compile_listen(code, board, audio=tmp_path / "absent.c")
    (tmp_path / "empty.c").write_text("typedef int nothing;\n")
    with pytest.raises(CompileError, match="undefined reference to `edgesnn_audio_read'"):
        compile_listen(code, board, audio=tmp_path / "empty.c")
    deaf = generate(tiny_network(), tmp_path / "deaf")
    with pytest.raises(UsageError, match="has no front-end, so it cannot listen"):
        compile_listen(deaf, board)


def test_every_board_has_an_image_without_a_microphone(network: Network, tmp_path: Path) -> None:
    board = find_board("nucleo-f446re")
    firmware = compile_listen(generate(network, tmp_path), board, audio="audio_none.c")
    assert 0 < firmware.sizes.flash_bytes < 64 * 1024


def test_without_a_detector_each_new_decision_is_told(tmp_path: Path, stream: IntArray) -> None:
    network = keyword_network()
    assert network.frontend is not None
    traces = HostC(network).run(features(stream[None], network.frontend))
    decisions = np.argmax(traces.v["readout"][0], axis=1).tolist()
    changes = [
        f"heard {step} {network.classes[now]}"
        for step, (before, now) in enumerate(zip([0, *decisions], decisions, strict=False))
        if before != now
    ]
    firmware = compile_listen(generate(network, tmp_path), find_board("nano-33-ble-sense"))
    assert _listen(firmware, Pdm(stream)) == ["edgesnn keywords listens", *changes]
