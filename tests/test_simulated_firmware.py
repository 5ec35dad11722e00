"""The project's own firmware in the simulated core, against the engine's oracle and QEMU."""

import numpy as np
import pytest

from edgesnn.codegen.qemu import Qemu
from edgesnn.law import Oracle
from edgesnn.machine import first_divergence
from edgesnn.pipeline.simulated import Simulated

from .codegen_networks import keyword_network, tiny_network
from .core.machines import needs_gcc, needs_qemu

pytestmark = needs_gcc
CORES = ("m0", "m3", "m4", "m7", "m33")


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
def test_front_end_and_network_agree_with_qemu(core: str) -> None:
    network = keyword_network()
    pcm = np.random.default_rng(2).integers(-9000, 9000, (2, 8000), dtype=np.int16)
    simulated, emulated = Simulated(network, core), Qemu(network, core)
    expected = emulated.run_pcm(pcm)
    assert first_divergence(network, expected, simulated.run_pcm(pcm)) is None


def test_cycles_follow_activity() -> None:
    network = keyword_network(frontend=False)
    machine = Simulated(network, "nucleo-l4r5zi")
    silent = np.zeros((1, 20, network.input.size), np.int8)
    busy = machine.execute(_features(3, 1, 20, network.input.size))
    calm = machine.count_cycles(silent)
    assert busy.cycles.shape == calm.shape == (1, 20)
    assert busy.cycles.mean() > 1.5 * calm.mean()
    assert busy.report.core == "cortex-m4" and busy.report.cycles > busy.cycles.sum()
