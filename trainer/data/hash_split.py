"""The official split of Speech Commands: by a hash of the speaker, so it never moves.

From the data set's README ("Data Set Creation") and Warden, "Speech Commands", 2018, section 5:
the SHA-1 of the file name up to `_nohash_`, modulo 2^27, is read as a percentage. Speakers
below 10 % validate, the next 10 % test. New recordings never move old ones.
"""

from __future__ import annotations

import hashlib

from edgesnn.trainer.data.dataset import TESTING, TRAINING, VALIDATION

MAX_WAVS_PER_CLASS = 2**27 - 1
"""The published constant, about 134 million."""


def speaker_of(file_name: str) -> str:
    """The part of a file name before `_nohash_`; the whole name where it has none."""
    return file_name.split("_nohash_", 1)[0]


def official_split(file_name: str, validation: float = 10.0, testing: float = 10.0) -> str:
    """The split of a file such as `0a7c2a8d_nohash_0.wav`; percentages as published."""
    digest = hashlib.sha1(speaker_of(file_name).encode(), usedforsecurity=False).hexdigest()
    percent = (int(digest, 16) % (MAX_WAVS_PER_CLASS + 1)) * (100.0 / MAX_WAVS_PER_CLASS)
    if percent < validation:
        return VALIDATION
    return TESTING if percent < validation + testing else TRAINING
