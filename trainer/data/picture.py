"""Decoding a picture, by Pillow, of a stated size and of two formats alone."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

from edgesnn.errors import DataError

PICTURES = (".jpg", ".jpeg", ".png")


def decode(content: bytes, name: str, shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """Pixels uint8 `(3, H, W)` of a JPEG or PNG file.

    Raises:
        DataError: it cannot be decoded, or is of another size; names the file.
    """
    from PIL import Image, UnidentifiedImageError

    wanted = (shape[2], shape[1])
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
            if picture.size != wanted:
                raise DataError(f"{name} is {picture.size[0]}×{picture.size[1]}, not 32×32 pixels")
            pixels = np.asarray(picture.convert("RGB"), np.uint8)
    except (
        UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError,
    ) as error:  # fmt: skip
        raise DataError(f"{name} is no picture that can be read: {error}") from error
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))
