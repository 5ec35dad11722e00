"""Networks that are shown one image for several steps (docs/SPEC.md §2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgesnn.network.arrays import IntArray

if TYPE_CHECKING:
    from edgesnn.frontend import FrontEnd

#: Most steps for which an image is shown.
MAX_STEPS = 255


@dataclass(frozen=True, kw_only=True)
class Presentation:
    """The input is the same for `steps` steps from rest, and the decision is the last step's.

    Attributes:
        steps: 1 … 255.
        frontend: the image is a second of its frames, `(bands, frames)`; None for images of
            pixels, each less 128.
    """

    steps: int
    frontend: FrontEnd | None = None

    def features(self, seen: IntArray) -> IntArray:
        """What the network is fed, int8 `(clips, steps, values)`.

        Args:
            seen: int8 `(clips, frames, bands)`, or `(clips, 1, values)` of pixels in C order.
        """
        images = seen if self.frontend is None else seen.transpose(0, 2, 1)
        return np.repeat(images.reshape(len(seen), 1, -1), self.steps, axis=1)


def presentation_faults(presentation: Presentation, shape: tuple[int, ...]) -> Iterator[str]:
    """Why a network with inputs of `shape` cannot be fed so."""
    if not 1 <= presentation.steps <= MAX_STEPS:
        yield f"presentation.steps is {presentation.steps}, outside 1 … {MAX_STEPS}"
    front = presentation.frontend
    if front is not None and shape != (front.bands, front.frames(front.sample_rate)):
        frames = front.frames(front.sample_rate)
        yield f"front-end gives {front.bands} × {frames} values a second, but the input is {shape}"
