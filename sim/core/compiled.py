"""One way to compile: Numba, with the type that the function had before."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile `function` into its callers; divisions do not check for zero.

    Not cached on its own: `loop.run`, which takes everything in, is.
    """
    return cast(Function, njit(error_model="numpy")(function))


def cached(function: Function) -> Function:
    """Compile `function` once for all processes; it runs without the interpreter's lock."""
    return cast(Function, njit(cache=True, nogil=True, error_model="numpy")(function))
