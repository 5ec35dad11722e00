"""Synaptic currents of convolutions, exact in integers, channels last.

Operands are whole numbers and all partial sums stay below 2^24 (docs/SPEC.md §3), so float32
keeps them whatever the order: oneDNN's direct convolution on the CPU gives the integer network's
sums. Algorithms that transform their operands (Winograd, FFT) would not, so everywhere else
patches are laid out and multiplied as matrices.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, unfold


class Geometry(NamedTuple):
    """How windows lie over a source; pairs are (rows, columns), of which 1-D has one row.

    Attributes:
        source: rows and columns of the source.
        kernel: of a window.
        stride: from window to window.
        padding: zeros on each side.
    """

    source: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]

    @property
    def target(self) -> tuple[int, int]:
        """Rows and columns of windows."""
        rows, columns = (
            (length + 2 * pad - kernel) // stride + 1
            for length, kernel, stride, pad in zip(*self, strict=True)
        )
        return rows, columns

    @property
    def synapses(self) -> int:
        """Pairs of a place of the source and a window over it; zeros of the padding are none."""
        axes = [
            sum(
                0 <= window * stride + tap - pad < length
                for window, tap in product(range(windows), range(kernel))
            )
            for windows, length, kernel, stride, pad in zip(self.target, *self, strict=True)
        ]
        return axes[0] * axes[1]


def centred(source: tuple[int, int], size: int, stride: int, one_row: bool) -> Geometry:
    """Windows of odd `size` with half of it as padding; along the columns alone in one row."""
    rows = 1 if one_row else size
    down = 1 if one_row else stride
    return Geometry(source, (rows, size), (down, stride), (rows // 2, size // 2))


@cache
def mkldnn_is_there() -> bool:
    """Whether this PyTorch has oneDNN's convolutions, and uses them."""
    there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return bool(there and torch.backends.mkldnn.enabled)


def convolved(source: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """Sums `(M, H', W', C')` over the windows of `source` `(M, H, W, C)`.

    Args:
        source: float32 whole numbers, spikes or int8 features.
        weight: float32 whole numbers `(C', C, rows, columns)` in ±127.
        geometry: of the windows.
    """
    planes = source.permute(0, 3, 1, 2)  # channels last in memory: nothing is copied
    if source.device.type == "cpu" and mkldnn_is_there():
        sums = conv2d(planes, weight, None, geometry.stride, geometry.padding)
        return sums.permute(0, 2, 3, 1).contiguous()
    return convolved_by_patches(source, weight, geometry)


def convolved_by_patches(source: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    """`convolved` as one product of matrices: slow, but exact on any device."""
    patches = unfold(
        source.permute(0, 3, 1, 2),
        geometry.kernel,
        padding=geometry.padding,
        stride=geometry.stride,
    )
    sums = patches.transpose(1, 2) @ weight.flatten(1).T
    return sums.view(len(source), *geometry.target, -1)
