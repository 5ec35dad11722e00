"""Generated C on the host: against the oracle, under sanitisers, and beside a second network."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from edgesnn.codegen import Compiler, HostC, generate, host_compiler, memory_plan
from edgesnn.codegen.firmware import STARTUP, main_texts
from edgesnn.codegen.record import record_dtype, traces_of
from edgesnn.codegen.toolchain import WARNINGS, compile_c
from edgesnn.errors import NetworkError, UsageError
from edgesnn.frontend import FrontEnd
from edgesnn.frontend import features as features_of
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.network import Dense, Input, Layer, Network, Readout
from edgesnn.network.arrays import IntArray
from edgesnn.network.synapses import WEIGHT_LIMIT

from .codegen_networks import burst_network, keyword_network, sounds, tiny_network
from .strategies import clips, networks

CHECKOUT = Path(__file__).resolve().parent.parent

_SANITISERS = "-fsanitize=address,undefined"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(network=networks(), seed=st.integers(0, 2**32 - 1))
def test_host_c_equals_the_oracle(network: Network, seed: int) -> None:
    features = clips(network, seed)
    machine = HostC(network, optimise="-O1")
    divergence = first_divergence(network, Oracle(network).run(features), machine.run(features))
    assert divergence is None, divergence
    assert machine.state_bytes == memory_plan(network).ram_bytes


@pytest.mark.parametrize("bits", [8, 4, 2])
def test_a_burst_of_extreme_weights_overflows_nothing(bits: int) -> None:
    network = burst_network(bits)
    given_features = np.array([[[1], [0], [1]]], np.int8)
    scores = HostC(network).run(given_features).v["readout"][0]
    limit = WEIGHT_LIMIT[bits]
    assert scores[:, :2].tolist() == [
        [150 * limit, -150 * limit],
        [0, 0],
        [150 * limit, -150 * limit],
    ]
    expected = Oracle(network).run(given_features).v["readout"][0]
    assert np.array_equal(scores, expected)


@pytest.mark.parametrize("optimise", ["-O0", "-Os", "-O3"])
def test_the_optimiser_changes_nothing(optimise: str) -> None:
    network = tiny_network()
    given_features = clips(network, 5, count=4, steps=30)
    machine = HostC(network, optimise=optimise)
    expected = Oracle(network).run(given_features)
    assert expected.spikes["windows"].any()
    assert first_divergence(network, expected, machine.run(given_features)) is None


NARROW = FrontEnd(sample_rate=8000, fft=256, window=256, hop=160, high=3800)


@pytest.mark.parametrize("frontend", [FrontEnd(), NARROW])
def test_samples_to_decision(frontend: FrontEnd) -> None:
    network = replace(keyword_network(), frontend=frontend)
    assert network.frontend is not None
    pcm = sounds(2, count=6)
    expected = Oracle(network).run(features_of(pcm, network.frontend))
    heard = HostC(network).run_pcm(pcm)
    assert expected.spikes["second"].any()
    assert first_divergence(network, expected, heard) is None


def test_clips_do_not_know_of_each_other() -> None:
    network = tiny_network()
    given_features = clips(network, 9, count=3, steps=20)
    machine = HostC(network)
    together = machine.run(given_features)
    for number in (2, 0):
        alone = machine.run(given_features[number : number + 1])
        assert np.array_equal(alone.v["readout"][0], together.v["readout"][number])


def _sanitised_run(network: Network, given: IntArray, folder: Path) -> tuple[str, IntArray]:
    """Run the image's own `main` under sanitisers; its complaints and its records."""
    code = generate(network, folder)
    for name, text in main_texts(code).items():
        (folder / name).write_text(text)
    for name in ("platform.h", "hosted.c"):
        shutil.copy(STARTUP / name, folder)
    sources = [f"{network.name}.c", f"{network.name}_main.c", "hosted.c"]
    flags = [*WARNINGS, "-g", "-O1", _SANITISERS, "-fno-sanitize-recover=all"]
    compile_c(host_compiler(), [*flags, "-o", "image", *sources], folder)
    job = np.array([*given.shape[:2], given.dtype == np.int16, 1], "<u4")
    (folder / "clips.bin").write_bytes(job.tobytes() + given.tobytes())
    done = subprocess.run(["./image"], cwd=folder, capture_output=True, text=True, timeout=60)
    fields = np.dtype([("ticks", "<u4"), ("checksum", "<u4"), ("trace", record_dtype(network))])
    records = np.frombuffer((folder / "records.bin").read_bytes(), fields, offset=8)
    return done.stderr, records.reshape(given.shape[:2])["trace"]


@pytest.mark.parametrize("seed", range(3))
def test_no_undefined_behaviour(seed: int, tmp_path: Path) -> None:
    network = tiny_network(seed=seed)
    given_features = clips(network, seed, count=3, steps=40)
    complaints, records = _sanitised_run(network, given_features, tmp_path)
    assert complaints == ""
    expected = Oracle(network).run(given_features)
    assert first_divergence(network, expected, traces_of(network, records)) is None


def test_no_undefined_behaviour_from_samples(tmp_path: Path) -> None:
    network = keyword_network()
    pcm = sounds(4, count=2).reshape(2, -1, 320)
    complaints, records = _sanitised_run(network, pcm, tmp_path)
    assert complaints == ""
    assert records.shape == (2, 12)


_TWO_NETWORKS = """
#include "left.h"
#include "right.h"

static struct left_state left;
static struct right_state right;

int main(void)
{
    int8_t features[LEFT_CHANNELS] = {0};
    left_init(&left);
    right_init(&right);
    for (int step = 0; step < 40; step++) {
        features[step %% 4] = (int8_t)(step * 37);
        left_step_features(&left, features);
        right_step_features(&right, features);
    }
    return left_scores(&left)[0] != %d || right_scores(&right)[0] != %d ||
           left_decision(&left) != %du || right_decision(&right) != %du;
}
"""


def test_two_networks_in_one_program(tmp_path: Path) -> None:
    pair = tiny_network("left", seed=3), tiny_network("right", seed=4)
    walk = np.zeros((1, 40, 4), np.int8)
    for step in range(40):
        walk[0, step:, step % 4] = np.int64(step * 37).astype(np.int8)
    traces = [Oracle(network).run(walk) for network in pair]
    scores = [int(t.scores(n)[0, 0]) for n, t in zip(pair, traces, strict=True)]
    decisions = [int(t.decisions(n)[0]) for n, t in zip(pair, traces, strict=True)]
    for network in pair:
        generate(network, tmp_path)
    (tmp_path / "both.c").write_text(_TWO_NETWORKS % (*scores, *decisions))
    compile_c(host_compiler(), [*WARNINGS, "-o", "both", "both.c", "left.c", "right.c"], tmp_path)
    assert scores[0] != scores[1]
    assert subprocess.run(["./both"], cwd=tmp_path, timeout=20).returncode == 0


def test_the_example_of_the_documentation_compiles(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs" / "CODEGEN.md").read_text()
    (example,) = re.findall(r"```c\n(.*?)```", page, re.DOTALL)
    generate(keyword_network(), tmp_path)
    show = "#include <stdint.h>\nvoid show(const char *word, const int32_t *scores);\n"
    (tmp_path / "example.c").write_text(show + example)
    compile_c(host_compiler(), [*WARNINGS, "-c", "example.c", "keywords.c"], tmp_path)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, phases=[Phase.generate])
@given(network=networks(), seed=st.integers(0, 2**32 - 1))
def test_no_network_reaches_undefined_behaviour(network: Network, seed: int) -> None:
    """The sanitiser ends the process at the first fault."""
    named = host_compiler()
    if named.kind != "gcc":
        pytest.skip("needs gcc or clang")
    checked = (*named.command, "-fsanitize=undefined", "-fno-sanitize-recover=all")
    features = clips(network, seed)
    machine = HostC(network, optimise="-O1", compiler=Compiler("gcc", checked))
    assert first_divergence(network, Oracle(network).run(features), machine.run(features)) is None


def test_the_header_is_c_plus_plus_whatever_layers_are_called(tmp_path: Path) -> None:
    if shutil.which("g++") is None:
        pytest.skip("no g++ on this computer")
    plain = tiny_network()
    names = {"hidden": "new", "places": "state", "windows": "layer", "readout": "template"}
    renamed = _renamed(plain, names)
    generate(renamed, tmp_path)
    (tmp_path / "main.cpp").write_text('#include "tiny.h"\ntiny_state s;\nint main() {}\n')
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    done = subprocess.run(["g++", *flags, "main.cpp"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    given_features = clips(plain, 7)
    left = Oracle(renamed).run(given_features)
    assert first_divergence(renamed, left, HostC(renamed).run(given_features)) is None


def _renamed(network: Network, names: dict[str, str]) -> Network:
    """`network` with other layer names."""
    from dataclasses import replace

    layers = tuple(
        replace(
            layer,
            name=names[layer.name],
            synapses=tuple(
                replace(group, source=names.get(group.source, group.source))
                for group in layer.synapses
            ),
        )
        for layer in network.layers
    )
    return replace(network, layers=layers)


def test_features_of_the_wrong_type_are_refused() -> None:
    machine = HostC(tiny_network())
    with pytest.raises(UsageError, match=r"int8 \(clips, steps, 4\), not int64 \(1, 2, 4\)"):
        machine.run(np.zeros((1, 2, 4), np.int64))
    with pytest.raises(UsageError, match="has no front-end"):
        machine.run_pcm(np.zeros((1, 320), np.int16))


def test_an_input_too_wide_for_events_is_refused() -> None:
    weight = np.zeros((1, 65536), np.int8)
    readout = Layer(
        name="readout",
        shape=(1,),
        synapses=(Dense(source="input", weight=weight),),
        bias=[0],
        neuron=Readout(decay=[256]),
    )
    wide = Network(name="wide", input=Input(shape=(65536,)), layers=(readout,), classes=("one",))
    with pytest.raises(NetworkError, match="65536 input channels"):
        memory_plan(wide)
