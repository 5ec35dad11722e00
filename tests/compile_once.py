"""Numba functions compiled by one of several test processes; the others load what it kept.

Where nothing is cached yet, every process of pytest-xdist would compile the simulated core, the
engine and the kernels of training for itself, up to ten seconds each, while its neighbours do
the same.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # no such locks here: all compile, as they would have
    fcntl = None  # type: ignore[assignment]

#: Names the file whose bytes are locked, one a function.
LOCKS = "EDGESNN_TESTS_COMPILE_LOCKS"


def make_locks() -> None:
    """Make the file, before the processes that share it are started."""
    descriptor, os.environ[LOCKS] = tempfile.mkstemp(prefix="edgesnn-compile-")
    os.close(descriptor)


def remove_locks() -> None:
    """Remove the file."""
    Path(os.environ.pop(LOCKS)).unlink(missing_ok=True)


def compile_one_at_a_time() -> None:
    """From now on, wait while another process compiles the function that is wanted here."""
    if fcntl is None:
        return
    from numba.core.ccallback import CFunc
    from numba.core.dispatcher import Dispatcher

    descriptor = os.open(os.environ[LOCKS], os.O_RDWR)
    for kind in (CFunc, Dispatcher):
        kind.compile = _locked(kind.compile, descriptor)


def _locked(compile_: Callable[..., Any], descriptor: int) -> Callable[..., Any]:
    """`compile_`, which looks into the cache first, under the lock of the function."""

    @functools.wraps(compile_)
    def locked(function: Any, *arguments: Any) -> Any:
        path = getattr(function._cache, "cache_path", None)
        if path is None:  # compiled into its callers, and kept with them
            return compile_(function, *arguments)
        code = function._cache._py_func.__code__
        with _lock(descriptor, f"{code.co_filename}:{code.co_firstlineno}"):
            return compile_(function, *arguments)

    return locked


@contextlib.contextmanager
def _lock(descriptor: int, name: str) -> Iterator[None]:
    """One byte of the file; whoever cannot wait for it goes on without."""
    place = zlib.crc32(name.encode())
    with contextlib.suppress(OSError):  # two functions of one byte, each waiting for the other
        fcntl.lockf(descriptor, fcntl.LOCK_EX, 1, place)
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, place)
