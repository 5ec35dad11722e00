"""One way to compile: Numba, with the type that the function had before.

`_nrt=False` leaves out reference counting. Nothing here allocates, and handing an array to a
function that is not compiled in place would otherwise cost two atomic operations: a simulated
load took eight times as long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

_njit: Any = njit  # `_nrt` is an option that its stubs do not list
Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile `function` into its callers; divisions do not check for zero.

    Not cached on its own: `loop.run`, which takes everything in, is.
    """
    return cast(Function, _njit(error_model="numpy", _nrt=False)(function))


def inlined(function: Function) -> Function:
    """Compile `function` into the very place where it is called: for short and hot ones."""
    return cast(Function, _njit(error_model="numpy", forceinline=True, _nrt=False)(function))


def cached(function: Function) -> Function:
    """Compile `function` once for all processes; it runs without the interpreter's lock."""
    return cast(Function, _njit(cache=True, nogil=True, error_model="numpy", _nrt=False)(function))
