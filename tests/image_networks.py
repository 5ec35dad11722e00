"""Small networks of convolutions, trained for a few steps, and what they are shown."""

from __future__ import annotations

import numpy as np
import torch

from edgesnn.network import Network
from edgesnn.trainer.convolutional import ImageClassifier
from edgesnn.trainer.image_settings import ConvolutionalSettings
from edgesnn.trainer.shape import frames, pixels

CLIPS, CLASSES = 12, 4
NAMES = tuple(f"word{i}" for i in range(CLASSES))

SPEECH = frames(10, 21)
PIXELS = pixels((3, 12, 12))


def settings(*hidden, **more):
    values = {"kind": "convolutional", "gain": 2.0, **more}
    return ConvolutionalSettings(hidden=list(hidden), **values)


def layer(filters, kernel=3, stride=1, shortcut=0):
    return {"filters": filters, "kernel": kernel, "stride": stride, "shortcut": shortcut}


RESIDUAL = (
    layer(8, 7, 2), layer(8), layer(8, shortcut=2), layer(12, 3, 2), layer(12, shortcut=2),
)  # fmt: skip

MODELS = {
    "residual, int8": (SPEECH, settings(*RESIDUAL)),
    "residual, int4": (SPEECH, settings(*RESIDUAL, bits=4, steps=3)),
    "pixels, int8, subtract": (
        PIXELS,
        settings(layer(8, 3, 2), layer(12, 3, 1), layer(16, 5, 3), reset="subtract"),
    ),
    "pixels, int4, shortcut, late reset, adaptive": (
        PIXELS,
        settings(
            layer(8, 3, 2),
            layer(8),
            layer(8, shortcut=2),
            layer(12, 3, 2),
            layer(12, 3, 1, shortcut=2),
            bits=4,
            reset_delay=True,
            neuron="adaptive",
            learn_decay=True,
        ),
    ),
    "a wide image, two strides gone around": (
        pixels((2, 12, 9)),
        settings(layer(8, 3, 2), layer(8, 5, 4), layer(8, shortcut=2)),
    ),
    "one step, ternary": (SPEECH, settings(layer(8, 5, 3), layer(8), steps=1, bits=2)),
}


def seen(shape, seed=0):
    """Smooth features: int8 `(T, CLIPS, channels)`."""
    random = np.random.default_rng(seed)
    noise = random.normal(0, 1, (shape.steps, CLIPS, shape.channels))
    walk = np.cumsum(np.cumsum(noise, axis=0), axis=2)
    return np.clip(np.rint(40 * walk / walk.std()), -128, 127).astype(np.int8)


def a_trained_model(shape, wanted, seed=0):
    """A few steps of real training: weights off their initial grid, statistics that moved."""
    torch.manual_seed(seed)
    model = ImageClassifier(wanted, shape, CLASSES)
    optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 3e-3)
    labels = torch.arange(CLIPS) % CLASSES
    for step in range(20):
        logits = model(torch.from_numpy(seen(shape, step))).logits
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(logits[-1], labels).backward()
        optimiser.step()
    return model.eval()


def fed(network: Network, shape, seed=99):
    """What the integer network is shown: int8 `(CLIPS, steps, values)`."""
    made = seen(shape, seed).transpose(1, 0, 2)
    images = made.transpose(0, 2, 1) if len(shape.image) == 2 else made
    assert network.presentation is not None
    return np.repeat(images.reshape(CLIPS, 1, -1), network.presentation.steps, axis=1)
