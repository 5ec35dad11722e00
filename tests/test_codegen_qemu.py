"""The firmware in QEMU on every core: bits, checksums and instruction counts."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from edgesnn.boards import BOARDS, EMULATED_CORES, find_board
from edgesnn.codegen import Qemu, compile_firmware, compile_selftest, generate
from edgesnn.codegen.qemu import run_selftest
from edgesnn.codegen.toolchain import Compiler, cross_compiler
from edgesnn.errors import BoardError, CompileError, EdgesnnError, MachineError
from edgesnn.frontend import features as features_of
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.network import Network
from edgesnn.network.arrays import IntArray

from .codegen_networks import burst_network, keyword_network, relay_network, sounds, tiny_network
from .strategies import clips, networks

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None, reason="qemu-system-arm is not installed"
)


def _compiler(kind: str) -> Compiler:
    try:
        return cross_compiler(kind)
    except CompileError as error:
        pytest.skip(str(error))


@needs_qemu
@pytest.mark.parametrize("board", [name for name, each in BOARDS.items() if each.emulator])
def test_every_membrane_on_every_machine(board: str) -> None:
    network = tiny_network()
    features = clips(network, 11, count=10, steps=30)
    traces = Qemu(network, board).run(features)
    assert first_divergence(network, Oracle(network).run(features), traces) is None


@needs_qemu
@pytest.mark.parametrize("bits", [8, 4, 2])
def test_bursts_of_extreme_weights_with_packed_arithmetic(bits: int) -> None:
    network = burst_network(bits)
    features = np.array([[[1], [0], [1]]], np.int8)
    traces = Qemu(network, "m4").run(features)
    assert first_divergence(network, Oracle(network).run(features), traces) is None


@needs_qemu
@pytest.mark.parametrize("core", EMULATED_CORES)
def test_samples_to_decision_on_every_core(core: str) -> None:
    network = keyword_network()
    assert network.frontend is not None
    pcm = sounds(3, count=4)
    expected = Oracle(network).run(features_of(pcm, network.frontend))
    assert first_divergence(network, expected, Qemu(network, core).run_pcm(pcm)) is None


@needs_qemu
@pytest.mark.parametrize(
    "core",
    [
        pytest.param(core, marks=[] if core == "m33" else [pytest.mark.slow])
        for core in EMULATED_CORES
    ],
)
def test_the_other_compiler_gives_the_same_bits(core: str) -> None:
    network = keyword_network()
    pcm = sounds(8, count=2)
    machine = Qemu(network, core, compiler=_compiler("zig"))
    assert network.frontend is not None
    expected = Oracle(network).run(features_of(pcm, network.frontend))
    assert first_divergence(network, expected, machine.run_pcm(pcm)) is None


@needs_qemu
@pytest.mark.slow
@pytest.mark.parametrize("core", EMULATED_CORES)
@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(network=networks(), seed=st.integers(0, 2**32 - 1))
def test_any_network_on_every_core(core: str, network: Network, seed: int) -> None:
    features = clips(network, seed)
    traces = Qemu(network, core).run(features)
    assert first_divergence(network, Oracle(network).run(features), traces) is None


@needs_qemu
def test_the_checksum_is_that_of_the_traces() -> None:
    network = tiny_network()
    machine = Qemu(network, "m3")
    run = machine.execute(clips(network, 2, count=2, steps=5))
    assert run.records is not None
    for clip in range(2):
        checksum = 0x811C9DC5
        for step in range(5):
            for octet in run.records[clip, step].tobytes():
                checksum = (checksum ^ octet) * 0x01000193 & 0xFFFFFFFF
            assert run.checksums[clip, step] == checksum


@needs_qemu
def test_instruction_counts_are_repeatable_and_the_clock_does_not_matter() -> None:
    network = tiny_network()
    features = clips(network, 6, count=1, steps=20)
    machine = Qemu(network, "mps2-an386")
    counts = machine.count_instructions(features)
    assert np.array_equal(counts, machine.count_instructions(features))
    # The same core behind a clock seven times as fast.
    assert np.array_equal(counts, Qemu(network, "netduinoplus2").count_instructions(features))


def _counted_in_unicorn(machine: Qemu, features: IntArray) -> IntArray:
    """Instructions of each step of one clip, counted one by one in another emulator."""
    import unicorn
    from elftools.elf.elffile import ELFFile
    from unicorn import arm_const as arm

    emulator = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    emulator.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M0)
    emulator.mem_map(0, 1 << 20)
    emulator.mem_map(0x20000000, 1 << 20)
    with machine.firmware.elf.open("rb") as file:
        elf = ELFFile(file)
        for segment in elf.iter_segments("PT_LOAD"):
            emulator.mem_write(segment["p_paddr"], segment.data())
        symbols = elf.get_section_by_name(".symtab")
        step, state, buffer = (
            symbols.get_symbol_by_name(name)[0]["st_value"]
            for name in (f"{machine.network.name}_step_features", "state", "features")
        )
    executed = 0

    def count(*_ignored: object) -> None:
        nonlocal executed
        executed += 1

    emulator.hook_add(unicorn.UC_HOOK_CODE, count)
    totals = []
    for now in features:
        before, back = executed, 0xFFF00
        emulator.mem_write(buffer, now.tobytes())
        for register, value in (
            (arm.UC_ARM_REG_R0, state), (arm.UC_ARM_REG_R1, buffer),
            (arm.UC_ARM_REG_SP, 0x200F0000), (arm.UC_ARM_REG_LR, back | 1),
        ):  # fmt: skip
            emulator.reg_write(register, value)
        emulator.emu_start(step | 1, back)
        totals.append(executed - before)
    return np.array(totals)


@needs_qemu
def test_instruction_counts_are_exact() -> None:
    """QEMU's counts differ from another emulator's by the call and nothing else.

    On Armv6-M: where there are conditional instructions, Unicorn does not count skipped ones.
    """
    network = tiny_network()
    features = clips(network, 8, count=1, steps=12)
    machine = Qemu(network, "m0")
    counted = machine.count_instructions(features)[0]
    surplus = counted - _counted_in_unicorn(machine, features[0])
    assert counted.max() > counted.min()
    assert len(set(surplus.tolist())) == 1 and 0 <= surplus[0] < 16


@needs_qemu
def test_without_spikes_there_is_no_synaptic_work() -> None:
    """A step at rest costs the same whether its layers have few synapses or many, and each event
    costs its fan-out."""
    still = np.zeros((1, 4, 40), np.int8)
    one = still.copy()
    one[0, 2, 7] = 1
    two = one.copy()
    two[0, 2, 8] = 1
    wide, narrow = (Qemu(relay_network(bits=bits, threshold=30000), "m4") for bits in (8, 2))
    silent = wide.count_instructions(still)[0]
    assert silent[1] == silent[2] == silent[3]
    with_event = wide.count_instructions(one)[0]
    assert with_event[1] == silent[1]
    # The first event wakes the layer and the readout: membranes, and one instruction a synapse.
    assert 128 < with_event[2] - silent[2] < 16 * 128
    # Any further one feeds 128 neurons, in tiles of sixteen.
    further = wide.count_instructions(two)[0, 2] - with_event[2]
    assert 64 < further < 2 * 128
    # A sixth of the synapses' bits, the same idle step but for the code around it.
    assert abs(int(narrow.count_instructions(still)[0, 1]) - int(silent[1])) < 200


@needs_qemu
def test_a_layer_at_rest_is_left_alone_until_something_arrives() -> None:
    """Membranes that floor(v · m / 256) no longer changes are at rest, even below zero."""
    network = relay_network(threshold=500)
    features = np.zeros((1, 200, 40), np.int8)
    features[0, 0, :9] = features[0, 150, 3] = 1
    machine = Qemu(network, "m4")
    counts = machine.count_instructions(features)[0]
    assert len(set(counts[120:150].tolist())) == 1 and counts[120] < counts[20] < counts[0]
    expected = Oracle(network).run(features)
    assert (expected.v["first"][0, 149] < 0).any()
    assert first_divergence(network, expected, machine.run(features)) is None


def test_boards_without_emulator_are_refused() -> None:
    with pytest.raises(BoardError, match="QEMU does not emulate nrf52840-dk"):
        Qemu(tiny_network(), "nrf52840-dk")


def test_no_qemu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgesnn.codegen.qemu.shutil.which", lambda _name: None)
    with pytest.raises(MachineError, match="qemu-system-arm is not installed: Debian"):
        Qemu(tiny_network(), "m4")


@needs_qemu
def test_an_emulator_that_hangs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Qemu(tiny_network(), "m3")
    monkeypatch.setattr("edgesnn.codegen.qemu._PATIENCE", (0.0, 0.0))
    with pytest.raises(MachineError, match="mps2-an385 did not finish within 0 s"):
        machine.run(np.zeros((1, 1, 4), np.int8))


@needs_qemu
def test_a_crash_is_told() -> None:
    """An undefined instruction at the start of the step is a fault, and the fault is reported."""
    from elftools.elf.elffile import ELFFile

    machine = Qemu(tiny_network(), "m3")
    image = bytearray(machine.firmware.elf.read_bytes())
    with machine.firmware.elf.open("rb") as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name(".symtab")
        text = elf.get_section_by_name(".text")
        (step,) = symbols.get_symbol_by_name("tiny_step_features")
        offset = step["st_value"] - 1 - text["sh_addr"] + text["sh_offset"]
    image[offset : offset + 2] = b"\x00\xde"  # UDF #0
    machine.firmware.elf.write_bytes(image)
    with pytest.raises(MachineError, match=r"Cortex-M3\): the image crashed"):
        machine.run(np.zeros((1, 1, 4), np.int8))


@pytest.mark.parametrize("board", ["pico", "pico2", "frdm-k64f", "nucleo-h743zi"])
def test_images_link_for_real_boards(board: str, tmp_path: Path) -> None:
    firmware = compile_firmware(generate(tiny_network(), tmp_path), find_board(board))
    code = firmware.sizes.flash_bytes - firmware.generated.plan.flash_bytes
    # One of everything, and start-up. Armv6-M has no SIMD: its lanes are taken apart in code.
    assert 0 < code < (9 << 10 if firmware.board.core.dsp else 13 << 10)


def test_kinetis_stays_unlocked(tmp_path: Path) -> None:
    """The flash configuration field must read all open, or the chip locks itself."""
    from elftools.elf.elffile import ELFFile

    firmware = compile_firmware(generate(tiny_network(), tmp_path), find_board("frdm-k64f"))
    with firmware.elf.open("rb") as file:
        image = b"".join(
            segment.data() for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_paddr"] <= 0x400 < segment["p_paddr"] + segment["p_filesz"]
        )  # fmt: skip
        first = next(
            segment["p_paddr"] for segment in ELFFile(file).iter_segments("PT_LOAD")
            if segment["p_paddr"] <= 0x400 < segment["p_paddr"] + segment["p_filesz"]
        )  # fmt: skip
    field = image[0x400 - first : 0x410 - first]
    assert field == b"\xff" * 12 + b"\xfe\xff\xff\xff"


def test_an_unknown_compiler_is_refused() -> None:
    with pytest.raises(CompileError, match="choose gcc or zig"):
        cross_compiler("iar")


def test_no_compiler_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgesnn.codegen.toolchain.shutil.which", lambda _name: None)
    monkeypatch.setattr("edgesnn.codegen.toolchain.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(EdgesnnError, match=r"pip install 'edgesnn\[compile\]'"):
        cross_compiler()


@needs_qemu
@pytest.mark.parametrize("board", [name for name, each in BOARDS.items() if each.emulator])
def test_the_self_test_passes_and_says_so(board: str, tmp_path: Path) -> None:
    network = tiny_network()
    given_features = clips(network, 5, count=2, steps=8)
    code = generate(network, tmp_path)
    told = run_selftest(compile_selftest(code, find_board(board), given_features)).splitlines()
    decisions = Oracle(network).run(given_features).decisions(network)
    assert told[0] == f"edgesnn tiny {code.sha256}"
    for number, decision in enumerate(decisions):
        line = rf"clip {number:08x} decision {decision:08x} checksum [0-9a-f]{{8}} ok"
        assert re.fullmatch(line, told[3 + 4 * number])
    assert told[-1] == "pass"


@needs_qemu
def test_the_self_test_hears_samples_and_finds_a_wrong_bit(tmp_path: Path) -> None:
    network = keyword_network()
    code = generate(network, tmp_path)
    board = find_board("mps2-an386")
    firmware = compile_selftest(code, board, sounds(1, count=1))
    assert run_selftest(firmware).splitlines()[-1] == "pass"
    text = code.source.read_text()
    damaged = re.sub(r"(second_\w+_weight\[\d+\] = \{\s*)0x\w+", r"\g<1>0x77777777u", text, count=1)
    assert damaged != text
    code.source.write_text(damaged)
    with pytest.raises(MachineError, match="self-test on mps2-an386: it ended with status 1: FAIL"):
        run_selftest(compile_selftest(code, board, sounds(1, count=1)))
