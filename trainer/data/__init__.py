"""Datasets: labelled one-second clips, and labelled images.

`open_dataset` opens one of sound by name, `load_pcm` decodes a split of it; `open_cifar10` opens
the images.
"""

from edgesnn.trainer.data.cache import cached_array
from edgesnn.trainer.data.catalog import NAMES, open_dataset
from edgesnn.trainer.data.cifar import open_cifar10
from edgesnn.trainer.data.dataset import (
    CLIP_SAMPLES,
    SAMPLE_RATE,
    SILENCE,
    SPLITS,
    UNKNOWN,
    Clip,
    Dataset,
    PcmSet,
)
from edgesnn.trainer.data.describe import describe, describe_images
from edgesnn.trainer.data.faults import find_faults
from edgesnn.trainer.data.images import ImageDataset, ImageSet
from edgesnn.trainer.data.pcm import load_pcm

__all__ = [
    "CLIP_SAMPLES",
    "NAMES",
    "SAMPLE_RATE",
    "SILENCE",
    "SPLITS",
    "UNKNOWN",
    "Clip",
    "Dataset",
    "ImageDataset",
    "ImageSet",
    "PcmSet",
    "cached_array",
    "describe",
    "describe_images",
    "find_faults",
    "load_pcm",
    "open_cifar10",
    "open_dataset",
]
