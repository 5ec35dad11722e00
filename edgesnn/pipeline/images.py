"""Images to measure and verify networks with that see pixels."""

from __future__ import annotations

import math

from edgesnn.errors import UsageError
from edgesnn.network import Network
from edgesnn.pipeline.datasets import (
    CIFAR10,
    Clips,
    Recordings,
    must_download,
    open_data,
    random_clips,
    spread,
)


def sees_pixels(network: Network) -> bool:
    """Whether the network is shown images of pixels."""
    shown = network.presentation
    return shown is not None and shown.frontend is None


def image_clips(network: Network, named: Recordings | None, split: str, limit: int) -> Clips:
    """At most `limit` images of a split (all where it is 0), or made up where none are at hand.

    Raises:
        UsageError: recordings of sound were named, or the images have another shape.
        DataError: the images are missing or damaged.
    """
    from edgesnn.trainer.data.images import ImageDataset
    from edgesnn.trainer.senses import signed

    learned = network.notes.get("dataset")
    if named is None and (learned != CIFAR10 or must_download(Recordings(CIFAR10))):
        return random_clips(network, limit or 100)
    dataset = open_data(named or Recordings(CIFAR10))
    if not isinstance(dataset, ImageDataset):
        raise UsageError(f"network {network.name} sees images; take --dataset {CIFAR10}")
    if math.prod(dataset.shape) != network.input.size:
        raise UsageError(f"network {network.name} sees images of another size than {dataset.name}")
    images = dataset.split(split)
    chosen = spread(len(images), limit)
    shown = network.presentation
    assert shown is not None
    seen = signed(images.pixels[chosen]).reshape(len(chosen), 1, -1)
    count = f"{len(chosen)} of " if len(chosen) < len(images) else ""
    return Clips(
        shown.features(seen),
        images.labels[chosen] if dataset.classes == network.classes else None,
        tuple(f"{split}/{index}" for index in chosen),
        None,
        f"{count}{len(images)} {split} images of {dataset.name}",
    )
