"""The project's own firmware in the simulated core, against the engine's oracle and QEMU."""

import json
import re
import subprocess
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from edgesnn.boards import BOARDS, find_board
from edgesnn.cli.boundary import run
from edgesnn.codegen import compile_selftest, cross_compiler, generate
from edgesnn.codegen.host import whole_hops
from edgesnn.codegen.qemu import Qemu
from edgesnn.frontend import FrontEnd
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.network import Dense, Input, Layer, Leaky, Network, Readout
from edgesnn.pipeline import parts
from edgesnn.pipeline.pretrained import load_pretrained
from edgesnn.pipeline.selftest import board_devices
from edgesnn.pipeline.simulated import Simulated
from edgesnn.sim.core import board_map, load_elf, make_core

from .codegen_networks import keyword_network, tiny_network
from .core.machines import (
    M4,
    PROGRAMS,
    TARGETS,
    build_counter,
    compile_program,
    emulate,
    needs_gcc,
    needs_qemu,
)

pytestmark = needs_gcc
CORES = ("m0", "m3", "m4", "m7", "m33")
EMULATED = [name for name, board in BOARDS.items() if board.emulator]


def _features(seed: int, clips: int, steps: int, channels: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(-20, 127, (clips, steps, channels), dtype=np.int8)


@pytest.mark.parametrize("core", CORES)
def test_every_membrane_is_the_oracles(core: str) -> None:
    network = tiny_network()
    features = _features(1, 4, 20, network.input.size)
    found = Simulated(network, core).run(features)
    assert first_divergence(network, Oracle(network).run(features), found) is None


@needs_qemu
@pytest.mark.parametrize("core", ["m0", "m4", "m33"])
@pytest.mark.parametrize("rate", [16000, 8000])
def test_front_end_and_network_agree_with_qemu(core: str, rate: int) -> None:
    narrow = FrontEnd(sample_rate=8000, fft=256, window=256, hop=160, high=3800)
    network = replace(keyword_network(), frontend=narrow if rate == 8000 else FrontEnd())
    pcm = np.random.default_rng(2).integers(-9000, 9000, (2, 8000), dtype=np.int16)
    simulated, emulated = Simulated(network, core), Qemu(network, core)
    expected = emulated.run_pcm(pcm)
    assert first_divergence(network, expected, simulated.run_pcm(pcm)) is None


@needs_qemu
@pytest.mark.parametrize("core", CORES)
def test_instruction_counts_are_qemus(core: str, tmp_path: Path) -> None:
    network = keyword_network()
    pcm = np.random.default_rng(5).integers(-9000, 9000, (1, 4800), dtype=np.int16)
    machine = Simulated(network, core)
    hops = whole_hops(network, pcm)
    ours = machine.execute(hops).report.instructions
    job = np.array([*hops.shape[:2], 1, 1], "<u4").tobytes() + hops.astype("<i2").tobytes()
    (tmp_path / "clips.bin").write_bytes(job)
    target = next(target for target in TARGETS if target.core == f"cortex-{core}")
    theirs = emulate(target, machine.firmware.elf, build_counter(tmp_path), tmp_path)
    assert (ours, 0) == (theirs.instructions, theirs.code)


@needs_qemu
@pytest.mark.parametrize("name", EMULATED)
def test_instruction_counts_of_self_tests_are_qemus(name: str, tmp_path: Path) -> None:
    """Start-up, serial port, clips and checksums, whatever the counter of cycles says: QEMU's
    follows this computer's clock."""
    network, board = tiny_network(), BOARDS[name]
    features = _features(4, 2, 4, network.input.size)
    firmware = compile_selftest(generate(network, tmp_path), board, features)
    port, devices = board_devices(board)
    core = make_core(load_elf(firmware.elf), board.core.name, board_map(board), devices=devices)
    assert core.run(instructions=10_000_000).reason == "exit"
    command = ["qemu-system-arm", "-M", board.emulator.machine, "-display", "none", "-monitor",
               "none", "-serial", "stdio", "-semihosting-config", "enable=on,target=native",
               "-plugin", str(build_counter(tmp_path)), "-kernel", str(firmware.elf)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert f"instructions {core.instructions}\n" == done.stderr
    said = port.output.decode("latin-1").replace("\r\n", "\n")
    figures = re.compile("^(steps|laps) .*$", re.MULTILINE)  # cycles, which QEMU does not count
    assert figures.sub("", said) == figures.sub("", done.stdout) and "pass" in said


def test_cycles_follow_activity() -> None:
    network = keyword_network(frontend=False)
    machine = Simulated(network, "nucleo-l4r5zi")
    silent = np.zeros((1, 20, network.input.size), np.int8)
    busy = machine.execute(_features(3, 1, 20, network.input.size))
    calm = machine.count_cycles(silent)
    assert busy.cycles.shape == calm.shape == (1, 20)
    assert busy.cycles.mean() > 1.5 * calm.mean()
    assert busy.report.core == "cortex-m4" and busy.report.cycles > busy.cycles.sum()


@pytest.mark.skipif(find_spec("ziglang") is None, reason="ziglang is missing")
@pytest.mark.parametrize("core", CORES)
def test_both_compilers_cost_alike(core: str) -> None:
    """A core's extensions must be named to each compiler in its own words: without the DSP
    extension a step takes twice as long."""
    network = load_pretrained("tiny")
    pcm = np.random.default_rng(5).integers(-9000, 9000, (1, 4800), dtype=np.int16)
    gcc, zig = (
        int(Simulated(network, core, compiler=cross_compiler(kind)).count_cycles(pcm).sum())
        for kind in ("gcc", "zig")
    )
    assert max(gcc, zig) < 1.25 * min(gcc, zig)


def test_clips_in_parallel_are_what_they_are_alone() -> None:
    """Cycles, membranes and counts do not depend on how many threads run the parts."""
    network = keyword_network(frontend=False)
    machine = Simulated(network, "nucleo-l4r5zi")
    given = _features(8, 2 * parts.CLIPS + 3, 6, network.input.size)
    whole = machine.execute(given, watch=machine.watchable(["memset", "nothing"]))
    starts = range(0, len(given), parts.CLIPS)
    alone = [machine.execute(given[start : start + parts.CLIPS]) for start in starts]
    assert np.array_equal(whole.cycles, np.concatenate([each.cycles for each in alone]))
    assert whole.records is not None
    records = [each.records for each in alone if each.records is not None]
    assert np.array_equal(whole.records, np.concatenate(records))
    assert whole.report.instructions == sum(each.report.instructions for each in alone)
    assert sum(f.cycles for f in whole.report.functions) == whole.report.cycles
    assert sum(k.cycles for k in whole.report.kinds) == whole.report.cycles
    calls = {f.name: f.calls for f in whole.report.functions}
    assert list(whole.spans) == ["memset"] and len(whole.spans["memset"]) == calls["memset"]


def test_the_command_line_runs_any_firmware(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "hello.c"
    source.write_text(
        '#include "support.h"\n'
        "__attribute__((noinline)) void twice(uint32_t n) { mix(n); mix(n); }\n"
        'void run(void) { print("hello\\n"); for (uint32_t i = 0; i < 9; i++) twice(i); }\n'
    )
    image = compile_program(
        M4, [PROGRAMS / "support.c", source], tmp_path / "hello.elf", "-O1", f"-I{PROGRAMS}"
    )
    command = ["simulate", str(image), "--core", "cortex-m4", "--watch", "twice"]
    assert run(command) == 0
    printed = capsys.readouterr().out
    assert "hello" in printed and "ended by" in printed and "by function" in printed
    assert run([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["stop"], found["code"], found["spans"][0]["calls"]) == ("exit", 0, 9)
    picture, text = tmp_path / "flame.svg", tmp_path / "stacks.txt"
    drawn = [*command, "--json", "--flame", str(picture), "--stacks", str(text)]
    assert run(drawn) == 0
    assert json.loads(capsys.readouterr().out)["cycles"] == found["cycles"]
    assert "twice" in picture.read_text() and "on_reset;run;twice " in text.read_text()
    assert run(["simulate", str(source), "--core", "cortex-m4"]) == 1
    assert "hello.c is not an ELF file" in capsys.readouterr().err


def test_the_command_line_runs_firmware_with_its_boards_flash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flash = find_board("pico").flash.origin & -4096
    image = compile_program(
        replace(TARGETS[0], core="cortex-m0plus", flash=flash),
        [PROGRAMS / "support.c", PROGRAMS / "control.c"], tmp_path / "a.elf", "-O1",
        f"-I{PROGRAMS}",
    )  # fmt: skip
    cycles = {}
    for options in ([], ["--zero-wait"]):
        assert run(["simulate", str(image), "--board", "pico", *options, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        cycles[found["wait_states"]] = found["cycles"]
    assert set(cycles) == {0, 56} and cycles[56] > cycles[0] + 56
    for wrong, message in (
        ([], "name the --core or the --board"),
        (["--board", "pico", "--core", "cortex-m4"], "pico has a Cortex-M0+; leave out --core"),
        (["--board", "nucleo-l4r5zi"], "lies outside the memory map"),
    ):
        assert run(["simulate", str(image), *wrong]) != 0
        assert message in capsys.readouterr().err


def graded_network(seed: int, encoding: str, channels: int, neurons: int) -> Network:
    """Two delays of int8 rows, some of them small, from the input to neurons that count."""
    rng = np.random.default_rng(seed)
    scale = rng.choice([1, 20, 127], channels)
    scale[0] = 127
    groups = tuple(
        Dense(source="input", weight=rng.integers(-scale, scale + 1, (neurons, channels)), delay=d)
        for d in (0, 2)
    )
    neuron = Leaky(threshold=[300] * neurons, decay=[200] * neurons)
    readout = Dense(source="first", weight=rng.integers(-9, 10, (2, neurons)))
    return Network(
        name="graded",
        input=Input(shape=(channels,), encoding=encoding, delta=2 if encoding == "delta" else 0),
        layers=(
            Layer(name="first", shape=(neurons,), synapses=groups, bias=[0] * neurons,
                  neuron=neuron, graded_shift=5),
            Layer(name="out", shape=(2,), synapses=(readout,), bias=[0] * 2,
                  neuron=Readout(decay=[250] * 2)),
        ),
        classes=("no", "yes"),
    )  # fmt: skip


@pytest.mark.parametrize("core", ["m0", "m3", "m4", "m7", "m33"])
@pytest.mark.parametrize(("channels", "neurons"), [(1, 1), (7, 17), (130, 37)])
def test_graded_sums_that_fill_their_lanes(core: str, channels: int, neurons: int) -> None:
    """Changes of 255 by weights of 127: every channel ends a list; and quiet ones, which share."""
    rng = np.random.default_rng(channels)
    for encoding in ("delta", "direct"):
        network = graded_network(channels, encoding, channels, neurons)
        swings = np.where(rng.random((2, 12, channels)) < 0.5, -128, 127)
        steps = np.clip(rng.normal(0, 6, (2, 12, channels)), -128, 127)
        given = np.concatenate([swings, steps], axis=1).astype(np.int8)
        given[:, 18:21] = given[:, 17:18]  # nothing sent
        expected = Oracle(network).run(given)
        assert expected.spikes["first"].any()
        assert first_divergence(network, expected, Simulated(network, core).run(given)) is None
