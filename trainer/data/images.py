"""A data set of labelled images: the counterpart of `Dataset`, which holds clips of sound."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgesnn.errors import UsageError
from edgesnn.trainer.data.dataset import SPLITS, TESTING, VALIDATION

#: Every so manyth training image of a class validates.
HELD_OUT = 10

Records = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ImageSet:
    """One split: `pixels` uint8 `(images, C, H, W)`, `labels` int64 `(images,)`."""

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """Labelled images in three splits.

    Attributes:
        name: of the data set.
        classes: in label order.
        shape: `(C, H, W)` of an image.
        training, testing: records uint8 `(images, 1 + C·H·W)`, the label first, planes of colour
            row by row: the layout of CIFAR-10's binary version.
        key: changes with the images.
        notes: sentences that a user should read.
        folder: where the images were found.
        version: which form they were in.
    """

    name: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    training: Records
    testing: Records
    key: str
    notes: tuple[str, ...] = ()
    folder: Path | None = None
    version: str = ""

    def split(self, name: str) -> ImageSet:
        """The images of `training`, `validation` or `testing`, in a fixed order.

        Every tenth image of each class of the official training part validates.

        Raises:
            UsageError: there is no such split.
        """
        if name not in SPLITS:
            raise UsageError(f"no split is called {name!r}; the splits are {', '.join(SPLITS)}")
        if name == TESTING:
            return self._images(self.testing)
        held = _held_out(self.training[:, 0], len(self.classes))
        return self._images(self.training[held if name == VALIDATION else ~held])

    def _images(self, records: Records) -> ImageSet:
        labels = records[:, 0].astype(np.int64)
        return ImageSet(records[:, 1:].reshape(-1, *self.shape), labels)

    def fingerprint(self, split: str | None = None) -> str:
        """A key of everything that decides the images of `split`, or of all splits; 32 digits."""
        text = repr((self.name, self.classes, self.key, split, HELD_OUT))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def _held_out(labels: Records, classes: int) -> npt.NDArray[np.bool_]:
    """Which training images validate: the last of each run of `HELD_OUT` of a class."""
    held = np.zeros(len(labels), np.bool_)
    for label in range(classes):
        held[np.flatnonzero(labels == label)[HELD_OUT - 1 :: HELD_OUT]] = True
    return held
