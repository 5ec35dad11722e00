"""Datasets: labelled one-second clips, and their features.

`open_dataset` opens one by name, `load_pcm` decodes a split of it.
"""

from edgesnn.trainer.data.cache import cached_array
from edgesnn.trainer.data.catalog import NAMES, open_dataset
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
from edgesnn.trainer.data.describe import describe
from edgesnn.trainer.data.faults import find_faults
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
    "PcmSet",
    "cached_array",
    "describe",
    "find_faults",
    "load_pcm",
    "open_dataset",
]
