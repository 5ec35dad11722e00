"""What the features of a clip or an image look like, and the image that they make."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class FeatureShape:
    """Features int8 `(T, B, channels)` of a batch.

    Attributes:
        steps: T: frames of a clip; 1 for an image.
        channels: bands of a frame; all pixels of an image.
        image: `(bands, frames)`, or `(C, H, W)` of an image, whose features are flat in C order.
    """

    steps: int
    channels: int
    image: tuple[int, ...]

    @property
    def grid(self) -> tuple[int, int, int]:
        """`(C, H, W)` of the image; frames are the columns of a single row."""
        channels, *axes = self.image
        height, width = (1, *axes) if len(axes) == 1 else axes
        return channels, height, width

    def images(self, features: Tensor) -> Tensor:
        """Float32 images `(B, H, W, C)`, channels last, of int8 features `(T, B, channels)`."""
        if len(self.image) == 2:
            return features.permute(1, 0, 2)[:, None].float()
        return features[0].view(-1, *self.image).permute(0, 2, 3, 1).float()


def frames(bands: int, steps: int) -> FeatureShape:
    """The shape of `steps` frames of `bands` log-mel features."""
    return FeatureShape(steps, bands, (bands, steps))


def pixels(image: tuple[int, int, int]) -> FeatureShape:
    """The shape of an image `(C, H, W)`."""
    channels, height, width = image
    return FeatureShape(1, channels * height * width, image)
