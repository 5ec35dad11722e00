"""Networks of convolutions: PyTorch's forward pass is the integer network, and learns."""

from __future__ import annotations

import numba
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("brevitas")

from edgesnn.errors import MachineError  # noqa: E402
from edgesnn.law import Oracle  # noqa: E402
from edgesnn.machine import first_divergence  # noqa: E402
from edgesnn.network import dumps, loads  # noqa: E402
from edgesnn.network.geometry import fan_out  # noqa: E402
from edgesnn.quantize import lower  # noqa: E402
from edgesnn.sim.engine import Engine  # noqa: E402
from edgesnn.trained import load_trained, save_trained  # noqa: E402
from edgesnn.trainer import costs  # noqa: E402
from edgesnn.trainer.activity import count  # noqa: E402
from edgesnn.trainer.config import preset  # noqa: E402
from edgesnn.trainer.convolution import (  # noqa: E402
    Geometry,
    convolved,
    convolved_by_patches,
)
from edgesnn.trainer.convolutional import ImageClassifier  # noqa: E402
from edgesnn.trainer.export_images import export_images  # noqa: E402
from edgesnn.trainer.image_settings import PictureSettings  # noqa: E402
from edgesnn.trainer.machine import ImageMachine  # noqa: E402
from edgesnn.trainer.pictures import varied  # noqa: E402
from edgesnn.trainer.shape import frames, pixels  # noqa: E402

from .image_networks import (  # noqa: E402
    CLASSES,
    CLIPS,
    MODELS,
    NAMES,
    SPEECH,
    a_trained_model,
    fed,
    layer,
    seen,
    settings,
)

RGB = pixels((3, 32, 32))


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """These networks are so small that threads would only wait for each other."""
    before = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    yield
    torch.set_num_threads(before[0])
    numba.set_num_threads(before[1])


@pytest.fixture(scope="module", params=MODELS)
def lowered(request):
    shape, wanted = MODELS[request.param]
    model = a_trained_model(shape, wanted)
    return model, lower(export_images(model, name="net", classes=NAMES))


def test_forward_pass_is_the_integer_network(lowered):
    model, network = lowered
    features = fed(network, model.shape)
    ours, oracle = ImageMachine(model).run(features), Oracle(network).run(features)
    for each in network.spiking:
        assert oracle.spikes[each.name].any(), f"{each.name} is silent: the test shows nothing"
    assert first_divergence(network, oracle, ours) is None
    assert first_divergence(network, oracle, Engine(network).run(features)) is None


def test_files_keep_the_network(lowered, tmp_path):
    model, network = lowered
    assert dumps(loads(dumps(network))) == dumps(network)
    save_trained(export_images(model, name="net", classes=NAMES), tmp_path / "t.safetensors")
    assert dumps(lower(load_trained(tmp_path / "t.safetensors"))) == dumps(network)


def test_costs_count_the_networks_synapses(lowered):
    model, network = lowered
    behind = dict.fromkeys(("input", *(each.name for each in network.spiking)), 0)
    for each in network.layers:
        for group in each.synapses:
            shape = network.source_shape(group.source)
            behind[group.source] += int(fan_out(group, shape, each.size).sum())
    sizes = [each.size for each in network.spiking]
    found = [fan * size for fan, size in zip(costs.fan_out(model), sizes, strict=True)]
    assert found == pytest.approx([behind[each.name] for each in network.spiking])
    assert costs.input_fan_out(model) * model.channels == pytest.approx(behind["input"])


def test_activity_is_the_engines(lowered):
    model, network = lowered
    images = torch.from_numpy(seen(model.shape, 99))
    with torch.no_grad():
        activity = count(model, model(images))
    traces = Engine(network).run(fed(network, model.shape))
    assert activity.spikes == tuple(float(traces.spikes[e.name].sum()) for e in network.spiking)
    assert activity.macs == pytest.approx(float((images != 0).sum()) * costs.input_fan_out(model))


def test_another_image_in_a_later_step_is_refused(lowered):
    model, network = lowered
    features = fed(network, model.shape)
    if features.shape[1] > 1:
        features[3, 1, 5] += 1
        with pytest.raises(MachineError, match="shown one image"):
            ImageMachine(model).run(features)
    with pytest.raises(MachineError, match="shown one image"):
        ImageMachine(model).run(np.concatenate([features, features], axis=1))


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry((1, 25), (1, 7), (1, 2), (0, 3)),
        Geometry((9, 8), (3, 3), (2, 2), (1, 1)),
        Geometry((8, 8), (1, 1), (2, 2), (0, 0)),
        Geometry((7, 9), (5, 3), (1, 3), (2, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["spikes", "features"])
def test_sums_are_exact(geometry, kind):
    """Against whole numbers: at the widest fan-in, where float32 is just wide enough."""
    random = np.random.default_rng(3)
    channels = 64
    low, high = (0, 2) if kind == "spikes" else (-128, 128)
    source = random.integers(low, high, (5, *geometry.source, channels))
    weight = random.integers(-127, 128, (6, channels, *geometry.kernel))
    expected = np.zeros((5, *geometry.target, 6), np.int64)
    (up, left), (down, along) = geometry.padding, geometry.stride
    padded = np.pad(source, ((0, 0), (up, up), (left, left), (0, 0)))
    for row, column in np.ndindex(*geometry.target):
        window = padded[:, row * down :, column * along :][:, : geometry.kernel[0]]
        patch = window[:, :, : geometry.kernel[1]]
        expected[:, row, column] = np.einsum("mhwc,ochw->mo", patch, weight)
    assert np.abs(expected).max() < 2**24
    given = torch.from_numpy(source).float(), torch.from_numpy(weight).float(), geometry
    for found in (convolved(*given), convolved_by_patches(*given)):
        assert np.array_equal(found.numpy(), expected)


def test_layers_learn_and_float_has_no_machine():
    """A batch is learnt by heart, with quantised and with float weights."""
    for bits in (8, "float"):
        torch.manual_seed(0)
        model = ImageClassifier(settings(layer(8, 5, 2), layer(8), bits=bits), SPEECH, CLASSES)
        optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 2e-2)
        images, labels = torch.from_numpy(seen(SPEECH)), torch.arange(CLIPS) % CLASSES
        losses = []
        for _ in range(40):
            loss = torch.nn.functional.cross_entropy(model(images).logits[-1], labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(float(loss.detach()))
        assert losses[-1] < 0.3 * losses[0], bits


def test_impossible_shortcuts_are_named():
    with pytest.raises(ValueError, match=r"hidden\.1\.shortcut is 2"):
        settings(layer(4), layer(4, shortcut=2))
    with pytest.raises(ValueError, match=r"hidden\.2\.shortcut is 1"):
        settings(layer(4), layer(4), layer(4, shortcut=1))


def test_pictures_are_shifted_and_mirrored():
    random = np.random.default_rng(0)
    images = random.integers(1, 100, (64, 3, 8, 8)).astype(np.int8)
    still = varied(images, PictureSettings(shift=0, mirror=False), random)
    assert np.array_equal(still, images)
    turned = varied(images, PictureSettings(shift=0), random)
    same = np.array([np.array_equal(a, b) for a, b in zip(turned, images, strict=True)])
    assert 8 < same.sum() < 56
    assert np.array_equal(turned[~same], images[~same][..., ::-1])
    moved = varied(images, PictureSettings(shift=2, mirror=False), random)
    overlap = {tuple(np.flatnonzero((image != 0).any((0, 2)))) for image in moved}
    assert len(overlap) == 5  # two rows up to two rows down
    erased = varied(images, PictureSettings(shift=0, mirror=False, erase=4), random)
    gone = (erased == 0).sum((1, 2, 3))
    assert np.array_equal(erased[erased != 0], images[erased != 0])
    assert set(gone) <= {3 * a * b for a in (2, 3) for b in (2, 3)}


@pytest.mark.parametrize(("name", "shape"), [("resnet8", frames(40, 50)), ("vgg11", RGB)])
@pytest.mark.parametrize("bits", [8, 4])
def test_presets_are_exact(name, shape, bits):
    """The reference networks, narrow, with the statistics of one batch."""
    torch.manual_seed(0)
    narrow = preset(name).model.model_copy(update={"width": 0.25, "bits": bits})
    model = ImageClassifier(narrow, shape, CLASSES)
    for each in model.hidden:
        each.normaliser.momentum = 1.0
    with torch.no_grad():
        model(torch.from_numpy(seen(shape)))
    network = lower(export_images(model, name=name, classes=NAMES))
    features = fed(network, shape, seed=0)[:3]
    engine = Engine(network).run(features)
    assert first_divergence(network, ImageMachine(model).run(features), engine) is None
    assert all(engine.spikes[each.name].any() for each in network.spiking)
