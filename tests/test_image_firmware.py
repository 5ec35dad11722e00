"""Networks that see an image, as C: host, simulated Cortex-M7 and QEMU, membrane by membrane."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.codegen import HostC, Qemu, generate
from edgesnn.codegen.choose import parse_layout
from edgesnn.machine import first_divergence
from edgesnn.network import save_network
from edgesnn.pipeline.simulated import Simulated
from edgesnn.pipeline.verify import verify_source
from edgesnn.quantize import lower
from edgesnn.sim.engine import Engine
from edgesnn.trainer.config import preset
from edgesnn.trainer.export_images import export_images
from edgesnn.trainer.model import make_model
from edgesnn.trainer.shape import frames

from .core.machines import needs_gcc, needs_qemu
from .image_networks import MODELS, NAMES, a_trained_model, fed

M7 = "mps2-an500"


@pytest.fixture(scope="module", params=["residual, int8", "residual, int4"])
def network_and_features(request):
    shape, wanted = MODELS[request.param]
    network = lower(export_images(a_trained_model(shape, wanted), name="net", classes=NAMES))
    return network, fed(network, shape)[:3]


def test_host_c_is_the_engine(network_and_features):
    network, features = network_and_features
    expected = Engine(network).run(features)
    assert any(spikes.any() for spikes in expected.spikes.values())
    assert first_divergence(network, expected, HostC(network).run(features)) is None


@needs_gcc
def test_simulated_m7_is_the_engine_and_rests_after_the_first_step(network_and_features):
    network, features = network_and_features
    machine = Simulated(network, M7)
    expected = Engine(network).run(features)
    assert first_divergence(network, expected, machine.run(features)) is None
    cycles = machine.count_cycles(features)
    # The image is sent once: later steps add none of its currents up.
    assert np.all(cycles[:, 0] > 2 * cycles[:, 1:].max(axis=1)), cycles


@needs_gcc
@needs_qemu
def test_qemu_m7_is_the_engine(network_and_features):
    network, features = network_and_features
    expected = Engine(network).run(features)
    assert first_divergence(network, expected, Qemu(network, M7).run(features)) is None


@pytest.mark.parametrize(
    ("bits", "layout", "flash"),
    [
        (8, (), 200 << 10),
        (4, (), 200 << 10),  # the fast kernels keep a byte a weight, whatever its bits
        (8, ("currents",), 170 << 10),
        (4, ("currents",), 100 << 10),
    ],
)
def test_resnet8_fits_a_cortex_m7(bits, layout, flash, tmp_path):
    """At its full width, 80 filters, tables and state are a tenth of a NUCLEO-H7A3ZI-Q's."""
    settings = preset("resnet8").model.model_copy(update={"bits": bits})
    model = make_model(settings, frames(40, 50), 10)
    classes = tuple(f"word{index}" for index in range(10))
    network = lower(export_images(model, name="resnet8", classes=classes))
    plan = generate(network, tmp_path, layout=parse_layout(layout)).plan
    assert flash - (20 << 10) < plan.flash_bytes < flash
    assert plan.ram_bytes < 44 << 10


def test_verified_without_recordings(network_and_features, tmp_path, monkeypatch):
    """Where nothing is at hand, one made-up image a clip is shown for all steps."""
    monkeypatch.setenv("EDGESNN_CACHE", str(tmp_path))
    monkeypatch.delenv("EDGESNN_DATA", raising=False)
    network, _ = network_and_features
    save_network(network, tmp_path / "net.esnn")
    result = verify_source(tmp_path / "net.esnn", ("numpy", "host"), clips=2)
    assert [rung.status for rung in result.rungs] == ["agrees", "agrees"]
    assert "pseudo-random" in result.stimulus
