"""Keeping the big arrays of a training step in the process.

Every step frees and takes the same arrays of tens of megabytes. glibc returns such blocks to the
kernel, and taking them again costs a page fault for every 4 KiB: a third of the step.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys

#: `mallopt` parameters of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> None:
    """Have glibc keep freed blocks of up to 1 GiB; elsewhere do nothing."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, 1 << 30)
        library.mallopt(_M_TRIM_THRESHOLD, (1 << 31) - 1)
